/** The client of an agent before a broker that fails: what it repeats, what it throws, and what it never takes for a result. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  ConnectionError,
  isValetkeyError,
  PolicyDeniedError,
  ProviderUnavailableError,
  RateLimitedError,
  ReauthRequiredError,
  Valetkey,
} from '../../src/sdk/entry.ts';

const KEY = 'ak_agent-42_0123456789abcdefghijklmnopqrstuvwxyz';
const TOKEN = 'ya29.canary-of-the-token';

type Answer = (response: ServerResponse, request: IncomingMessage) => void;
let server: Server;
let url: string;
/** What the broker answers, one after the other; the last one for ever. */
let script: Answer[] = [];
const asked: string[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const answer = script.length > 1 ? script.shift() : script[0];
    request.resume();
    request.on('end', () => answer?.(response, request));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  asked.length = 0;
});

function json(status: number, body: unknown, headers: Record<string, string> = {}): Answer {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
}

const problem = (status: number, code: string, members: object = {}, headers: Record<string, string> = {}) =>
  json(
    status,
    {
      type: `urn:valetkey:problem:${code}`,
      title: code,
      status,
      code,
      detail: 'why',
      correlation_id: 'c1',
      ...members,
    },
    headers,
  );

const GOOD = json(200, {
  type: 'oauth2',
  access_token: TOKEN,
  value: TOKEN,
  token_type: 'Bearer',
  expires_at: new Date(Date.now() + 3_600_000).toISOString(),
  expires_in: 3600,
  scope: 'a b',
  headers: { authorization: `Bearer ${TOKEN}` },
  fingerprint: 'abcdefgh12345678',
  connected_account_id: 'ca_g1',
  connection: 'slack',
  identifier: 'user_1',
  api_base_url: 'https://api.example.com',
  api: { base_urls: ['https://api.example.com'], dead_token: [{ status: 401 }] },
});

const vault = (options: object = {}) => new Valetkey({ url, key: KEY, ...options });
const failed = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    (value) => {
      throw new Error(`no error, but ${inspect(value)}`);
    },
    (error: unknown) => error,
  );

describe('what is no answer of a broker', () => {
  const BODIES: [string, Answer][] = [
    ['null', json(200, 'null')],
    ['{}', json(200, {})],
    ['[]', json(200, [])],
    ['an empty body', json(200, '')],
    ['a page', json(200, '<html>Sign in</html>', { 'content-type': 'text/html' })],
    ['half of it', json(200, '{"type":"oauth2","value":"ya29')],
    [
      'a credential without its text',
      json(200, { type: 'oauth2', value: '', headers: {}, fingerprint: 'x', connected_account_id: 'y' }),
    ],
    ['204', (response) => response.writeHead(204).end()],
    ['a problem with 200', json(200, { code: 'internal', detail: 'x' })],
  ];
  it.each(BODIES)('is an error for each method: %s', async (_what, answer) => {
    script = [answer];
    const calls = [
      () => vault().getCredential('slack'),
      () => vault().credential('slack'),
      () => vault().refreshToken('agent-42', 'slack'),
      () => vault().fetch('slack', '/x'),
      () => vault().tools.list(),
      () => vault().tools.run('hubspot_search_contacts'),
    ];
    for (const call of calls) {
      const error = await failed(call());
      expect(isValetkeyError(error), inspect(error)).toBe(true);
    }
  });

  it('is not followed where it redirects', async () => {
    script = [(response) => response.writeHead(302, { location: 'https://elsewhere.example' }).end()];
    expect(await failed(vault({ retryBudgetMs: 0 }).getCredential('slack'))).toBeInstanceOf(ConnectionError);
  });
});

describe('a broker that is away for a while', () => {
  it.each<[string, Answer]>([
    ['429', problem(429, 'rate_limited', {}, { 'retry-after': '1' })],
    ['503', problem(503, 'provider_unavailable', {}, { 'retry-after': '1' })],
    ['a connection that is cut', (response) => response.destroy()],
    ['a gateway', json(503, 'upstream connect error')],
  ])('is asked again after %s', async (_what, answer) => {
    script = [answer, answer, GOOD];
    expect(await vault().getCredential('slack')).toBe(TOKEN);
    expect(asked).toHaveLength(3);
  });

  it.each<[string, Answer, new (...args: never[]) => Error]>([
    ['429', problem(429, 'rate_limited', {}, { 'retry-after': '120' }), RateLimitedError],
    ['503', problem(503, 'provider_unavailable', {}, { 'retry-after': '120' }), ProviderUnavailableError],
    ['misconfigured', problem(503, 'misconfigured_connection'), ProviderUnavailableError],
  ])('is not waited for beyond the budget: %s', async (_what, answer, kind) => {
    script = [answer];
    const error = await failed(vault().getCredential('slack'));
    expect(error).toBeInstanceOf(kind);
    expect(asked).toHaveLength(1);
  });

  it('ends a wait by its signal', async () => {
    script = [problem(503, 'provider_unavailable', {}, { 'retry-after': '5' })];
    const stop = new AbortController();
    const coming = failed(vault({ cache: false }).getCredential('slack', { signal: stop.signal }));
    setTimeout(() => stop.abort(new Error('enough')), 50);
    expect(await coming).toMatchObject({ message: 'enough' });
  });

  it('is sent a call through the proxy once, whatever comes back', async () => {
    script = [problem(503, 'provider_unavailable', {}, { 'retry-after': '1' }), GOOD];
    const error = await failed(
      vault().fetch('slack', '/chat.postMessage', { method: 'POST', body: 'x', via: 'proxy' }),
    );
    expect(error).toBeInstanceOf(ProviderUnavailableError);
    expect(asked).toHaveLength(1);
  });
});

describe('errors', () => {
  it('of a dead grant carry the link, and the program reads what to do', async () => {
    const members = {
      reauth_url: 'https://b.example/connect/x',
      reason: 'grant_revoked',
      since: '2026-11-30T10:00:00.000Z',
      connected_account_id: 'ca_g1',
    };
    script = [problem(409, 'reauth_required', members)];
    const error = (await failed(vault().getCredential('slack'))) as ReauthRequiredError;
    expect(error).toBeInstanceOf(ReauthRequiredError);
    expect(error).toMatchObject({
      code: 'reauth_required',
      reason: 'grant_revoked',
      connectedAccountId: 'ca_g1',
    });
    expect(error.message).toContain('https://b.example/connect/x');
    expect(error.since).toEqual(new Date('2026-11-30T10:00:00.000Z'));
  });

  it('of a policy are their own class, and are not repeated', async () => {
    script = [problem(403, 'policy_denied', { reason: 'outside_hours' })];
    expect(await failed(vault().getCredential('slack'))).toBeInstanceOf(PolicyDeniedError);
    expect(asked).toHaveLength(1);
  });

  it('of a key function are the program’s own', async () => {
    const error = await failed(
      vault({
        key: () => {
          throw new Error('no file');
        },
      }).getCredential('slack'),
    );
    expect(error).toMatchObject({ message: 'no file' });
    expect(asked).toHaveLength(0);
  });
});

describe('the cache', () => {
  it('makes one request of 500 at once, and none of the next', async () => {
    script = [GOOD];
    const client = vault();
    const all = await Promise.all(Array.from({ length: 500 }, () => client.getCredential('slack')));
    expect(new Set(all)).toEqual(new Set([TOKEN]));
    await client.getCredential('slack', { scope: 'a' });
    await client.getCredential('slack');
    expect(asked).toHaveLength(2);
  });

  it('keeps nothing of a refusal, and nothing where it is off', async () => {
    script = [problem(409, 'account_disabled'), GOOD];
    const client = vault();
    await failed(client.getCredential('slack'));
    expect(await client.getCredential('slack')).toBe(TOKEN);
    const without = vault({ cache: false });
    await without.getCredential('slack');
    await without.getCredential('slack');
    expect(asked).toHaveLength(4);
  });
});

describe('secrets', () => {
  it('are printed by nothing', async () => {
    script = [GOOD];
    const client = vault();
    const credential = await client.credential('slack');
    const cut = [problem(403, 'policy_denied'), (response: ServerResponse) => response.destroy()];
    const errors = [];
    for (const answer of cut) {
      script = [answer];
      errors.push(await failed(vault({ retryBudgetMs: 0 }).getCredential('slack')));
    }
    const printed = [client, credential, ...errors].flatMap((one) => [
      inspect(one, { depth: 20, showHidden: true, getters: true }),
      JSON.stringify(one),
      String(one),
      one instanceof Error ? (one.stack ?? '') : '',
    ]);
    for (const text of printed) {
      expect(text).not.toContain(TOKEN);
      expect(text).not.toContain(KEY);
    }
    expect(credential.value).toBe(TOKEN);
  });

  it.each(['', ' ', `${KEY}\n`, 'schlüssel'])(
    'of a wrong form are refused without being repeated: %j',
    async (key) => {
      const make = () => new Valetkey({ url, key }).getCredential('slack');
      const error = (await Promise.resolve()
        .then(make)
        .catch((one: unknown) => one)) as Error;
      expect(error).toBeInstanceOf(TypeError);
      if (key.trim() !== '') expect(inspect(error)).not.toContain(key.trim());
    },
  );

  it('do not travel in clear text', () => {
    expect(() => new Valetkey({ url: 'http://broker.example', key: KEY })).toThrow(/https/);
    expect(() => new Valetkey({ url: 'https://u:p@broker.example', key: KEY })).toThrow(/user/);
  });
});
