/** What may meet a revocation at a bad moment: flows and refreshes under way, others of its kind, a directory that is away, a clock that goes back. */

import { describe, expect, it, vi } from 'vitest';
import { askFlow } from '#accounts/flows/ask.ts';
import { cutOffs, forgetCutOffs } from '#directory/revocations/cut-offs.ts';
import { wakeRevocations } from '#revocations/start.ts';
import { PATIENCE } from '../../support/patience.ts';
import { onItsWay, type OnItsWay, type Unconnected } from '../accounts/flow-world.ts';
import {
  config,
  connected,
  context,
  fresh,
  http,
  must,
  records,
  right,
  rows,
  stub,
  view,
} from '../accounts/world.ts';
import {
  agentKey,
  completed,
  fetched,
  goAhead,
  indexed,
  inRevocation,
  revoke,
  ringRevocation,
  standing,
  staticAccount,
  staticConnection,
  stepOf,
  tellSubject,
} from './world.ts';

const { directory } = config;
const endsOf = (id: string) => rows(id, `SELECT 1 FROM event WHERE type = 'connected_account.revoked'`);
const statusOf = async (id: string) => (await view(id)).status;

const arrive = async ({ id }: Unconnected, arrival: OnItsWay['arrival']) =>
  right(await askFlow(config, id, 'arrive', arrival)).status;

/** What the operator's yes comes to. */
async function confirm({ id, identifier }: Unconnected, arrival: OnItsWay['arrival']): Promise<string> {
  const { sessionId, confirmDigest } = arrival;
  const order = { organization: null, sessionId, identifier, confirmDigest, context };
  return right(await askFlow(config, id, 'confirm', order)).kind;
}

/** An account of an unknown user, which an operator has revoked. */
async function revokedAccount(): Promise<Unconnected> {
  const account = await connected();
  right(await stub(account.id).signal({ signal: 'revoked', context }));
  await indexed(account.id);
  return account;
}

/** Its steps are done and ten minutes are over. */
async function folded(id: string): Promise<void> {
  await completed(id);
  await vi.waitFor(async () => {
    await stepOf(id);
    expect(await inRevocation(id, (_object, { storage }) => storage.getAlarm())).toBe(null);
  }, PATIENCE);
  expect(await isListed(id)).toBe(false);
}

async function isListed(id: string): Promise<boolean> {
  forgetCutOffs(directory);
  const list = await cutOffs(directory, () => undefined);
  return (list?.revoked ?? []).some((one) => one.id === id);
}

describe('a flow of an account that was revoked before', () => {
  it('whose grant came before the cut-off connects it no more', async () => {
    const account = await revokedAccount();
    const { arrival } = await onItsWay(account);
    expect(await arrive(account, arrival)).toBe('pending_confirmation');
    await folded((await revoke({ connection: account.connection })).id);
    expect(await confirm(account, arrival)).not.toBe('done');
    expect(await statusOf(account.id)).toBe('revoked');
    expect(await rows(account.id, 'SELECT * FROM candidate')).toEqual([]);
    expect(right(await stub(account.id).verifyAudit({}))).toMatchObject({ intact: true });
  });

  it('whose code was taken before the cut-off connects it no more', async () => {
    const account = await revokedAccount();
    const { arrival } = await onItsWay(account);
    await completed((await revoke({ connection: account.connection })).id);
    expect(await arrive(account, arrival)).toBe('failed');
    expect(await rows(account.id, 'SELECT * FROM candidate')).toEqual([]);
  });

  it('that comes later connects it', async () => {
    const account = await revokedAccount();
    await completed((await revoke({ connection: account.connection })).id);
    const { arrival } = await onItsWay(account);
    expect(await arrive(account, arrival)).toBe('pending_confirmation');
    expect(await confirm(account, arrival)).toBe('done');
    expect(await statusOf(account.id)).toBe('active');
  });
});

describe('a user of the provider who becomes known after the cut-off', () => {
  const SUBJECT = 'ada';

  it('is refused at once while the cut-off is listed, and has a receipt in the end', async () => {
    const { id, connection } = await connected();
    const key = await agentKey(connection);
    await indexed(id);
    const { id: revocation, matched } = await revoke({ subject: { connection, subject: SUBJECT } });
    expect(matched).toBe(0);
    await completed(revocation);
    expect(await fetched(id, key)).toBe('ok');
    await tellSubject(id, SUBJECT);
    expect(await fetched(id, key)).toBe('account_revoked');
    await indexed(id);
    await folded(revocation);
    expect((await standing(revocation)).receipts.data).toMatchObject([{ connected_account_id: id }]);
    expect(await endsOf(id)).toHaveLength(1);
  });

  it('brings a cut-off back that has left the list, and no other', async () => {
    const { id, connection } = await connected();
    const key = await agentKey(connection);
    await indexed(id);
    const { id: revocation } = await revoke({ subject: { connection, subject: SUBJECT } });
    const { id: other } = await revoke({ subject: { connection, subject: 'eve' } });
    await folded(revocation);
    await folded(other);
    goAhead(20 * 60_000);
    await tellSubject(id, SUBJECT);
    await indexed(id);
    expect([await isListed(revocation), await isListed(other)]).toEqual([true, false]);
    await wakeRevocations(config);
    await folded(revocation);
    expect(await statusOf(id)).toBe('revoked');
    expect(await fetched(id, key)).toBe('account_revoked');
    expect(await endsOf(id)).toHaveLength(1);
  });
});

describe('accounts that are made after the cut-off', () => {
  it('of the same user and connection live, before and after all receipts are there', async () => {
    const connection = await staticConnection();
    const identifier = fresh('user');
    const old = await staticAccount(connection, null, identifier);
    const key = await agentKey(connection);
    const { id } = await revoke({ identifier });
    const young = await staticAccount(connection, fresh('org'), identifier);
    await completed(id);
    expect([await statusOf(old.id), await statusOf(young.id)]).toEqual(['revoked', 'active']);
    const later = await staticAccount(await staticConnection(), null, identifier);
    await folded(id);
    expect(await statusOf(later.id)).toBe('active');
    expect((await standing(id)).receipts.data).toHaveLength(1);
    expect(await fetched(old.id, key)).toBe('account_revoked');
  });

  it('under the name of one that was deleted meanwhile live', async () => {
    const connection = await staticConnection();
    const old = await staticAccount(connection);
    const { id } = await revoke({ connection });
    await must(http('DELETE', `/v1/connected-accounts/${old.id}`), 204);
    const again = await staticAccount(connection, null, old.identifier);
    expect(again.id).toBe(old.id);
    await completed(id);
    expect(await statusOf(again.id)).toBe('active');
  });
});

describe('many revocations', () => {
  it('that overlap end an account once, and each has its receipt', async () => {
    const connection = await staticConnection();
    const [one, two] = [await staticAccount(connection), await staticAccount(connection)];
    const started = await Promise.all([
      revoke({ connection }),
      revoke({ identifier: one.identifier, at_provider: true }),
      revoke({ connection, at_provider: true }),
      revoke({ identifier: two.identifier }),
    ]);
    const found = await Promise.all(started.map(({ id }) => completed(id)));
    expect(found.map(({ counts }) => counts.failed + counts.retrying)).toEqual([0, 0, 0, 0]);
    expect(found.map(({ receipts }) => receipts.data.length)).toEqual([2, 1, 2, 1]);
    for (const { id } of [one, two]) {
      expect(await endsOf(id)).toHaveLength(1);
      const moves = (await records(id)).filter((record) => record.evidence?.includes('active->revoked'));
      expect(moves).toHaveLength(1);
    }
  });

  it('many at once are all carried out, and of equal ones the list has one', async () => {
    const connection = await staticConnection();
    const { id: account } = await staticAccount(connection);
    const started = await Promise.all(Array.from({ length: 16 }, () => revoke({ connection })));
    forgetCutOffs(directory);
    const list = (await cutOffs(directory, () => undefined))?.revoked ?? [];
    expect(list.filter(({ selector }) => selector.connection === connection)).toHaveLength(1);
    goAhead(2_000);
    for (const { id } of started) expect((await completed(id)).receipts.data).toHaveLength(1);
    expect(await endsOf(account)).toHaveLength(1);
  });
});

describe('a directory that is away', () => {
  it.each(['cut_off', 'account_index'])(
    'without its table %s holds up the steps, and loses none',
    async (table) => {
      const connection = await staticConnection();
      const accounts = [await staticAccount(connection), await staticAccount(connection)];
      const { id } = await revoke({ connection });
      const away = `ALTER TABLE ${table} RENAME TO away`;
      for (let times = 0; times < 3; times += 1) {
        await directory.prepare(away).run();
        await stepOf(id);
        await directory.prepare(`ALTER TABLE away RENAME TO ${table}`).run();
        await stepOf(id);
      }
      const done = await completed(id);
      expect(done.receipts.data.map((one) => one.connected_account_id).toSorted()).toEqual(
        accounts.map((one) => one.id).toSorted(),
      );
      for (const one of accounts) expect(await endsOf(one.id)).toHaveLength(1);
    },
  );

  it('when the cut-off is to be written ends nothing, and says so', async () => {
    const connection = await staticConnection();
    const account = await staticAccount(connection);
    await directory.prepare('ALTER TABLE cut_off RENAME TO away').run();
    const answer = await http('POST', '/v1/revocations', { connection });
    await directory.prepare('ALTER TABLE away RENAME TO cut_off').run();
    expect(answer.status).toBe(503);
    expect(await statusOf(account.id)).toBe('active');
  });
});

describe('a clock that goes back', () => {
  it('between a credential and its revocation saves no credential', async () => {
    const connection = await staticConnection();
    const { id: account } = await staticAccount(connection);
    const key = await agentKey(connection);
    expect(await fetched(account, key)).toBe('ok');
    goAhead(-5_000);
    const { id, matched } = await revoke({ connection });
    expect(matched).toBe(1);
    expect(await fetched(account, key)).toBe('account_revoked');
    goAhead(5_000);
    expect((await completed(id)).receipts.data).toHaveLength(1);
    expect(await statusOf(account)).toBe('revoked');
  });

  it('between an agent and its revocation saves no agent', async () => {
    const connection = await staticConnection();
    const { id: account } = await staticAccount(connection);
    const agent = fresh('agent');
    const policy = { rules: [{ connection, identifiers: ['*'] }] };
    const { key } = await must(http('POST', '/v1/agents', { id: agent, key: true, policy }), 201);
    expect(await fetched(account, key)).toBe('ok');
    goAhead(-5_000);
    await revoke({ agent });
    expect((await must(http('GET', `/v1/agents/${agent}`), 200)).status).toBe('suspended');
    await must(http('POST', `/v1/agents/${agent}/resume`), 200);
    goAhead(5_000);
    await expect.poll(() => fetched(account, key)).toBe('unauthenticated');
  });
});

it('a receipt that is stored a second time stays one', async () => {
  const connection = await staticConnection();
  await staticAccount(connection);
  const { id } = await revoke({ connection });
  await Promise.all([ringRevocation(id), ringRevocation(id), stepOf(id)]);
  expect((await completed(id)).receipts.data).toHaveLength(1);
});
