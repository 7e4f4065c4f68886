/**
 * The audit chain of an account under the hands of whoever owns its rows and not its key: what is changed, cut or taken
 * away is told, at once and after the account was used again, in its life and after it. A chain of an earlier version
 * goes on.
 */

import { describe, expect, it } from 'vitest';
import { AuditRing, PAGE_RECORDS } from '#audit/ring.ts';
import { recordText, systemContext } from '#audit/record.ts';
import { chainHash } from '#crypto/digest.ts';
import { AccountStore } from '#accounts/store.ts';
import { AccountVault } from '#accounts/vault.ts';
import { AuditTable } from '#objects/audit-table.ts';
import {
  config,
  connected,
  context,
  evict,
  records,
  release,
  remove,
  right,
  rows,
  stub,
  tamper,
  withAllTables,
  withStorage,
  type Connected,
} from './world.ts';

const verified = async (id: string) => right(await stub(id).verifyAudit({}));

/** Used so often that there is a page beside the head. */
async function used(times = PAGE_RECORDS + 4): Promise<Connected> {
  const account = await connected();
  for (let round = 0; round < times; round += 1) expect((await release(account.id)).code).toBe('ok');
  expect(await verified(account.id)).toMatchObject({ intact: true });
  return account;
}

/** Cuts the newest records off as far as no key is needed for it: the head says what is left. */
async function cut(id: string, left: number): Promise<void> {
  await withStorage(id, ({ sql }) => {
    const head = sql
      .exec<{ seq: number; previous: string; bodies: string }>('SELECT * FROM audit_head')
      .one();
    const bodies = head.bodies.split('\n').slice(0, left);
    const hash = bodies.reduce((before, body) => chainHash(before, body), head.previous);
    const seq = head.seq - head.bodies.split('\n').length + left;
    sql.exec('UPDATE audit_head SET seq = ?, bodies = ?, hash = ?', seq, bodies.join('\n'), hash);
  });
  await evict(id);
}

const WHOLE = 'DELETE FROM audit_page';
const ATTACKS: [string, (id: string) => Promise<void>][] = [
  ['the newest record is cut off', (id) => cut(id, 3)],
  ['all of the head is cut off', (id) => cut(id, 0)],
  ['the head is taken away', (id) => tamper(id, 'DELETE FROM audit_head')],
  ['everything is taken away', (id) => tamper(id, 'DELETE FROM audit_head', WHOLE)],
  ['the pages are taken away', (id) => tamper(id, WHOLE)],
  [
    'a record is rewritten',
    (id) => tamper(id, `UPDATE audit_page SET bodies = replace(bodies, '"ok"', '"no"')`),
  ],
  [
    'the newest is rewritten',
    (id) => tamper(id, `UPDATE audit_head SET bodies = replace(bodies, '"ok"', '"no"')`),
  ],
  ['a page is put where another was', (id) => tamper(id, 'UPDATE audit_page SET slot = slot + 1')],
  ['the head is called a page of its own', (id) => tamper(id, 'UPDATE audit_head SET since = since + 16')],
];

describe('a chain that was changed with the rows alone', () => {
  it.each(ATTACKS)(
    '%s: does not verify, nor after more records, nor after the account was deleted',
    async (_, attack) => {
      const account = await used();
      await attack(account.id);
      expect((await verified(account.id))?.intact).toBe(false);
      for (let round = 0; round < 3; round += 1) expect((await release(account.id)).code).toBe('ok');
      expect((await verified(account.id))?.intact).toBe(false);
      await evict(account.id);
      expect((await verified(account.id))?.intact).toBe(false);
      await remove(account.id);
      expect((await verified(account.id))?.intact).toBe(false);
    },
  );

  it('an earlier head that is put back whole does not verify once the account itself was written since', async () => {
    const account = await used();
    const earlier = await rows(account.id, 'SELECT * FROM audit_head');
    for (let round = 0; round < 5; round += 1) await release(account.id);
    // Any change of the account notes how far its chain has come.
    right(await stub(account.id).expire({ context }));
    await withStorage(account.id, ({ sql }) => {
      const row = earlier[0] ?? {};
      const set = Object.keys(row).map((name) => `${name} = ?`);
      sql.exec(`UPDATE audit_head SET ${set.join(', ')}`, ...Object.values(row));
    });
    await evict(account.id);
    expect((await verified(account.id))?.intact).toBe(false);
    expect((await release(account.id)).code).toBe('ok');
    expect((await verified(account.id))?.intact).toBe(false);
  });
});

describe('a chain that was changed outside', () => {
  it('goes on when its ring comes round, in an account that never had records of an earlier version', async () => {
    const account = await used();
    await tamper(account.id, `UPDATE audit_head SET hash = 'of nobody'`);
    await withStorage(account.id, async (storage) => {
      const store = new AccountStore(storage);
      const opened = await new AccountVault(store, config.masterKeys).open();
      if (!opened.ok || opened.value === null) throw new Error('the account does not open');
      const { mac } = opened.value.key;
      const ring = new AuditRing(new AuditTable(storage.sql, 'account', store), 2);
      for (let n = 0; n < 4 * PAGE_RECORDS; n += 1)
        store.transaction(() =>
          ring.append(
            { action: 'token.issue', outcome: 'ok' },
            systemContext('test'),
            '2026-11-20T00:00:00.000Z',
            mac,
          ),
        );
      expect(ring.verify(mac).intact).toBe(false);
    });
  });
});

/** The account as a version before the keyed chain left it: `count` records in single rows, and no word of a head. */
async function asBefore(account: Connected, count: number): Promise<void> {
  await withAllTables(account.id);
  await withStorage(account.id, async (storage) => {
    const store = new AccountStore(storage);
    const opened = await new AccountVault(store, config.masterKeys).open();
    if (!opened.ok || opened.value === null) throw new Error('the account does not open');
    const { mac } = opened.value.key;
    const state = store.state(mac);
    if (state === null) throw new Error('there is no account');
    store.transaction(() => store.saveAccount(mac, state.account));
    const { sql } = storage;
    sql.exec('DELETE FROM audit_head');
    sql.exec('DELETE FROM audit_page');
    let hash = '0'.repeat(43);
    for (let seq = 1; seq <= count; seq += 1) {
      const body = recordText(
        seq,
        '2026-11-20T00:00:00.000Z',
        { action: 'token.issue', outcome: 'ok' },
        systemContext('old'),
        mac,
      );
      hash = chainHash(hash, body);
      sql.exec('INSERT INTO audit_event (slot, seq, body, hash) VALUES (?, ?, ?, ?)', seq, seq, body, hash);
    }
  });
  await evict(account.id);
}

describe('a chain of an earlier version', () => {
  it('is verified, goes on keyed with the next record, and its own records are under the head from then on', async () => {
    const account = await connected();
    await asBefore(account, 5);
    expect(await verified(account.id)).toMatchObject({ intact: true, events: 5, from: 1 });
    expect((await release(account.id)).code).toBe('ok');
    expect(await verified(account.id)).toMatchObject({ intact: true, events: 6, from: 1 });
    expect((await records(account.id)).map(({ seq }) => seq)).toEqual([6]);
    await evict(account.id);
    expect((await release(account.id)).code).toBe('ok');
    expect(await verified(account.id)).toMatchObject({ intact: true, events: 7 });
    await tamper(account.id, `UPDATE audit_event SET body = replace(body, '"ok"', '"no"') WHERE seq = 2`);
    expect(await verified(account.id)).toMatchObject({ intact: false, brokenAt: 2 });
  });

  it('does not come back where the keyed one is taken away', async () => {
    const account = await connected();
    await asBefore(account, 5);
    expect((await release(account.id)).code).toBe('ok');
    await tamper(account.id, 'DELETE FROM audit_head');
    expect((await verified(account.id))?.intact).toBe(false);
    expect((await release(account.id)).code).toBe('ok');
    expect((await verified(account.id))?.intact).toBe(false);
  });

  it('whose account goes back to the version before hands tokens out, and says that nobody vouches for what it wrote', async () => {
    const account = await used(3);
    await withAllTables(account.id);
    // The version before knows neither table: it begins a chain of its own beside them.
    await withStorage(account.id, ({ sql }) => {
      sql.exec(
        'INSERT INTO audit_event (slot, seq, body, hash) VALUES (1, 1, ?, ?)',
        '{"seq":1,"at":"2026-11-30T00:00:00.000Z","action":"token.issue"}',
        'A'.repeat(43),
      );
    });
    await evict(account.id);
    expect((await release(account.id)).code).toBe('ok');
    expect((await verified(account.id))?.intact).toBe(false);
    expect(await rows(account.id, 'SELECT seq FROM audit_event')).toEqual([{ seq: 1 }]);
  });
});
