/**
 * Who waits is proved all the while: a wait ends when the agent may not ask any more. Its time would be up with 200 long
 * after; nothing here looks at a clock.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startOAuthServer, type OAuthServer } from '../../src/dev/oauth/server.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import type { Client, Reply } from '../support/callers.ts';
import { expectRefusal } from '../support/refusals.ts';
import { world, type World } from '../support/world.ts';
import { PATIENCE_MS } from '../support/patience.ts';

/** As many waits of one agent as an account takes, and in all. */
const OF_ONE_AGENT = 10;
const IN_ALL = 50;

let provider: OAuthServer;
let broker: TestBroker;
let w: World;

beforeAll(async () => {
  provider = await startOAuthServer({ accessTokenTtlS: 600 });
  broker = await startBroker();
  w = world(broker, provider);
});
afterAll(async () => {
  await broker.dispose();
  await provider.close();
});

const wait = (as: Client, id: string, status = 'revoked', timeoutS = 25): Promise<Reply> =>
  as.get(`/v1/connected-accounts/${id}/wait?status=${status}&timeout_s=${timeoutS}`);

describe('a wait ends', () => {
  it.each([
    [
      'with 403 when its agent is suspended',
      { status: 403, code: 'policy_denied' },
      (agent: string) => w.operator.post(`/v1/agents/${agent}/suspend`),
    ],
    [
      'with 404 when no rule of its agent reaches the account any more',
      { status: 404, code: 'not_found' },
      (agent: string) => w.operator.put(`/v1/agents/${agent}/policy`, { rules: [] }),
    ],
    [
      'with 401 when its key is deleted',
      { status: 401, code: 'unauthenticated' },
      (agent: string, key: string) => w.operator.delete(`/v1/agents/${agent}/keys/${key.slice(-59, -49)}`),
    ],
    [
      'with 401 when its agent is deleted',
      { status: 401, code: 'unauthenticated' },
      (agent: string) => w.operator.delete(`/v1/agents/${agent}`),
    ],
  ])('%s', async (_, refusal, change) => {
    const { accountId, agent } = await w.connected();
    const waiting = wait(agent.client, accountId);
    // Another one that is answered shows that requests of this agent arrive.
    expect((await wait(agent.client, accountId, 'active')).status).toBe(200);
    expect((await change(agent.id, agent.key)).status).toBeLessThan(300);
    expectRefusal(await waiting, refusal);
  });

  it('when its connection is deleted with all accounts', async () => {
    const { accountId, agent, connection } = await w.connected();
    const waiting = wait(agent.client, accountId);
    expect((await wait(agent.client, accountId, 'active')).status).toBe(200);
    expect((await w.operator.delete(`/v1/connections/${connection}?force=true`)).status).toBe(204);
    expect([404, 409]).toContain((await waiting).status);
  });

  it('of an operator when its key is deleted', async () => {
    const { accountId } = await w.connected();
    const made = (await w.operator.post('/v1/admin-keys', { role: 'auditor' })).body;
    const waiting = fetch(
      `${broker.url}/v1/connected-accounts/${accountId}/wait?status=revoked&timeout_s=25`,
      {
        headers: { authorization: `Bearer ${made.key}` },
      },
    );
    expect((await w.operator.delete(`/v1/admin-keys/${made.id}`)).status).toBe(204);
    expect((await waiting).status).toBe(401);
  });
});

describe('the places of those who wait', () => {
  it('are shared: one agent holds a few, and others still wait', async () => {
    const { accountId, agent, connection, identifier } = await w.connected();
    const greedy = Array.from({ length: IN_ALL }, () => wait(agent.client, accountId));
    const refused: Reply[] = [];
    for (const one of greedy) void one.then((reply) => reply.status === 429 && refused.push(reply));
    await expect.poll(() => refused.length, { timeout: PATIENCE_MS }).toBe(IN_ALL - OF_ONE_AGENT);
    expectRefusal(refused[0] as Reply, { status: 429, code: 'rate_limited' });
    const other = await w.agent({ rules: [{ connection, identifiers: [identifier] }] });
    const others = Array.from({ length: OF_ONE_AGENT }, () => wait(other.client, accountId, 'disabled'));
    // Whoever is there to see it disabled waits: then all of them are answered.
    await w.operator.post(`/v1/connected-accounts/${accountId}/disable`);
    expect((await Promise.all(others)).map(({ status }) => status)).toEqual(Array(OF_ONE_AGENT).fill(200));
    await w.operator.post(`/v1/connected-accounts/${accountId}/revoke`);
    const answers = await Promise.all(greedy);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(OF_ONE_AGENT);
  });
});
