/**
 * What the crash tests share: kills that fall on a chosen instant of an exchange, questions that outlive a restart,
 * clients that count what they received. It knows the broker by HTTP and by its process group alone.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { OAuthServer, TokenCall } from '../../src/dev/oauth/server.ts';
import type { TestBroker } from './broker.ts';
import type { Client, Reply } from './callers.ts';

/**
 * About the time of a restart, so that a doubt is decided soon after it; two thirds of it are enough for forty
 * exchanges at once on two busy cores.
 */
export const CRASH_BUDGET_MS = 3_000;
/** With the time that the others take to arrive it is less than the two thirds of the budget after which the broker gives a call up and may make the next. */
const HELD_MS = 900;
const FIRST_MS = 15_000;
/** Longer than an outage that the cuts themselves may have opened: a probe after 30 s, and a minute to come back in. */
const DEFINITE_MS = 150_000;

/** Asks until something comes back; what is thrown (nobody listens yet) counts as nothing. @throws at the deadline */
export async function until<T>(
  what: string,
  ask: () => Promise<T | null | undefined | false>,
  limits: { deadlineMs?: number; everyMs?: number } = {},
): Promise<T> {
  const { deadlineMs = 30_000, everyMs = 150 } = limits;
  const endMs = Date.now() + deadlineMs;
  let last: unknown = null;
  for (;;) {
    try {
      const found = await ask();
      if (found !== null && found !== undefined && found !== false) return found;
    } catch (error) {
      last = error;
    }
    if (Date.now() > endMs) throw new Error(`${what}: not within ${deadlineMs} ms`, { cause: last });
    await sleep(everyMs);
  }
}

/** The first answer that does not say "come again" (502, 503), asked for through a restart and through doubt. */
export function definite(what: string, ask: () => Promise<Reply>): Promise<Reply> {
  let last: Reply | null = null;
  const asked = async (): Promise<Reply | null> => {
    last = await ask();
    return last.status === 502 || last.status === 503 ? null : last;
  };
  return until(what, asked, { deadlineMs: DEFINITE_MS }).catch((error: unknown) => {
    throw new Error(`${what}; last answer ${last?.status}: ${last?.text}`, { cause: error });
  });
}

/** A request whose answer the kill may swallow: null then. */
export async function perhaps(work: Promise<Reply>): Promise<Reply | null> {
  return work.catch(() => null);
}

/** Where an exchange stands when the kill meets it. `received`: the provider has done nothing yet. */
export type Stage = 'received' | 'processed';

export interface Kill {
  /** Resolves when the process group is gone, with the exchanges that it cut: without an answer at that moment. */
  readonly done: Promise<TokenCall[]>;
}

/**
 * Kills the broker in the instant in which `count` exchanges have come to their stage: all are on the wire and none
 * goes on before the process group is gone. `stageOf` null: this request is let through. The provider holds no
 * exchange for longer than the broker waits for it: `HELD_MS` after the first the kill falls, however many have come.
 * @throws through `done` when none comes at all
 */
export function killWhenCut(
  provider: OAuthServer,
  broker: TestBroker,
  cut: { count: number; stageOf: (call: TokenCall) => Stage | null },
): Kill {
  const from = provider.calls.length;
  let there = 0;
  let begin: () => void = () => undefined;
  let fill: () => void = () => undefined;
  const first = new Promise<void>((resolve) => (begin = resolve));
  const full = new Promise<void>((resolve) => (fill = resolve));
  const done = (async () => {
    await Promise.race([first, sleep(FIRST_MS)]);
    if (there === 0) throw new Error('no exchange came to the stage at which it was to be cut');
    await Promise.race([full, sleep(HELD_MS)]);
    return killNow(provider, broker, from);
  })();
  const hook = (stage: Stage) => async (call: TokenCall) => {
    if (cut.stageOf(call) !== stage) return;
    there += 1;
    begin();
    if (there >= cut.count) fill();
    await done;
  };
  const ends = [provider.onReceived(hook('received')), provider.onProcessed(hook('processed'))];
  return { done: done.finally(() => ends.forEach((end) => end())) };
}

/** Kills at an instant that means nothing to the provider. */
export function killAfter(provider: OAuthServer, broker: TestBroker, ms: number): Kill {
  const from = provider.calls.length;
  return { done: sleep(ms).then(() => killNow(provider, broker, from)) };
}

/** Kills so long after the provider has got the first exchange: on a busy machine that is sooner or later. */
export function killAfterFirst(provider: OAuthServer, broker: TestBroker, ms: number): Kill {
  const from = provider.calls.length;
  let begin: () => void = () => undefined;
  const first = new Promise<void>((resolve) => (begin = resolve));
  const end = provider.onReceived(() => begin());
  const done = Promise.race([first, sleep(FIRST_MS)])
    .then(() => sleep(ms))
    .then(() => killNow(provider, broker, from));
  return { done: done.finally(end) };
}

async function killNow(provider: OAuthServer, broker: TestBroker, from: number): Promise<TokenCall[]> {
  const killed = broker.kill();
  const cut = provider.calls.slice(from).filter((call) => !call.answered);
  await killed;
  return cut;
}

/** Stretches the exchanges by up to 300 ms, each in its own way, so that a kill finds them at every stage. */
export function slowDown(provider: OAuthServer, random: () => number): void {
  for (let group = 0; group < 8; group += 1) {
    provider.faults.when(() => random() < 0.25, {
      delayBeforeMs: random() * 150,
      delayAfterMs: random() * 150,
    });
  }
}

/** The chain as the operator sees it; null where nothing was ever recorded under this id. */
export async function chainOf(
  operator: Client,
  accountId: string,
): Promise<{ intact: boolean; recorded: number } | null> {
  const reply = await operator.get(`/v1/connected-accounts/${accountId}/audit/verify`);
  if (reply.status === 404) return null;
  if (reply.status !== 200) throw new Error(`audit/verify answered ${reply.status}: ${reply.text}`);
  return { intact: reply.body.intact === true, recorded: Number(reply.body.head.seq) };
}

export interface Hammer {
  /** Answers that carried a token and arrived whole, by target. */
  readonly received: number[];
  /** Requests sent, by target. */
  readonly asked: number[];
  /** Resolves when every client has met the dead broker. */
  readonly ended: Promise<void>;
}

/** So many clients fetch without a pause, each from one target after the other, until their broker is gone. */
export function hammer(targets: readonly (() => Promise<Reply>)[], connections: number): Hammer {
  const received = targets.map(() => 0);
  const asked = targets.map(() => 0);
  const client = async (first: number): Promise<void> => {
    for (let n = first; ; n += 1) {
      const at = n % targets.length;
      asked[at] = (asked[at] ?? 0) + 1;
      const reply = await targets[at]?.();
      if (reply?.status === 200) received[at] = (received[at] ?? 0) + 1;
    }
  };
  const clients = Array.from({ length: connections }, (_, n) => client(n).catch(() => undefined));
  return {
    received,
    asked,
    ended: Promise.all(clients).then(() => undefined),
  };
}

/** How many of the tokens that clients hold have no record: by target, what was received beyond what is recorded. */
export function unrecorded(received: readonly number[], recorded: readonly number[]): number {
  return received.reduce((sum, count, at) => sum + Math.max(0, count - (recorded[at] ?? 0)), 0);
}

/** Numbers in [0, 1) that a failed run can be repeated with: the seed stands in the test's output. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    // mulberry32
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
