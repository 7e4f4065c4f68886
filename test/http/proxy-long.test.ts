/** What takes the proxy long: bodies of 100 MB in flat memory, events over a minute, a proof that grows old meanwhile. */

import { readdir, readFile, readlink } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startOAuthServer, type OAuthServer } from '../../src/dev/oauth/server.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { call as ask } from '../support/callers.ts';
import { heldKey, keyProof } from '../support/key-proofs.ts';
import { name, world, type World } from '../support/world.ts';

let provider: OAuthServer;
let broker: TestBroker;
let w: World;
let api: Server;
let base: string;
/** Its process id. */
let engine: string;
let answer: (request: IncomingMessage, response: ServerResponse) => void;

beforeAll(async () => {
  provider = await startOAuthServer();
  broker = await startBroker({ ownProcess: true });
  engine = await listenerOf(Number(new URL(broker.url).port));
  w = world(broker, provider);
  api = createServer((request, response) => answer(request, response)).listen(0, '127.0.0.1');
  await once(api, 'listening');
  base = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await broker.dispose();
  await provider.close();
  api.closeAllConnections();
  api.close();
});

async function callable(accessTokenTtlS = 3600) {
  const connection = await w.connection({ api_base_urls: [base] });
  const grant = await provider.grant({ accessTokenTtlS });
  const id = await w.account(connection, name('user'), {
    access_token: grant.accessToken,
    refresh_token: grant.refreshToken,
    expires_in: accessTokenTtlS,
  });
  const agent = await w.agent({ rules: [{ connection, identifiers: ['*'] }] });
  const url = `${broker.url}/v1/connected-accounts/${id}/proxy/thing`;
  return { id, agent, url, headers: { authorization: `Bearer ${agent.key}` } };
}

/** The process that listens on this port, by the kernel's own tables. */
async function listenerOf(port: number): Promise<string> {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const lines = (await readFile('/proc/net/tcp', 'utf8')).split('\n').map((line) => line.trim().split(/\s+/));
  const inode = lines.find((cells) => cells[1]?.endsWith(wanted) === true && cells[3] === '0A')?.[9];
  for (const pid of (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry))) {
    const handles = await readdir(`/proc/${pid}/fd`).catch(() => []);
    for (const handle of handles) {
      const link = await readlink(`/proc/${pid}/fd/${handle}`).catch(() => '');
      if (link === `socket:[${inode}]`) return pid;
    }
  }
  throw new Error(`nobody listens on ${port}`);
}

/** Resident bytes of the engine. */
async function engineBytes(): Promise<number> {
  const pages = (await readFile(`/proc/${engine}/statm`, 'utf8')).split(' ')[1];
  return Number(pages) * 4096;
}

/** The most memory that the engine has held during the work, over what it held before. */
async function growthDuring(work: () => Promise<void>): Promise<number> {
  const before = await engineBytes();
  let most = before;
  const timer = setInterval(() => {
    void engineBytes().then((bytes) => (most = Math.max(most, bytes)));
  }, 100);
  await work();
  clearInterval(timer);
  return most - before;
}

const SIZE = 100 * 1024 * 1024;
const PART = new Uint8Array(256 * 1024).fill(97);
/** A body held in memory would be 100 MiB and more; what is not collected yet of one that streams is less. */
const FLAT = 84 * 1024 * 1024;

function stream(): ReadableStream<Uint8Array> {
  let sent = 0;
  return new ReadableStream<Uint8Array>({
    pull: (controller) => {
      if (sent >= SIZE) return controller.close();
      sent += PART.byteLength;
      return controller.enqueue(PART);
    },
  });
}

it('100 MiB go up, and the engine’s memory stays flat', async () => {
  const { url, headers } = await callable();
  answer = (request, response) => {
    let size = 0;
    request.on('data', (part: Buffer) => (size += part.length));
    request.on('end', () => response.end(String(size)));
  };
  const put = async () => {
    const init = { method: 'PUT', headers, body: stream(), duplex: 'half' } as const;
    expect(await (await fetch(url, init)).text()).toBe(String(SIZE));
  };
  await put();
  const growth = await growthDuring(put);
  console.log(`up: ${(growth / 1e6).toFixed(1)} MB`);
  expect(growth).toBeLessThan(FLAT);
});

it('100 MiB come down to an agent that reads slowly, and the engine’s memory stays flat', async () => {
  const { url, headers } = await callable();
  answer = (_request, response) => {
    let left = SIZE;
    const more = (): void => {
      while (left > 0) {
        left -= PART.byteLength;
        if (!response.write(PART)) return void response.once('drain', more);
      }
      response.end();
    };
    more();
  };
  const get = async () => {
    let size = 0;
    const { body } = await fetch(url, { headers });
    const reader = body?.getReader();
    for (;;) {
      const part = await reader?.read();
      if (part === undefined || part.done) break;
      size += part.value.byteLength;
      if (size % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(size).toBe(SIZE);
  };
  await get();
  const growth = await growthDuring(get);
  console.log(`down: ${(growth / 1e6).toFixed(1)} MB`);
  expect(growth).toBeLessThan(FLAT);
});

it('events come for a minute, over the end of the token that asked for them', async () => {
  const { id, url, headers } = await callable(45);
  const asked: (string | undefined)[] = [];
  answer = (request, response) => {
    asked.push(request.headers.authorization);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    let n = 0;
    const timer = setInterval(() => {
      n += 1;
      response.write(`data: ${n}\n\n`);
      if (n === 60) response.end();
    }, 1_000);
    response.on('close', () => clearInterval(timer));
  };
  const { body } = await fetch(url, { headers });
  const text = new Response(body).text();
  // Others make the broker renew the token meanwhile.
  const renewing = setInterval(() => {
    void fetch(`${broker.url}/v1/connected-accounts/${id}/token?min_ttl=40`, { headers });
  }, 10_000);
  const events = (await text).trim().split('\n\n');
  clearInterval(renewing);
  expect(events).toHaveLength(60);
  const { body: account } = await w.operator.get(`/v1/connected-accounts/${id}`);
  expect(account.status).toBe('active');
  const again = await fetch(url, { headers });
  await again.body?.cancel();
  expect(asked[1]).not.toBe(asked[0]);
});

it('a stream under a token that is bound to a key goes on when the proof that opened it has grown old', async () => {
  const { agent, url } = await callable();
  const key = await heldKey();
  const tokenUrl = `${broker.url}/oauth/token`;
  const fields = { grant_type: 'client_credentials', client_id: agent.id, client_secret: agent.key };
  const issued = await ask('POST', tokenUrl, {
    raw: new URLSearchParams(fields).toString(),
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      dpop: await keyProof(key, { method: 'POST', url: tokenUrl }),
    },
  });
  const token = String(issued.body.access_token);
  answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    let n = 0;
    const timer = setInterval(() => {
      n += 1;
      response.write(`data: ${n}\n\n`);
      if (n === 15) response.end();
    }, 1_000);
    response.on('close', () => clearInterval(timer));
  };
  // A proof is good for a minute: this one has ten seconds left.
  const iat = Math.floor(Date.now() / 1000) - 50;
  const proof = await keyProof(key, { method: 'GET', url, token }, { iat });
  const headers = { authorization: `DPoP ${token}`, dpop: proof };
  const { status, body } = await fetch(url, { headers });
  expect(status).toBe(200);
  expect((await new Response(body).text()).trim().split('\n\n')).toHaveLength(15);
  // Such a proof opens nothing a second time.
  expect((await fetch(url, { headers })).status).toBe(401);
});
