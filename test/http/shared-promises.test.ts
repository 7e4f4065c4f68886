/**
 * What the platform makes of a request that waits for a promise of another request: with a timer of its own beside it,
 * it is served, as itself. The isolate's memory of agents rests on that (`src/callers/record-cache.ts`). Without the
 * timer the platform takes some of them for hung (seen with 64 connections: 84 of 2,152), so nothing waits so.
 */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort, runBroker, type RunningBroker } from '../../src/dev/engine/broker.ts';

const CONNECTIONS = 64;
const REQUESTS = 3_000;

/** Whoever comes while a call is on its way waits for that call, and then calls by itself. */
const WORKER = `
import { DurableObject } from 'cloudflare:workers';
class Plain extends DurableObject {
  many(names) { return names.map((name) => 'for ' + name); }
  echo(name) { return name; }
}
export class ConnectedAccount extends Plain {}
export class Agent extends Plain {}
let line = null;
const object = (env) => env.ACCOUNTS.getByName('x');
async function within(ms, work) {
  let timer;
  const late = new Promise((resolve) => { timer = setTimeout(() => resolve('late'), ms); });
  try { return await Promise.race([work, late]); } finally { clearTimeout(timer); }
}
export default {
  async fetch(request, env) {
    const name = new URL(request.url).searchParams.get('name');
    let own = line;
    if (own === null) {
      own = { names: [], call: null };
      own.call = (async () => {
        await new Promise((resolve) => setTimeout(resolve, 1));
        line = null;
        return object(env).many(own.names);
      })();
      line = own;
    }
    const place = own.names.push(name) - 1;
    const told = await within(10_000, own.call);
    const after = await object(env).echo(name);
    return Response.json({ told: told === 'late' ? told : told[place], after });
  },
};`;

let folder: string;
let running: RunningBroker;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'valetkey-shared-'));
  await writeFile(path.join(folder, 'worker.mjs'), WORKER);
  const options = { persistTo: path.join(folder, 'data'), settings: {} };
  running = await runBroker({ ...options, port: await freePort(), entry: path.join(folder, 'worker.mjs') });
});
afterAll(async () => {
  await running.stop();
  await rm(folder, { recursive: true, force: true });
});

const agent = new http.Agent({ keepAlive: true, maxSockets: CONNECTIONS });

function get(name: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const asked = http.get(`${running.url}/?name=${name}`, { agent }, (answer) => {
      let body = '';
      answer.on('data', (chunk: Buffer) => (body += chunk.toString('utf8')));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }));
    });
    asked.on('error', reject);
  });
}

it('a request that waits for another’s promise beside a timer of its own is served, as itself', async () => {
  const wrong: string[] = [];
  let sent = 0;
  const loop = async (): Promise<void> => {
    while (sent < REQUESTS) {
      sent += 1;
      const name = `n${sent}`;
      const { status, body } = await get(name);
      const isRight = status === 200 && body === JSON.stringify({ told: `for ${name}`, after: name });
      if (!isRight) wrong.push(`${status} ${body.slice(0, 100)}`);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, loop));
  expect(wrong).toEqual([]);
});
