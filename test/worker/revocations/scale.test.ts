/** More accounts than three steps take: refused at once, ended in steps of fifty, a receipt each, read page by page. */

import { expect, it, vi } from 'vitest';
import { PATIENCE } from '../../support/patience.ts';
import { config, fresh, http, must, rows, view } from '../accounts/world.ts';
import {
  agentKey,
  completed,
  fetched,
  inRevocation,
  revoke,
  standing,
  staticAccount,
  staticConnection,
} from './world.ts';

const COUNT = 160;

it('has one receipt and one event for each, whatever dies between', async () => {
  const connection = await staticConnection();
  const key = await agentKey(connection);
  const ids: string[] = [];
  for (let from = 0; from < COUNT; from += 40) {
    const some = await Promise.all(
      Array.from({ length: 40 }, async () => {
        const path = `/v1/credentials/${connection}?identifier=${fresh('user')}`;
        return (await must(http('PUT', path, { type: 'api_key', api_key: 'sk_canary' }), 201)).id as string;
      }),
    );
    ids.push(...some);
  }
  const known = `SELECT count(*) AS n FROM account_index WHERE connection = ?`;
  const count = () => config.directory.prepare(known).bind(connection).first<number>('n');
  await vi.waitFor(async () => expect(await count()).toBe(COUNT), PATIENCE);

  const { id, matched } = await revoke({ connection });
  expect(matched).toBe(COUNT);
  const last = ids.at(-1) ?? '';
  expect(await fetched(last, key)).toBe('account_revoked');
  for (let times = 0; times < 3; times += 1)
    await inRevocation(id, (_object, state) => state.abort('moved')).catch(() => undefined);
  const done = await completed(id);
  expect(done).toMatchObject({ matched: COUNT, counts: { revoked: COUNT, retrying: 0, failed: 0 } });

  const told: string[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const page = await standing(id, `?limit=47${cursor === '' ? '' : `&cursor=${cursor}`}`);
    told.push(...page.receipts.data.map((one) => one.connected_account_id));
    cursor = page.receipts.next_cursor;
  }
  expect(told).toHaveLength(COUNT);
  expect(told.toSorted()).toEqual(ids.toSorted());
  for (const account of ids.filter((_, n) => n % 40 === 0)) {
    expect((await view(account)).status).toBe('revoked');
    const events = await rows(account, `SELECT 1 FROM event WHERE type = 'connected_account.revoked'`);
    expect(events).toHaveLength(1);
  }
});

it('a cursor of one revocation is none of another', async () => {
  const connection = await staticConnection();
  for (let n = 0; n < 2; n += 1) await staticAccount(connection);
  const [one, other] = [await revoke({ connection }), await revoke({ connection })];
  await completed(one.id);
  await completed(other.id);
  const { next_cursor: cursor } = (await standing(one.id, '?limit=1')).receipts;
  expect(cursor).not.toBe(null);
  expect((await http('GET', `/v1/revocations/${one.id}?limit=1&cursor=${cursor}`)).status).toBe(200);
  expect((await http('GET', `/v1/revocations/${other.id}?limit=1&cursor=${cursor}`)).status).toBe(400);
});
