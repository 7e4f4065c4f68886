/** What a call costs in rows: waking up beside a full audit ring, and fetching, never read the ring as a whole. */

import { afterEach, describe, expect, it, vi } from 'vitest';
import { AccountVault } from '#accounts/vault.ts';
import { AccountStore } from '#accounts/store.ts';
import { PAGE_RECORDS, RING_PAGES } from '#audit/ring.ts';
import { chainHash, rowMac } from '#crypto/digest.ts';
import {
  config,
  connected,
  context,
  evict,
  fault,
  indexed,
  makeTables,
  records,
  release,
  right,
  rows,
  stub,
  withStorage,
  type Connected,
} from './world.ts';

/** Far below the ring, above what account, copy, grant, timers, fifty attempts and a binary search need. */
const ENOUGH = 150;
const RING_SLOTS = RING_PAGES * PAGE_RECORDS;

afterEach(() => {
  vi.restoreAllMocks();
});

/** As if `count` records had been written. The pages' chain is no chain; the places are, and the head is the broker's. */
async function fillRing(account: Connected, count: number): Promise<void> {
  const pages = Math.floor((count - 1) / PAGE_RECORDS);
  await makeTables(account.id, 'audit_page');
  await withStorage(account.id, async (storage) => {
    const opened = await new AccountVault(new AccountStore(storage), config.masterKeys).open();
    if (!opened.ok || opened.value === null) throw new Error('the account does not open');
    const { sql } = storage;
    sql.exec('DELETE FROM audit_page');
    sql.exec(
      `INSERT OR REPLACE INTO audit_page (slot, seq, previous, bodies)
         WITH RECURSIVE n (i) AS (SELECT ? UNION ALL SELECT i + 1 FROM n WHERE i < ?)
         SELECT i % ${RING_PAGES}, (i + 1) * ${PAGE_RECORDS}, 'hash-' || i, '{"action":"filler"}' FROM n`,
      Math.max(0, pages - RING_PAGES),
      Math.max(0, pages - 1),
    );
    const bodies = Array.from({ length: count - pages * PAGE_RECORDS }, (_, index) =>
      JSON.stringify({ seq: pages * PAGE_RECORDS + index + 1, action: 'filler' }),
    );
    const previous = 'A'.repeat(43);
    const hash = bodies.reduce((before, body) => chainHash(before, body), previous);
    const mac = rowMac(opened.value.key.mac, 'audit_head', [0, count, previous, hash, null]);
    sql.exec(
      'UPDATE audit_head SET since = 0, seq = ?, previous = ?, bodies = ?, hash = ?, mac = ?',
      count,
      previous,
      bodies.join('\n'),
      hash,
      mac,
    );
  });
  await evict(account.id);
}

/** Rows read and written by everything that the object does meanwhile. */
async function cost(
  account: Connected,
  work: () => Promise<unknown>,
): Promise<{ read: number; written: number }> {
  const prototype = await withStorage(account.id, ({ sql }) => Object.getPrototypeOf(sql) as SqlStorage);
  const exec = vi.spyOn(prototype, 'exec');
  await work();
  const cursors = exec.mock.results.map(({ value }) => value as SqlStorageCursor<never>);
  exec.mockRestore();
  const sum = (numbers: number[]) => numbers.reduce((total, one) => total + one, 0);
  return {
    read: sum(cursors.map(({ rowsRead }) => rowsRead)),
    written: sum(cursors.map(({ rowsWritten }) => rowsWritten)),
  };
}

async function account(): Promise<Connected> {
  const made = await connected();
  expect((await release(made.id)).code).toBe('ok');
  await indexed(made.id);
  return made;
}

describe('an object that wakes', () => {
  it.each([
    ['a few records', 20],
    ['a ring that is nearly full', RING_SLOTS - 1],
    ['a ring that is just full', RING_SLOTS],
    ['a ring that has turned once', RING_SLOTS + 1],
    ['a ring that has turned in the middle', RING_SLOTS + 5_431],
    ['a ring that has turned many times', 7 * RING_SLOTS + 9_999],
  ])('beside %s reads a bounded number of rows, and goes on where the chain ended', async (_, count) => {
    const subject = await account();
    await fillRing(subject, count);
    // The slot that is to be overwritten must be behind a checkpoint, which the first append makes from a stored row.
    const cold = await cost(subject, async () => expect((await release(subject.id)).code).toBe('ok'));
    expect(cold.read).toBeLessThan(ENOUGH);
    const newest = (await records(subject.id)).at(-1);
    expect(newest).toMatchObject({ seq: count + 1, action: 'token.issue' });
    expect(JSON.stringify(newest)).not.toContain('filler');
  });
});

describe('a warm fetch', () => {
  it('writes one row, its record, and one more in sixteen; beside a full ring no more than beside an empty one', async () => {
    const subject = await account();
    await makeTables(subject.id, 'audit_page');
    const rounds = 2 * PAGE_RECORDS;
    const costs = async () => {
      expect((await release(subject.id)).code).toBe('ok');
      const each: { read: number; written: number }[] = [];
      for (let round = 0; round < rounds; round += 1)
        each.push(await cost(subject, () => release(subject.id)));
      return {
        most: Math.max(...each.map(({ written }) => written)),
        written: each.reduce((sum, { written }) => sum + written, 0),
        read: Math.max(...each.map(({ read }) => read)),
      };
    };
    const empty = await costs();
    expect(empty).toMatchObject({ most: 2, written: rounds + 2 });
    expect(empty.written / rounds).toBeLessThanOrEqual(1.1);
    await fillRing(subject, RING_SLOTS + 500);
    expect(await costs()).toEqual(empty);
  });
});

describe('a chain', () => {
  it('that was put there from outside does not verify: the cost was bought with no trust', async () => {
    const subject = await account();
    await fillRing(subject, RING_SLOTS + 500);
    expect(right(await stub(subject.id).verifyAudit({}))).toMatchObject({ intact: false });
    expect((await stub(subject.id).expire({ context })).ok).toBe(true);
  });
});

describe('a fetch that has to refresh', () => {
  /** Rows that it writes, with the alarms that it sets, and how often the caller comes to the account. */
  async function refreshCost(delayMs: number): Promise<{ rows: number; visits: number }> {
    const subject = await account();
    await makeTables(subject.id, 'refresh_attempt');
    expect((await release(subject.id)).code).toBe('ok');
    right(await stub(subject.id).expire({ context }));
    await indexed(subject.id);
    await fault(subject.grant.grantId, { delayAfterMs: delayMs });
    const storage = await withStorage(
      subject.id,
      (one) => Object.getPrototypeOf(one) as DurableObjectStorage,
    );
    const alarms = vi.spyOn(storage, 'setAlarm');
    let visits = 0;
    const { written } = await cost(subject, async () => {
      const outcome = await release(subject.id, {}, () => (visits += 1));
      expect(outcome.code).toBe('ok');
    });
    const rows = written + alarms.mock.calls.length;
    alarms.mockRestore();
    return { rows, visits };
  }

  /** The record of the fetch, and eleven for the refresh, two of them alarms. */
  const ROWS = 12;

  it('writes the same rows however slow the provider is, and comes once more where it waited long', async () => {
    expect((await refreshCost(0)).rows).toBe(ROWS);
    // Twice as long as a proof may be waited on: the caller is proved anew before anything leaves.
    expect(await refreshCost(400)).toEqual({ rows: ROWS, visits: 2 });
  });
});

describe('an account that an import makes', () => {
  it('has its settings written once, and its own row twice: with its birth, which draws the generation, and its credential', async () => {
    const other = await account();
    const prototype = await withStorage(other.id, ({ sql }) => Object.getPrototypeOf(sql) as SqlStorage);
    const exec = vi.spyOn(prototype, 'exec');
    const made = await connected();
    const written = exec.mock.calls.map(([query]) => /^INSERT OR REPLACE INTO (\w+)/.exec(query)?.[1]);
    exec.mockRestore();
    const times = (table: string) => written.filter((name) => name === table).length;
    expect([times('connection_copy'), times('account'), times('grant_row')]).toEqual([1, 2, 1]);
    const drawn = 'SELECT generation_counter, (SELECT generation FROM grant_row) AS generation FROM account';
    expect(await rows(made.id, drawn)).toEqual([{ generation_counter: 1, generation: 1 }]);
  });
});
