/** How a cut-off leaves the list that every request brings along, and what keeps it there or brings it back. */

import { expect, it, vi } from 'vitest';
import { upsertAccountIndex } from '#directory/indexes/account-index.ts';
import { cutOffs, forgetCutOffs, type Revoked } from '#directory/revocations/cut-offs.ts';
import { findCutOff, lingeringCutOffs, MAX_OPEN } from '#directory/revocations/cut-off-table.ts';
import { PATIENCE } from '../../support/patience.ts';
import { accountRow } from '../directory/account-row.ts';
import { config, fresh, http, must, tamper } from '../accounts/world.ts';
import {
  completed,
  goAhead,
  indexed,
  inRevocation,
  revoke,
  ringRevocation,
  standing,
  staticAccount,
  staticConnection,
  stepOf,
} from './world.ts';

const { directory } = config;

async function listed(): Promise<readonly Revoked[]> {
  forgetCutOffs(directory);
  const work: Promise<unknown>[] = [];
  const list = await cutOffs(directory, (one) => work.push(one));
  await Promise.all(work);
  return list?.revoked ?? [];
}

const isListed = async (id: string): Promise<boolean> => (await listed()).some((one) => one.id === id);

/** As if the revocation had been started `minutes` ago: its object and its row say so. */
async function agedBy(id: string, minutes: number): Promise<void> {
  await directory
    .prepare('UPDATE cut_off SET at_ms = at_ms - ? WHERE id = ?')
    .bind(minutes * 60_000, id)
    .run();
  goAhead(minutes * 60_000);
}

/** Rings until nothing is left to do. */
async function workedOff(id: string): Promise<void> {
  await vi.waitFor(async () => {
    await ringRevocation(id);
    expect(await inRevocation(id, (_object, { storage }) => storage.getAlarm())).toBe(null);
  }, PATIENCE);
}

it('stays while it is young, although it is complete', async () => {
  const connection = await staticConnection();
  await staticAccount(connection);
  const { id } = await revoke({ connection });
  await completed(id);
  await ringRevocation(id);
  expect(await isListed(id)).toBe(true);
});

it('goes when it is ten minutes old and every account has noted it; its receipts stay', async () => {
  const connection = await staticConnection();
  await staticAccount(connection);
  const { id } = await revoke({ connection });
  await completed(id);
  await agedBy(id, 11);
  await workedOff(id);
  expect(await isListed(id)).toBe(false);
  expect(await findCutOff(directory, id)).not.toBe(null);
  expect((await standing(id)).receipts.data).toHaveLength(1);
  expect(await lingeringCutOffs(directory, Date.now() + 1, 1_000)).not.toContain(id);
});

it('stays for an account that could not note it', async () => {
  const connection = await staticConnection();
  const { id: account } = await staticAccount(connection);
  await tamper(account, `UPDATE account SET identifier = 'changed'`);
  const { id } = await revoke({ connection });
  await vi.waitFor(async () => {
    await stepOf(id);
    expect((await standing(id)).counts.retrying).toBe(1);
  }, PATIENCE);
  await agedBy(id, 11);
  for (let times = 0; times < 5; times += 1) await ringRevocation(id);
  expect(await isListed(id)).toBe(true);
  expect((await standing(id)).status).toBe('running');
});

it('comes back for an account of before that the index hears of later, and for no younger one', async () => {
  const connection = await staticConnection();
  const { id } = await revoke({ connection });
  const { created_at: at } = await completed(id);
  await agedBy(id, 11);
  await workedOff(id);
  const atMs = Date.parse(at) - 11 * 60_000;
  const late = (accountId: string, createdAtMs: number) =>
    upsertAccountIndex(directory, accountRow({ id: accountId, connection, organization: '', createdAtMs }));
  await late(`ca_g${'y'.repeat(26)}`, atMs + 1);
  expect(await isListed(id)).toBe(false);
  await late(`ca_g${'z'.repeat(26)}`, atMs - 1);
  expect(await isListed(id)).toBe(true);
});

it('of many for the same the newest alone is listed', async () => {
  const connection = await staticConnection();
  const ids = [];
  for (let times = 0; times < 5; times += 1) {
    ids.push((await revoke({ connection })).id);
    goAhead(1);
  }
  const found = (await listed()).filter(({ selector }) => selector.connection === connection);
  expect(found.map(({ id }) => id)).toEqual([ids.at(-1)]);
});

it('of single users no more than a thousand are in work, and a wide one is always taken', async () => {
  const marks = Array.from({ length: MAX_OPEN }, (_, n) => `rev_${String(n).padStart(22, '0')}`);
  const insert = `INSERT INTO cut_off (id, selector, identifier, at_provider, at_ms, matched)
    SELECT value, value, value, 0, 1, 0 FROM json_each(?)`;
  await directory.prepare(insert).bind(JSON.stringify(marks)).run();
  const refused = await http('POST', '/v1/revocations', { identifier: fresh('user') });
  expect([refused.status, (await refused.json<{ code: string }>()).code]).toEqual([409, 'conflict']);
  const connection = await staticConnection();
  await must(http('POST', '/v1/revocations', { connection }), 202);
  await directory.prepare('DELETE FROM cut_off WHERE at_ms = 1').run();
});

it('is waited for by the first who asks, however slow the directory: no answer yet is not an empty list', async () => {
  const connection = await staticConnection();
  const { id: account } = await staticAccount(connection);
  await indexed(account);
  const { id } = await revoke({ connection });
  forgetCutOffs(directory);
  const found = await Promise.all(
    Array.from({ length: 20 }, async () => cutOffs(directory, () => undefined)),
  );
  for (const list of found) expect(list?.revoked?.some((one) => one.id === id)).toBe(true);
});
