/**
 * Requests of one isolate for the same account, sent together. A request that arrives while a call to the account is on
 * its way, or right after several requests have shared a call, waits a millisecond and then goes in one call with all
 * waiting requests. The hop is the largest cost of a fetch, and the account commits the records of a call together. A
 * request that arrives alone goes at once.
 *
 * Each request polls for its own answer with its own timers: a request that only waits for another request's promise
 * has nothing under way itself, and the platform ends it as hung (`test/http/shared-promises.test.ts`). With a timer
 * beside it such a promise may be waited for, as `callers/record-cache.ts` does; here the timer is short enough to do
 * alone. No answer depends on another request either: the first request whose time is up sends all waiting requests, a
 * request that cannot be answered at once (a refresh, a cold key) goes alone, and after a failed call each request goes
 * alone.
 */

import type { Config } from '#env.ts';
import { sleep, systemNow } from '#lib/clock.ts';
import { BoundedMap } from '#lib/bounded-map.ts';
import { accountStub } from '../../stub.ts';
import { arrived, type Arrived, type ReleaseRequest, type ReleaseResult } from '../answer.ts';

/** A request that arrives within this time after a call has left waits for others. */
const BUSY_MS = 2;
/** How long. Also how often a request looks for its answer. */
export const GATHER_MS = 1;
/** A common call that has not come back is no longer waited for; each request still open then asks alone. */
const PATIENCE_MS = 5_000;
/** A forgotten line costs its requests only the company of later requests. */
const REMEMBERED = 1_000;
/** Requests in one call: each brings a context of a few hundred bytes. */
const MAX_TOGETHER = 128;

/** `alone`: ask for yourself. */
type Told = { readonly result: ReleaseResult } | 'alone';

interface Waiting {
  readonly request: ReleaseRequest;
  readonly sinceMs: number;
  /** Null: nothing yet. */
  told: Told | null;
}

interface Line {
  /** A request that arrives before this time waits: a call is on its way, or a common call has just returned. */
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
  readonly #lines = new BoundedMap<string, Line>(REMEMBERED);

  /** @param waitUntil keeps the request's context until the requests that depend on it have their answers */
  async release(
    accountId: string,
    request: ReleaseRequest,
    send: Senders,
    waitUntil: (work: Promise<unknown>) => void,
  ): Promise<ReleaseResult> {
    const nowMs = systemNow();
    const line = this.#lines.get(accountId);
    const openMs = line === undefined ? 0 : line.openUntilMs - nowMs;
    if (line === undefined || openMs <= 0 || openMs > BUSY_MS)
      return this.#alone(accountId, request, send, nowMs);
    const own: Waiting = { request, sinceMs: nowMs, told: null };
    line.waiting.add(own);
    await sleep(GATHER_MS);
    if (line.waiting.delete(own)) {
      const sent = this.#together(accountId, line, own, send);
      waitUntil(sent.catch(() => undefined));
      await sent;
    }
    const told = await answerOf(own);
    return told === 'alone' ? send.alone(held(request, nowMs)) : told.result;
  }

  async #alone(
    accountId: string,
    request: ReleaseRequest,
    send: Senders,
    nowMs: number,
  ): Promise<ReleaseResult> {
    const line = this.#lines.get(accountId) ?? { openUntilMs: 0, waiting: new Set() };
    line.openUntilMs = nowMs + BUSY_MS;
    this.#lines.set(accountId, line);
    try {
      return await send.alone(request);
    } finally {
      this.#returned(accountId, line, 1);
    }
  }

  /** A call has come back. Where it had company there will be more; where not, the line is over unless others wait. */
  #returned(accountId: string, line: Line, carried: number): void {
    if (carried > 1) line.openUntilMs = systemNow() + GATHER_MS;
    else if (line.waiting.size === 0 && this.#lines.get(accountId) === line) this.#lines.delete(accountId);
  }

  /** Sends `own` and all waiting requests, and notes the outcome of each. */
  async #together(accountId: string, line: Line, own: Waiting, send: Senders): Promise<void> {
    const all = [own, ...[...line.waiting].slice(0, MAX_TOGETHER - 1)];
    for (const one of all) line.waiting.delete(one);
    line.openUntilMs = systemNow() + BUSY_MS;
    try {
      const requests = all.map(({ request, sinceMs }) => held(request, sinceMs));
      const [first] = requests;
      const results =
        all.length === 1 && first !== undefined ? [await send.alone(first)] : await send.together(requests);
      all.forEach((one, index) => {
        const result = results[index];
        one.told = result == null ? 'alone' : { result };
      });
    } catch (error) {
      if (all.length === 1) throw error;
      for (const one of all) one.told = 'alone';
    } finally {
      this.#returned(accountId, line, all.length);
    }
  }
}

/** What the call that carried the request has brought; after five seconds nothing is waited for any more. */
async function answerOf(own: Waiting): Promise<Told> {
  while (own.told === null && systemNow() - own.sinceMs < PATIENCE_MS) await sleep(GATHER_MS);
  return own.told ?? 'alone';
}

/** The account counts the time in the line as time that the proof of the agent has grown older. */
function held(request: ReleaseRequest, sinceMs: number): ReleaseRequest {
  const inLineMs = Math.max(0, systemNow() - sinceMs);
  if (inLineMs === 0) return request;
  const { provedMsAgo } = request;
  return {
    ...request,
    heldMs: (request.heldMs ?? 0) + inLineMs,
    ...(provedMsAgo === undefined ? {} : { provedMsAgo: provedMsAgo + inLineMs }),
  };
}

const lines = new WeakMap<object, ReleaseLines>();

/** Asks the account's door, together with other requests of this isolate that ask it at the same time. */
export async function releaseInLine(
  config: Config,
  accountId: string,
  request: ReleaseRequest,
  waitUntil: (work: Promise<unknown>) => void,
): Promise<Arrived> {
  let own = lines.get(config.accounts);
  if (own === undefined) {
    own = new ReleaseLines();
    lines.set(config.accounts, own);
  }
  const send: Senders = {
    alone: (one) => accountStub(config, accountId).release(one),
    together: (requests) => accountStub(config, accountId).releaseMany({ requests }),
  };
  return arrived(await own.release(accountId, request, send, waitUntil));
}
