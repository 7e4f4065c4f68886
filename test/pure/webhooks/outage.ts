/**
 * One endpoint that is down for a while, and the accounts that have something for it, played with the room's decisions.
 * Storage, clock and network are a row, a queue of instants and a function; what is decided is decided by the room.
 */
import {
  afterFailure,
  afterSuccess,
  drainTimes,
  HEALTHY,
  mayProbe,
  takeProbe,
  type EndpointHealth,
} from '#webhooks/endpoint-health.ts';
import { planDeliveries, type PlannedDelivery } from '#webhooks/plan-deliveries.ts';
import { nextAttempt } from '#webhooks/retry.ts';
import { drawsOf, NOW, SECOND } from './given.ts';

export interface Outage {
  readonly accounts: number;
  readonly eventsEach: number;
  /** Events are made evenly over this time, from the start of the outage. */
  readonly eventsForMs: number;
  readonly downForMs: number;
  /** Whether the endpoint, while down, hangs until the limit or refuses at once. */
  readonly hangs: boolean;
  /** Deliveries that the endpoint refuses for ever, also when it is back. */
  readonly poisoned?: (id: string) => boolean;
  /** Play until then. */
  readonly untilMs: number;
}

export interface Told {
  /** Delivery id → when it was delivered, from the start of the outage. */
  readonly delivered: ReadonlyMap<string, number>;
  readonly failed: readonly string[];
  /** Every request that the endpoint saw: when it left. */
  readonly requests: readonly { readonly id: string; readonly atMs: number }[];
  readonly most: { readonly waiting: number };
}

type Row = { -readonly [K in keyof PlannedDelivery]: PlannedDelivery[K] } & {
  tries: number;
  counted: boolean;
};

interface Account {
  readonly rows: Map<string, Row>;
  wakeAtMs: number;
  sawFailing: boolean;
}

/** Instants in their order: a binary heap. */
class Instants {
  readonly #heap: { atMs: number; act: () => void }[] = [];

  add(atMs: number, act: () => void): void {
    const heap = this.#heap;
    let place = heap.push({ atMs, act }) - 1;
    while (place > 0 && (heap[(place - 1) >> 1]?.atMs ?? 0) > atMs) {
      const parent = (place - 1) >> 1;
      this.#swap(place, parent);
      place = parent;
    }
  }

  take(): { atMs: number; act: () => void } | undefined {
    const heap = this.#heap;
    this.#swap(0, heap.length - 1);
    const first = heap.pop();
    for (let place = 0; ;) {
      let least = place;
      for (const child of [2 * place + 1, 2 * place + 2]) {
        if ((heap[child]?.atMs ?? Infinity) < (heap[least]?.atMs ?? Infinity)) least = child;
      }
      if (least === place) return first;
      this.#swap(place, least);
      place = least;
    }
  }

  #swap(left: number, right: number): void {
    const [one, other] = [this.#heap[left], this.#heap[right]];
    if (one === undefined || other === undefined) return;
    this.#heap[left] = other;
    this.#heap[right] = one;
  }
}

export function playOutage(outage: Outage, seed = 1): Told {
  const random = drawsOf(seed);
  const instants = new Instants();
  const delivered = new Map<string, number>();
  const failed: string[] = [];
  const requests: { id: string; atMs: number }[] = [];
  let health: EndpointHealth = HEALTHY;
  let mostWaiting = 0;

  const wake = (account: Account, nowMs: number): void => {
    const waiting = () => [...account.rows.values()].filter(({ inFlight }) => !inFlight);
    if (health.status === 'failing') {
      const fresh = waiting().filter(({ counted }) => !counted);
      for (const row of fresh) row.counted = true;
      health = { ...health, waiting: health.waiting + fresh.length };
      mostWaiting = Math.max(mostWaiting, health.waiting);
    } else if (account.sawFailing) {
      const own = waiting().toSorted((left, right) => left.createdAtMs - right.createdAtMs);
      const { atMs, takenUntilMs } = drainTimes({
        takenUntilMs: health.drainFromMs,
        own: own.length,
        nowMs,
      });
      health = { ...health, drainFromMs: takenUntilMs };
      own.forEach((row, index) => {
        row.dueAtMs = atMs[index] ?? nowMs;
        row.counted = false;
      });
    }
    account.sawFailing = health.status === 'failing';
    const endpoint = { ...health, lastOk: health.status === 'active' && health.failingSinceMs === null };
    const plan = planDeliveries({
      nowMs,
      deliveries: [...account.rows.values()],
      endpoints: new Map([['we', endpoint]]),
      random,
    });
    for (const id of plan.giveUp) {
      account.rows.delete(id);
      failed.push(id);
    }
    for (const id of plan.start) {
      const row = account.rows.get(id);
      if (row === undefined) throw new Error(`no such row: ${id}`);
      const probe = plan.probes.includes(id);
      if (probe && !mayProbe(health, nowMs)) continue;
      if (probe) health = takeProbe(health, nowMs);
      attempt(account, row, probe, nowMs);
    }
    if (plan.wakeAtMs !== null) sleep(account, plan.wakeAtMs);
  };

  const sleep = (account: Account, untilMs: number): void => {
    account.wakeAtMs = untilMs;
    instants.add(untilMs, () => {
      if (account.wakeAtMs === untilMs) wake(account, untilMs);
    });
  };

  const attempt = (account: Account, row: Row, probe: boolean, nowMs: number): void => {
    row.inFlight = true;
    requests.push({ id: row.id, atMs: nowMs - NOW });
    if (requests.length > 50_000) throw new Error('the endpoint is asked without end');
    const down = nowMs - NOW < outage.downForMs;
    const refused = down || (outage.poisoned?.(row.id) ?? false);
    const endMs = nowMs + (down && outage.hangs ? 15 * SECOND : 50);
    instants.add(endMs, () => {
      row.inFlight = false;
      health = refused ? afterFailure(health, endMs) : afterSuccess(health, endMs);
      if (!refused) {
        if (delivered.has(row.id)) throw new Error(`delivered twice: ${row.id}`);
        delivered.set(row.id, endMs - NOW);
        account.rows.delete(row.id);
      } else if (probe) row.probedAtMs = endMs;
      else {
        row.tries += 1;
        const next = nextAttempt({ attempts: row.tries, nowMs: endMs, random });
        if (next.kind === 'retry') row.dueAtMs = next.atMs;
        else {
          account.rows.delete(row.id);
          failed.push(row.id);
        }
      }
      sleep(account, endMs);
    });
  };

  for (let index = 0; index < outage.accounts; index += 1) {
    const account: Account = { rows: new Map(), wakeAtMs: Infinity, sawFailing: false };
    for (let event = 0; event < outage.eventsEach; event += 1) {
      const atMs = NOW + Math.floor(((event + random()) / outage.eventsEach) * outage.eventsForMs);
      const id = `${index}/${event}`;
      const row = { id, endpoint: 'we', dueAtMs: atMs, createdAtMs: atMs, probedAtMs: null };
      instants.add(atMs, () => {
        account.rows.set(id, { ...row, inFlight: false, tries: 0, counted: false });
        wake(account, atMs);
      });
    }
  }
  for (let next = instants.take(); next !== undefined; next = instants.take()) {
    if (next.atMs - NOW > outage.untilMs) break;
    next.act();
  }
  return { delivered, failed, requests, most: { waiting: mostWaiting } };
}
