/**
 * The proxy as hostile bytes reach it: requests are written to a socket as they stand here, and the API tells byte for
 * byte what left. What a rule saw is what leaves, or nothing does.
 */

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startOAuthServer, type OAuthServer } from '../../src/dev/oauth/server.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { name, world, type World } from '../support/world.ts';

let provider: OAuthServer;
let broker: TestBroker;
let w: World;
let api: Server;
let base: string;

interface Sent {
  readonly method: string;
  /** As it stood in the request line. */
  readonly target: string;
  /** Name, value, name, value: as they came. */
  readonly headers: readonly string[];
  readonly body: string;
}
const seen: Sent[] = [];

beforeAll(async () => {
  provider = await startOAuthServer();
  broker = await startBroker();
  w = world(broker, provider);
  api = createServer({ insecureHTTPParser: true, maxHeaderSize: 262_144 }, (request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const { method = '', url = '', rawHeaders } = request;
      seen.push({ method, target: url, headers: rawHeaders, body: Buffer.concat(parts).toString('latin1') });
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"reached":true}');
    });
  }).listen(0, '127.0.0.1');
  await once(api, 'listening');
  base = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
  [open, ruled] = await Promise.all([
    caller(),
    caller({ requests: [{ methods: ['GET', 'POST'], paths: ['/ok/*', '/ok/*/*', '/a%2Fb'] }] }),
  ]);
});
afterAll(async () => {
  await broker.dispose();
  await provider.close();
  api.closeAllConnections();
  api.close();
});

interface Caller {
  readonly key: string;
  readonly id: string;
  /** What stands before the path, in both forms of the route. */
  readonly fronts: readonly string[];
}
let open: Caller;
let ruled: Caller;

async function caller(rule: object = {}): Promise<Caller> {
  const connection = await w.connection({ api_base_urls: [`${base}/v1`] });
  const token = name('secret-token-of-the-account');
  const id = await w.account(connection, 'default', { access_token: token, expires_in: 3600 });
  const agent = await w.agent({ rules: [{ connection, identifiers: ['*'], ...rule }] });
  const fronts = [`/v1/connected-accounts/${id}/proxy`, `/v1/agents/self/proxy/${connection}`];
  return { key: agent.key, id, fronts };
}

/** Writes these bytes, one a character, and reads until the broker has answered or hung up. */
async function written(text: string): Promise<{ status: number; text: string }> {
  const socket = connect(Number(new URL(broker.url).port), '127.0.0.1');
  let answer = '';
  const over = new Promise<void>((resolve) => {
    socket.on('data', (part: Buffer) => (answer += part.toString('latin1')));
    socket.on('close', () => resolve());
    socket.on('error', () => resolve());
  });
  socket.write(Buffer.from(text, 'latin1'));
  await over;
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0), text: answer };
}

const HOST = () => new URL(broker.url).host;

function get(who: Caller, target: string, more: readonly string[] = []) {
  const lines = [`Host: ${HOST()}`, `Authorization: Bearer ${who.key}`, 'Connection: close', ...more];
  return written(`GET ${target} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
}

/** What reached the API of this work. */
async function during<T>(work: () => Promise<T>): Promise<[T, readonly Sent[]]> {
  const before = seen.length;
  const done = await work();
  return [done, seen.slice(before)];
}

/** No reader of such a path sees another one in it. */
function expectCanonical(target: string): void {
  const [path = '', ...query] = target.split('?');
  expect(target).toMatch(/^\/v1(?:[/?]|$)/);
  expect(target + query.join('')).not.toMatch(/[^\x21-\x7e]|#/);
  expect(path).not.toMatch(/\\|\/\/|%5c|%00|%0d|%0a|%25[0-9a-f]{2}/i);
  for (const segment of path.split(/\/|%2f/i)) expect(segment).not.toMatch(/^(?:\.|%2e){1,2}(?:$|;|%3b)/i);
}

describe('a path', () => {
  const LONG = 'x'.repeat(2_100);
  /** What follows the front, and the path that leaves; null: nothing does. */
  const PATHS: readonly (readonly [string, string | null])[] = [
    ['/ok/1', '/ok/1'],
    ['/ok/1?a=%2e%2e/&b=//', '/ok/1?a=%2e%2e/&b=//'],
    ['/ok/a%20b', '/ok/a%20b'],
    ['/ok/%C3%A4', '/ok/%C3%A4'],
    ['/ok/a%40b:c', '/ok/a%40b:c'],
    ['/ok//b', null],
    ['//ok/b', null],
    ['/ok/..%2fadmin', null],
    ['/ok/%2e%2e%2fadmin', null],
    ['/ok/..%5cadmin', null],
    ['/ok/%5c..%5cadmin', null],
    ['/ok/%252e%252e/admin', null],
    ['/ok/%00', null],
    ['/ok/a%0d%0aHost:%20evil', null],
    ['/ok/a%09b', null],
    ['/ok/a%7f', null],
    ['/ok/..;/admin', null],
    ['/ok/.;x=1/admin', null],
    ['/ok/%2e%2e;/admin', null],
    ['/ok/%zz', null],
    ['/ok/%', null],
    [`/ok/${LONG}`, null],
  ];
  it.each(PATHS)('%s leaves as %s or not at all, whatever names the account', async (path, expected) => {
    for (const who of [open, ruled])
      for (const front of who.fronts) {
        const [answer, sent] = await during(() => get(who, `${front}${path}`));
        if (expected === null) {
          expect([answer.status, sent], answer.text).toEqual([400, []]);
          continue;
        }
        expect(answer.status, answer.text).toBe(200);
        expect(sent.map(({ target }) => target)).toEqual([`/v1${expected}`]);
      }
  });

  /** The platform folds these before any of our code: the rule sees what is left, and so does the API. */
  const FOLDED: readonly string[] = [
    '/ok/../admin',
    '/ok/%2e%2e/admin',
    '/ok/.%2E/admin',
    '/ok/./1',
    '/ok\\..\\admin',
    '/ok/\\evil.example/',
    '/../../../../etc',
    '/%2e%2e/%2e%2e/%2e%2e/proxy/ok',
    '/ok/1#fragment',
    '/#/ok',
    '/ok/\x80\xff',
    '/ok/a b',
    '/ok/a\tb',
    '/ok/a\x00b',
    '/ok/a\x0bb',
    '/@evil.example/ok',
    '/http://evil.example/ok',
    '/https:%2f%2fevil.example/ok',
    '/ok/1%2Fadmin',
    '/a%2fb',
    '/a%2Fb',
    '/OK/1',
    '/ok',
    '',
    '?a=1',
    '?',
  ];
  it.each(FOLDED)('%j is one path for rule, record and API', async (path) => {
    for (const front of open.fronts) {
      const [, sent] = await during(() => get(open, `${front}${path}`));
      for (const { target } of sent) expectCanonical(target);
    }
    for (const front of ruled.fronts) {
      const [answer, sent] = await during(() => get(ruled, `${front}${path}`));
      for (const { target } of sent) expect(target.split('?')[0]).toMatch(/^\/v1\/(?:ok\/.*|a%2Fb)$/);
      if (sent.length === 0) expect(answer.status).not.toBe(200);
    }
  });

  it.each([
    ['the origin of another host', (path: string) => `http://evil.example${path}`],
    ['its own origin', (path: string) => `${broker.url}${path}`],
    ['userinfo', (path: string) => `http://user:pass@${HOST()}${path}`],
    ['two slashes in front', (path: string) => `//evil.example${path}`],
    ['a backslash in front', (path: string) => `/\\evil.example${path}`],
    ['no slash in front', (path: string) => path.slice(1)],
    ['an asterisk', () => '*'],
  ])('behind a target with %s leads to the account’s own API or nowhere', async (_what, target) => {
    for (const who of [open, ruled])
      for (const front of who.fronts) {
        const [answer, sent] = await during(() => get(who, target(`${front}/ok/1`)));
        expect(sent.map(({ target: left }) => left)).toEqual(sent.length === 0 ? [] : ['/v1/ok/1']);
        expect(answer.status).not.toBe(0);
        expect(answer.status).toBeLessThan(500);
      }
  });

  it('that is longer than any URL may be is refused as such', async () => {
    const [answer, sent] = await during(() => get(open, `${open.fronts[0]}/ok?q=${'x'.repeat(17_000)}`));
    expect([answer.status, sent]).toEqual([expect.toBeOneOf([400, 413, 414]), []]);
  });

  it('made of anything is seen by the rule as it leaves', async () => {
    const pieces = [
      ['ok', 'a', '..', '.', '%2e', '%2E%2e', '/', '//', '\\', '%5c', '%2f', '%2F', '%00', '%0d%0a', '%25'],
      [
        '%252e',
        ';',
        ';x',
        '?',
        '#',
        '@',
        ':',
        '&',
        '=',
        ' ',
        '\t',
        '\x7f',
        '\x80',
        '\xff',
        '%ff',
        '~',
        '+',
        '%',
      ],
    ];
    const piece = fc.constantFrom(...pieces.flat());
    const path = fc.array(piece, { maxLength: 8 }).map((parts) => `/ok/${parts.join('')}`);
    await fc.assert(
      fc.asyncProperty(path, fc.boolean(), fc.nat(1), async (text, isRuled, form) => {
        const who = isRuled ? ruled : open;
        const [answer, sent] = await during(() => get(who, `${who.fronts[form] ?? ''}${text}`));
        expect(answer.status).toBeLessThan(500);
        expect(sent.length).toBeLessThanOrEqual(1);
        for (const { target } of sent) {
          expectCanonical(target);
          if (isRuled) expect(target).toMatch(/^\/v1\/ok\//);
          const { body } = await w.operator.get(`/v1/audit-events?connected_account_id=${who.id}&limit=1`);
          expect(body.data[0].path).toBe((target.split('?')[0] ?? '').slice('/v1'.length));
        }
        if (sent.length === 0) expect(answer.text).not.toContain('"reached":true');
      }),
      { numRuns: 120 },
    );
  });
});

const valuesOf = ({ headers }: Sent, wanted: string) =>
  headers.filter((_, n) => n % 2 === 1 && headers[n - 1]?.toLowerCase() === wanted);

describe('a header', () => {
  /** The lines, and what of them the API may see by name; `refused`: nothing is sent. */
  it.each<[string, readonly string[], Record<string, readonly string[]>]>([
    [
      'that no list has',
      ['X-Own: 1', 'Cookie: a=b', 'Forwarded: for=1.2.3.4'],
      { 'x-own': [], cookie: [], forwarded: [] },
    ],
    [
      'that names the caller',
      ['Proxy-Authorization: Basic eA==', 'DPoP: x'],
      { 'proxy-authorization': [], dpop: [] },
    ],
    [
      'that asks for another method',
      ['X-HTTP-Method-Override: DELETE', 'X-Method: PUT'],
      { 'x-http-method-override': [], 'x-method': [] },
    ],
    [
      'that asks for another host or path',
      ['X-Forwarded-Host: evil', 'X-Original-URL: /admin', 'X-Rewrite-URL: /admin'],
      { 'x-forwarded-host': [], 'x-original-url': [], 'x-rewrite-url': [] },
    ],
    [
      'that ends at the next hop',
      ['Connection: x-hop, keep-alive', 'X-Hop: 1', 'Keep-Alive: 5', 'TE: trailers', 'Trailer: x'],
      { 'x-hop': [], 'keep-alive': [], te: [], trailer: [] },
    ],
    ['that a hop may be told to drop', ['Connection: if-match', 'If-Match: "7"'], { 'if-match': ['"7"'] }],
    [
      'in odd letters',
      ['pReFeR: return=minimal', 'iF-MATCH: "7"'],
      { prefer: ['return=minimal'], 'if-match': ['"7"'] },
    ],
    ['that comes twice', ['Accept: text/a', 'Accept: text/b'], { accept: ['text/a, text/b'] }],
    ['that expects', ['Expect: 100-continue'], { expect: [] }],
    [
      'of the broker’s own',
      ['X-Valetkey-Purpose: report', 'X-Tool-Call-Id: t1', 'X-Correlation-Id: c1'],
      { 'x-valetkey-purpose': [], 'x-tool-call-id': [], 'x-correlation-id': [] },
    ],
    ['with bytes beyond ASCII', ['Prefer: caf\xc3\xa9'], { prefer: ['caf\xc3\xa9'] }],
  ])('%s', async (_what, lines, expected) => {
    for (const who of [open, ruled])
      for (const front of who.fronts) {
        const [answer, sent] = await during(() => get(who, `${front}/ok/1`, lines));
        expect(answer.status, answer.text).toBe(200);
        expect(sent).toHaveLength(1);
        for (const [header, values] of Object.entries(expected))
          expect(valuesOf(sent[0] as Sent, header), header).toEqual(values);
        expect(valuesOf(sent[0] as Sent, 'authorization')).toEqual([
          expect.stringContaining('Bearer secret-token'),
        ]);
        expect(valuesOf(sent[0] as Sent, 'host')).toEqual([new URL(base).host]);
        expect(JSON.stringify(sent)).not.toContain(who.key);
      }
  });

  it.each<[string, readonly string[]]>([
    ['folded', ['Prefer: return=minimal,', ' wait=5']],
    ['folded with a line of its own', ['Prefer: x', '\tAuthorization: Bearer other']],
    ['with a space before its colon', ['Prefer : x']],
    ['without a name', [': x']],
    ['without a colon', ['nothing']],
    ['with a bare CR', ['Prefer: a\rX-Own: 1']],
    ['with a zero byte', ['Prefer: a\x00b']],
    ['with single bytes beyond ASCII', ['Prefer: \x80\xe9\xff']],
    ['with a name beyond ASCII', ['Pr\xe9fer: x']],
    ['with a name of 9,000 letters', [`${'x'.repeat(9_000)}: 1`]],
    ['that is 9,000 bytes long', [`Prefer: ${'x'.repeat(9_000)}`]],
    ['of the caller twice', ['Authorization: Bearer other']],
    ['of lengths that differ', ['Content-Length: 0', 'Content-Length: 5']],
    ['of a length that is none', ['Content-Length: -1']],
    ['of an encoding that HTTP does not have', ['Transfer-Encoding: xchunked']],
  ])('%s splits nothing: one request leaves, of this caller, or none', async (_what, lines) => {
    const [answer, sent] = await during(() => get(open, `${open.fronts[0]}/ok/1`, lines));
    expect(answer.status).toBeLessThan(500);
    expect(sent.length).toBeLessThanOrEqual(1);
    for (const one of sent) {
      expect(one.target).toBe('/v1/ok/1');
      expect(valuesOf(one, 'x-own')).toEqual([]);
      expect(valuesOf(one, 'authorization')).toEqual([expect.stringContaining('Bearer secret-token')]);
    }
  });

  it.each(['websocket', 'h2c', 'TLS/1.0'])('that upgrades to %s is refused', async (protocol) => {
    const lines = [
      `Upgrade: ${protocol}`,
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Version: 13',
    ];
    const [answer, sent] = await during(() =>
      written(
        `GET ${open.fronts[0]}/ok/1 HTTP/1.1\r\nHost: ${HOST()}\r\nAuthorization: Bearer ${open.key}\r\nConnection: Upgrade, close\r\n${lines.join('\r\n')}\r\n\r\n`,
      ),
    );
    expect([answer.status, sent]).toEqual([426, []]);
  });

  it.each([
    ['a length and chunks', 'Content-Length: 4\r\nTransfer-Encoding: chunked\r\n'],
    ['chunks and a length', 'Transfer-Encoding: chunked\r\nContent-Length: 4\r\n'],
    ['chunks in odd letters', 'Transfer-Encoding: cHuNkEd\r\n'],
    ['chunks twice', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n'],
    ['chunks behind a tab', 'Transfer-Encoding:\tchunked\r\n'],
  ])('that tells the length in two ways hides no second request: %s', async (_what, lines) => {
    const hidden = `GET ${open.fronts[0]}/ok/hidden HTTP/1.1\r\nHost: ${HOST()}\r\nAuthorization: Bearer ${ruled.key}\r\n\r\n`;
    const body = `4\r\nabcd\r\n0\r\n\r\n`;
    const [answer, sent] = await during(() =>
      written(
        `POST ${ruled.fronts[0]}/ok/1 HTTP/1.1\r\nHost: ${HOST()}\r\nAuthorization: Bearer ${ruled.key}\r\nConnection: close\r\n${lines}\r\n${body}${hidden}`,
      ),
    );
    expect(answer.status).toBeLessThan(500);
    expect(sent.filter(({ target }) => target.includes('hidden'))).toEqual([]);
    for (const one of sent) expect(['abcd', '']).toContain(one.body);
  });

  it.each(['TRACE', 'PROPFIND', 'get', 'GET\x00'])('%j is no method that leaves', async (method) => {
    const [answer, sent] = await during(() =>
      written(
        `${method} ${open.fronts[0]}/ok/1 HTTP/1.1\r\nHost: ${HOST()}\r\nAuthorization: Bearer ${open.key}\r\nConnection: close\r\n\r\n`,
      ),
    );
    expect([answer.status, sent]).toEqual([expect.toBeOneOf([0, 400, 404, 405, 501]), []]);
  });
});
