/**
 * `npm run bench -- --ceiling`: how near to the floor the broker's rules let anything come. The floor's shape with one
 * rule more at each step (`ceiling/worker.ts`), in one engine, measured in turn: the engine's time for each request, and
 * requests a second, as ratios to the floor. No broker that keeps the rules is above the last step. Nothing is asserted.
 */

import path from 'node:path';
import { runBroker, type RunningBroker } from '../../src/dev/engine/broker.ts';
import type { Step } from './ceiling/steps.ts';
import { cpuMs, enginePids } from './engine.ts';
import { load } from './load.ts';

const ROUNDS = Number(process.env['ROUNDS'] ?? 9);
const ROUND_MS = Number(process.env['ROUND_MS'] ?? 1000);
const ACCOUNTS = 100;
/** New objects in a round, and as many that wake. */
const SCATTERED = Number(process.env['SCATTERED'] ?? 100);
const AT_ONCE = 16;

interface Round {
  readonly cpuMs: number;
  readonly perSecond: number;
}

type Measure = (step: Step, round: number) => Promise<Round>;

/** @param folder empty */
export async function benchCeiling(folder: string): Promise<void> {
  const home = path.join(folder, 'ceiling');
  const entry = path.resolve(import.meta.dirname, 'ceiling/worker.ts');
  const others = await enginePids();
  const start = (): Promise<RunningBroker> => runBroker({ port: 0, persistTo: home, settings: {}, entry });
  let engine = await start();
  const pids = async (): Promise<number[]> => (await enginePids()).filter((pid) => !others.includes(pid));

  const measured = async (run: () => Promise<number>): Promise<Round> => {
    const [ours, startedAt] = [await pids(), performance.now()];
    const before = await cpuMs(ours);
    const count = await run();
    const tookS = (performance.now() - startedAt) / 1000;
    return { cpuMs: ((await cpuMs(ours)) - before) / count, perSecond: count / tookS };
  };
  /** Warm objects, or each object once: from its own range of names. */
  const warm =
    (connections: number): Measure =>
    (step) =>
      measured(async () => {
        const target = {
          port: engine.port,
          key: KEY,
          path: (n: number) => `/${step}/${step}-${n % ACCOUNTS}`,
        };
        return (await load(target, connections, ROUND_MS)).served;
      });
  const once =
    (names: (step: Step) => string): Measure =>
    (step, round) =>
      measured(async () => {
        let next = round * SCATTERED;
        const end = next + SCATTERED;
        const line = async (): Promise<void> => {
          for (let n = next++; n < end; n = next++) {
            const answer = await fetch(`${engine.url}/${step}/${names(step)}-${n}`);
            if (answer.status !== 200) throw new Error(`${step} answered ${answer.status}`);
            await answer.text();
          }
        };
        await Promise.all(Array.from({ length: AT_ONCE }, line));
        return SCATTERED;
      });

  try {
    for (const connections of [1, 16, 64])
      await ladder(
        `warm, ${connections} connections`,
        ['floor', 'asked', 'recorded', 'proved'],
        warm(connections),
      );
    await ladder(
      'new objects',
      ['floor', 'made'],
      once((step) => `new-${step === 'floor' ? 'floor' : 'made'}`),
    );
    await engine.stop();
    engine = await start();
    await ladder(
      'objects that wake',
      ['floor', 'kept'],
      once((step) => `new-${step === 'floor' ? 'floor' : 'made'}`),
    );
  } finally {
    await engine.stop();
  }
}

/** In the form of a key, so that every step parses as much. */
const KEY = `vk_agent_bench_${'a'.repeat(59)}`;

async function ladder(what: string, steps: readonly Step[], measure: Measure): Promise<void> {
  const rounds = new Map<Step, Round[]>(steps.map((step) => [step, []]));
  const isWarm = what.startsWith('warm');
  if (isWarm) for (const step of steps) await measure(step, 0);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (let n = 0; n < steps.length; n += 1) {
      const step = steps[(n + round) % steps.length];
      if (step !== undefined) rounds.get(step)?.push(await measure(step, round));
    }
  }
  const floor = rounds.get('floor') ?? [];
  console.log(
    `\n${what}: ${ROUNDS} rounds, medians\n      step   engine ms   its time, floor ÷ step   requests, step ÷ floor`,
  );
  for (const step of steps) {
    const own = rounds.get(step) ?? [];
    const cells = [
      step.padStart(10),
      median(own.map((round) => round.cpuMs))
        .toFixed(3)
        .padStart(11),
      median(own.map((round, n) => (floor[n]?.cpuMs ?? Number.NaN) / round.cpuMs))
        .toFixed(2)
        .padStart(24),
      median(own.map((round, n) => round.perSecond / (floor[n]?.perSecond ?? Number.NaN)))
        .toFixed(2)
        .padStart(24),
    ];
    console.log(cells.join(' '));
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
