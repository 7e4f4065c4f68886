/**
 * Refreshes under way, at most one of a grant: a request that needs the grant meanwhile finds the flight here and waits
 * for the same end. Flights are in memory alone; the journal holds the facts that must outlive the object. Refuses to
 * begin anything, and to know how it went.
 */

import type { Trigger } from '#refresh/exchange/attempt.ts';
import type { Closed } from './provider/connection-watch.ts';
import type { Settled } from './settle/settle.ts';

/**
 * The outcome of a flight. `settled`: look at the rows. `pending`: it may still settle, come again later.
 * `not_now`: nothing may be sent for this grant at present; `closed`: nor for any of its connection. `other`: a flight for other scopes is over, ask again.
 * `full`: too many wait already.
 */
export type FlightResult =
  | { readonly kind: 'settled'; readonly as: Settled }
  | { readonly kind: 'pending'; readonly retryAfterMs: number }
  | { readonly kind: 'not_now'; readonly closed?: Closed }
  | { readonly kind: 'other' }
  | { readonly kind: 'full' };

/** One refresh under way, and the requests that wait for it. */
export interface Flight {
  readonly promise: Promise<FlightResult>;
  readonly resolve: (result: FlightResult) => void;
  attemptId: string | null;
  waiters: number;
  /** A client that was refused is presented once more where the connection has newer settings. */
  again: boolean;
  readonly trigger: Trigger;
  readonly beganAtMs: number;
  /** What the token is narrowed to; null: as granted. */
  readonly scopes: readonly string[] | null;
}

export class Flights {
  readonly #byGrant = new Map<number, Flight>();

  /** The flight of this grant; undefined: none is under way. */
  of(grantId: number): Flight | undefined {
    return this.#byGrant.get(grantId);
  }

  /** A flight that has not begun to send anything. @param scopes what the token is narrowed to; null: as granted */
  open(grantId: number, scopes: readonly string[] | null, trigger: Trigger, beganAtMs: number): Flight {
    let resolve: (result: FlightResult) => void = () => undefined;
    const promise = new Promise<FlightResult>((done) => {
      resolve = done;
    });
    const begun = { attemptId: null, waiters: 0, again: false, trigger, beganAtMs };
    const flight: Flight = { promise, resolve, scopes, ...begun };
    this.#byGrant.set(grantId, flight);
    return flight;
  }

  /**
   * Ends the flight for all waiting requests. A flight that another has followed stays ended, and the later flight goes
   * on.
   */
  land(grantId: number, flight: Flight, result: FlightResult): void {
    if (this.#byGrant.get(grantId) === flight) this.#byGrant.delete(grantId);
    flight.resolve(result);
  }

  /** Ends all that are under way. */
  landAll(result: FlightResult): void {
    for (const [grantId, flight] of this.#byGrant) this.land(grantId, flight, result);
  }
}
