/** Connections over HTTP: what makes one, what is answered, what is refused before it costs anything. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { client, type Client, type Reply } from '../support/callers.ts';
import { startServer, type HostileServer } from '../support/hostile-server.ts';
import { name } from '../support/world.ts';

const SECRET = 'planted-client-secret-7Kq2';
const OAUTH = '/.well-known/oauth-authorization-server';

let broker: TestBroker;
let operator: Client;
let issuer: HostileServer;
let document: (origin: string) => unknown = () => ({});

beforeAll(async () => {
  broker = await startBroker();
  operator = client(broker.url, broker.adminKey);
  issuer = await startServer((request, response) => {
    if (request.url !== OAUTH) return void response.writeHead(404).end();
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document(issuer.url)));
  });
});

afterAll(async () => {
  await broker.dispose();
  await issuer.close();
});

const hubspot = (changed: Record<string, unknown> = {}) => ({
  id: name('conn'),
  provider: 'hubspot',
  client_id: name('client'),
  client_secret: SECRET,
  ...changed,
});

const custom = (config: Record<string, unknown>, changed: Record<string, unknown> = {}) =>
  hubspot({ provider: 'custom', provider_config: config, ...changed });

const create = (body: unknown): Promise<Reply> => operator.post('/v1/connections', body);

async function count(): Promise<number> {
  let n = 0;
  for (let path: string | null = '/v1/connections?limit=100'; path !== null;) {
    const { body } = await operator.get(path);
    n += body.data.length;
    path = body.next_cursor === null ? null : `/v1/connections?limit=100&cursor=${body.next_cursor}`;
  }
  return n;
}

/** The refusal's code and the paths that it names. */
const refusal = ({ status, body }: Reply): unknown[] => [
  status,
  body.code,
  ...(body.errors ?? []).map((error: { path: string }) => error.path),
];

describe('a new connection', () => {
  it('answers 201 with everything but the secret, and reads the same afterwards', async () => {
    const body = hubspot({ scopes: ['contacts.read'], rotation: 'proactive' });
    const made = await create(body);
    expect(made.status).toBe(201);
    expect(made.body).toEqual({
      id: body.id,
      provider: 'hubspot',
      auth_type: 'oauth2',
      client_id: body.client_id,
      scopes: ['contacts.read'],
      variables: {},
      provider_config: null,
      rotation: 'proactive',
      verification: 'confirm',
      return_urls: [],
      token_access: 'any',
      max_refreshes_per_second: null,
      access_token_ttl_s: null,
      pin_tools: false,
      location: null,
      redirect_uri: `${broker.url}/oauth/callback/${body.id}`,
      health: 'ok',
      health_reason: null,
      health_since: made.body.created_at,
      version: 1,
      accounts: 0,
      warnings: [],
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      updated_at: made.body.created_at,
    });
    expect(made.headers['cache-control']).toBe('no-store');
    expect((await operator.get(`/v1/connections/${body.id}`)).body).toEqual(made.body);
  });

  it('never shows its secret, not in an answer and not in a log', async () => {
    const made = await create(hubspot({ client_secret: [SECRET, `${SECRET}-next`] }));
    const seen = [made.text, (await operator.get('/v1/connections')).text, broker.output()].join();
    for (const text of [SECRET, Buffer.from(SECRET).toString('base64'), encodeURIComponent(SECRET)]) {
      expect(seen).not.toContain(text);
    }
  });

  it('has defaults where it says nothing, and shows what it was given', async () => {
    expect((await create(hubspot())).body).toMatchObject({ rotation: 'idle_after:7d' });
    const given = {
      verification: 'subject',
      return_urls: ['https://app.example.com/done', 'https://intranet:8443/back?tab=1'],
      token_access: 'proxy_only',
      max_refreshes_per_second: 0.5,
      location: 'weur',
    };
    const made = await create(hubspot(given));
    expect(made.body).toMatchObject(given);
    expect((await operator.get(`/v1/connections/${made.body.id}`)).body).toMatchObject(given);
  });

  it('may go back to loopback where the deployment allows loopback', async () => {
    const urls = ['http://127.0.0.1:3000/done', 'http://localhost/done', 'https://[::1]:3000/'];
    expect((await create(hubspot({ return_urls: urls }))).body.return_urls).toEqual(urls);
  });

  it.each([
    ['verification', 'none'],
    ['verification', 'never'],
    ['verification', null],
    ['return_urls', 'https://a.example/'],
    ['return_urls', Array.from({ length: 21 }, (_, n) => `https://app.example.com/${n}`)],
    ['return_urls.0', ['http://app.example.com/done']],
    ['return_urls.1', ['https://app.example.com/', 'javascript:alert(1)']],
    ['return_urls.0', ['https:app.example.com']],
    ['return_urls.0', ['https://user@app.example.com/']],
    ['return_urls.0', ['https://app.example.com/#done']],
    ['return_urls.0', ['https://app.example.com\\@evil.example/']],
    ['return_urls.0', ['https://app.example.com/a b']],
    ['return_urls.0', ['https://\uFF41pp.example.com/']],
    ['return_urls.0', ['https://app.example.com/?confirm_code=1']],
    ['return_urls.0', [`https://app.example.com/${'x'.repeat(2048)}`]],
    ['return_urls.0', [null]],
    ['token_access', 'none'],
    ['max_refreshes_per_second', 0],
    ['max_refreshes_per_second', -1],
    ['max_refreshes_per_second', '5'],
    ['max_refreshes_per_second', 10_001],
    ['location', 'moon'],
    ['location', ''],
  ])('refuses a wrong value at its path: %s', async (path, value) => {
    const before = await count();
    const refused = await create(hubspot({ [path.split('.')[0] ?? '']: value }));
    expect(refusal(refused)).toEqual([400, 'invalid_request', path]);
    expect(await count()).toBe(before);
  });

  it.each([
    ['provider', { provider: 'no-such-provider' }],
    ['client_id', { client_id: undefined }],
    ['client_id', { client_id: null }],
    ['client_secret', { client_secret: '' }],
    ['client_secret', { client_secret: ['a', 'b', 'c'] }],
    ['client_secret', { client_secret: 'line\nbreak' }],
    ['id', { id: 'Has Space' }],
    ['id', { id: 'x'.repeat(65) }],
    ['rotation', { rotation: 'idle_after:0d' }],
    ['rotation', { rotation: 'sometimes' }],
    ['scopes.0', { scopes: ['a b'] }],
    ['scopes', { scopes: ['x'.repeat(200), ...Array.from({ length: 30 }, () => 'y'.repeat(200))] }],
    ['variables.nonsense', { variables: { nonsense: 'x' } }],
    ['provider_config.token_url', { provider_config: { token_url: 'https://a.example/t' } }],
    ['surprise', { surprise: 1 }],
    ['secret', { secret: SECRET }],
  ])('refuses a wrong field at its path: %s', async (path, changed) => {
    const before = await count();
    const refused = await create(hubspot(changed));
    expect(refusal(refused)).toEqual([400, 'invalid_request', path]);
    expect(refused.text).not.toContain(SECRET);
    expect(await count()).toBe(before);
  });

  it('under a taken id is 409 and changes nothing', async () => {
    const first = await create(hubspot());
    const again = await create(hubspot({ id: first.body.id, client_id: 'other' }));
    expect(refusal(again)).toEqual([409, 'already_exists']);
    expect((await operator.get(`/v1/connections/${first.body.id}`)).body).toEqual(first.body);
  });

  it('of many with one id at the same time is one', async () => {
    const id = name('race');
    const made = await Promise.all([1, 2, 3, 4, 5, 6].map(() => create(hubspot({ id }))));
    expect(made.map(({ status }) => status).toSorted()).toEqual([201, 409, 409, 409, 409, 409]);
  });

  it('of a client that another connection uses says so', async () => {
    const first = await create(hubspot());
    const second = await create(hubspot({ client_id: first.body.client_id }));
    expect(second.status).toBe(201);
    expect(second.body.warnings).toEqual([expect.stringContaining(first.body.id)]);
  });

  it('needs an operator', async () => {
    for (const key of [null, 'wrong', broker.adminKey.slice(0, -1)]) {
      expect((await client(broker.url, key).post('/v1/connections', hubspot())).status).toBe(401);
      expect((await client(broker.url, key).get('/v1/connections')).status).toBe(401);
    }
  });

  it('that is not there is 404, whatever its id looks like', async () => {
    for (const id of ['none', 'UPPER', '..%2f..', '%00', 'x'.repeat(300)]) {
      expect(refusal(await operator.get(`/v1/connections/${id}`))).toEqual([404, 'not_found']);
    }
  });
});

describe('a custom provider', () => {
  const endpoints = {
    authorization_url: 'https://id.example.com/authorize',
    token_url: 'https://id.example.com/token',
  };

  it('is what its config says', async () => {
    const made = await create(custom(endpoints));
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ provider: 'custom', auth_type: 'oauth2', provider_config: endpoints });
  });

  it('of a static type needs no client', async () => {
    const made = await create({
      id: name('static'),
      provider: 'custom',
      provider_config: { auth_type: 'api_key' },
    });
    expect(made.body).toMatchObject({ auth_type: 'api_key', client_id: null });
  });

  it.each([
    ['token_url', 'http://id.example.com/token'],
    ['token_url', 'https://id.example.com:8443/token'],
    ['token_url', 'https://user:pass@id.example.com/token'],
    ['token_url', 'https://10.0.0.1/token'],
    ['token_url', 'https://2852039166/latest'],
    ['authorization_url', 'https://metadata.google.internal/'],
    ['refresh_url', 'https://intranet/token'],
    ['revocation_url', 'https://id.example.com./revoke'],
    ['userinfo_url', 'https://printer.local/me'],
    ['issuer', 'https://[::ffff:127.0.0.1]/'],
  ])('with a %s that may not be called is refused at its path: %s', async (field, url) => {
    const refused = await create(custom({ ...endpoints, [field]: url }));
    expect(refusal(refused)).toEqual([400, 'invalid_request', `provider_config.${field}`]);
  });

  it('may not have the broker itself for a token endpoint', async () => {
    const refused = await create(custom({ ...endpoints, token_url: `${broker.url}/oauth/token` }));
    expect(refusal(refused)).toEqual([400, 'invalid_request', 'provider_config.token_url']);
    const base = await create(
      custom({ ...endpoints, api_base_urls: ['https://api.example.com', broker.url] }),
    );
    expect(refusal(base)).toEqual([400, 'invalid_request', 'provider_config.api_base_urls.1']);
  });

  it('without a config, with an unknown field or without endpoints is refused', async () => {
    expect(refusal(await create(hubspot({ provider: 'custom' })))).toEqual([
      400,
      'invalid_request',
      'provider_config',
    ]);
    expect((await create(custom({ ...endpoints, tokenurl: 'x' }))).status).toBe(400);
    expect(refusal(await create(custom({})))).toEqual([400, 'invalid_request', 'provider_config.token_url']);
  });

  it('with an issuer takes the rest from its metadata, which is read when the connection is made', async () => {
    document = (origin) => ({
      issuer: origin,
      authorization_endpoint: `${origin}/a`,
      token_endpoint: `${origin}/t`,
    });
    const before = issuer.seen.length;
    const made = await create(custom({ issuer: issuer.url }));
    expect(made.status).toBe(201);
    expect(issuer.seen.length).toBeGreaterThan(before);
    const read = issuer.seen.length;
    await operator.get(`/v1/connections/${made.body.id}`);
    expect(issuer.seen.length).toBe(read);
  });

  it.each([
    ['that names another issuer', () => ({ issuer: 'https://evil.example' })],
    ['that is no object', () => 'planted-provider-text'],
    [
      'that names a token endpoint in a private network',
      (origin: string) => ({ issuer: origin, token_endpoint: 'http://10.0.0.1/t' }),
    ],
    [
      'that names the broker as its token endpoint',
      (origin: string) => ({ issuer: origin, token_endpoint: `${broker.url}/t` }),
    ],
  ])('with metadata %s is 502 and nothing is stored', async (_, metadata) => {
    document = metadata;
    const body = custom({ issuer: issuer.url });
    const refused = await create(body);
    expect(refusal(refused)).toEqual([502, 'provider_error']);
    expect(refused.text).not.toContain('planted');
    expect((await operator.get(`/v1/connections/${body.id}`)).status).toBe(404);
  });

  it('with an issuer that does not answer is 502 and nothing is stored', async () => {
    const body = custom({ issuer: 'http://127.0.0.1:9' });
    expect(refusal(await create(body))).toEqual([502, 'provider_error']);
    expect((await operator.get(`/v1/connections/${body.id}`)).status).toBe(404);
  });

  it('under a taken id calls nobody', async () => {
    const { id } = (await create(hubspot())).body;
    const before = issuer.seen.length;
    expect((await create(custom({ issuer: issuer.url }, { id }))).status).toBe(409);
    expect(issuer.seen.length).toBe(before);
  });
});

describe('the list', () => {
  it('is walked newest first, whole and without repetition', async () => {
    for (let n = 0; n < 3; n += 1) await create(hubspot());
    const walked: string[] = [];
    let cursor: string | null = null;
    do {
      const page: Reply = await operator.get(
        `/v1/connections?limit=2${cursor === null ? '' : `&cursor=${cursor}`}`,
      );
      expect(page.body.data.length).toBeLessThanOrEqual(2);
      walked.push(
        ...page.body.data.map((one: { created_at: string; id: string }) => `${one.created_at} ${one.id}`),
      );
      cursor = page.body.next_cursor;
    } while (cursor !== null);
    expect(walked.length).toBe(await count());
    expect(new Set(walked).size).toBe(walked.length);
    expect(walked).toEqual(walked.toSorted().toReversed());
  });

  it.each(['0', '101', '-1', 'x', '1.5', '', '1e1'])('refuses the limit %j', async (limit) => {
    expect(refusal(await operator.get(`/v1/connections?limit=${limit}`))).toEqual([
      400,
      'invalid_request',
      'limit',
    ]);
  });

  it('refuses a cursor that is altered, foreign or made up', async () => {
    const { next_cursor: cursor } = (await operator.get('/v1/connections?limit=1')).body;
    const { next_cursor: foreign } = (await operator.get('/v1/providers?limit=1')).body;
    const flipped = cursor.slice(0, -2) + (cursor.at(-2) === 'A' ? 'B' : 'A') + cursor.at(-1);
    for (const bad of [
      foreign,
      flipped,
      cursor.slice(1),
      `${cursor}AAAA`,
      'AAAA',
      '',
      '%00',
      'x'.repeat(3000),
    ]) {
      const refused = await operator.get(`/v1/connections?limit=1&cursor=${bad}`);
      expect([bad, ...refusal(refused)]).toEqual([bad, 400, 'invalid_request', 'cursor']);
    }
    expect((await operator.get(`/v1/connections?limit=1&cursor=${cursor}`)).status).toBe(200);
  });
});

describe('a vault with another key', () => {
  it('makes nothing, says what to do, and goes on when the right key is back', async () => {
    const settings = { MASTER_KEYS: `k1:${Buffer.alloc(32, 'ab').toString('base64')}` };
    const other = await startBroker({ settings });
    try {
      const admin = client(other.url, other.adminKey);
      expect((await admin.post('/v1/connections', hubspot({ id: 'one' }))).status).toBe(201);
      await other.stop();
      await other.restart({ MASTER_KEYS: `k1:${Buffer.alloc(32, 'cd').toString('base64')}` });
      const refused = await admin.post('/v1/connections', hubspot({ id: 'two' }));
      expect(refusal(refused)).toEqual([503, 'vault_locked']);
      expect(refused.body.detail).toContain('put the right key back');
      const ready = await admin.get('/readyz');
      expect([ready.status, ready.body.status, ready.body.checks.master_keys.ok]).toEqual([
        503,
        'not_ready',
        false,
      ]);
      await other.stop();
      await other.restart(settings);
      expect((await admin.post('/v1/connections', hubspot({ id: 'two' }))).status).toBe(201);
      expect((await admin.get('/v1/connections')).body.data).toHaveLength(2);
    } finally {
      await other.dispose();
    }
  });
});
