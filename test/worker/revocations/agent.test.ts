/** The kill switch for one agent: what it ends, what it leaves, and that it does so once. */

import { expect, it } from 'vitest';
import { agentStub } from '#agents/stub.ts';
import { config, context, fresh, http, must, view } from '../accounts/world.ts';
import { boundKey, completed, fetched, revoke, staticAccount, staticConnection } from './world.ts';

async function newAgent(organization: string | null = null) {
  const connection = await staticConnection();
  const account = await staticAccount(connection, organization);
  const id = fresh('agent');
  const policy = { rules: [{ connection, identifiers: ['*'] }] };
  const of = organization === null ? {} : { organization };
  const { key } = await must(http('POST', '/v1/agents', { id, key: true, policy, ...of }), 201);
  return { id, key, account };
}

const eventsOf = async (agent: string): Promise<number> => {
  const found = await must(http('GET', '/v1/events?type=agent.suspended&limit=100'), 200);
  return found.data.filter((one: { data: { agent: string } }) => one.data.agent === agent).length;
};

it('suspends it, and its keys of before open nothing any more, also after a resume', async () => {
  const { id, key, account } = await newAgent();
  expect(await fetched(account.id, key)).toBe('ok');
  expect(await must(http('POST', '/v1/revocations', { agent: id, dry_run: true }), 200)).toEqual({
    matched: 1,
  });
  expect(await fetched(account.id, key)).toBe('ok');
  const { id: revocation, matched } = await revoke({ agent: id, at_provider: true });
  expect(matched).toBe(1);
  expect((await must(http('GET', `/v1/agents/${id}`), 200)).status).toBe('suspended');
  const done = await completed(revocation);
  expect(done).toMatchObject({ selector: { agent: id }, receipts: { data: [] }, matched: 1 });
  expect((await view(account.id)).status).toBe('active');
  await must(http('POST', `/v1/agents/${id}/resume`), 200);
  await expect.poll(() => fetched(account.id, key)).toBe('unauthenticated');
  const { key: fresher } = await must(http('POST', `/v1/agents/${id}/keys`, {}), 201);
  await expect.poll(() => fetched(account.id, fresher)).toBe('ok');
  await expect.poll(() => eventsOf(id)).toBe(1);
});

it('told again it changes nothing: an agent that was resumed, and its new key, stay', async () => {
  const { id, account } = await newAgent();
  const { id: revocation } = await revoke({ agent: id });
  await completed(revocation);
  await must(http('POST', `/v1/agents/${id}/resume`), 200);
  const { key } = await must(http('POST', `/v1/agents/${id}/keys`, {}), 201);
  const again = { revocation, atMs: Date.now() + 60_000, context };
  expect(await agentStub(config, id).revoke(again)).toEqual({ ok: true });
  await expect.poll(() => fetched(account.id, key)).toBe('ok');
});

it('says since when tokens of before are dead, to whoever proves them', async () => {
  const { id } = await newAgent();
  const before = Date.now();
  await revoke({ agent: id });
  const found = await agentStub(config, id).lookup({});
  if (!found.ok) throw new Error(found.code);
  expect(found.agent.status).toBe('suspended');
  expect(found.agent.keys).toEqual([]);
  expect(found.agent.endedTokens?.endedBeforeMs).toBeGreaterThanOrEqual(before);
  expect(found.agent.endedTokens?.endedBeforeMs).toBeLessThanOrEqual(Date.now());
});

it('ends the keys of one that was suspended before, without a second event', async () => {
  const { id, key, account } = await newAgent();
  await must(http('POST', `/v1/agents/${id}/suspend`), 200);
  await expect.poll(() => eventsOf(id)).toBe(1);
  await completed((await revoke({ agent: id })).id);
  await must(http('POST', `/v1/agents/${id}/resume`), 200);
  await expect.poll(() => fetched(account.id, key)).toBe('unauthenticated');
  expect(await eventsOf(id)).toBe(1);
});

it('leaves an agent that was made later under the same id alone', async () => {
  const { id } = await newAgent();
  const past = { revocation: `rev_${'b'.repeat(22)}`, atMs: Date.now() - 3_600_000, context };
  expect(await agentStub(config, id).revoke(past)).toEqual({ ok: true });
  expect((await must(http('GET', `/v1/agents/${id}`), 200)).status).toBe('active');
});

it('of another organization there is none', async () => {
  const { id } = await newAgent(fresh('org'));
  const key = await boundKey(fresh('org'));
  expect((await http('POST', '/v1/revocations', { agent: id }, key)).status).toBe(404);
  expect((await must(http('GET', `/v1/agents/${id}`), 200)).status).toBe('active');
});
