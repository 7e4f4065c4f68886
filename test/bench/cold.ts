/**
 * `npm run bench -- --cold`: what scattered work costs. New accounts are imported, looked at on the disk, put to sleep with
 * the engine, and fetched once each; beside them the floor's objects, touched for the first time and then once more after
 * the same sleep. Both sides are measured in turn, portion after portion. Nothing is asserted.
 */

import { randomBytes } from 'node:crypto';
import { lstat, readdir } from 'node:fs/promises';
import path from 'node:path';
import { runBroker, type RunningBroker } from '../../src/dev/engine/broker.ts';
import { call, client } from '../support/callers.ts';

const ACCOUNTS = Number(process.env['ACCOUNTS'] ?? 3000);
const AT_ONCE = 32;
const PORTIONS = 6;

interface Pair {
  readonly floor: number;
  readonly ours: number;
}

type Touch = (n: number) => Promise<boolean>;

/** @param folder empty; of the size of some 200 KB per account */
export async function benchCold(folder: string): Promise<void> {
  const adminKey = randomBytes(24).toString('hex');
  const settings = {
    ADMIN_KEY: adminKey,
    MASTER_KEYS: `k1:${randomBytes(32).toString('base64')}`,
    ALLOW_LOOPBACK: 'true',
    LOG_LEVEL: 'warn',
  };
  const entry = path.resolve(import.meta.dirname, 'floor.ts');
  const [homes, start] = [
    { ours: path.join(folder, 'cold'), floor: path.join(folder, 'cold-floor') },
    async (): Promise<{ ours: RunningBroker; floor: RunningBroker }> => ({
      ours: await runBroker({ port: 0, persistTo: homes.ours, settings }),
      floor: await runBroker({ port: 0, persistTo: homes.floor, settings: {}, entry }),
    }),
  ];

  let { ours, floor } = await start();
  const operator = () => client(ours.url, adminKey);
  const policy = { rules: [{ connection: '*', identifiers: ['*'] }] };
  const hired = await operator().post('/v1/agents', { id: 'bench', policy, key: true });
  const key = String(hired.body.key);
  // The connection is made by the first import.
  await operator().put('/v1/credentials/bench?identifier=first', { api_key: 'k'.repeat(40) });

  const touchFloor: Touch = async (n) => (await call('GET', `${floor.url}/cold-${n}`)).status === 200;
  const imported = await inTurn(touchFloor, async (n) => {
    const body = { api_key: 'k'.repeat(40) };
    return (await operator().put(`/v1/credentials/bench?identifier=user-${n}`, body)).status === 201;
  });
  print('import, new accounts', imported);

  await Promise.all([ours.stop(), floor.stop()]);
  const kilobytes = (bytes: number) => `${(bytes / ACCOUNTS / 1024).toFixed(1)} KB`;
  for (const [what, part] of [
    ['database', /\.sqlite$/],
    ['log before its checkpoint', /-wal$/],
  ] as const) {
    const [floorBytes, oursBytes] = [await bytesUnder(homes.floor, part), await bytesUnder(homes.ours, part)];
    console.log(`disk, each, ${what}: floor ${kilobytes(floorBytes)}, ours ${kilobytes(oursBytes)}`);
  }

  ({ ours, floor } = await start());
  await call('GET', `${ours.url}/v1/agents/bench/credentials/bench?identifier=first`, { key });
  const fetched = await inTurn(touchFloor, async (n) => {
    const url = `${ours.url}/v1/agents/bench/credentials/bench?identifier=user-${n}`;
    return (await call('GET', url, { key })).status === 200;
  });
  print('fetch, cold accounts', fetched);
  await Promise.all([ours.stop(), floor.stop()]);
}

/** Each account once on both sides, `AT_ONCE` at a time; touches a second, portion by portion. */
async function inTurn(floor: Touch, ours: Touch): Promise<Pair[]> {
  const size = Math.floor(ACCOUNTS / PORTIONS);
  const pairs: Pair[] = [];
  for (let portion = 0; portion < PORTIONS; portion += 1) {
    const from = portion * size;
    const first = await perSecond(portion % 2 === 0 ? floor : ours, from, from + size);
    const second = await perSecond(portion % 2 === 0 ? ours : floor, from, from + size);
    pairs.push(portion % 2 === 0 ? { floor: first, ours: second } : { floor: second, ours: first });
  }
  return pairs;
}

async function perSecond(touch: Touch, from: number, to: number): Promise<number> {
  let next = from;
  const start = performance.now();
  const line = async (): Promise<void> => {
    for (let n = next++; n < to; n = next++) {
      if (!(await touch(n)))
        throw new Error(`request ${n} has failed: what follows would be a figure of failures`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, line));
  return (to - from) / ((performance.now() - start) / 1000);
}

async function bytesUnder(folder: string, part: RegExp): Promise<number> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const objects = files.filter(
    (file) => file.isFile() && part.test(file.name) && /ConnectedAccount/.test(file.parentPath),
  );
  const sizes = await Promise.all(objects.map(({ parentPath, name }) => lstat(path.join(parentPath, name))));
  return sizes.reduce((sum, { blocks }) => sum + blocks * 512, 0);
}

function print(what: string, pairs: readonly Pair[]): void {
  const of = (pick: (pair: Pair) => number): number => {
    const sorted = pairs.map(pick).toSorted((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  };
  console.log(
    `${what}, ${ACCOUNTS} of them, ${AT_ONCE} at once: floor ${of(({ floor }) => floor).toFixed(0)}/s, ours ${of(({ ours }) => ours).toFixed(0)}/s, ratio ${of(({ ours, floor }) => ours / floor).toFixed(2)}`,
  );
}
