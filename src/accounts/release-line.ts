/**
 * Requests of one isolate for the same account, sent together. Who comes while a call to the account is on its way waits
 * for it to return, at most two milliseconds, and then goes in one call with all who wait: the hop is what a fetch costs
 * most, and the account commits their records together. Who comes alone goes at once.
 *
 * Nobody's answer depends on another's request: one whose client has gone is overtaken by the next one's own timer, one
 * that cannot be answered at once (a refresh, a cold key) is told to go alone, and so is everyone after a failed call.
 */

import type { Config } from '#env.ts';
import { systemNow } from '#lib/clock.ts';
import { LruMap } from '#lib/lru.ts';
import type { ReleaseRequest, ReleaseResult } from './release-answer.ts';
import { accountStub } from './stub.ts';

/** How long a call may be on its way before those behind it go without waiting for its return. */
export const LINGER_MS = 2;
/** Who comes right after a common call has returned waits this long for company: where there was some there is more. */
export const GATHER_MS = 1;
/** A common call that has not come back is no longer waited for; whoever still wants an answer asks alone. */
const PATIENCE_MS = 5_000;
/** A line that is forgotten costs those in it the company of who comes later. */
const REMEMBERED = 1_000;
/** Requests in one call: each brings a context of a few hundred bytes. */
const MAX_TOGETHER = 128;

/** `lead`: send everybody who waits. `alone`: ask for yourself. */
type Turn = { readonly result: ReleaseResult } | 'lead' | 'alone';

interface Waiting {
  readonly request: ReleaseRequest;
  readonly sinceMs: number;
  readonly tell: (turn: Turn) => void;
}

interface Line {
  /** Who comes before this time waits: a call is on its way, or a common one has just returned. */
  openUntilMs: number;
  readonly waiting: Set<Waiting>;
}

/** What sends; the stub of the account, or a test's. */
export interface Senders {
  alone(request: ReleaseRequest): Promise<ReleaseResult>;
  /** Null for a request that has to come alone. */
  together(requests: readonly ReleaseRequest[]): Promise<readonly (ReleaseResult | null)[]>;
}

export class ReleaseLines {
  /** Of accounts that are being asked right now, or were a moment ago. */
  readonly #lines = new LruMap<string, Line>(REMEMBERED);

  /** @param waitUntil keeps the request's context until those who depend on it have their answers */
  async release(
    accountId: string,
    request: ReleaseRequest,
    send: Senders,
    waitUntil: (work: Promise<unknown>) => void,
  ): Promise<ReleaseResult> {
    const nowMs = systemNow();
    const line = this.#lines.get(accountId);
    const openMs = line === undefined ? 0 : line.openUntilMs - nowMs;
    if (line === undefined || openMs <= 0 || openMs > LINGER_MS)
      return this.#alone(accountId, request, send, nowMs);
    const turn = await this.#turn(line, request, nowMs, openMs);
    if (turn === 'alone') return send.alone(held(request, nowMs));
    if (turn !== 'lead') return turn.result;
    const sent = this.#together(accountId, line, { request, sinceMs: nowMs }, send);
    waitUntil(sent.catch(() => undefined));
    return (await sent) ?? send.alone(held(request, nowMs));
  }

  async #alone(
    accountId: string,
    request: ReleaseRequest,
    send: Senders,
    nowMs: number,
  ): Promise<ReleaseResult> {
    const line = this.#lines.get(accountId) ?? { openUntilMs: 0, waiting: new Set() };
    line.openUntilMs = nowMs + LINGER_MS;
    this.#lines.set(accountId, line);
    try {
      return await send.alone(request);
    } finally {
      this.#returned(accountId, line, 1);
    }
  }

  /** A call has come back: the first who waits leads the next one, or the line is over. */
  #returned(accountId: string, line: Line, carried: number): void {
    const [next] = line.waiting;
    if (next !== undefined) {
      line.waiting.delete(next);
      line.openUntilMs = systemNow() + LINGER_MS;
      next.tell('lead');
    } else if (carried > 1) line.openUntilMs = systemNow() + GATHER_MS;
    else if (this.#lines.get(accountId) === line) this.#lines.delete(accountId);
  }

  /** Waits in the line. The timers are the request's own, so that it goes on whatever becomes of the others. */
  async #turn(line: Line, request: ReleaseRequest, sinceMs: number, forMs: number): Promise<Turn> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const turn = await new Promise<Turn>((tell) => {
      const waiting = { request, sinceMs, tell };
      line.waiting.add(waiting);
      timer = setTimeout(() => {
        // Still in the line: nobody has sent this request yet.
        if (line.waiting.delete(waiting)) tell('lead');
        else timer = setTimeout(() => tell('alone'), PATIENCE_MS);
      }, forMs);
    });
    clearTimeout(timer);
    return turn;
  }

  /** Sends `own` and all who wait. Null: `own` has to go alone. */
  async #together(
    accountId: string,
    line: Line,
    own: Omit<Waiting, 'tell'>,
    send: Senders,
  ): Promise<ReleaseResult | null> {
    const others = [...line.waiting].slice(0, MAX_TOGETHER - 1);
    for (const other of others) line.waiting.delete(other);
    line.openUntilMs = systemNow() + LINGER_MS;
    try {
      if (others.length === 0) return await send.alone(held(own.request, own.sinceMs));
      const requests = [own, ...others].map(({ request, sinceMs }) => held(request, sinceMs));
      const [result, ...results] = await send.together(requests);
      others.forEach(({ tell }, index) => {
        const theirs = results[index];
        tell(theirs == null ? 'alone' : { result: theirs });
      });
      return result ?? null;
    } catch (error) {
      if (others.length === 0) throw error;
      for (const { tell } of others) tell('alone');
      return null;
    } finally {
      this.#returned(accountId, line, others.length + 1);
    }
  }
}

/** The account counts the time in the line as time that the proof of the agent has grown older. */
function held(request: ReleaseRequest, sinceMs: number): ReleaseRequest {
  const heldMs = Math.max(0, systemNow() - sinceMs);
  return heldMs === 0 ? request : { ...request, heldMs };
}

const lines = new WeakMap<object, ReleaseLines>();

/** Asks the account's door, together with others of this isolate who ask it at the same time. */
export function releaseInLine(
  config: Config,
  accountId: string,
  request: ReleaseRequest,
  waitUntil: (work: Promise<unknown>) => void,
): Promise<ReleaseResult> {
  let own = lines.get(config.accounts);
  if (own === undefined) {
    own = new ReleaseLines();
    lines.set(config.accounts, own);
  }
  const send: Senders = {
    alone: (one) => accountStub(config, accountId).release(one),
    together: (requests) => accountStub(config, accountId).releaseMany({ requests }),
  };
  return own.release(accountId, request, send, waitUntil);
}
