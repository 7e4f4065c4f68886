/** The URL of an account's API: filled, or a conflict that says what is missing and how to give it; never a template. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { client, type Client, type Reply } from '../support/callers.ts';
import { name } from '../support/world.ts';

let broker: TestBroker;
let operator: Client;
let agent: Client;

beforeAll(async () => {
  broker = await startBroker();
  operator = client(broker.url, broker.adminKey);
  const policy = { rules: [{ connection: '*', identifiers: ['*'] }] };
  const hired = await operator.post('/v1/agents', { id: name('worker'), policy, key: true });
  agent = client(broker.url, String(hired.body.key));
});
afterAll(() => broker.dispose());

const SHOP = { stage: 'account', pattern: '^[a-z]+$', from: 'token_response.shop' };
const VERSION = { stage: 'account', pattern: '^v[0-9]+$' };
/** Addresses that nobody calls: what is asked for is what leaves, not whether it answers. */
const CONFIGS: Readonly<Record<string, Record<string, unknown>>> = {
  oauth2: { token_url: 'http://127.0.0.1:9/token' },
  api_key: {},
  basic: {},
  custom: { token_header: 'X-Key: {key}' },
};
const CREDENTIALS: Readonly<Record<string, Record<string, unknown>>> = {
  oauth2: { access_token: 'at-1', expires_in: 3600 },
  api_key: { api_key: 'key-1' },
  basic: { username: 'u', password: 'p' },
  custom: { fields: { key: 'k' } },
};

async function imported(type: string): Promise<{ id: string; token: () => Promise<Reply> }> {
  const connection = name('conn');
  const made = await operator.post('/v1/connections', {
    id: connection,
    provider: 'custom',
    ...(type === 'oauth2' ? { client_id: 'c' } : {}),
    provider_config: {
      auth_type: type,
      api_base_urls: ['https://{shop}.example.com/{version}'],
      url_template_vars: { shop: SHOP, version: VERSION },
      ...CONFIGS[type],
    },
  });
  expect(made.status, made.text).toBe(201);
  const put = await operator.put(`/v1/credentials/${connection}?identifier=u1`, CREDENTIALS[type]);
  expect(put.status, put.text).toBe(201);
  const id = String(put.body.id);
  return { id, token: () => agent.get(`/v1/connected-accounts/${id}/token`) };
}

describe.each(Object.keys(CONFIGS))('an account with a credential of the type %s', (type) => {
  it('answers a conflict that names what its URL lacks, and the whole URL once it is given', async () => {
    const { id, token } = await imported(type);
    const first = await token();
    expect(first.status, first.text).toBe(409);
    expect(first.body).toMatchObject({
      code: 'conflict',
      variables: ['shop', 'version'],
      connected_account_id: id,
    });
    expect(first.body.detail).toContain(`PATCH /v1/connected-accounts/${id}`);
    const explained = await operator.get(`/v1/connected-accounts/${id}/explain`);
    expect(explained.body.why).toContain('shop and version');
    expect(explained.body.evidence).toContain('variable_unknown');

    const variables = { shop: 'acme', version: 'v2' };
    const patched = await operator.patch(`/v1/connected-accounts/${id}`, { variables });
    expect(patched.status, patched.text).toBe(200);
    expect(patched.body.variables).toEqual(variables);
    expect((await token()).body.api_base_url).toBe('https://acme.example.com/v2');
  });

  it('is not led to another host while its credential lives', async () => {
    const { id, token } = await imported(type);
    const patch = (variables: unknown) => operator.patch(`/v1/connected-accounts/${id}`, { variables });
    await patch({ shop: 'acme', version: 'v2' });
    for (const variables of [{ shop: 'evil' }, { shop: null }, null]) {
      const refused = await patch(variables);
      expect(refused.status, refused.text).toBe(409);
      expect(refused.body.code).toBe('conflict');
    }
    expect((await patch({ version: 'v3' })).status).toBe(200);
    expect((await token()).body.api_base_url).toBe('https://acme.example.com/v3');
    await operator.post(`/v1/connected-accounts/${id}/revoke`);
    expect((await patch({ shop: 'other' })).status).toBe(200);
  });
});

describe('variables of an account', () => {
  it.each([
    [{ shop: 'evil.com/' }],
    [{ shop: 'a@b' }],
    [{ shop: 'a.b' }],
    [{ shop: '' }],
    [{ version: '..' }],
    [{ nobody: 'x' }],
    [{ __proto__x: 'x' }],
  ])('are refused where they are not what the URL leaves open: %j', async (variables) => {
    const { id, token } = await imported('api_key');
    const refused = await operator.patch(`/v1/connected-accounts/${id}`, { variables });
    expect(refused.status, refused.text).toBe(400);
    expect(refused.body.errors[0].path).toBe(`variables.${Object.keys(variables)[0]}`);
    expect((await token()).status).toBe(409);
  });

  it('outlive a restart', async () => {
    const { id, token } = await imported('api_key');
    await operator.patch(`/v1/connected-accounts/${id}`, { variables: { shop: 'acme', version: 'v1' } });
    await broker.kill();
    await broker.restart();
    expect((await token()).body.api_base_url).toBe('https://acme.example.com/v1');
  });
});

describe('a connection to a catalogue entry', () => {
  const played = (config: Record<string, unknown>) => ({
    id: name('hubspot'),
    provider: 'hubspot',
    client_id: 'c',
    client_secret: 's',
    provider_config: config,
  });

  it('takes other addresses in development, on loopback alone', async () => {
    const url = 'http://127.0.0.1:9/token';
    const made = await operator.post('/v1/connections', played({ token_url: url }));
    expect(made.status, made.text).toBe(201);
    expect(made.body.warnings.join()).toContain('loopback');
    for (const config of [
      { token_url: 'https://evil.example/token' },
      { token_url: url, api_base_urls: ['https://evil.example'] },
      { userinfo_url: 'http://{host}/x' },
      { issuer: 'http://127.0.0.1:9' },
      { token_header: 'X: {access_token}' },
    ]) {
      const refused = await operator.post('/v1/connections', played(config));
      expect(refused.status, JSON.stringify(config)).toBe(400);
      expect(refused.body.errors[0].path).toMatch(/^provider_config/);
    }
  });

  it('takes none where loopback is not allowed', async () => {
    const strict = await startBroker({ settings: { ALLOW_LOOPBACK: 'false' } });
    try {
      const refused = await client(strict.url, strict.adminKey).post(
        '/v1/connections',
        played({ token_url: 'http://127.0.0.1:9/token' }),
      );
      expect(refused.status, refused.text).toBe(400);
      expect(refused.body.errors).toEqual([
        { path: 'provider_config', message: expect.stringContaining('ALLOW_LOOPBACK') },
      ]);
    } finally {
      await strict.dispose();
    }
  });
});
