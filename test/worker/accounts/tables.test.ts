/** Which tables an account has: those that it needs, those that it once had, and none that was taken from it. */

import { afterEach, describe, expect, it, vi } from 'vitest';
import { ACCOUNT_TABLES } from '#accounts/schema.ts';
import { AccountStore } from '#accounts/store.ts';
import { AccountVault } from '#accounts/vault.ts';
import { groupOf, places, versionOf } from '#lib/table-schema.ts';
import { Vault } from '#objects/vault.ts';
import { PATIENCE_MS } from '../../support/patience.ts';
import {
  config,
  connected,
  context,
  evict,
  expired,
  http,
  makeTables,
  must,
  newGrant,
  release,
  remove,
  right,
  rows,
  stub,
  tamper,
  withAllTables,
  withStorage,
} from './world.ts';

const LATER = [...places(ACCOUNT_TABLES).keys()].filter(
  (table) => !['base', null].includes(groupOf(ACCOUNT_TABLES, table)),
);

/** What an operator is told of the account. */
async function shown(id: string): Promise<string> {
  const answer = await http('GET', `/v1/connected-accounts/${id}`);
  return ((await answer.json()) as { code?: string }).code ?? 'ok';
}

async function tablesOf(id: string): Promise<string[]> {
  const found = await rows(id, `SELECT name FROM sqlite_master WHERE type = 'table'`);
  return found.map(({ name }) => String(name));
}

describe('a new account', () => {
  it('has none of the tables that come with their first use, and each from its first use on', async () => {
    const { id } = await connected();
    expect((await release(id)).code).toBe('ok');
    expect((await tablesOf(id)).filter((name) => LATER.includes(name))).toEqual([]);
    right(await stub(id).expire({ context }));
    expect((await release(id)).code).toBe('ok');
    expect(await tablesOf(id)).toContain('refresh_attempt');
    for (let round = 0; round < 16; round += 1) await release(id);
    expect(await tablesOf(id)).toContain('audit_page');
    await remove(id);
    expect(await tablesOf(id)).toContain('tombstone');
    expect(right(await stub(id).verifyAudit({}))).toMatchObject({ intact: true });
  });

  it('goes on after waking with the tables that it has made', async () => {
    const account = await expired();
    expect((await release(account.id)).code).toBe('ok');
    await evict(account.id);
    right(await stub(account.id).expire({ context }));
    expect((await release(account.id)).code).toBe('ok');
    expect(await rows(account.id, 'SELECT count(*) AS n FROM refresh_attempt')).toEqual([{ n: 2 }]);
  });

  it.each(LATER)(
    'from which %s was taken after it was made is corrupt, and nothing is made anew',
    async (table) => {
      const { id } = await connected();
      await makeTables(id, table);
      expect((await release(id)).code).toBe('ok');
      await tamper(id, `DROP TABLE ${table}`);
      expect(await shown(id)).toBe('record_corrupt');
      expect(await tablesOf(id)).not.toContain(table);
    },
  );

  it.each(LATER)(
    'beside which %s lies that it has not made is corrupt, and goes on without it',
    async (table) => {
      const { id } = await connected();
      await makeTables(id, table);
      await tamper(id, `UPDATE schema_version SET made = 'base'`);
      expect(await shown(id)).toBe('record_corrupt');
      const ofGroup = LATER.filter(
        (name) => groupOf(ACCOUNT_TABLES, name) === groupOf(ACCOUNT_TABLES, table),
      );
      await tamper(id, ...ofGroup.map((name) => `DROP TABLE ${name}`));
      expect((await release(id)).code).toBe('ok');
    },
  );

  it.each(['', 'attempts', 'of no group', 'base@', 'base@x'])(
    'whose list of tables says %j is corrupt',
    async (made) => {
      const { id } = await connected();
      await tamper(id, `UPDATE schema_version SET made = '${made}'`);
      expect(await shown(id)).toBe('record_corrupt');
    },
  );
});

describe('an account that was made with all tables', () => {
  it('keeps them, refreshes, is deleted and lives again', async () => {
    const account = await expired();
    await withAllTables(account.id);
    const before = await tablesOf(account.id);
    expect((await release(account.id)).code).toBe('ok');
    right(await stub(account.id).expire({ context }));
    expect((await release(account.id)).code).toBe('ok');
    await remove(account.id);
    expect(await tablesOf(account.id)).toEqual(before);
    const { connection, identifier } = account;
    const { refreshToken } = await newGrant();
    const credential = { refresh_token: refreshToken, verify: false };
    const again = await must(
      http('PUT', `/v1/credentials/${connection}?identifier=${identifier}`, credential),
      201,
    );
    expect(again.id).toBe(account.id);
    expect((await release(account.id)).code).toBe('ok');
    expect(right(await stub(account.id).verifyAudit({}))).toMatchObject({ intact: true });
    expect(await rows(account.id, 'SELECT * FROM schema_version')).toEqual([
      { version: versionOf(ACCOUNT_TABLES) },
    ]);
  });
});

describe('an account that is deleted', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('keeps the generation that an attempt draws while the key of its next life is drawn', async () => {
    const account = await expired();
    expect((await release(account.id)).code).toBe('ok');
    const { keyForNewLife } = Vault.prototype;
    const waits = { reached: false, open: false };
    vi.spyOn(Vault.prototype, 'keyForNewLife').mockImplementation(async function (this: Vault, ...values) {
      const key = await keyForNewLife.apply(this, values);
      waits.reached = true;
      while (!waits.open) await scheduler.wait(1);
      return key;
    });
    const removed = remove(account.id);
    await expect.poll(() => waits.reached, { timeout: PATIENCE_MS }).toBe(true);
    await withStorage(
      account.id,
      ({ sql }) => void sql.exec('UPDATE refresh_attempt SET generation_to = 40'),
    );
    waits.open = true;
    await removed;
    expect(await rows(account.id, 'SELECT generation_counter AS n FROM tombstone')).toEqual([{ n: 40 }]);
  });

  it.each([9007199254740991, `'none'`])(
    'takes no generation from an attempt that says %s, and lives again',
    async (generation) => {
      const account = await expired();
      expect((await release(account.id)).code).toBe('ok');
      await tamper(account.id, `UPDATE refresh_attempt SET generation_to = ${generation}`);
      await remove(account.id);
      const [{ n } = { n: null }] = await rows(account.id, 'SELECT generation_counter AS n FROM tombstone');
      expect(Number(n)).toBeLessThan(100);
    },
  );
});

describe('an attempt', () => {
  /** When each grant was last tried, as the object sees it. */
  async function triedAt(id: string): Promise<(number | null)[] | null> {
    return withStorage(id, async (storage) => {
      const store = new AccountStore(storage);
      const opened = await new AccountVault(store, config.masterKeys).open();
      if (!opened.ok || opened.value === null) throw new Error('the account does not open');
      return store.state(opened.value.key.mac)?.grants.map((grant) => grant.lastAttemptStartedAtMs) ?? null;
    });
  }

  const attempt = (id: string, startedAt: string, from: string): string =>
    `INSERT INTO refresh_attempt
       (id, grant_id, generation_from, generation_to, trigger_kind, started_at_ms, ended_at_ms, outcome)
     SELECT '${id}', id, ${from}, generation + 1, 'on_demand', ${startedAt}, 2, 'transient' FROM grant_row`;

  it('that was the last one says when its grant was tried, whatever the clock showed before it was set back', async () => {
    const account = await expired();
    await makeTables(account.id, 'refresh_attempt');
    await tamper(
      account.id,
      attempt('rfa_1', '9000000000000', 'generation'),
      attempt('rfa_2', '1700000000000', 'generation'),
      attempt('rfa_3', '1700000000001', 'generation - 1'),
    );
    expect(await triedAt(account.id)).toEqual([1_700_000_000_000]);
  });

  it('that begins at no time makes the account corrupt', async () => {
    const account = await expired();
    await makeTables(account.id, 'refresh_attempt');
    await tamper(account.id, attempt('rfa_1', `'once'`, 'generation'));
    expect((await release(account.id)).code).toBe('record_corrupt');
  });

  it('that never ended has drawn its generation, and the next one draws another', async () => {
    const account = await expired();
    expect((await release(account.id)).code).toBe('ok');
    await tamper(
      account.id,
      `INSERT INTO refresh_attempt
         (id, grant_id, generation_from, generation_to, trigger_kind, started_at_ms, ended_at_ms, outcome)
       VALUES ('rfa_lost', 1, 1, 40, 'on_demand', 1, 2, 'unknown')`,
    );
    right(await stub(account.id).expire({ context }));
    expect((await release(account.id)).code).toBe('ok');
    expect(await rows(account.id, 'SELECT generation FROM grant_row')).toEqual([{ generation: 41 }]);
  });

  it('whose generation no counter comes to makes the account corrupt', async () => {
    const account = await expired();
    expect((await release(account.id)).code).toBe('ok');
    await tamper(account.id, `UPDATE refresh_attempt SET generation_to = 9007199254740991`);
    expect((await release(account.id)).code).toBe('record_corrupt');
  });
});
