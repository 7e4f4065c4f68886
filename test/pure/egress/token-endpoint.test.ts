/** What a token endpoint gets on the wire, and how much of its answer is read. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sendCode, sendRefresh, sendRevocation } from '#egress/exchange/token-endpoint.ts';
import { classify } from '#providers/answers/classify.ts';
import { ProviderConfig, customDescriptor } from '#providers/custom.ts';
import type { ConnectionSettings } from '#providers/settings.ts';
import { startServer, type HostileServer } from '../../support/hostile-server.ts';

let server: HostileServer;
let answer = '{"access_token":"at-2","refresh_token":"rt-2"}';

beforeAll(async () => {
  server = await startServer((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(answer);
  });
});
afterAll(() => server.close());

function settings(config: Record<string, unknown>, clientId: string): ConnectionSettings {
  const made = customDescriptor(
    ProviderConfig.parse({
      token_url: `${server.url}/token`,
      revocation_url: `${server.url}/revoke`,
      token_endpoint_auth_method: 'client_secret_basic',
      ...config,
    }),
  );
  if (!made.ok) throw new Error(JSON.stringify(made.errors));
  return {
    id: 'conn',
    clientId,
    clientSecrets: [],
    descriptor: made.descriptor,
  } as unknown as ConnectionSettings;
}

const OPTIONS = { guard: { allowLoopback: true, ownHost: null }, ownUrl: null, timeoutMs: 5_000 };

const CALLS = {
  'a refresh': (to: ConnectionSettings, clientSecret: string) =>
    sendRefresh(to, { refreshToken: 'rt-1', clientSecret, scopes: null }, OPTIONS),
  'a code': (to: ConnectionSettings, clientSecret: string) =>
    sendCode(to, { code: 'c', redirectUri: 'https://app.example/cb', verifier: null, clientSecret }, OPTIONS),
  'a revocation': (to: ConnectionSettings, clientSecret: string) =>
    sendRevocation(to, { token: 'rt-1', hint: 'refresh_token', clientSecret }, OPTIONS),
} as const;

/** What the server got as Basic, decoded from base64 alone. */
function basicOf(): string {
  const header = String(server.seen.at(-1)?.headers['authorization']);
  return Buffer.from(header.replace(/^Basic /, ''), 'base64').toString('utf8');
}

describe.each(Object.entries(CALLS))('%s', (_, call) => {
  it.each([
    [
      'unreserved characters as they are',
      'my-client_1.app~x',
      'se-cr_et.~1',
      'my-client_1.app~x:se-cr_et.~1',
    ],
    ['what could be misread encoded', 'a:b', 'p+ss/w=rd %&', 'a%3Ab:p%2Bss%2Fw%3Drd+%25%26'],
    ['marks that a form encodes encoded', 'c', "!'()*", 'c:%21%27%28%29%2A'],
    ['text beyond ASCII as UTF-8', 'c', 'pä€', 'c:p%C3%A4%E2%82%AC'],
  ])('proves the client by Basic with %s', async (_name, id, secret, expected) => {
    await call(settings({}, id), secret);
    expect(basicOf()).toBe(expected);
  });

  it('leaves everything as it is where the connection says that its server decodes nothing', async () => {
    await call(settings({ client_secret_basic_encoding: 'raw' }, 'c'), 'p+ss/w=rd %pä');
    expect(basicOf()).toBe('c:p+ss/w=rd %pä');
  });

  it('is a form without a charset', async () => {
    await call(settings({}, 'c'), 's');
    expect(server.seen.at(-1)?.headers['content-type']).toBe('application/x-www-form-urlencoded');
  });
});

describe('an answer', () => {
  const refreshed = async (body: string) => {
    answer = body;
    const to = settings({}, 'c');
    const sent = await CALLS['a refresh'](to, 's');
    if (sent.kind === 'unsendable') throw new Error(sent.reason);
    return classify(to.descriptor, sent, { nowMs: 0, inDoubt: false, narrowed: false });
  };

  it.each([70, 300, 900])('of %i KiB keeps the rotated token that stands at its end', async (kib) => {
    const body = `{"profile":"${'x'.repeat(kib * 1024)}","access_token":"at-2","refresh_token":"rt-2"}`;
    expect(await refreshed(body)).toMatchObject({ outcome: 'refreshed', tokens: { refreshToken: 'rt-2' } });
  });

  it('that never ends is read to a bound, and gives the tokens that it began with', async () => {
    const body = `{"access_token":"at-2","refresh_token":"rt-2","profile":"${'x'.repeat(3 * 1024 * 1024)}"}`;
    expect(await refreshed(body)).toMatchObject({ outcome: 'refreshed', tokens: { refreshToken: 'rt-2' } });
    expect(
      await refreshed(`{"profile":"${'x'.repeat(3 * 1024 * 1024)}","access_token":"at-2"}`),
    ).toMatchObject({
      outcome: 'malformed',
      doubt: true,
    });
  });
});
