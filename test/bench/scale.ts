/**
 * `npm run bench:scale`: what becomes of a deployment that grows. One broker gets as many accounts as each size says, one
 * size after the other; at each are measured how fast they were made, the memory of the engine, the disk, how fast
 * accounts answer whose objects have left memory, and lists: the first page, one deep inside, and a filter. Nothing is
 * asserted, and the figures are of this machine: what counts is how they change from size to size.
 *
 * `npm run bench:scale -- 1000 10000` or `SIZES=1000,10000`; without either 1,000, 10,000 and 50,000.
 */

import { randomBytes } from 'node:crypto';
import { lstat, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runBroker, type RunningBroker } from '../../src/dev/engine/broker.ts';
import { call, client } from '../support/callers.ts';
import { enginePids, residentBytes } from './engine.ts';

const AT_ONCE = 32;
/** Accounts that are fetched cold at each size. */
const FETCHED = Number(process.env['FETCHED'] ?? 500);
/** How often each list is asked for. */
const ASKED = 30;
const PAGE = 100;

const given = process.argv.slice(2).filter((word) => /^\d+$/.test(word));
const SIZES = (given.length > 0 ? given : (process.env['SIZES'] ?? '1000,10000,50000').split(','))
  .map(Number)
  .toSorted((a, b) => a - b);

const folder = await mkdtemp(path.join(tmpdir(), 'valetkey-scale-'));
const adminKey = randomBytes(24).toString('hex');
const settings = {
  ADMIN_KEY: adminKey,
  MASTER_KEYS: `k1:${randomBytes(32).toString('base64')}`,
  ALLOW_LOOPBACK: 'true',
  LOG_LEVEL: 'warn',
};
const start = (): Promise<RunningBroker> => runBroker({ port: 0, persistTo: folder, settings });

let broker = await start();
try {
  await growth();
} finally {
  await broker.stop();
  await rm(folder, { recursive: true, force: true });
}

async function growth(): Promise<void> {
  const policy = { rules: [{ connection: '*', identifiers: ['*'] }] };
  const hired = await operator().post('/v1/agents', { id: 'bench', policy, key: true });
  const key = String(hired.body.key);
  console.log(
    `${AT_ONCE} requests at once; ${FETCHED} cold fetches; lists ${PAGE} a page, medians of ${ASKED}\n`,
  );
  print([
    'accounts',
    'made/s',
    'engine',
    'at rest',
    'disk',
    'each',
    'cold/s',
    'cold p50',
    'first page',
    'deep page',
    'filter',
  ]);
  let made = 0;
  for (const size of SIZES) {
    const perSecond = await create(made, size);
    made = size;
    const grown = await residentBytes(await enginePids());
    const bytes = await bytesUnder(folder);
    // With the engine all objects leave memory.
    await broker.stop();
    broker = await start();
    const asleep = await residentBytes(await enginePids());
    const cold = await fetchCold(key, size);
    const lists = [await firstPage(), await deepPage(size), await filtered(size)];
    print([
      size.toLocaleString('en'),
      perSecond.toFixed(0),
      megabytes(grown),
      megabytes(asleep),
      megabytes(bytes),
      `${(bytes / size / 1024).toFixed(1)} KB`,
      cold.perSecond.toFixed(0),
      milliseconds(cold.medianMs),
      ...lists.map(milliseconds),
    ]);
  }
}

function operator(): ReturnType<typeof client> {
  return client(broker.url, adminKey);
}

/** Accounts from `from` up to `to`, each an imported API key; how many a second. */
async function create(from: number, to: number): Promise<number> {
  const startedAt = performance.now();
  await atOnce(from, to, async (n) => {
    const body = { api_key: 'k'.repeat(40) };
    const { status, text } = await operator().put(`/v1/credentials/bench?identifier=user-${n}`, body);
    if (status !== 201) throw new Error(`account ${n} was not made: ${status} ${text}`);
  });
  return (to - from) / ((performance.now() - startedAt) / 1000);
}

/** Accounts from all over, each once. */
async function fetchCold(key: string, size: number): Promise<{ perSecond: number; medianMs: number }> {
  const count = Math.min(FETCHED, size);
  const step = size / count;
  // The agent and the connection are warm.
  await call('GET', `${broker.url}/v1/agents/bench/credentials/bench?identifier=nobody`, { key });
  const times: number[] = [];
  const startedAt = performance.now();
  await atOnce(0, count, async (n) => {
    const before = performance.now();
    const url = `${broker.url}/v1/agents/bench/credentials/bench?identifier=user-${Math.floor(n * step)}`;
    const { status } = await call('GET', url, { key });
    if (status !== 200) throw new Error(`a cold fetch was answered ${status}`);
    times.push(performance.now() - before);
  });
  return { perSecond: count / ((performance.now() - startedAt) / 1000), medianMs: median(times) };
}

async function atOnce(from: number, to: number, work: (n: number) => Promise<void>): Promise<void> {
  let next = from;
  const line = async (): Promise<void> => {
    for (let n = next++; n < to; n = next++) await work(n);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, line));
}

async function page(query: string): Promise<{ tookMs: number; found: number; next: string | null }> {
  const before = performance.now();
  const { status, body, text } = await operator().get(`/v1/connected-accounts?limit=${PAGE}${query}`);
  const tookMs = performance.now() - before;
  if (status !== 200) throw new Error(`a list was answered ${status}: ${text}`);
  return { tookMs, found: body.data.length, next: body.next_cursor };
}

async function often(query: string): Promise<number> {
  const times: number[] = [];
  for (let n = 0; n < ASKED; n += 1) times.push((await page(query)).tookMs);
  return median(times);
}

function firstPage(): Promise<number> {
  return often('');
}

/** The page that begins behind nine tenths of the accounts. */
async function deepPage(size: number): Promise<number> {
  let cursor: string | null = null;
  for (let seen = 0; seen < size * 0.9;) {
    const { found, next } = await page(cursor === null ? '' : `&cursor=${cursor}`);
    seen += found;
    if (next === null && seen < size * 0.9) throw new Error(`the index has ${seen} of ${size} accounts`);
    if (next === null) break;
    cursor = next;
  }
  return often(cursor === null ? '' : `&cursor=${cursor}`);
}

/** One account by its connection, status and identifier. */
function filtered(size: number): Promise<number> {
  return often(`&connection=bench&status=active&identifier=user-${Math.floor(size / 2)}`);
}

async function bytesUnder(home: string): Promise<number> {
  const files = await readdir(home, { recursive: true, withFileTypes: true });
  let bytes = 0;
  for (const file of files) {
    if (!file.isFile()) continue;
    const stat = await lstat(path.join(file.parentPath, file.name)).catch(() => null);
    bytes += (stat?.blocks ?? 0) * 512;
  }
  return bytes;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function megabytes(bytes: number): string {
  return Number.isNaN(bytes) ? '–' : `${(bytes / 1024 / 1024).toFixed(0)} MB`;
}

function milliseconds(ms: number): string {
  return `${ms.toFixed(1)} ms`;
}

function print(cells: readonly string[]): void {
  console.log(cells.map((cell) => cell.padStart(11)).join(''));
}
