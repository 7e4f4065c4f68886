/** A revocation whose object dies: between order and cut-off, between steps, and while accounts answer. */

import { describe, expect, it, vi } from 'vitest';
import { unwrap } from '#contract/answer.ts';
import { newId } from '#crypto/api-keys.ts';
import { findCutOff, writeCutOff } from '#directory/revocations/cut-off-table.ts';
import type { Order } from '#revocations/progress.ts';
import { revocationStub } from '#revocations/stub.ts';
import { PATIENCE } from '../../support/patience.ts';
import { config, context, kill, rows, view } from '../accounts/world.ts';
import {
  completed,
  evictRevocation,
  goAhead,
  killRevocation,
  ringRevocation,
  staticAccount,
  staticConnection,
  stepOf,
  untilDue,
  type Made,
} from './world.ts';

const order = (connection: string): Order => ({
  id: newId('rev'),
  selector: { agent: null, connection, identifier: null, subject: null, organization: null },
  given: { connection },
  owner: null,
  atProvider: false,
  atMs: Date.now(),
  matched: 0,
  context,
});

const prepare = async (one: Order) => unwrap(await revocationStub(config, one.id).take({ order: one }));

async function accountsOf(connection: string, count: number): Promise<Made[]> {
  return Promise.all(Array.from({ length: count }, () => staticAccount(connection)));
}

/** Each account was ended once and has one receipt. */
async function expectOnce(id: string, accounts: readonly Made[]): Promise<void> {
  const done = await completed(id);
  const told = done.receipts.data.map((one) => one.connected_account_id);
  expect(told.toSorted()).toEqual(accounts.map((one) => one.id).toSorted());
  for (const account of accounts) {
    expect((await view(account.id)).status).toBe('revoked');
    const events = await rows(account.id, `SELECT 1 FROM event WHERE type = 'connected_account.revoked'`);
    expect(events).toHaveLength(1);
  }
}

describe('an order', () => {
  it('whose cut-off was written is carried out, although nobody says go', async () => {
    const connection = await staticConnection();
    const accounts = await accountsOf(connection, 3);
    const one = order(connection);
    const { kid } = await prepare(one);
    await writeCutOff(config, one, kid, context);
    await killRevocation(one.id);
    expect(await stepOf(one.id)).toBe(true);
    await expectOnce(one.id, accounts);
  });

  it('whose cut-off was not written ends nothing, and is looked after until it cannot come any more', async () => {
    const connection = await staticConnection();
    const [account] = await accountsOf(connection, 1);
    const one = order(connection);
    await prepare(one);
    expect(await stepOf(one.id)).toBe(true);
    expect((await view(account?.id ?? '')).status).toBe('active');
    expect(await untilDue(one.id)).toBe(true);
    goAhead(3_600_000);
    // The platform may be ringing by itself, with a step that began before the hour was over: it sets one more.
    const isOver = async () => {
      await ringRevocation(one.id);
      expect(await untilDue(one.id)).toBe(false);
    };
    await vi.waitFor(isOver, PATIENCE);
    expect((await view(account?.id ?? '')).status).toBe('active');
    expect(await findCutOff(config.directory, one.id)).toBe(null);
  });
});

describe('an object that dies', () => {
  it.each(['evicted', 'killed'] as const)('%s between its steps goes on where it was', async (how) => {
    const connection = await staticConnection();
    const accounts = await accountsOf(connection, 4);
    const one = order(connection);
    const { kid } = await prepare(one);
    await writeCutOff(config, one, kid, context);
    const die = how === 'evicted' ? evictRevocation : killRevocation;
    for (let step = 0; step < 6; step += 1) {
      await stepOf(one.id);
      await die(one.id);
    }
    await expectOnce(one.id, accounts);
  });

  it('while accounts answer tells them again, and none ends twice', async () => {
    const connection = await staticConnection();
    const accounts = await accountsOf(connection, 12);
    const one = order(connection);
    const { kid } = await prepare(one);
    await writeCutOff(config, one, kid, context);
    await stepOf(one.id);
    await untilDue(one.id);
    const ringing = ringRevocation(one.id).catch(() => false);
    await killRevocation(one.id);
    await ringing;
    await expectOnce(one.id, accounts);
  });

  it('beside accounts that die too', async () => {
    const connection = await staticConnection();
    const accounts = await accountsOf(connection, 4);
    const one = order(connection);
    const { kid } = await prepare(one);
    await writeCutOff(config, one, kid, context);
    await stepOf(one.id);
    await untilDue(one.id);
    const ringing = ringRevocation(one.id).catch(() => false);
    await Promise.all(accounts.map(({ id }) => kill(id)));
    await ringing;
    await expectOnce(one.id, accounts);
  });
});
