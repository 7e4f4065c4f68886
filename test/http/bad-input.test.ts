/** Bodies that break a rule: refused with the path of the field, and nothing of them is stored. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startOAuthServer, type OAuthServer } from '../../src/dev/oauth/server.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { client, type Client, type Reply } from '../support/callers.ts';
import { BAD_IDENTIFIERS, expectInvalid, expectRefusal } from '../support/refusals.ts';
import { name, world, type World } from '../support/world.ts';

let provider: OAuthServer;
let broker: TestBroker;
let w: World;
let operator: Client;
let account: Awaited<ReturnType<World['connected']>>;

beforeAll(async () => {
  provider = await startOAuthServer();
  broker = await startBroker({ alone: true });
  w = world(broker, provider);
  operator = client(broker.url, broker.adminKey);
  account = await w.connected();
});
afterAll(async () => {
  await broker.dispose();
  await provider.close();
});

/** Wrong for every field of every route that is no number, list or object. */
const NO_TEXT: unknown[] = [5, true, {}, ['x']];
/** Wrong for whatever must be a name: `^[a-z0-9._-]{1,64}$`. */
const NO_NAME: unknown[] = [...NO_TEXT, '', 'UPPER', 'a b', 'ä', 'a/b', 'a'.repeat(65), 'a\n'];
const LONG_TOKEN = 'x'.repeat(16 * 1024 + 1);

type Case = readonly [field: string, values: readonly unknown[], path?: string];
const deep = (levels: number): unknown => (levels === 0 ? 1 : { a: deep(levels - 1) });

/** Sends the good body with one field replaced, for each of the values; each must be refused at its path. */
async function refuseEach(
  good: Record<string, unknown>,
  cases: readonly Case[],
  send: (body: unknown) => Promise<Reply>,
): Promise<void> {
  for (const [field, values, path = field] of cases) {
    for (const value of values) {
      const what = `${field}: ${JSON.stringify(value)?.slice(0, 80)}`;
      expectInvalid(await send({ ...good, [field]: value }), path, what);
    }
  }
  expectInvalid(await send({ ...good, surprise: 1 }), 'surprise', 'an unknown field');
  for (const body of [null, [], 'text', 5, true]) expectInvalid(await send(body), '', JSON.stringify(body));
}

describe('POST /v1/connections', () => {
  it('refuses every field that breaks its rule, and stores no connection', async () => {
    const id = name('conn');
    const config = { token_url: provider.tokenUrl, authorization_url: provider.authorizationUrl };
    const good = { id, provider: 'custom', client_id: 'c', provider_config: config };
    await refuseEach(
      good,
      [
        ['id', [undefined, null, ...NO_NAME]],
        ['provider', [undefined, null, ...NO_TEXT, '', 'x'.repeat(65)]],
        ['client_id', [...NO_TEXT, '', 'a\tb', 'ü', 'x'.repeat(1025), undefined, null]],
        ['client_secret', [5, {}, '', 'ü', 'a\nb', 'x'.repeat(4097), [], [5], ['a', 'b', 'c']]],
        ['client_secret', [['a', '']], 'client_secret.1'],
        ['scopes', ['a', 5, {}, Array(201).fill('a'), Array(20).fill('x'.repeat(256))]],
        ['scopes', [[5], [''], ['a b'], ['"'], ['x'.repeat(257)]], 'scopes.0'],
        ['variables', ['a', 5, [], Object.fromEntries(Array.from({ length: 21 }, (_, n) => [`v${n}`, 'x']))]],
        ['variables', [{ v: 5 }, { v: null }, { v: 'x'.repeat(513) }, { v: 'unknown here' }], 'variables.v'],
        ['provider_config', [undefined, null, 'a', 5, []]],
        ['provider_config', [{ ...config, surprise: 1 }], 'provider_config'],
        [
          'provider_config',
          ['', 5, 'ftp://a.example/t', 'not a url'].map((token_url) => ({ token_url })),
          'provider_config.token_url',
        ],
        ['rotation', [5, 'sometimes', 'idle_after:0d', 'idle_after:9999d', 'idle_after:1w', 'x'.repeat(33)]],
        ['verification', ['none', 'sometimes', 5]],
        ['return_urls', ['x', 5, {}]],
        ['token_access', ['none', 5]],
        ['max_refreshes_per_second', [0, -1, 'x']],
        ['location', ['mars', 5]],
      ],
      (body) => operator.post('/v1/connections', body),
    );
    const unlisted = await operator.post('/v1/connections', { id, provider: 'no-such-provider' });
    expectInvalid(unlisted, 'provider');
    expectRefusal(await operator.get(`/v1/connections/${id}`), { status: 404, code: 'not_found' });
    const page = await operator.get('/v1/connections?limit=100');
    expect(page.body.data.map((one: { id: string }) => one.id)).toEqual([account.connection]);
  });
});

describe('POST and PATCH /v1/agents, PUT …/policy', () => {
  const rules = (rule: unknown) => ({ rules: [rule] });
  const POLICIES: readonly Case[] = [
    ['policy', ['x', 5, []]],
    ['policy', [{}], 'policy.rules'],
    ['policy', [{ rules: [], surprise: 1 }], 'policy.surprise'],
    ['policy', [{ rules: [], allowed_credentials: ['a'] }], 'policy.allowed_credentials'],
    [
      'policy',
      [{ allowed_credentials: [5] }, { allowed_credentials: ['UP'] }],
      'policy.allowed_credentials.0',
    ],
    ['policy', [{ rules: 5 }, { rules: Array(101).fill({ connection: 'a' }) }], 'policy.rules'],
    [
      'policy',
      [rules({}), rules({ connection: 'UP' }), rules({ connection: 5 })],
      'policy.rules.0.connection',
    ],
    ['policy', [rules({ connection: 'a', identifiers: [] })], 'policy.rules.0.identifiers'],
    [
      'policy',
      BAD_IDENTIFIERS.map((one) => rules({ connection: 'a', identifiers: [one] })),
      'policy.rules.0.identifiers.0',
    ],
    [
      'policy',
      ['a b', '', 5].map((one) => rules({ connection: 'a', scopes: [one] })),
      'policy.rules.0.scopes.0',
    ],
    ['policy', [rules({ connection: 'a', surprise: 1 })], 'policy.rules.0.surprise'],
    [
      'policy',
      [
        {
          rules: Array(100).fill({
            connection: 'a',
            identifiers: ['x'.repeat(250), 'y'.repeat(250), 'z'.repeat(250)],
          }),
        },
      ],
    ],
  ];
  const NAMES: readonly Case[] = [['name', [...NO_TEXT, '', 'a\nb', 'x'.repeat(257)]]];
  const trust = { issuer: 'https://issuer.example', subject: 'one', audience: 'broker' };
  const key = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo', kid: 'one' };
  const PROOFS: readonly Case[] = [
    ['jwks', ['x', 5, []]],
    ['jwks', [{}, { keys: [] }, { keys: 5 }, { keys: Array(21).fill(key) }], 'jwks.keys'],
    ['jwks', [{ keys: [key, key] }], 'jwks.keys.1.kid'],
    ['jwks', [{ keys: [{ ...key, d: 'secret' }] }], 'jwks.keys.0.d'],
    ['jwks', [{ keys: [{ kty: 'oct', k: 'secret' }] }], 'jwks.keys.0.k'],
    ['jwks', [{ keys: [{ kty: 'oct' }, {}] }], 'jwks.keys.0.kty'],
    ['jwks', [{ keys: [{ ...key, crv: 'X25519' }] }], 'jwks.keys.0.crv'],
    ['jwks', [{ keys: [{ kty: 'RSA', n: 'x'.repeat(171), e: 'AQAB' }] }], 'jwks.keys.0.n'],
    ['jwks_uri', [5, {}, '', 'x', 'http://public.example/jwks', 'https://10.0.0.1/jwks', 'https://a b/']],
    ['oidc', ['x', 5, [], Array(11).fill(trust)]],
    ['oidc', [{ ...trust, surprise: 1 }], 'oidc.surprise'],
    ['oidc', [[trust, { ...trust, surprise: 1 }]], 'oidc.1.surprise'],
    [
      'oidc',
      [
        undefined,
        null,
        5,
        '',
        'x',
        'http://public.example',
        'https://[fe80::1]',
        'https://a.example/?q',
        'https://a.example/#f',
      ].map((issuer) => ({ ...trust, issuer })),
      'oidc.issuer',
    ],
    [
      'oidc',
      [undefined, null, 5, '', '*', 'a*', 'a:*b', 'a:*:b', 'a b', 'ä', '**', 'x'.repeat(513)].map(
        (subject) => ({
          ...trust,
          subject,
        }),
      ),
      'oidc.subject',
    ],
    [
      'oidc',
      [undefined, null, 5, '', ['a'], 'x'.repeat(513)].map((audience) => ({ ...trust, audience })),
      'oidc.audience',
    ],
    ['oidc', [5, 'github', null].map((preset) => ({ ...trust, preset })), 'oidc.preset'],
    ['certificate_thumbprint', [5, {}, '', 'ab', 'g'.repeat(64), 'a'.repeat(40), 'a:'.repeat(32)]],
  ];

  it('refuse every field that breaks its rule, and make no agent', async () => {
    const id = name('agent');
    await refuseEach(
      { id },
      [
        ['id', [undefined, null, ...NO_NAME]],
        ['organization', NO_NAME.filter((value) => value !== null)],
        ['key', [1, 'yes', null]],
        ...NAMES,
        ...POLICIES,
        ...PROOFS,
      ],
      (body) => operator.post('/v1/agents', body),
    );
    expectRefusal(await operator.get(`/v1/agents/${id}`), { status: 404, code: 'not_found' });
    expect((await operator.post('/v1/agents', { id })).status).toBe(201);
  });

  it('refuse changes that break a rule, and leave the agent as it was', async () => {
    const { id } = account.agent;
    const before = (await operator.get(`/v1/agents/${id}`)).body;
    await refuseEach(
      {},
      [...NAMES, ...POLICIES, ...PROOFS, ['id', ['other']], ['organization', ['other']]],
      (body) => operator.patch(`/v1/agents/${id}`, body),
    );
    for (const [, values, path = 'policy'] of POLICIES) {
      for (const policy of values) {
        const at = path === 'policy' ? '' : path.slice('policy.'.length);
        expectInvalid(
          await operator.put(`/v1/agents/${id}/policy`, policy),
          at,
          JSON.stringify(policy)?.slice(0, 80),
        );
      }
    }
    expect((await operator.get(`/v1/agents/${id}`)).body).toEqual(before);
    expect((await account.fetchToken()).status).toBe(200);
  });
});

describe('POST /v1/connected-accounts', () => {
  it('refuses every field that breaks its rule, and makes no account', async () => {
    const { connection } = account;
    const good = { connection, identifier: name('user') };
    await refuseEach(
      good,
      [
        ['connection', [undefined, null, ...NO_NAME, 'no-such-connection']],
        ['identifier', [undefined, null, ...NO_TEXT, ...BAD_IDENTIFIERS]],
        ['organization', NO_NAME.filter((value) => value !== null)],
        ['metadata', ['x', 5, [], null, deep(9), { text: 'x'.repeat(16 * 1024) }]],
      ],
      (body) => operator.post('/v1/connected-accounts', body),
    );
    const made = await operator.post('/v1/connected-accounts', { ...good, metadata: deep(8) });
    expect(made.status, 'the good body is good').toBe(201);
  });
});

describe('PUT …/credential and PUT /v1/credentials/{connection}', () => {
  const TOKENS: readonly Case[] = [
    ['refresh_token', [...NO_TEXT, '', 'a b', 'a\nb', 'ü', LONG_TOKEN]],
    ['access_token', [...NO_TEXT, '', 'a b', 'a\u0000', 'ü', LONG_TOKEN]],
    ['expires_in', ['60', -1, 1.5, 1e12, true, {}]],
    ['scope', [5, '', ' a', 'a ', 'a  b', 'a\tb', '"', 'x'.repeat(4097), ['a']]],
  ];

  it('refuse every field that breaks its rule, and keep the credential that is there', async () => {
    const good = { type: 'oauth2', refresh_token: 'a-refresh-token' };
    const path = `/v1/connected-accounts/${account.accountId}/credential`;
    const before = (await operator.get(`/v1/connected-accounts/${account.accountId}`)).body;
    await refuseEach(
      good,
      [
        ...TOKENS,
        ['type', [undefined, null, 5, '', 'OAUTH2', 'password']],
        ['api_key', ['x']],
        ['username', ['x']],
      ],
      (body) => operator.put(path, body),
    );
    const others = [
      { type: 'api_key', api_key: 'x' },
      { type: 'basic', username: 'x', password: 'y' },
      { type: 'custom', fields: { a: 'b' } },
    ];
    for (const body of others) expectInvalid(await operator.put(path, body), 'type', JSON.stringify(body));
    expectInvalid(await operator.put(path, { type: 'oauth2' }), 'refresh_token', 'no token at all');
    const { last_used_at: _, ...after } = (await operator.get(`/v1/connected-accounts/${account.accountId}`))
      .body;
    expect(before).toMatchObject(after);
    expect((await account.fetchToken()).body.access_token).toBe(account.accessToken);
  });

  it('refuse a bad query, and make neither account nor connection', async () => {
    const put = (connection: string, query: Record<string, string>, body: unknown) =>
      operator.put(`/v1/credentials/${connection}?${new URLSearchParams(query).toString()}`, body);
    const good = { refresh_token: 'a-refresh-token' };
    for (const identifier of BAD_IDENTIFIERS.filter((one) => one.isWellFormed()))
      expectInvalid(
        await put(account.connection, { identifier }, good),
        'identifier',
        JSON.stringify(identifier),
      );
    for (const organization of ['', 'UP', 'a b', 'a'.repeat(65)])
      expectInvalid(await put(account.connection, { organization }, good), 'organization', organization);
    for (const connection of ['UPPER', 'a%20b', 'a'.repeat(65), '%C3%A4'])
      expectInvalid(await put(connection, {}, { api_key: 'x' }), 'connection', connection);
    expectInvalid(await put(name('absent'), {}, good), 'connection', 'an OAuth connection is not made here');
    const fresh = name('static');
    const bad: [string, unknown, string][] = [
      ['api_key', { api_key: '' }, 'api_key'],
      ['api_key', { api_key: 'a b' }, 'api_key'],
      ['basic', { username: '', password: 'x' }, 'username'],
      ['basic', { username: 'x' }, 'password'],
      ['basic', { username: 'x', password: 'a\nb' }, 'password'],
      ['custom', { fields: {} }, 'fields'],
      ['custom', { fields: { a: 5 } }, 'fields.a'],
      ['custom', { fields: { a: LONG_TOKEN } }, 'fields.a'],
      ['mixed', { api_key: 'x', password: 'y' }, 'password'],
      ['mixed', { api_key: 'x', refresh_token: 'y' }, 'refresh_token'],
    ];
    for (const [what, body, path] of bad) expectInvalid(await put(fresh, {}, body), path, what);
    expectRefusal(await operator.get(`/v1/connections/${fresh}`), { status: 404, code: 'not_found' });
  });
});
