/** What a reviewer asks every quarter: which accounts an agent reaches now, and for what. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startOAuthServer, type OAuthServer } from '../../src/dev/oauth/server.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { client } from '../support/callers.ts';
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

async function put(connection: string, identifier: string, organization?: string): Promise<string> {
  const query = `identifier=${identifier}${organization === undefined ? '' : `&organization=${organization}`}`;
  const made = await w.operator.put(`/v1/credentials/${connection}?${query}`, { api_key: 'a-static-key' });
  expect([200, 201], made.text).toContain(made.status);
  return String(made.body.id);
}

const listed = async (id: string, query = '', as = w.operator) =>
  as.get(`/v1/agents/${id}/effective-access${query}`);

describe('effective access', () => {
  it('lists what an agent reaches now, for what and by which rule, and nothing else', async () => {
    const connection = name('conn');
    const [one, two, tenant] = [
      await put(connection, 'user_1'),
      await put(connection, 'user_2'),
      await put(connection, 'user_1', 'acme'),
    ];
    await put(connection, 'stranger');
    await put(name('conn'), 'user_1');
    const agent = await w.agent({
      rules: [
        { connection, identifiers: ['user_*'], not_after: '2020-01-01T00:00:00Z' },
        {
          connection,
          identifiers: ['user_1'],
          actions: ['tool', 'proxy'],
          tools: ['crm_*'],
          purpose: 'required',
        },
        { connection, identifiers: ['user_2', 'user_1'], actions: ['token', 'proxy'] },
        { connection, identifiers: ['user_1'], organizations: ['acme'], requests: [{ paths: ['/a/*'] }] },
      ],
    });
    const { status, body } = await listed(agent.id);
    expect(status).toBe(200);
    const entry = (connected_account_id: string, identifier: string, actions: string[], rule: number) => ({
      connected_account_id,
      connection,
      identifier,
      organization: null as string | null,
      status: 'active',
      actions,
      approval_required: [] as string[],
      rule,
    });
    expect(body).toEqual({
      data: [
        { ...entry(tenant, 'user_1', ['proxy', 'tool', 'mcp'], 3), organization: 'acme' },
        entry(two, 'user_2', ['token', 'proxy'], 2),
        entry(one, 'user_1', ['token', 'proxy', 'tool'], 1),
      ],
      next_cursor: null,
    });
  });

  it('says of a sealed account and of a proxy_only connection that no token leaves', async () => {
    const connection = name('conn');
    const id = await put(connection, 'user_1');
    const agent = await w.agent({ rules: [{ connection, identifiers: ['*'] }] });
    const actions = async () => (await listed(agent.id)).body.data[0]?.actions;
    expect(await actions()).toEqual(['token', 'proxy', 'tool', 'mcp']);
    await w.operator.post(`/v1/connected-accounts/${id}/seal`);
    await expect.poll(actions).toEqual(['proxy', 'tool', 'mcp']);
    const kept = name('conn');
    await put(kept, 'user_1');
    const other = await w.agent({ rules: [{ connection: kept, identifiers: ['*'] }] });
    await w.operator.patch(`/v1/connections/${kept}`, { token_access: 'proxy_only' });
    const ofOther = async () => (await listed(other.id)).body.data[0]?.actions;
    await expect.poll(ofOther, { timeout: 10_000 }).toEqual(['proxy', 'tool', 'mcp']);
  });

  it('is empty for a suspended agent, and for one without rules', async () => {
    const connection = name('conn');
    await put(connection, 'user_1');
    const agent = await w.agent({ rules: [{ connection, identifiers: ['*'] }] });
    expect((await listed(agent.id)).body.data).toHaveLength(1);
    await w.operator.post(`/v1/agents/${agent.id}/suspend`);
    expect((await listed(agent.id)).body).toEqual({ data: [], next_cursor: null });
    expect((await listed((await w.agent({ rules: [] })).id)).body).toEqual({ data: [], next_cursor: null });
  });

  it('comes in pages that together have each account once, with cursors of this agent alone', async () => {
    const connection = name('conn');
    const ids = new Set<string>();
    for (const number of [1, 2, 3, 4, 5]) ids.add(await put(connection, `user_${number}`));
    const agent = await w.agent({ rules: [{ connection, identifiers: ['*'] }] });
    const other = await w.agent({ rules: [{ connection, identifiers: ['*'] }] });
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page = await listed(agent.id, `?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`);
      seen.push(...page.body.data.map((one: { connected_account_id: string }) => one.connected_account_id));
      cursor = page.body.next_cursor;
      if (cursor !== null) expect((await listed(other.id, `?limit=2&cursor=${cursor}`)).status).toBe(400);
    }
    expect(seen).toHaveLength(ids.size);
    expect(new Set(seen)).toEqual(ids);
  });

  it('is read by auditors, and by no agent and no role below', async () => {
    const agent = await w.agent({ rules: [] });
    const keyOf = async (role: string) =>
      client(broker.url, String((await w.operator.post('/v1/admin-keys', { role })).body.key));
    expect((await listed(agent.id, '', await keyOf('auditor'))).status).toBe(200);
    expect((await listed(agent.id, '', await keyOf('connect'))).status).toBe(403);
    expect((await listed(agent.id, '', agent.client)).status).toBe(403);
    expect((await listed('nobody')).status).toBe(404);
  });
});
