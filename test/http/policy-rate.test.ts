/** A rule with `rate`, as its agent meets it: exact, in order, over both routes, and after a crash. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startOAuthServer, type OAuthServer } from '../../src/dev/oauth/server.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { name, world, type World } from '../support/world.ts';

let provider: OAuthServer;
let broker: TestBroker;
let w: World;

beforeAll(async () => {
  provider = await startOAuthServer();
  broker = await startBroker();
  w = world(broker, provider);
});
afterAll(async () => {
  await broker.dispose();
  await provider.close();
});

const HOURLY = (limit: number) => ({ rate: { limit, per: 'hour' } });

async function scene(rules: (connection: string) => object[]) {
  const connection = name('conn');
  const put = await w.operator.put(`/v1/credentials/${connection}?identifier=user_1`, {
    api_key: 'a-static-key',
    type: 'api_key',
    scope: 'read',
  });
  expect(put.status, put.text).toBe(201);
  const id = String(put.body.id);
  const agent = await w.agent({ rules: rules(connection) });
  const short = (query = '') =>
    agent.client.get(`/v1/agents/self/credentials/${connection}?identifier=user_1${query}`);
  const byId = (query = '') => agent.client.get(`/v1/connected-accounts/${id}/token${query}`);
  const check = async () =>
    (await w.operator.post(`/v1/agents/${agent.id}/policy/check`, { connection, identifier: 'user_1' })).body;
  return { connection, id, agent, short, byId, check };
}

describe('a rule with a rate', () => {
  it('lets through exactly its limit, however many ask at once and by whichever route', async () => {
    const { short, byId, check } = await scene((connection) => [
      { connection, identifiers: ['*'], ...HOURLY(5) },
    ]);
    expect(await check()).toEqual({ allowed: true, reason: null, rule: 0, approval: null });
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? short() : byId())),
    );
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(5);
    expect(statuses.filter((status) => status === 429)).toHaveLength(15);
    const through = answers.filter(({ status }) => status === 200);
    const left = through.map(({ headers }) => /^"rule-0";r=(\d)$/.exec(String(headers['ratelimit']))?.[1]);
    expect(left.toSorted()).toEqual(['0', '1', '2', '3', '4']);
    for (const refused of [await short(), await byId()]) {
      expect(refused.body.code).toBe('rate_limited');
      expect(refused.headers['ratelimit-policy']).toBe('"rule-0";q=5;w=3600');
      const retryAfterS = Number(refused.headers['retry-after']);
      expect(refused.headers['ratelimit']).toBe(`"rule-0";r=0;t=${retryAfterS}`);
      expect(retryAfterS).toBeGreaterThan(3500);
      expect(retryAfterS).toBeLessThanOrEqual(3600);
    }
    expect(await check()).toEqual({ allowed: false, reason: 'rate_limited', rule: null, approval: null });
  });

  it('counts no request that is refused, and none that was only imagined', async () => {
    const { short, byId, check, connection, agent, id } = await scene((own) => [
      { connection: own, identifiers: ['*'], scopes: ['read'], ...HOURLY(1) },
    ]);
    const missing = () => agent.client.get(`/v1/agents/self/credentials/${connection}?identifier=nobody`);
    await w.operator.post(`/v1/connected-accounts/${id}/disable`);
    for (let round = 0; round < 3; round += 1) {
      expect((await missing()).status).toBe(404);
      expect((await short()).body.code).toBe('account_disabled');
      expect((await byId()).body.code).toBe('account_disabled');
      expect((await check()).allowed).toBe(true);
    }
    await w.operator.post(`/v1/connected-accounts/${id}/enable`);
    for (const refused of [await short('&scope=write'), await byId('?scope=write')])
      expect(refused.body.reason).toBe('scope_not_allowed');
    expect((await byId()).status).toBe(200);
    expect((await short()).status).toBe(429);
  });

  it('leaves a request to the next rule that allows it, once it is spent', async () => {
    const { short, byId, check } = await scene((connection) => [
      { connection, identifiers: ['*'], ...HOURLY(1) },
      { connection, identifiers: ['*'], ...HOURLY(2) },
      { connection: 'other' },
    ]);
    expect((await check()).rule).toBe(0);
    expect((await short()).headers['ratelimit']).toBe('"rule-0";r=0');
    expect((await check()).rule).toBe(1);
    expect((await byId()).headers['ratelimit']).toBe('"rule-1";r=1');
    expect((await short()).headers['ratelimit']).toBe('"rule-1";r=0');
    expect((await short()).status).toBe(429);
    expect((await byId()).status).toBe(429);
  });

  it('counts under the rule that decides, where scopes make that another one', async () => {
    const { short, byId } = await scene((connection) => [
      { connection, identifiers: ['*'], scopes: ['write'], ...HOURLY(1) },
      { connection, identifiers: ['*'], scopes: ['read'], ...HOURLY(2) },
    ]);
    for (const ask of [short, byId]) expect((await ask()).headers['ratelimit']).toMatch(/^"rule-1";r=/);
    expect((await short()).status).toBe(429);
  });

  it('records what it refused once a minute, with the number, in the agent’s chain', async () => {
    const { short, agent } = await scene((connection) => [{ connection, identifiers: ['*'], ...HOURLY(1) }]);
    expect((await short()).status).toBe(200);
    for (let round = 0; round < 5; round += 1) expect((await short()).status).toBe(429);
    const { data } = (await w.operator.get(`/v1/audit-events?agent=${agent.id}`)).body;
    const limited = data.filter(({ reason }: { reason: string }) => reason === 'rate_limited');
    expect(limited.length).toBeGreaterThanOrEqual(1);
    expect(limited.length).toBeLessThanOrEqual(2);
    expect(limited.at(-1)).toMatchObject({ outcome: 'refused', evidence: ['rule:0', 'refused:1'] });
  });

  it('is none of another agent’s, and begins anew for an agent that was deleted and made again', async () => {
    const { short, connection, agent } = await scene((own) => [
      { connection: own, identifiers: ['*'], ...HOURLY(1) },
    ]);
    expect([(await short()).status, (await short()).status]).toEqual([200, 429]);
    const policy = { rules: [{ connection, identifiers: ['*'], ...HOURLY(1) }] };
    const path = `/v1/agents/self/credentials/${connection}?identifier=user_1`;
    expect((await (await w.agent(policy)).client.get(path)).status).toBe(200);
    await w.operator.delete(`/v1/agents/${agent.id}`);
    const again = await w.agent(policy, { id: agent.id });
    expect([(await again.client.get(path)).status, (await again.client.get(path)).status]).toEqual([
      200, 429,
    ]);
  });

  it('has not forgotten after a crash', async () => {
    const { short } = await scene((connection) => [{ connection, identifiers: ['*'], ...HOURLY(1) }]);
    expect((await short()).status).toBe(200);
    await broker.kill();
    await broker.restart();
    expect((await short()).status).toBe(429);
  });
});
