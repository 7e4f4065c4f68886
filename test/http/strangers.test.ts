/** Who may not: without a key, with a wrong one, with one in the wrong place or for the other plane, of another tenant. */

import { request as undici } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startOAuthServer, type OAuthServer } from '../../src/dev/oauth/server.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { call, client, type Client, type Reply } from '../support/callers.ts';
import { expectRefusal } from '../support/refusals.ts';
import { name, world, type World } from '../support/world.ts';

let provider: OAuthServer;
let broker: TestBroker;
let w: World;
let operator: Client;
let account: Awaited<ReturnType<World['connected']>>;

beforeAll(async () => {
  provider = await startOAuthServer();
  broker = await startBroker();
  w = world(broker, provider);
  operator = client(broker.url, broker.adminKey);
  account = await w.connected();
});
afterAll(async () => {
  await broker.dispose();
  await provider.close();
});

type Route = readonly [method: string, path: string, body?: unknown];

/** Every route of the control plane, with input that would do something. */
function controlPlane(): Route[] {
  const { accountId, connection, agent } = account;
  const one = `/v1/connected-accounts/${accountId}`;
  const credential = { type: 'oauth2', refresh_token: 'a-strangers-refresh-token' };
  return [
    ['GET', '/v1/providers'],
    ['GET', '/v1/providers/hubspot'],
    ['POST', '/v1/connections', { id: 'strangers', provider: 'hubspot', client_id: 'x' }],
    ['GET', '/v1/connections'],
    ['GET', `/v1/connections/${connection}`],
    ['POST', '/v1/agents', { id: 'strangers', key: true }],
    ['GET', `/v1/agents/${agent.id}`],
    ['PATCH', `/v1/agents/${agent.id}`, { name: 'changed' }],
    ['DELETE', `/v1/agents/${agent.id}`],
    ['POST', `/v1/agents/${agent.id}/suspend`],
    ['POST', `/v1/agents/${agent.id}/resume`],
    ['POST', `/v1/agents/${agent.id}/keys`],
    ['GET', `/v1/agents/${agent.id}/keys`],
    ['DELETE', `/v1/agents/${agent.id}/keys/${agent.key.slice(-59, -49)}`],
    ['GET', `/v1/agents/${agent.id}/policy`],
    ['PUT', `/v1/agents/${agent.id}/policy`, { rules: [{ connection: '*', identifiers: ['*'] }] }],
    ['POST', '/v1/connected-accounts', { connection, identifier: 'stranger' }],
    ['GET', one],
    ['DELETE', one],
    ['PUT', `${one}/credential`, credential],
    ['PUT', `/v1/credentials/${connection}?identifier=${account.identifier}`, credential],
    ...['refresh', 'expire', 'disable', 'enable', 'revoke'].map((action): Route => [
      'POST',
      `${one}/${action}`,
    ]),
    ['GET', `${one}/audit/verify`],
  ];
}

const tokenPlane = (): Route[] => [
  ['GET', `/v1/connected-accounts/${account.accountId}/token`],
  [
    'GET',
    `/v1/agents/${account.agent.id}/credentials/${account.connection}?identifier=${account.identifier}`,
  ],
];

async function ask([method, path, body]: Route, key: string | null, headers: Record<string, string> = {}) {
  return call(method, broker.url + path, { key, ...(body === undefined ? {} : { body }), headers });
}

/** What strangers must not have changed. */
async function state(): Promise<unknown> {
  const { accountId, agent, connection } = account;
  const shown = await operator.get(`/v1/connected-accounts/${accountId}`);
  const { last_used_at: _, ...rest } = shown.body;
  const agentShown = await operator.get(`/v1/agents/${agent.id}`);
  const keys = (await operator.get(`/v1/agents/${agent.id}/keys`)).body.data.length;
  const connections = (await operator.get('/v1/connections?limit=100')).body.data.length;
  const strangers = (await operator.get('/v1/agents/strangers')).status;
  return [rest, agentShown.body, keys, connections, connection, strangers];
}

/** The same answer but for the id of the request. */
function without(reply: Reply): unknown {
  const { correlation_id: _, ...body } = reply.body;
  return { status: reply.status, body };
}

describe('every route', () => {
  const refused = (key: () => string | null, status: number, code: string) => async (): Promise<void> => {
    const before = await state();
    for (const route of controlPlane())
      expectRefusal(await ask(route, key()), { status, code }, `${route[0]} ${route[1]}`);
    expect(await state()).toEqual(before);
    expect((await account.fetchToken()).body.access_token).toBe(account.accessToken);
  };

  it(
    'of the control plane is 401 without a key',
    refused(() => null, 401, 'unauthenticated'),
  );
  it(
    'of the control plane is 401 with a key that nobody has',
    refused(() => 'x'.repeat(40), 401, 'unauthenticated'),
  );
  it(
    'of the control plane is 403 with an agent key',
    refused(() => account.agent.key, 403, 'forbidden'),
  );

  it('of the token plane is 401 without a key and with an unknown one, and 403 with ADMIN_KEY', async () => {
    for (const route of tokenPlane()) {
      expectRefusal(await ask(route, null), { status: 401, code: 'unauthenticated' });
      expectRefusal(await ask(route, 'x'.repeat(40)), { status: 401, code: 'unauthenticated' });
      expectRefusal(await ask(route, broker.adminKey), { status: 403, code: 'forbidden' });
      expect((await ask(route, account.agent.key)).status).toBe(200);
    }
  });

  it('refuses whoever may not before it looks at what is asked', async () => {
    const routes: Route[] = [
      ['POST', '/v1/agents', 'not an object'],
      ['GET', '/v1/connections?limit=nonsense'],
      ['POST', '/v1/connected-accounts', { surprise: true }],
      ['GET', '/v1/connections/absent'],
    ];
    for (const route of routes) {
      expectRefusal(await ask(route, null), { status: 401, code: 'unauthenticated' });
      expectRefusal(await ask(route, account.agent.key), { status: 403, code: 'forbidden' });
    }
    const [token] = tokenPlane();
    expectRefusal(await ask(['GET', `${token?.[1]}?min_ttl=x`], null), {
      status: 401,
      code: 'unauthenticated',
    });
  });
});

describe('a wrong agent key', () => {
  it('is answered alike whether its agent exists, its key exists, or its checksum holds', async () => {
    const right = account.agent.key;
    const stranger = await w.agent({ rules: [] });
    await operator.delete(`/v1/agents/${stranger.id}`);
    const swapped = right.slice(0, -20) + (right.at(-20) === 'a' ? 'b' : 'a') + right.slice(-19);
    const wrong = [
      stranger.key,
      swapped,
      right.slice(0, -1),
      `${right}0`,
      right.toUpperCase(),
      'vk_agent_x_y',
      'vk_admin_z',
    ];
    const answers: unknown[] = [];
    for (const key of wrong) {
      for (const route of tokenPlane()) {
        const reply = await ask(route, key);
        expectRefusal(reply, { status: 401, code: 'unauthenticated' }, key.slice(0, 20));
        answers.push(without(reply));
      }
    }
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect((await account.fetchToken()).status).toBe(200);
  });
});

describe('a credential in the wrong place', () => {
  const places: [string, (key: string) => { query?: string; headers?: Record<string, string> }][] = [
    ['in the query', (key) => ({ query: `access_token=${encodeURIComponent(key)}` })],
    ['in the query under any name', (key) => ({ query: `x=1&y=${encodeURIComponent(key)}` })],
    ['as a name in the query', (key) => ({ query: `${encodeURIComponent(key)}=1` })],
    ['in a cookie', (key) => ({ headers: { cookie: `session=${key}` } })],
    ['in a quoted cookie', (key) => ({ headers: { cookie: `a=b; session="${key}"` } })],
    ['in X-Api-Key', (key) => ({ headers: { 'x-api-key': key } })],
    ['in Proxy-Authorization', (key) => ({ headers: { 'proxy-authorization': `Bearer ${key}` } })],
    ['in X-Tool-Call-Id', (key) => ({ headers: { 'x-tool-call-id': key } })],
    ['in X-Correlation-Id', (key) => ({ headers: { 'x-correlation-id': key } })],
    ['in User-Agent', (key) => ({ headers: { 'user-agent': key } })],
  ];

  it.each(places)(
    'is refused when it stands %s, alone or beside the right one, and is not repeated',
    async (_, place) => {
      for (const [key, routes] of [
        [account.agent.key, tokenPlane()],
        [broker.adminKey, [['GET', '/v1/connections'] as Route]],
      ] as const) {
        const { query, headers = {} } = place(key);
        for (const [method, path] of routes) {
          const url = query === undefined ? path : `${path}${path.includes('?') ? '&' : '?'}${query}`;
          for (const bearer of [null, key]) {
            const reply = await ask([method, url], bearer, headers);
            expectRefusal(reply, { status: 401, code: 'unauthenticated' }, `${method} ${path}`);
            expect(reply.text + JSON.stringify(reply.headers)).not.toContain(key);
          }
        }
      }
    },
  );

  it.each([
    ['twice', (key: string) => ['authorization', `Bearer ${key}`, 'authorization', `Bearer ${key}`]],
    [
      'twice, one of them wrong',
      (key: string) => ['authorization', 'Bearer nobody', 'authorization', `Bearer ${key}`],
    ],
    ['as a list', (key: string) => ['authorization', `Bearer ${key}, Bearer ${key}`]],
    ['as Basic', (key: string) => ['authorization', `Basic ${Buffer.from(`${key}:`).toString('base64')}`]],
    ['without a scheme', (key: string) => ['authorization', key]],
    ['with something behind it', (key: string) => ['authorization', `Bearer ${key} x`]],
    ['as Token', (key: string) => ['authorization', `Token ${key}`]],
  ])('is refused when Authorization holds it %s', async (_, headers) => {
    for (const [key, path] of [
      [account.agent.key, `/v1/connected-accounts/${account.accountId}/token`],
      [broker.adminKey, '/v1/connections'],
    ] as const) {
      const answer = await undici(broker.url + path, { headers: headers(key) });
      expect(answer.statusCode).toBe(401);
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer/);
      expect(await answer.body.json()).toMatchObject({ code: 'unauthenticated' });
    }
  });
});

describe('an account of another organization', () => {
  it('is 404 to an agent, indistinguishable from one that does not exist', async () => {
    const { connection } = account;
    const everything = { rules: [{ connection: '*', identifiers: ['*'] }] };
    const identifier = name('user');
    const owner = await w.agent(everything, { organization: 'acme' });
    const others = [await w.agent(everything), await w.agent(everything, { organization: 'acme2' })];
    const grant = await provider.grant();
    const put = await operator.put(
      `/v1/credentials/${connection}?identifier=${identifier}&organization=acme`,
      { refresh_token: grant.refreshToken, access_token: grant.accessToken, expires_in: 3600 },
    );
    expect(put.body).toMatchObject({ organization: 'acme', identifier });
    const { id } = put.body;
    expect((await owner.client.get(`/v1/connected-accounts/${id}/token`)).body.access_token).toBe(
      grant.accessToken,
    );
    const absent = `ca_g${'a'.repeat(26)}`;
    for (const other of others) {
      const theirs = await other.client.get(`/v1/connected-accounts/${id}/token`);
      const nobodys = await other.client.get(`/v1/connected-accounts/${absent}/token`);
      expectRefusal(theirs, { status: 404, code: 'not_found' });
      expect(without(theirs)).toEqual(without(nobodys));
      const short = (whose: string) =>
        other.client.get(`/v1/agents/${other.id}/credentials/${connection}?identifier=${whose}`);
      // The id that is named is made of the caller's own organization, and of what the caller asked for.
      const [named, unnamed] = [await short(identifier), await short(name('nobody'))];
      expect(named.body.connected_account_id).not.toBe(id);
      for (const reply of [named, unnamed]) delete reply.body.connected_account_id;
      expect(without(named)).toEqual(without(unnamed));
      expect(theirs.text).not.toContain('acme');
    }
    expect((await owner.client.get(`/v1/connected-accounts/${account.accountId}/token`)).status).toBe(404);
    const anotherAgent = await owner.client.get(`/v1/agents/${account.agent.id}/credentials/${connection}`);
    const noAgent = await owner.client.get(`/v1/agents/nobody/credentials/${connection}`);
    expectRefusal(anotherAgent, { status: 404, code: 'not_found' });
    expect(without(anotherAgent)).toEqual(without(noAgent));
  });

  it('is another account than that of the same triple without an organization', async () => {
    const body = { connection: account.connection, identifier: account.identifier };
    const made = await operator.post('/v1/connected-accounts', { ...body, organization: 'acme' });
    expect(made.status).toBe(201);
    expect(made.body.id).not.toBe(account.accountId);
    expect(made.body.status).toBe('pending');
  });
});
