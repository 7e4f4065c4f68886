/**
 * A provider that is away for an hour, played with the decisions that run: the schedule, the gate, the lease of the
 * probe, the reports, the backoff. Only storage and network are left out, so every write of the directory wins at once.
 *
 * Each account has its timer, and an agent that needs its token: while the token has ended the agent asks again at
 * every `Retry-After`. A call takes a third of a second. Buckets are ten seconds, from the provider's return until the
 * last of those who waited is back; what accounts do by their usual schedule meanwhile is counted with them.
 */
import { describe, expect, it } from 'vitest';
import {
  afterReport,
  gateOf,
  healthyFrom,
  lookAgainAtMs,
  shareOf,
  takeProbe,
  type ConnectionHealth,
  type HealthNews,
} from '#refresh/standing/connection-health.ts';
import { healthReportOf, type EndedAttempt } from '#refresh/standing/health-report.ts';
import { accessLives, waitForAttemptMs, type GrantTimes } from '#refresh/lifetimes.ts';
import { planRefresh } from '#refresh/schedule.ts';
import { planSettle, type OutcomeSummary } from '#refresh/exchange/settle-plan.ts';
import { grant, HOUR, MINUTE, NOW, SECOND, seededRandom } from './given.ts';

const CALL_MS = 333;
const BUCKET_MS = 10 * SECOND;

interface Account {
  readonly id: string;
  row: GrantTimes & { failures: number; unknown: null };
  recent: EndedAttempt[];
  waited: boolean;
}

/** Earliest first; what was put off is dropped when it comes up, by its number. */
class Queue {
  readonly #heap: { atMs: number; account: number; agent: boolean }[] = [];

  push(item: { atMs: number; account: number; agent: boolean }): void {
    const heap = this.#heap;
    heap.push(item);
    for (let n = heap.length - 1; n > 0;) {
      const parent = (n - 1) >> 1;
      if (heap[parent]!.atMs <= heap[n]!.atMs) break;
      [heap[parent], heap[n]] = [heap[n]!, heap[parent]!];
      n = parent;
    }
  }

  pop(): { atMs: number; account: number; agent: boolean } | undefined {
    const heap = this.#heap;
    const [first] = heap;
    const last = heap.pop();
    if (heap.length === 0 || last === undefined) return first;
    heap[0] = last;
    for (let n = 0; ;) {
      const [left, right] = [2 * n + 1, 2 * n + 2];
      let least = n;
      if (left < heap.length && heap[left]!.atMs < heap[least]!.atMs) least = left;
      if (right < heap.length && heap[right]!.atMs < heap[least]!.atMs) least = right;
      if (least === n) return first;
      [heap[least], heap[n]] = [heap[n]!, heap[least]!];
      n = least;
    }
  }
}

interface Played {
  /** When each call left, in order. */
  readonly calls: number[];
  readonly news: HealthNews[];
  /** Of those whose token had ended when the provider came back: when they had one again. */
  readonly backAtMs: number[];
  readonly waiting: number;
}

/** From `NOW` until `untilMs`; the provider is away in between. */
function play(input: {
  accounts: number;
  lifetimeMs: number;
  away: { fromMs: number; toMs: number } | null;
  untilMs: number;
  seed: number;
}): Played {
  const { lifetimeMs, away, untilMs } = input;
  const random = seededRandom(input.seed);
  const queue = new Queue();
  const calls: number[] = [];
  const news: HealthNews[] = [];
  const backAtMs: number[] = [];
  let health: ConnectionHealth = healthyFrom(NOW - HOUR);

  const letters = 'abcdefghijklmnopqrstuvwxyz234567';
  const accounts = Array.from({ length: input.accounts }, (): Account => {
    const tokenAtMs = NOW - Math.floor(random() * 0.7 * lifetimeMs);
    const id = Array.from({ length: 8 }, () => letters[Math.floor(random() * 32)]).join('');
    const times = { tokenAtMs, lastAttemptStartedAtMs: tokenAtMs, lifetimeMs };
    const row = grant({ ...times, accessExpiresAtMs: tokenAtMs + lifetimeMs, cycle: 3 });
    return { id, row: { ...row, failures: 0, unknown: null }, recent: [], waited: false };
  });

  const arm = (index: number, nowMs: number): void => {
    const { row } = accounts[index]!;
    const mode = { kind: 'proactive' } as const;
    const facts = { nowMs, grant: row, mode, lastUsedAtMs: nowMs, createdAtMs: NOW };
    const planned = planRefresh({ ...facts, defaultLifetimeMs: HOUR, random });
    if (planned !== null) push(index, planned.dueAtMs);
  };
  const due = new Array<number>(accounts.length).fill(Infinity);
  const push = (account: number, atMs: number): void => {
    due[account] = atMs;
    queue.push({ atMs, account, agent: false });
  };
  const ask = (account: number, atMs: number): void => queue.push({ atMs, account, agent: true });

  const report = (account: Account, summary: OutcomeSummary, nowMs: number): void => {
    const settled = { summary, narrowedTo: null, evidence: [], connectionVersion: 1 };
    const said = healthReportOf(settled, { nowMs, account: account.id, recent: account.recent });
    if (said === null) return;
    const after = afterReport(health, said, {
      nowMs,
      version: 1,
      client: 'client',
      accounts: accounts.length,
      perSecond: null,
    });
    health = after.health;
    if (after.news !== null) news.push(after.news);
  };

  const call = (account: Account, nowMs: number, probe: boolean): void => {
    calls.push(nowMs);
    const endedAtMs = nowMs + CALL_MS;
    const { row } = account;
    const works = away === null || nowMs < away.fromMs || nowMs >= away.toMs;
    const summary: OutcomeSummary = {
      outcome: works ? 'refreshed' : 'transient',
      doubt: !works,
      retryAfterMs: null,
      providerError: null,
      reason: null,
    };
    const rotation = { rotating: false, graceMs: null };
    const attempt = { nowMs: endedAtMs, outcome: summary, rotation, attemptStartedAtMs: nowMs };
    const plan = planSettle({ ...attempt, grant: row, probe, random });
    account.recent = [{ outcome: summary.outcome, reason: null, endedAtMs }, ...account.recent].slice(0, 3);
    if (works) {
      const times = {
        tokenAtMs: nowMs,
        lastAttemptStartedAtMs: nowMs,
        accessExpiresAtMs: nowMs + lifetimeMs,
      };
      const cycle = account.waited ? 0 : row.cycle + 1;
      account.row = { ...row, ...times, cycle, failures: 0, nextAttemptAtMs: null };
      if (away !== null && nowMs >= away.toMs && account.waited) backAtMs.push(endedAtMs);
      account.waited = false;
    } else {
      const { failures, nextAttemptAtMs } = plan;
      account.row = { ...row, lastAttemptStartedAtMs: nowMs, failures, nextAttemptAtMs };
    }
    report(account, summary, endedAtMs);
  };

  for (let index = 0; index < accounts.length; index += 1) {
    arm(index, NOW);
    ask(index, accounts[index]!.row.accessExpiresAtMs ?? NOW);
  }
  for (let item = queue.pop(); item !== undefined && item.atMs < untilMs; item = queue.pop()) {
    const { atMs: nowMs, account: index, agent } = item;
    const account = accounts[index]!;
    if (!agent && due[index] !== nowMs) continue;
    const lives = accessLives(account.row, nowMs);
    if (agent && lives) {
      ask(index, account.row.accessExpiresAtMs ?? Infinity);
      continue;
    }
    if (!lives) account.waited = true;
    const ownMs = waitForAttemptMs(account.row, nowMs, false);
    if (ownMs > 0) {
      if (agent) ask(index, nowMs + Math.ceil(ownMs / SECOND) * SECOND);
      else push(index, nowMs + ownMs);
      continue;
    }
    const share = shareOf(account.id, health.sinceMs);
    const gate = gateOf(health, {
      nowMs,
      version: 1,
      account: account.id,
      othersCanProbe: true,
      probedInVain: false,
      share,
      tokenEndsAtMs: account.row.accessExpiresAtMs,
    });
    if (gate.kind === 'wait') {
      if (agent) ask(index, nowMs + Math.max(1, Math.ceil((gate.untilMs - nowMs) / SECOND)) * SECOND);
      else push(index, lookAgainAtMs(health, gate, random));
      continue;
    }
    if (gate.kind === 'probe') health = takeProbe(health, nowMs) ?? health;
    call(account, nowMs, gate.kind === 'probe');
    arm(index, nowMs + CALL_MS);
    if (agent) ask(index, nowMs + SECOND);
  }
  const waiting = backAtMs.length + accounts.filter(({ waited }) => waited).length;
  return { calls, news, backAtMs, waiting };
}

const within = (times: readonly number[], fromMs: number, toMs: number): number[] =>
  times.filter((atMs) => atMs >= fromMs && atMs < toMs);

describe.each([
  [500, HOUR, [1, 2, 3]],
  [500, 5 * MINUTE, [4, 5, 6]],
  [10_000, HOUR, [7]],
])(
  '%d accounts with tokens of %d ms, and a provider that is away for an hour',
  (accounts, lifetimeMs, seeds) => {
    const away = { fromMs: NOW + HOUR, toMs: NOW + 2 * HOUR };
    const untilMs = away.toMs + 2 * HOUR;

    it.each(seeds)('costs little, is told once, and leaves nobody behind (seed %d)', (seed) => {
      const usual = play({ accounts, lifetimeMs, away: null, untilMs, seed });
      const played = play({ accounts, lifetimeMs, away, untilMs, seed });
      expect(usual.news).toEqual([]);
      expect(played.news).toEqual(['connection.outage', 'connection.recovered']);

      const usualCalls = within(usual.calls, away.fromMs, away.toMs).length;
      const callsAway = within(played.calls, away.fromMs, away.toMs).length;
      expect(callsAway).toBeLessThanOrEqual(2 * usualCalls);

      expect(played.waiting).toBeGreaterThan(0.9 * accounts);
      expect(played.backAtMs).toHaveLength(played.waiting);
      const lastBackAtMs = played.backAtMs.reduce((last, atMs) => Math.max(last, atMs), 0);
      expect(lastBackAtMs - away.toMs).toBeLessThan(10 * MINUTE);

      const firstBackAtMs = played.backAtMs.reduce((first, atMs) => Math.min(first, atMs), Infinity);
      expect(firstBackAtMs - away.toMs).toBeLessThan(90 * SECOND);
      const back = within(played.calls, firstBackAtMs, lastBackAtMs);
      const buckets = new Array<number>(Math.ceil((lastBackAtMs - firstBackAtMs) / BUCKET_MS)).fill(0);
      for (const atMs of back) {
        const bucket = Math.floor((atMs - firstBackAtMs) / BUCKET_MS);
        buckets[bucket] = (buckets[bucket] ?? 0) + 1;
      }
      const peakToMean = Math.max(...buckets) / (back.length / buckets.length);
      expect(peakToMean).toBeLessThanOrEqual(3);
    });
  },
);
