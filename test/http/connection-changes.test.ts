/** Changing and deleting connections over HTTP: what merges, what is refused, and what becomes of their accounts. */

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startOAuthServer, type OAuthServer } from '../../src/dev/oauth/server.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { type Client, type Reply } from '../support/callers.ts';
import { name, world, type World } from '../support/world.ts';
import { PATIENCE_MS } from '../support/patience.ts';

const DEADLINE = { timeout: PATIENCE_MS, interval: 50 };
const SECRET = 'planted-client-secret-9Xw3';

let broker: TestBroker;
let provider: OAuthServer;
let given: World;
let operator: Client;

beforeAll(async () => {
  provider = await startOAuthServer();
  broker = await startBroker();
  given = world(broker, provider);
  operator = given.operator;
});

afterAll(async () => {
  await broker.dispose();
  await provider.close();
});

async function made(changed: Record<string, unknown> = {}): Promise<Reply['body']> {
  const reply = await operator.post('/v1/connections', {
    id: name('conn'),
    provider: 'hubspot',
    client_id: name('client'),
    client_secret: SECRET,
    scopes: ['contacts.read'],
    ...changed,
  });
  expect(reply.status).toBe(201);
  return reply.body;
}

const patch = (id: string, body: unknown): Promise<Reply> => operator.patch(`/v1/connections/${id}`, body);

const refusal = ({ status, body }: Reply): unknown[] => [
  status,
  body.code,
  ...(body.errors ?? []).map((error: { path: string }) => error.path),
];

describe('a change of a connection', () => {
  it('merges: what is not named stays, the version rises, no secret is answered', async () => {
    const before = await made({ return_urls: ['https://app.example.com/a'], max_refreshes_per_second: 3 });
    const reply = await patch(before.id, {
      scopes: ['contacts.write'],
      rotation: 'proactive',
      verification: 'subject',
      token_access: 'proxy_only',
      location: 'weur',
      client_secret: [`${SECRET}-new`, SECRET],
    });
    expect(reply.status).toBe(200);
    expect(reply.body).toEqual({
      ...before,
      scopes: ['contacts.write'],
      rotation: 'proactive',
      verification: 'subject',
      token_access: 'proxy_only',
      location: 'weur',
      version: 2,
      updated_at: expect.any(String),
    });
    expect(reply.text).not.toContain(SECRET);
    expect((await operator.get(`/v1/connections/${before.id}`)).body).toEqual(reply.body);
  });

  it('removes with null, which brings the default back', async () => {
    const before = await made({
      return_urls: ['https://app.example.com/a'],
      max_refreshes_per_second: 3,
      location: 'afr',
      token_access: 'proxy_only',
      rotation: 'on_demand',
      verification: 'subject',
    });
    const reply = await patch(before.id, {
      return_urls: null,
      max_refreshes_per_second: null,
      location: null,
      token_access: null,
      rotation: null,
      verification: null,
      scopes: null,
      client_secret: null,
    });
    expect(reply.body).toMatchObject({
      return_urls: [],
      max_refreshes_per_second: null,
      location: null,
      token_access: 'any',
      rotation: 'idle_after:7d',
      verification: 'confirm',
      scopes: [],
      client_id: before.client_id,
    });
    expect(reply.body.warnings).toEqual([expect.stringMatching(/^client_secret/)]);
  });

  it('merges the keys of provider_config, and null removes one', async () => {
    const config = {
      authorization_url: 'https://id.example.com/authorize',
      token_url: 'https://id.example.com/token',
      refresh_token: 'rotating',
      refresh_reuse_grace_s: 90,
    };
    const before = await made({ provider: 'custom', provider_config: config });
    const reply = await patch(before.id, {
      provider_config: { token_url: 'https://id.example.com/token2', refresh_reuse_grace_s: null },
    });
    const { refresh_reuse_grace_s: _, ...rest } = config;
    expect(reply.body.provider_config).toEqual({ ...rest, token_url: 'https://id.example.com/token2' });
  });

  it('of many at the same time loses none', async () => {
    const { id } = await made();
    const changes = [
      { rotation: 'proactive' },
      { location: 'me' },
      { max_refreshes_per_second: 7 },
      { scopes: ['x'] },
    ];
    const replies = await Promise.all(changes.map((body) => patch(id, body)));
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect((await operator.get(`/v1/connections/${id}`)).body).toMatchObject({
      ...Object.assign({}, ...changes),
      version: 5,
    });
  });

  it('that says nothing changes nothing', async () => {
    const before = await made();
    expect((await patch(before.id, {})).body).toEqual(before);
  });

  it.each([
    ['id', { id: 'other' }],
    ['provider', { provider: 'slack' }],
    ['surprise', { surprise: 1 }],
    ['client_id', { client_id: null }],
    ['client_id', { client_id: 'line\nbreak' }],
    ['client_secret', { client_secret: ['a', 'b', 'c'] }],
    ['scopes.0', { scopes: ['a b'] }],
    ['variables.nonsense', { variables: { nonsense: 'x' } }],
    ['provider_config.token_url', { provider_config: { token_url: 'https://a.example/t' } }],
    ['rotation', { rotation: 'sometimes' }],
    ['verification', { verification: 'none' }],
    ['return_urls.0', { return_urls: ['http://app.example.com/'] }],
    ['token_access', { token_access: 'some' }],
    ['max_refreshes_per_second', { max_refreshes_per_second: 0 }],
    ['location', { location: 'moon' }],
  ])('that is wrong is refused at its path and changes nothing: %s', async (path, body) => {
    const before = await made();
    expect(refusal(await patch(before.id, body))).toEqual([400, 'invalid_request', path]);
    expect((await operator.get(`/v1/connections/${before.id}`)).body).toEqual(before);
  });

  it('does not turn one kind of credential into another', async () => {
    const before = await made({
      provider: 'custom',
      client_id: null,
      client_secret: null,
      scopes: [],
      provider_config: { auth_type: 'api_key' },
    });
    const refused = await patch(before.id, { provider_config: { auth_type: 'basic' } });
    expect(refusal(refused)).toEqual([400, 'invalid_request', 'provider_config.auth_type']);
  });

  it('of one that is not there is 404, of one with a broken body 400', async () => {
    for (const id of ['none', 'UPPER', '%00', 'x'.repeat(300)]) {
      expect(refusal(await patch(id, { rotation: 'proactive' }))).toEqual([404, 'not_found']);
    }
    const { id } = await made();
    expect((await patch(id, [])).status).toBe(400);
    expect((await patch(id, 'text')).status).toBe(400);
  });

  it('asks an issuer again only where it is about the provider', async () => {
    const id = await given.connection();
    const other = await startOAuthServer();
    const moved = await patch(id, { provider_config: { issuer: other.issuer } });
    expect(moved.status).toBe(200);
    await other.close();
    expect((await patch(id, { token_access: 'proxy_only' })).body.token_access).toBe('proxy_only');
    expect(refusal(await patch(id, { provider_config: { pkce: 'supported' } }))).toEqual([
      502,
      'provider_error',
    ]);
  });
});

describe('a replaced client secret', () => {
  it('reaches accounts before their next refresh, also as the second of two', async () => {
    const id = await given.connection();
    const grant = await provider.grant();
    const account = await given.account(id, 'user', { refresh_token: grant.refreshToken });
    const agent = await given.agent({ rules: [{ connection: id, identifiers: ['*'] }] });
    const wrong = await patch(id, { client_secret: ['wrong-secret', provider.client.clientSecret] });
    expect(wrong.status).toBe(200);
    expect((await agent.client.get(`/v1/connected-accounts/${account}/token`)).status).toBe(200);
  });
});

describe('deleting a connection', () => {
  const remove = (id: string, query = ''): Promise<Reply> => operator.delete(`/v1/connections/${id}${query}`);

  it('is 204, then it is gone, and a connection of the same id begins with a higher version', async () => {
    const { id } = await made();
    expect((await remove(id)).status).toBe(204);
    expect(refusal(await operator.get(`/v1/connections/${id}`))).toEqual([404, 'not_found']);
    expect(refusal(await remove(id))).toEqual([404, 'not_found']);
    expect((await made({ id })).version).toBe(2);
  });

  it('is 409 while accounts exist, and changes nothing', async () => {
    const { connection, accountId } = await given.connected();
    await vi.waitFor(
      async () => expect((await operator.get(`/v1/connections/${connection}`)).body.accounts).toBe(1),
      DEADLINE,
    );
    for (const query of ['', '?force=false']) {
      expect(refusal(await remove(connection, query))).toEqual([409, 'conflict']);
    }
    expect((await operator.get(`/v1/connected-accounts/${accountId}`)).body.status).toBe('active');
    expect((await remove(connection, '?force=yes')).status).toBe(400);
  });

  it('with force ends its accounts: no token any more, the account erased, one event each', async () => {
    const { connection, accountId, fetchToken } = await given.connected();
    expect((await fetchToken()).status).toBe(200);
    await vi.waitFor(
      async () => expect((await operator.get(`/v1/connections/${connection}`)).body.accounts).toBe(1),
      DEADLINE,
    );
    expect((await remove(connection, '?force=true')).status).toBe(204);
    expect(refusal(await fetchToken())).toEqual([404, 'not_found']);
    expect((await operator.get(`/v1/connected-accounts/${accountId}`)).status).toBe(404);
    await vi.waitFor(async () => {
      const events = await operator.get(`/v1/events?connected_account_id=${accountId}`);
      const types = events.body.data.map(({ type }: { type: string }) => type);
      expect(types.filter((type: string) => type === 'connected_account.deleted')).toHaveLength(1);
    }, DEADLINE);
  });

  it('ends an account that the index has not heard of yet, and none of a later life of the id', async () => {
    const id = await given.connection();
    const before = await given.agent({ rules: [{ connection: id, identifiers: ['*'] }] });
    const first = await given.account(id, 'user', { refresh_token: (await provider.grant()).refreshToken });
    // Whether its row is there by now or not: the answer is the same.
    expect((await remove(id, '?force=true')).status).toBe(204);
    const gone = await before.client.get(`/v1/connected-accounts/${first}/token`);
    expect(['account_revoked', 'not_found']).toContain(gone.body.code);
    const again = await operator.post('/v1/connections', {
      id,
      provider: 'custom',
      client_id: provider.client.clientId,
      client_secret: provider.client.clientSecret,
      provider_config: { issuer: provider.issuer, refresh_token: 'rotating' },
    });
    expect(again.status).toBe(201);
    const second = await given.account(id, 'another', {
      refresh_token: (await provider.grant()).refreshToken,
    });
    expect((await before.client.get(`/v1/connected-accounts/${second}/token`)).status).toBe(200);
  });
});
