/** The one call that leaves, against servers that lie, stall, drip, flood and redirect. */

import { afterEach, describe, expect, it } from 'vitest';
import type { ServerResponse } from 'node:http';
import { guardedFetch, type FetchOutcome } from '#egress/guard/guarded-fetch.ts';
import { startServer, type HostileServer, type SeenRequest } from '../../support/hostile-server.ts';

const LIMITS = { timeoutMs: 1000, maxBytes: 1024 };
const LOOPBACK = { allowLoopback: true, ownHost: null };

const servers: HostileServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function serve(
  answer: (request: SeenRequest, response: ServerResponse) => void,
): Promise<HostileServer> {
  const server = await startServer(answer);
  servers.push(server);
  return server;
}

function call(server: HostileServer, limits = LIMITS): Promise<FetchOutcome> {
  const request = {
    url: `${server.url}/token`,
    method: 'POST',
    headers: { 'x-test': 'a' },
    body: 'secret=1',
  } as const;
  return guardedFetch(request, limits, LOOPBACK);
}

async function timed<T>(work: Promise<T>): Promise<{ value: T; ms: number }> {
  const started = performance.now();
  return { value: await work, ms: performance.now() - started };
}

describe('an answer', () => {
  it('comes back whole, with header names in lower case, and the request arrives as it was given', async () => {
    const server = await serve((_, response) => {
      response.writeHead(201, { 'Content-Type': 'application/json', 'X-Mixed-Case': 'Yes' });
      response.end('{"a":"ü"}');
    });
    const answer = await call(server);
    expect(answer).toMatchObject({ kind: 'response', status: 201, body: '{"a":"ü"}', truncated: false });
    expect(answer.kind === 'response' && answer.headers['x-mixed-case']).toBe('Yes');
    expect(server.seen).toHaveLength(1);
    expect(server.seen[0]).toMatchObject({ method: 'POST', url: '/token', body: 'secret=1' });
    expect(server.seen[0]?.headers['x-test']).toBe('a');
  });

  it('of exactly the limit is whole, and one byte more is cut', async () => {
    const server = await serve((request, response) => response.end('x'.repeat(Number(request.body))));
    const ask = (bytes: number) =>
      guardedFetch({ url: server.url, method: 'POST', headers: {}, body: String(bytes) }, LIMITS, LOOPBACK);
    expect(await ask(1024)).toMatchObject({ body: 'x'.repeat(1024), truncated: false });
    expect(await ask(1025)).toMatchObject({ body: 'x'.repeat(1024), truncated: true });
    expect(await ask(0)).toMatchObject({ body: '', truncated: false });
  });

  it.each([204, 304])('without a body is whole: %i', async (status) => {
    const server = await serve((_, response) => response.writeHead(status, { 'content-length': '0' }).end());
    expect(await call(server)).toMatchObject({ kind: 'response', status, body: '', truncated: false });
  });

  it('that is not UTF-8 is decoded all the same', async () => {
    const server = await serve((_, response) => response.end(Buffer.from([0x61, 0xff, 0xfe, 0x62])));
    expect(await call(server)).toMatchObject({ body: 'a\ufffd\ufffdb', truncated: false });
  });

  it('is measured after decompression', async () => {
    const { gzipSync } = await import('node:zlib');
    const packed = gzipSync(Buffer.alloc(5_000_000));
    const server = await serve((_, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': packed.length }).end(packed),
    );
    expect(await call(server)).toMatchObject({ body: '\0'.repeat(1024), truncated: true });
  });
});

describe('a redirect', () => {
  it.each([301, 302, 303, 307, 308])('is handed back and not followed: %i', async (status) => {
    const other = await serve((_, response) => response.end('reached'));
    const server = await serve((_, response) =>
      response.writeHead(status, { location: `${other.url}/stolen` }).end('moved'),
    );
    expect(await call(server)).toMatchObject({ kind: 'response', status, body: 'moved' });
    expect(other.seen).toEqual([]);
  });
});

describe('a hostile server', () => {
  it('that never sends headers is left in time', async () => {
    const server = await serve(() => undefined);
    const { value, ms } = await timed(call(server));
    expect(value).toEqual({ kind: 'failure', failure: 'timeout' });
    expect(ms).toBeLessThan(LIMITS.timeoutMs + 600);
  });

  it('that drips its body is left in time, with what came', async () => {
    const server = await serve((_, response) => {
      response.write('{"a":');
      const timer = setInterval(() => response.write(' '), 20);
      response.on('close', () => clearInterval(timer));
    });
    const { value, ms } = await timed(call(server));
    expect(value).toMatchObject({ kind: 'response', status: 200, truncated: true });
    expect(value.kind === 'response' && value.body.startsWith('{"a":')).toBe(true);
    expect(ms).toBeLessThan(LIMITS.timeoutMs + 600);
  });

  it('that stalls between headers and body has no second time limit', async () => {
    const server = await serve((_, response) => {
      setTimeout(() => {
        response.writeHead(200);
        response.flushHeaders();
      }, 800);
    });
    const { value, ms } = await timed(call(server));
    expect(value).toMatchObject({ kind: 'response', body: '', truncated: true });
    expect(ms).toBeLessThan(LIMITS.timeoutMs + 600);
  });

  it('that sends 100 MB is read to the limit and cut off', async () => {
    let sent = 0;
    let closed = false;
    const server = await serve((_, response) => {
      const chunk = Buffer.alloc(64 * 1024, 'x');
      const pump = (): void => {
        while (!closed && sent < 100_000_000) {
          sent += chunk.length;
          if (!response.write(chunk)) return void response.once('drain', pump);
        }
        response.end();
      };
      response.on('close', () => (closed = true));
      pump();
    });
    const { value, ms } = await timed(call(server, { timeoutMs: 5000, maxBytes: 64 * 1024 }));
    expect(value).toMatchObject({ kind: 'response', body: 'x'.repeat(64 * 1024), truncated: true });
    expect(ms).toBeLessThan(2000);
    await expect.poll(() => closed).toBe(true);
    expect(sent).toBeLessThan(20_000_000);
  });

  it('that resets in the middle of the body leaves what came, marked as cut', async () => {
    const server = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{"access_token":"abc"');
      setTimeout(() => response.socket?.resetAndDestroy(), 50);
    });
    expect(await call(server)).toMatchObject({
      kind: 'response',
      body: '{"access_token":"abc"',
      truncated: true,
    });
  });

  it('that announces more than it sends is marked as cut', async () => {
    const server = await serve((_, response) => {
      response.writeHead(200, { 'content-length': '500', connection: 'close' });
      response.write('{"a":1}');
      setTimeout(() => response.socket?.end(), 50);
    });
    expect(await call(server)).toMatchObject({ kind: 'response', body: '{"a":1}', truncated: true });
  });

  it('that closes before any header is a failure of the network', async () => {
    const server = await serve((_, response) => response.socket?.destroy());
    expect(await call(server)).toEqual({ kind: 'failure', failure: 'network' });
  });

  it('that does not speak HTTP is a failure of the network', async () => {
    const server = await serve((_, response) => {
      response.socket?.end('\u0000\u0001 not http\r\n\r\n');
    });
    expect(await call(server)).toEqual({ kind: 'failure', failure: 'network' });
  });

  it('that is not there is a failure of the network, without a word of the platform', async () => {
    const server = await serve(() => undefined);
    const { url } = server;
    await server.close();
    const request = { url, method: 'GET', headers: {}, body: null } as const;
    expect(await guardedFetch(request, LIMITS, LOOPBACK)).toEqual({ kind: 'failure', failure: 'network' });
  });
});

describe('the guard', () => {
  it.each(['https://127.0.0.1', 'http://2130706433', 'http://localhost'])(
    'stops %s before a byte is sent',
    async (origin) => {
      const server = await serve((_, response) => response.end('reached'));
      const url = `${origin}:${server.host.split(':')[1]}/token`;
      const request = { url, method: 'POST', headers: {}, body: 'secret=1' } as const;
      expect(await guardedFetch(request, LIMITS, { allowLoopback: false, ownHost: null })).toEqual({
        kind: 'failure',
        failure: 'blocked',
      });
      expect(server.seen).toEqual([]);
    },
  );

  it('stops a call to the broker itself', async () => {
    const server = await serve((_, response) => response.end('reached'));
    const request = { url: server.url, method: 'GET', headers: {}, body: null } as const;
    const answer = await guardedFetch(request, LIMITS, { allowLoopback: true, ownHost: server.host });
    expect(answer).toEqual({ kind: 'failure', failure: 'blocked' });
    expect(server.seen).toEqual([]);
  });

  it.each([{ 'bad name': 'x' }, { x: 'a\r\nb: c' }])(
    'is not left by headers that are none: %j',
    async (headers) => {
      const server = await serve((_, response) => response.end('reached'));
      const request = {
        url: server.url,
        method: 'GET',
        headers: headers as Record<string, string>,
        body: null,
      } as const;
      expect(await guardedFetch(request, LIMITS, LOOPBACK)).toEqual({ kind: 'failure', failure: 'network' });
      expect(server.seen).toEqual([]);
    },
  );
});
