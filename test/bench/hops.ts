/**
 * `npm run bench -- --hops`: what the object's pump is worth, where requests for one account share commits, near the
 * account and far away from it. One hot account, everything warm; the same broker as it is and without the pump, each
 * in a process of its own and measured in turn, round after round. What is taken out is replaced when the broker is
 * bundled here. Nothing is asserted.
 */

import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { build, type Plugin } from 'esbuild';
import { runBroker, type RunningBroker } from '../../src/dev/engine/broker.ts';
import { call } from '../support/callers.ts';
import { world } from '../support/world.ts';
import type { OAuthServer } from '../../src/dev/oauth/server.ts';
import { cpuMs, enginePids } from './engine.ts';
import { DISTANCE } from './hops/far.ts';
import { load, type Measured, type Target } from './load.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const ROUNDS = Number(process.env['ROUNDS'] ?? 5);
const ROUND_MS = Number(process.env['ROUND_MS'] ?? 2000);
const HOPS_MS = (process.env['HOPS_MS'] ?? '0,5,20,50').split(',').map(Number);
const CONNECTIONS = (process.env['CONNECTIONS'] ?? '1,16,64').split(',').map(Number);

/** A file of the product, by the end of its path, and what stands in its place. */
type Swap = readonly [file: string, instead: string];

const VARIANTS: readonly { readonly name: string; readonly swaps: readonly Swap[] }[] = [
  { name: 'as it is', swaps: [] },
  { name: 'no pump', swaps: [['door/pump.ts', 'hops/no-pump.ts']] },
];

function swapped(swaps: readonly Swap[]): Plugin {
  return {
    name: 'swapped',
    setup: ({ onResolve }) => {
      for (const [file, instead] of swaps) {
        onResolve({ filter: new RegExp(`/${file.replaceAll('.', '\\.')}$`) }, () => ({
          path: path.join(import.meta.dirname, instead),
        }));
      }
    },
  };
}

/** One module: the Worker of the product, far from its accounts. */
async function bundleTo(file: string, swaps: readonly Swap[]): Promise<void> {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    stdin: {
      contents: `
        import worker from './src/index.ts';
        import { far } from './test/bench/hops/far.ts';
        export * from './src/index.ts';
        export default far(worker);`,
      resolveDir: ROOT,
      loader: 'ts',
    },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'neutral',
    target: 'esnext',
    mainFields: ['module', 'main'],
    conditions: ['workerd', 'worker', 'browser', 'import'],
    external: ['cloudflare:*', 'node:*'],
    loader: { '.sql': 'text' },
    logLevel: 'error',
    plugins: [swapped(swaps)],
  });
  await writeFile(file, outputFiles[0]?.contents ?? '');
}

interface Round extends Measured {
  /** Of the engine. */
  readonly cpuMs: number;
}

interface Variant {
  readonly name: string;
  readonly broker: RunningBroker;
  readonly pids: readonly number[];
  readonly target: Target;
}

async function start(
  folder: string,
  provider: OAuthServer,
  name: string,
  swaps: readonly Swap[],
): Promise<Variant> {
  const home = path.join(folder, `hops-${name.replaceAll(' ', '-')}`);
  const entry = `${home}.mjs`;
  await bundleTo(entry, swaps);
  const adminKey = randomBytes(24).toString('hex');
  const others = await enginePids();
  const broker = await runBroker({
    port: 0,
    persistTo: home,
    settings: {
      ADMIN_KEY: adminKey,
      MASTER_KEYS: `k1:${randomBytes(32).toString('base64')}`,
      ALLOW_LOOPBACK: 'true',
      LOG_LEVEL: 'warn',
    },
    entry,
  });
  const pids = (await enginePids()).filter((pid) => !others.includes(pid));
  const w = world({ url: broker.url, adminKey }, provider);
  const connection = await w.connection();
  const agent = await w.agent({ rules: [{ connection, identifiers: ['*'] }] });
  const grant = await provider.grant();
  const id = await w.account(connection, 'hot', {
    refresh_token: grant.refreshToken,
    access_token: grant.accessToken,
    expires_in: 86_400,
  });
  const target = { port: broker.port, key: agent.key, path: () => `/v1/connected-accounts/${id}/token` };
  return { name, broker, pids, target };
}

/** @param folder empty */
export async function benchHops(folder: string, provider: OAuthServer): Promise<void> {
  const variants: Variant[] = [];
  try {
    for (const { name, swaps } of VARIANTS) variants.push(await start(folder, provider, name, swaps));
    console.log(
      `\none hot account; a hop of the Worker to it takes so much longer, half each way; ${ROUNDS} rounds of ${ROUND_MS} ms, medians over the rounds; p50 / p99 in ms, then the engine's time for each request in ms\n`,
    );
    console.log(
      ['hop', 'conns', ...variants.map(({ name }) => name)]
        .map((cell, n) => cell.padStart(n < 2 ? 6 : 29))
        .join(' '),
    );
    for (const hopMs of HOPS_MS) {
      for (const { broker } of variants)
        await call('PUT', `${broker.url}${DISTANCE}`, { raw: String(hopMs) });
      for (const connections of CONNECTIONS) await compare(variants, hopMs, connections);
    }
  } finally {
    for (const { broker } of variants) await broker.stop();
  }
}

async function compare(variants: readonly Variant[], hopMs: number, connections: number): Promise<void> {
  const rounds = new Map<string, Round[]>(variants.map(({ name }) => [name, []]));
  for (const { target } of variants) await load(target, connections, 500);
  for (let round = 0; round < ROUNDS; round += 1) {
    // Another one begins each time: what the first does to the machine is done to all.
    for (let n = 0; n < variants.length; n += 1) {
      const variant = variants[(n + round) % variants.length];
      if (variant === undefined) continue;
      const before = await cpuMs(variant.pids);
      const measured = await load(variant.target, connections, ROUND_MS);
      const took = (await cpuMs(variant.pids)) - before;
      rounds.get(variant.name)?.push({ ...measured, cpuMs: took });
    }
  }
  const cells = variants.map(({ name }) => shown(rounds.get(name) ?? []));
  console.log(
    [
      `${hopMs} ms`.padStart(6),
      String(connections).padStart(6),
      ...cells.map((cell) => cell.padStart(29)),
    ].join(' '),
  );
}

function shown(rounds: readonly Round[]): string {
  const of = (pick: (round: Round) => number): number => {
    const sorted = rounds.map(pick).toSorted((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  };
  const total = (pick: (round: Round) => number) => rounds.reduce((sum, round) => sum + pick(round), 0);
  const cpu = total(({ cpuMs: ms }) => ms) / total(({ served }) => served);
  const failures = rounds.reduce((sum, round) => sum + round.failures, 0);
  const failed = failures === 0 ? '' : `, ${failures} FAILED`;
  return `${of(({ perSecond }) => perSecond).toFixed(0)}/s ${of(({ medianMs }) => medianMs).toFixed(1)} / ${of(({ p99Ms }) => p99Ms).toFixed(1)} ${cpu.toFixed(2)}${failed}`;
}
