/**
 * What the local engine lets out by itself, whatever the Worker in it asks for: names that point to this machine are
 * resolved by the system, and no setting of the broker comes between.
 */

import { createServer, type Server } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runBroker, type RunningBroker } from '../../src/dev/engine/broker.ts';

const ENTRY = path.resolve(import.meta.dirname, '../support/fetch-entry.ts');

let target: Server;
let port: number;
let seen = 0;
const folders: string[] = [];

beforeAll(async () => {
  target = createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
    seen += 1;
    if (request.url === '/away') response.writeHead(302, { location: 'https://elsewhere.example/' });
    response.end('reached');
  });
  await new Promise<void>((resolve) => {
    target.listen(0, '127.0.0.1', resolve);
  });
  ({ port } = target.address() as AddressInfo);
});
afterAll(async () => {
  target.close();
  await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
});

async function engine(settings: Record<string, string>): Promise<RunningBroker> {
  const folder = await mkdtemp(path.join(tmpdir(), 'valetkey-'));
  folders.push(folder);
  return runBroker({ port: 0, persistTo: folder, settings, entry: ENTRY });
}

interface Reached {
  readonly status: number | null;
  readonly text: string;
  readonly location: string | null;
}

async function reach(from: RunningBroker, place: '' | 'object', url: string): Promise<Reached> {
  const answer = await fetch(`${from.url}/${place}?url=${encodeURIComponent(url)}`);
  return (await answer.json()) as Reached;
}

/** A name that the system resolves to loopback, and spellings of it. */
const inside = () => [
  `http://localhost:${port}/`,
  `http://127.0.0.1:${port}/`,
  `http://127.1.2.3:${port}/`,
  `http://0.0.0.0:${port}/`,
  `http://[::1]:${port}/`,
  `http://[::ffff:127.0.0.1]:${port}/`,
  `http://2130706433:${port}/`,
  'http://10.0.0.1:9/',
  'http://169.254.169.254/latest/meta-data/',
  'http://192.168.0.1:9/',
  'http://100.64.0.1:9/',
  'http://[fd00::1]:9/',
  'http://[64:ff9b::7f00:1]:9/',
  'http://[2002:7f00:1::]:9/',
];

describe('the engine of npm run serve', () => {
  it('connects to no address that is somebody’s own, for the Worker and its objects alike', async () => {
    const running = await engine({});
    try {
      seen = 0;
      for (const url of inside())
        for (const place of ['', 'object'] as const) {
          const { status, text } = await reach(running, place, url);
          expect([url, place, status]).toEqual([url, place, null]);
          expect(text).not.toContain('reached');
        }
      expect(seen).toBe(0);
    } finally {
      await running.stop();
    }
  });

  it('connects to loopback where ALLOW_LOOPBACK is on, and follows no redirect', async () => {
    const running = await engine({ ALLOW_LOOPBACK: 'true' });
    try {
      expect(await reach(running, '', `http://localhost:${port}/`)).toMatchObject({
        status: 200,
        text: 'reached',
      });
      expect(await reach(running, 'object', `http://127.0.0.1:${port}/away`)).toMatchObject({
        status: 302,
        location: 'https://elsewhere.example/',
      });
    } finally {
      await running.stop();
    }
  });
});
