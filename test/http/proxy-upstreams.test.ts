/**
 * APIs that misbehave, down to the bytes on the socket: each is a clear answer within the call's time, its record says how
 * it ended, and no connection to the API stays open behind it.
 */

import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startOAuthServer, type OAuthServer } from '../../src/dev/oauth/server.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { PATIENCE_MS } from '../support/patience.ts';
import { name, world, type World } from '../support/world.ts';

let provider: OAuthServer;
let broker: TestBroker;
let w: World;
let api: Server;
let base: string;
/** What the API does with a connection, once the first bytes of a request are there. */
let act: (socket: Socket) => void;
const sockets = new Set<Socket>();

beforeAll(async () => {
  provider = await startOAuthServer();
  broker = await startBroker();
  w = world(broker, provider);
  api = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.once('data', () => act(socket));
  });
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
});
afterEach(() => {
  for (const socket of sockets) socket.destroy();
});
afterAll(async () => {
  await broker.dispose();
  await provider.close();
  api.close();
});

async function callable() {
  const connection = await w.connection({ api_base_urls: [base] });
  const token = name('secret-token-of-the-account');
  const id = await w.account(connection, name('user'), { access_token: token, expires_in: 3600 });
  const agent = await w.agent({ rules: [{ connection, identifiers: ['*'] }] });
  const call = (init: RequestInit & { duplex?: 'half' } = {}, timeoutMs = 1_500) =>
    fetch(`${broker.url}/v1/connected-accounts/${id}/proxy/thing`, {
      ...init,
      headers: {
        authorization: `Bearer ${agent.key}`,
        'x-valetkey-timeout-ms': String(timeoutMs),
        ...init.headers,
      },
    });
  const last = async () => {
    const { body } = await w.operator.get(`/v1/audit-events?connected_account_id=${id}`);
    return (body.data as any[]).find(({ action }) => action === 'proxy.call');
  };
  return { id, agent, call, last };
}

const writes = (text: string, more: 'ends' | 'stays' | 'breaks' = 'stays') =>
  function (socket: Socket): void {
    socket.write(Buffer.from(text, 'latin1'));
    if (more === 'ends') socket.end();
    if (more === 'breaks') socket.resetAndDestroy();
  };
/** Writes the front at once, and then a byte now and again, for ever. */
const drips = (front: string) =>
  function (socket: Socket): void {
    socket.write(front);
    const timer = setInterval(() => socket.write('x'), 100);
    socket.on('close', () => clearInterval(timer));
  };

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n';
/** The API, what the agent is told, and what the record says. */
const APIS: readonly (readonly [string, (socket: Socket) => void, number, string, string])[] = [
  ['says nothing', () => undefined, 504, 'provider_timeout', 'unknown'],
  ['drips its head', drips('HTTP/1.1 200 OK\r\nX-Slow: '), 504, 'provider_timeout', 'unknown'],
  ['drips a short body', drips(`${HEAD}Content-Length: 60000\r\n\r\n`), 504, 'provider_timeout', 'failed'],
  [
    'drips what it says of a token',
    drips('HTTP/1.1 401 No\r\nContent-Type: text/plain\r\n\r\n'),
    504,
    'provider_timeout',
    'failed',
  ],
  [
    'sends interim answers alone',
    writes('HTTP/1.1 100 Continue\r\n\r\n'.repeat(5)),
    504,
    'provider_timeout',
    'unknown',
  ],
  [
    'sends what is no HTTP',
    writes('\x00\xff\xfe garbage\r\n\r\n', 'ends'),
    503,
    'provider_unavailable',
    'unknown',
  ],
  ['speaks HTTP/0.9', writes('<html>hello</html>', 'ends'), 503, 'provider_unavailable', 'unknown'],
  [
    'hangs up within its head',
    writes('HTTP/1.1 200 OK\r\nX-A: b', 'ends'),
    503,
    'provider_unavailable',
    'unknown',
  ],
  ['resets the connection', writes('', 'breaks'), 503, 'provider_unavailable', 'unknown'],
  [
    'sends a header without end',
    writes(`HTTP/1.1 200 OK\r\nX-A: ${'b'.repeat(600_000)}`),
    503,
    'provider_unavailable',
    'unknown',
  ],
  [
    'sends less than it announces',
    writes(`${HEAD}Content-Length: 100\r\n\r\nshort`, 'ends'),
    502,
    'provider_error',
    'failed',
  ],
  [
    'switches protocols unasked',
    writes('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n'),
    502,
    'provider_error',
    'failed',
  ],
  [
    'sends lengths that differ',
    writes(`${HEAD}Content-Length: 2\r\nContent-Length: 5\r\n\r\nokabc`, 'ends'),
    503,
    'provider_unavailable',
    'unknown',
  ],
];

describe('an API that', () => {
  it.each(APIS)('%s: the agent is told so in time', async (_what, does, status, code, outcome) => {
    act = does;
    const { call, last } = await callable();
    const told = await call();
    expect([told.status, ((await told.json()) as any).code]).toEqual([status, code]);
    expect(told.headers.get('x-valetkey-upstream')).toBeNull();
    expect(await last()).toMatchObject({ outcome });
    await expect.poll(() => sockets.size, { timeout: PATIENCE_MS }).toBe(0);
  });

  it('sends interim answers before its own one: they stay here', async () => {
    act = writes(
      `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n${HEAD}Content-Length: 2\r\n\r\nok`,
    );
    const { call } = await callable();
    const told = await call();
    expect([told.status, await told.text(), told.headers.get('link')]).toEqual([200, 'ok', null]);
  });

  it.each([
    ['sends broken chunks', `${HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nZZ\r\n`],
    ['hangs up within its chunks', `${HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\nhe`],
  ])('%s: what came is broken off, and never looks whole', async (_what, text) => {
    act = writes(text, 'ends');
    const { call, last } = await callable();
    const told = await call();
    await expect(told.text()).rejects.toThrow(/terminated|fetch failed|aborted/);
    await expect.poll(async () => (await last()).reason, { timeout: PATIENCE_MS }).toBe('provider');
    await expect.poll(() => sockets.size, { timeout: PATIENCE_MS }).toBe(0);
  });

  it('answers before it has read a long body: the agent gets that answer', async () => {
    act = writes('HTTP/1.1 413 Too Large\r\nContent-Length: 5\r\nConnection: close\r\n\r\nlarge');
    const { call } = await callable();
    const told = await call({ method: 'POST', body: new Uint8Array(8_000_000) }, 20_000);
    expect([told.status, await told.text()]).toEqual([413, 'large']);
  });
});

describe('an agent that hangs up', () => {
  /** A request on a socket of its own. The engine hears of a reset at once, of a mere end when it has something to send. */
  const begun = async (method: string, more = '', body: Buffer = Buffer.alloc(0)) => {
    const { id, agent, last } = await callable();
    const { host, port } = new URL(broker.url);
    const socket = connect(Number(port), '127.0.0.1');
    socket.on('error', () => undefined);
    let answer = '';
    socket.on('data', (part) => (answer += part.toString('latin1')));
    const path = `/v1/connected-accounts/${id}/proxy/thing`;
    const head = `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${agent.key}\r\n${more}\r\n`;
    socket.write(Buffer.concat([Buffer.from(head), body]));
    return { last, answer: () => answer, hangUp: () => socket.resetAndDestroy() };
  };

  it('while the API is silent: the call to the API ends, and its record says that nobody knows how', async () => {
    act = () => undefined;
    const { last, hangUp } = await begun('GET');
    await expect.poll(() => sockets.size, { timeout: PATIENCE_MS }).toBe(1);
    hangUp();
    await expect.poll(() => sockets.size, { timeout: PATIENCE_MS }).toBe(0);
    const known = { outcome: 'unknown', reason: 'aborted' };
    await expect.poll(last, { timeout: PATIENCE_MS }).toMatchObject(known);
  });

  it('within its own body: the API sees it broken off, and no end', async () => {
    let got = '';
    act = (socket) => socket.on('data', (part) => (got += part.toString('latin1')));
    const chunk = Buffer.from(`186a0\r\n${'a'.repeat(100_000)}\r\n`);
    const body = Buffer.concat(Array.from({ length: 30 }, () => chunk));
    const { hangUp } = await begun('POST', 'Transfer-Encoding: chunked\r\n', body);
    await expect.poll(() => got.length, { timeout: PATIENCE_MS }).toBeGreaterThan(1_000_000);
    hangUp();
    await expect.poll(() => sockets.size, { timeout: PATIENCE_MS }).toBe(0);
    expect(got.endsWith('0\r\n\r\n')).toBe(false);
  });

  it('while a stream is silent: the call to the API ends', async () => {
    act = writes(`${HEAD}\r\ndata: 1\n\n`);
    const { answer, hangUp } = await begun('GET');
    await expect.poll(answer, { timeout: PATIENCE_MS }).toContain('data: 1');
    hangUp();
    await expect.poll(() => sockets.size, { timeout: PATIENCE_MS }).toBe(0);
  });
});
