/** The answers of the token routes, to the byte: clients read them, and some compare or cache their text. */

import { beforeAll, expect, it } from 'vitest';
import { connected, fresh, http, must, newConnection } from '../accounts/world.ts';

let key = '';
beforeAll(async () => {
  const policy = { rules: [{ connection: '*', identifiers: ['*'] }] };
  ({ key } = await must(http('POST', '/v1/agents', { id: fresh('agent'), key: true, policy }), 201));
});

/** The text of an answer, and what of it no test can foretell: the time that is left, and the HMAC. */
async function bodyOf(path: string): Promise<{ text: string; given: Record<string, any> }> {
  const answer = await http('GET', path, undefined, key);
  const text = await answer.text();
  expect([answer.status, text]).toEqual([200, expect.any(String)]);
  expect(answer.headers.get('content-type')).toBe('application/json');
  expect(answer.headers.get('cache-control')).toBe('no-store');
  return { text, given: JSON.parse(text) };
}

const tokenOf = (id: string, query = '') => bodyOf(`/v1/connected-accounts/${id}/token${query}`);

interface Static {
  readonly id: string;
  readonly connection: string;
}

async function imported(config: Record<string, unknown>, credential: object): Promise<Static> {
  const connection = fresh('conn');
  await must(
    http('POST', '/v1/connections', { id: connection, provider: 'custom', provider_config: config }),
    201,
  );
  const account = await must(http('PUT', `/v1/credentials/${connection}`, credential), 201);
  return { id: account.id, connection };
}

const PRINT = /^[A-Za-z0-9_-]{8,64}$/;

it('an OAuth token is answered as it always was, by account and by name', async () => {
  const { id, connection, identifier, grant } = await connected();
  const byName = `/v1/agents/self/credentials/${connection}?identifier=${identifier}`;
  for (const path of [`/v1/connected-accounts/${id}/token`, byName]) {
    const { text, given } = await bodyOf(path);
    expect(given['fingerprint']).toMatch(PRINT);
    expect(given['expires_in']).toBeGreaterThan(3_500);
    expect(given['expires_at']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(text).toBe(
      `{"type":"oauth2","access_token":"${grant.accessToken}","token_type":"Bearer","expires_at":"${given['expires_at']}","expires_in":${given['expires_in']},"scope":"${grant.scope}","headers":{"Authorization":"Bearer ${grant.accessToken}"},"fingerprint":"${given['fingerprint']}","connected_account_id":"${id}","connection":"${connection}","identifier":"${identifier}","api_base_url":null,"value":"${grant.accessToken}"}\n`,
    );
  }
});

it('what is unknown of an OAuth token is null, and its addresses are filled in', async () => {
  const connection = await newConnection({
    access_token_never_expires: true,
    token_header: 'X-Token: {access_token}; X-Api: "v1"',
    api_base_urls: ['https://{site}.example.com/v1', 'https://files.example.com'],
    url_template_vars: { site: { stage: 'account', pattern: '^[a-z]+$' } },
  });
  const identifier = fresh('user');
  const account = await must(
    http('PUT', `/v1/credentials/${connection}?identifier=${identifier}`, {
      access_token: 'a/"token"',
      verify: false,
    }),
    201,
  );
  const { id } = account;
  await must(http('PATCH', `/v1/connected-accounts/${id}`, { variables: { site: 'acme' } }), 200);
  const { text, given } = await tokenOf(id, '?details=api');
  expect(text).toBe(
    `{"type":"oauth2","access_token":"a/\\"token\\"","token_type":"Bearer","expires_at":null,"expires_in":null,"scope":null,"headers":{"X-Token":"a/\\"token\\"","X-Api":"\\"v1\\""},"fingerprint":"${given['fingerprint']}","connected_account_id":"${id}","connection":"${connection}","identifier":"${identifier}","api_base_url":"https://acme.example.com/v1","value":"a/\\"token\\"","api":{"base_urls":["https://acme.example.com/v1","https://files.example.com"],"dead_token":[{"status":401}]}}\n`,
  );
});

it('a key is answered as it always was', async () => {
  const { id, connection } = await imported(
    { auth_type: 'api_key', api_base_urls: ['https://api.example.com'], token_header: 'X-Key: {api_key}' },
    { type: 'api_key', api_key: 'key-of-the-account' },
  );
  const { text, given } = await tokenOf(id);
  expect(given['fingerprint']).toMatch(PRINT);
  expect(text).toBe(
    `{"type":"api_key","api_key":"key-of-the-account","apiKey":"key-of-the-account","headers":{"X-Key":"key-of-the-account"},"fingerprint":"${given['fingerprint']}","connected_account_id":"${id}","connection":"${connection}","identifier":"default","api_base_url":"https://api.example.com","value":"key-of-the-account"}\n`,
  );
});

it.each([
  ['user and password', 'zoë', 'p:ä ss', 'p:ä ss'],
  ['a key in place of the user', 'key-in-the-name', '', 'key-in-the-name'],
])('%s are answered as they always were', async (_, username, password, value) => {
  const { id, connection } = await imported({ auth_type: 'basic' }, { type: 'basic', username, password });
  const { text, given } = await tokenOf(id);
  const basic = Buffer.from(`${username}:${password}`).toString('base64');
  expect(text).toBe(
    `{"type":"basic","username":"${username}","password":"${password}","headers":{"Authorization":"Basic ${basic}"},"fingerprint":"${given['fingerprint']}","connected_account_id":"${id}","connection":"${connection}","identifier":"default","api_base_url":null,"value":"${value}"}\n`,
  );
});

it.each([
  ['with headers of its own', 'Cookie: sid={session}; X-App: {app}', '{"Cookie":"sid=s-1","X-App":"a-1"}'],
  ['without a header', null, '{}'],
])('several fields are answered as they always were, %s', async (_, header, headers) => {
  const { id, connection } = await imported(
    { auth_type: 'custom', token_header: header },
    { type: 'custom', fields: { session: 's-1', app: 'a-1' } },
  );
  const { text, given } = await tokenOf(id);
  expect(text).toBe(
    `{"type":"custom","fields":{"session":"s-1","app":"a-1"},"headers":${headers},"fingerprint":"${given['fingerprint']}","connected_account_id":"${id}","connection":"${connection}","identifier":"default","api_base_url":null,"value":null}\n`,
  );
});

it('the only field of several possible ones is the value', async () => {
  const { id } = await imported(
    { auth_type: 'custom', token_header: 'X-Session: {session}' },
    { type: 'custom', fields: { session: 's-1' } },
  );
  const { text, given } = await tokenOf(id);
  expect(text).toContain('"fields":{"session":"s-1"},"headers":{"X-Session":"s-1"},');
  expect(given['value']).toBe('s-1');
});
