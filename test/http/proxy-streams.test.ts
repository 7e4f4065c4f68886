/** Streams through the proxy, both ways: as they come, and no longer than their caller may. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startOAuthServer, type OAuthServer } from '../../src/dev/oauth/server.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { PATIENCE_MS } from '../support/patience.ts';
import { name, world, type World } from '../support/world.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

let provider: OAuthServer;
let broker: TestBroker;
let w: World;
let api: Server;
let base: string;
const answers = new Map<string, Answer>();

beforeAll(async () => {
  provider = await startOAuthServer();
  broker = await startBroker();
  w = world(broker, provider);
  api = createServer((request, response) => {
    answers.get(request.url ?? '')?.(request, response);
  }).listen(0, '127.0.0.1');
  await once(api, 'listening');
  base = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await broker.dispose();
  await provider.close();
  api.closeAllConnections();
  api.close();
});

async function callable() {
  const token = name('secret-token-of-the-account');
  const connection = await w.connection({ api_base_urls: [base] });
  const id = await w.account(connection, name('user'), { access_token: token, expires_in: 3600 });
  const agent = await w.agent({ rules: [{ connection, identifiers: ['*'] }] });
  const call = (path: string, init: RequestInit & { duplex?: 'half' } = {}) =>
    fetch(`${broker.url}/v1/connected-accounts/${id}/proxy${path}`, {
      ...init,
      headers: { authorization: `Bearer ${agent.key}`, ...init.headers },
    });
  const records = async () => {
    const { body } = await w.operator.get(`/v1/audit-events?connected_account_id=${id}`);
    return (body.data as any[]).filter(({ action }) => action === 'proxy.call');
  };
  return { id, token, agent, call, records };
}

/** Opens a stream of events at the API: what it is asked to send it sends at once. */
function eventStream(path: string) {
  let open: ServerResponse | undefined;
  const closed = new Promise<void>((resolve) => {
    answers.set(path, (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: 1\n\n');
      response.on('close', () => resolve());
      open = response;
    });
  });
  return { closed, send: (text: string) => open?.write(text) };
}

const textOf = (part: ReadableStreamReadResult<Uint8Array>) => new TextDecoder().decode(part.value);
/** Reads on until the stream ends or breaks. */
async function rest(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string> {
  let text = '';
  try {
    for (;;) {
      const part = await reader.read();
      if (part.done) return `${text}[end]`;
      text += textOf(part);
    }
  } catch {
    return `${text}[broken]`;
  }
}

describe('a stream of events', () => {
  it('comes event by event, and the API hears when the agent hangs up', async () => {
    const { call } = await callable();
    const { closed, send } = eventStream('/events');
    const hangUp = new AbortController();
    const answer = await call('/events', { signal: hangUp.signal });
    const reader = answer.body?.getReader() as ReadableStreamDefaultReader<Uint8Array>;
    expect(textOf(await reader.read())).toBe('data: 1\n\n');
    send('data: 2\n\n');
    expect(textOf(await reader.read())).toBe('data: 2\n\n');
    hangUp.abort();
    // The engine notices that nobody listens when there is something to send.
    const ticking = setInterval(() => send(': tick\n\n'), 200);
    await closed;
    clearInterval(ticking);
  });

  it.each(['disabled', 'suspended', 'key deleted', 'account deleted'])(
    'ends soon after its caller’s right: %s',
    async (how) => {
      const { id, agent, call, records } = await callable();
      const { closed } = eventStream('/watched');
      const answer = await call('/watched');
      const reader = answer.body?.getReader() as ReadableStreamDefaultReader<Uint8Array>;
      expect(textOf(await reader.read())).toBe('data: 1\n\n');
      const account = `/v1/connected-accounts/${id}`;
      if (how === 'disabled') await w.operator.post(`${account}/disable`);
      if (how === 'account deleted') await w.operator.delete(account);
      if (how === 'suspended') await w.operator.post(`/v1/agents/${agent.id}/suspend`);
      if (how === 'key deleted') {
        const { body } = await w.operator.get(`/v1/agents/${agent.id}/keys`);
        await w.operator.delete(`/v1/agents/${agent.id}/keys/${(body.data ?? body)[0].id}`);
      }
      expect(await rest(reader)).toBe('[broken]');
      await closed;
      if (how !== 'account deleted')
        await expect.poll(async () => (await records())[0]?.reason, { timeout: PATIENCE_MS }).toBe('stopped');
    },
  );

  it('is broken off where it brings the credential, in pieces, and nothing of it has gone on', async () => {
    const { token, call, records } = await callable();
    answers.set('/leaking', (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`data: ${token.slice(0, 9)}`);
      setTimeout(() => response.end(`${token.slice(9)}\n\n`), 100);
    });
    const answer = await call('/leaking');
    const reader = answer.body?.getReader() as ReadableStreamDefaultReader<Uint8Array>;
    const text = await rest(reader);
    expect(text).toMatch(/^(?:data: )?\[broken\]$/);
    await expect
      .poll(async () => (await records())[0]?.reason, { timeout: PATIENCE_MS })
      .toBe('token_echo_blocked');
  });
});

describe('a long body', () => {
  const part = new Uint8Array(256 * 1024).fill(97);
  /** So many parts, without a length that would be announced. */
  const streamOf = (parts: number) => {
    let sent = 0;
    return new ReadableStream<Uint8Array>({
      pull: (controller) => {
        if (sent === parts) return controller.close();
        sent += 1;
        return controller.enqueue(part);
      },
    });
  };
  const counting =
    (status: number): Answer =>
    (request, response) => {
      let size = 0;
      request.on('data', (chunk: Buffer) => (size += chunk.length));
      request.on('end', () => response.writeHead(status).end(String(size)));
    };

  it('reaches the API whole, with a length and without', async () => {
    const { call } = await callable();
    answers.set('/upload', counting(201));
    const known = await call('/upload', { method: 'PUT', body: new Uint8Array(3_000_000) });
    expect([known.status, await known.text()]).toEqual([201, '3000000']);
    const chunked = await call('/upload', { method: 'PUT', body: streamOf(20), duplex: 'half' });
    expect([chunked.status, await chunked.text()]).toEqual([201, String(20 * part.byteLength)]);
  });

  it('is not sent twice: a refusal of the token goes through', async () => {
    const { call, records } = await callable();
    answers.set('/upload', counting(401));
    const answer = await call('/upload', { method: 'PUT', body: streamOf(8), duplex: 'half' });
    expect([answer.status, answer.headers.get('x-valetkey-attempts')]).toEqual([401, '1']);
    await answer.text();
    expect((await records()).filter(({ upstream_status: status }) => status === 401)).toHaveLength(1);
  });

  it('is refused where it is announced as longer than 100 MiB', async () => {
    const { call } = await callable();
    let reached = false;
    answers.set('/upload', (_request, response) => {
      reached = true;
      response.end();
    });
    const { port } = new URL(broker.url);
    const { connect } = await import('node:net');
    const { agent, id } = await callable();
    const socket = connect(Number(port), '127.0.0.1');
    socket.write(
      `POST /v1/connected-accounts/${id}/proxy/upload HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${agent.key}\r\nContent-Length: ${101 * 1024 * 1024}\r\n\r\nabc`,
    );
    const [head] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();
    expect(head.toString()).toMatch(/^HTTP\/1\.1 413/);
    expect(reached).toBe(false);
    void call;
  });
});

describe('an API that is broken', () => {
  it.each([
    ['does not answer in time', (): void => undefined, 504, 'provider_timeout', 'unknown'],
    [
      'hangs up',
      (request: IncomingMessage): void => void request.socket.destroy(),
      503,
      'provider_unavailable',
      'unknown',
    ],
    [
      'answers in an encoding that nobody asked for',
      (_: IncomingMessage, response: ServerResponse): void =>
        void response.writeHead(200, { 'content-encoding': 'zstd' }).end('xx'),
      502,
      'provider_error',
      'failed',
    ],
    [
      'sends headers without end',
      (_: IncomingMessage, response: ServerResponse): void => {
        for (let at = 0; at < 400; at += 1) response.setHeader(`x-bomb-${at}`, 'x'.repeat(2_000));
        response.end('x');
      },
      503,
      'provider_unavailable',
      'unknown',
    ],
  ] as const)(
    '%s: the agent is told so, and the record says how it ended',
    async (_what, answer, status, code, outcome) => {
      const { call, records } = await callable();
      answers.set('/broken', answer);
      const told = await call('/broken', { headers: { 'x-valetkey-timeout-ms': '1500' } });
      expect(told.status).toBe(status);
      expect(((await told.json()) as any).code).toBe(code);
      expect(told.headers.get('x-valetkey-upstream')).toBeNull();
      expect((await records())[0]).toMatchObject({ outcome });
    },
  );

  it('breaks off in the middle: so does the answer, and the record says so', async () => {
    const { call, records } = await callable();
    answers.set('/half', (request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain', 'content-length': '200000' });
      response.write('x'.repeat(100_000));
      setTimeout(() => request.socket.destroy(), 50);
    });
    const answer = await call('/half');
    const text = await rest(answer.body?.getReader() as ReadableStreamDefaultReader<Uint8Array>);
    expect(text).toMatch(/\[broken\]$/);
    await expect.poll(async () => (await records())[0]?.reason, { timeout: PATIENCE_MS }).toBe('provider');
  });
});
