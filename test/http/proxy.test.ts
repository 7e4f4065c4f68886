/** Calls through the broker: the API sees the credential, the agent never does. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { gzipSync } from 'node:zlib';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startOAuthServer, type OAuthServer } from '../../src/dev/oauth/server.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { name, world, type World } from '../support/world.ts';

let provider: OAuthServer;
let broker: TestBroker;
let w: World;
let api: Server;
let base: string;

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}
/** What the API was sent, and what it answers, by the first segment of the path. */
const seen: Seen[] = [];
const answers = new Map<string, (request: Seen, response: ServerResponse) => void>();

beforeAll(async () => {
  provider = await startOAuthServer();
  broker = await startBroker();
  w = world(broker, provider);
  api = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const one = { method, url, headers, body: Buffer.concat(parts).toString('utf8') };
      seen.push(one);
      const answer = answers.get(url.split(/[/?]/)[2] ?? '');
      if (answer !== undefined) return answer(one, response);
      response.writeHead(200, { 'content-type': 'application/json', etag: '"7"', 'set-cookie': 'a=b' });
      return response.end(JSON.stringify({ ok: true }));
    });
  }).listen(0, '127.0.0.1');
  await once(api, 'listening');
  base = `http://127.0.0.1:${(api.address() as AddressInfo).port}/v1`;
});
afterAll(async () => {
  await broker.dispose();
  await provider.close();
  api.close();
});

interface Called {
  readonly id: string;
  readonly token: string;
  readonly key: string;
  readonly connection: string;
  readonly call: (path: string, init?: RequestInit) => Promise<Response>;
}

/** An account with a token that its API takes, and an agent that may use it. */
async function callable(facts: object = {}, rule: object = {}): Promise<Called> {
  const token = name('secret-token-of-the-account');
  const connection = await w.connection({ api_base_urls: [base], ...facts });
  const id = await w.account(connection, name('user'), { access_token: token, expires_in: 3600 });
  const agent = await w.agent({ rules: [{ connection, identifiers: ['*'], ...rule }] });
  const call = (path: string, init: RequestInit = {}) =>
    fetch(`${broker.url}/v1/connected-accounts/${id}/proxy${path}`, {
      ...init,
      headers: { authorization: `Bearer ${agent.key}`, ...init.headers },
      redirect: 'manual',
    });
  return { id, token, key: agent.key, connection, call };
}

async function recordsOf(id: string) {
  const { body } = await w.operator.get(`/v1/audit-events?connected_account_id=${id}`);
  return (body.data as any[]).filter(({ action }) => action === 'proxy.call');
}

describe('a call through the broker', () => {
  it('reaches the API with the credential, and comes back without it', async () => {
    const { id, token, key, call } = await callable();
    const answer = await call('/contacts?limit=2', {
      method: 'POST',
      body: '{"name":"Ada"}',
      headers: {
        'content-type': 'application/json',
        'idempotency-key': 'k1',
        cookie: 'mine=1',
        'x-forwarded-for': '203.0.113.9',
        'x-http-method-override': 'DELETE',
      },
    });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({ ok: true });
    const head = Object.fromEntries(answer.headers);
    expect(head).toMatchObject({
      'x-valetkey-upstream': 'true',
      'x-valetkey-account': id,
      'x-valetkey-attempts': '1',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      etag: '"7"',
    });
    expect(head).not.toHaveProperty('set-cookie');
    const sent = seen.at(-1);
    expect(sent).toMatchObject({ method: 'POST', url: '/v1/contacts?limit=2', body: '{"name":"Ada"}' });
    expect(sent?.headers).toMatchObject({ authorization: `Bearer ${token}`, 'idempotency-key': 'k1' });
    for (const name of ['cookie', 'x-forwarded-for', 'x-http-method-override'])
      expect(sent?.headers).not.toHaveProperty(name);
    expect(JSON.stringify(sent)).not.toContain(key);
  });

  it('leaves a record before it and one of its end', async () => {
    const { id, call } = await callable();
    await call('/contacts/7', { method: 'DELETE' });
    const [end, start] = await recordsOf(id);
    expect(start).toMatchObject({ outcome: 'started', method: 'DELETE', path: '/contacts/7' });
    expect(end).toMatchObject({
      outcome: 'ok',
      upstream_status: 200,
      method: 'DELETE',
      path: '/contacts/7',
      began: start.seq,
      token_fingerprint: start.token_fingerprint,
    });
  });

  it.each(['token', 'Basic user', 'Basic password'])('takes the key as SDKs send it: %s', async (form) => {
    const { key, call } = await callable();
    const authorization =
      form === 'token' ? `token ${key}` : `Basic ${btoa(form === 'Basic user' ? `${key}:` : `x:${key}`)}`;
    expect((await call('/contacts', { headers: { authorization } })).status).toBe(200);
  });

  it('goes by the short form too, to the account that the header names', async () => {
    const { key, connection, id } = await callable();
    const { body } = await w.operator.get(`/v1/connected-accounts/${id}`);
    const url = `${broker.url}/v1/agents/self/proxy/${connection}/v1/contacts`;
    const answer = await fetch(url, {
      headers: { authorization: `Bearer ${key}`, 'x-valetkey-identifier': body.identifier },
    });
    expect(answer.status).toBe(200);
    // A path that already begins with the base's own is not doubled.
    expect(seen.at(-1)?.url).toBe('/v1/contacts');
    expect(answer.headers.get('x-valetkey-account')).toBe(id);
  });

  it('is refused by a rule as it would leave, and nothing is sent', async () => {
    const { call } = await callable({}, { requests: [{ methods: ['GET'], paths: ['/contacts/*'] }] });
    const before = seen.length;
    const codes = [];
    for (const [path, method] of [
      ['/contacts/7', 'GET'],
      ['/contacts/7', 'POST'],
      ['/deals/7', 'GET'],
    ] as const) {
      const answer = await call(path, { method });
      codes.push(answer.status === 200 ? 'ok' : ((await answer.json()) as any).reason);
    }
    expect(codes).toEqual(['ok', 'method_not_allowed', 'path_not_allowed']);
    expect(seen.length).toBe(before + 1);
  });

  it('works for a sealed account, whose token nobody gets', async () => {
    const { id, key, call } = await callable();
    expect((await w.operator.post(`/v1/connected-accounts/${id}/seal`)).status).toBe(200);
    const token = await fetch(`${broker.url}/v1/connected-accounts/${id}/token`, {
      headers: { authorization: `Bearer ${key}` },
    });
    expect(((await token.json()) as any).code).toBe('account_sealed');
    expect((await call('/contacts')).status).toBe(200);
  });
});

describe('an answer that refuses the token', () => {
  it('has it refreshed once, and the call sent again', async () => {
    const { connection } = await callable();
    const identifier = name('user');
    const grant = await provider.grant({ scope: 'contacts.read' });
    const id = await w.account(connection, identifier, {
      access_token: grant.accessToken,
      refresh_token: grant.refreshToken,
      expires_in: 3600,
    });
    const agent = await w.agent({ rules: [{ connection, identifiers: ['*'] }] });
    answers.set('expiring', ({ headers }, response) => {
      const isOld = headers.authorization === `Bearer ${grant.accessToken}`;
      response.writeHead(isOld ? 401 : 200, { 'content-type': 'application/json' }).end('{}');
    });
    const answer = await fetch(`${broker.url}/v1/connected-accounts/${id}/proxy/expiring`, {
      method: 'POST',
      body: 'once',
      headers: { authorization: `Bearer ${agent.key}` },
    });
    expect([answer.status, answer.headers.get('x-valetkey-attempts')]).toEqual([200, '2']);
    const sent = seen.filter(({ url }) => url === '/v1/expiring');
    expect(sent.map(({ body }) => body)).toEqual(['once', 'once']);
    expect((await recordsOf(id)).map(({ outcome }) => outcome)).toEqual([
      'ok',
      'started',
      'failed',
      'started',
    ]);
  });

  it('goes on as it is where nothing renews the token', async () => {
    const { call } = await callable({
      issuer: undefined,
      token_url: provider.tokenUrl,
      authorization_url: provider.authorizationUrl,
    });
    answers.set('refusing', (_request, response) => response.writeHead(401).end('{"error":"nope"}'));
    const answer = await call('/refusing');
    expect([answer.status, answer.headers.get('x-valetkey-upstream')]).toEqual([401, 'true']);
    expect(await answer.text()).toBe('{"error":"nope"}');
  });
});

describe('an answer that repeats the credential', () => {
  const forms: Record<string, (token: string, response: ServerResponse) => void> = {
    'in its body': (token, response) => response.end(JSON.stringify({ token })),
    'in base64': (token, response) => response.end(btoa(`x:${token}`)),
    'percent-encoded, compressed': (token, response) =>
      response
        .writeHead(200, { 'content-encoding': 'gzip' })
        .end(gzipSync([...token].map((char) => `%${char.charCodeAt(0).toString(16)}`).join(''))),
    'in a header': (token, response) => response.writeHead(200, { 'x-request-id': token }).end('{}'),
  };
  it.each(Object.keys(forms))('%s is blocked', async (form) => {
    const { id, token, call } = await callable();
    answers.set('echo', (_request, response) => forms[form]?.(token, response));
    const answer = await call('/echo');
    const text = await answer.text().catch(() => '');
    expect(text).not.toContain(token);
    // An answer without a length is broken off, the others are refused.
    expect(answer.status === 502 ? JSON.parse(text).code : 'broken').toMatch(/token_echo_blocked|broken/);
    expect((await recordsOf(id))[0]).toMatchObject({ outcome: 'failed', reason: 'token_echo_blocked' });
  });
});
