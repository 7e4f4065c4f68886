/**
 * Single flight: one refresh of a grant at a time, for any number of requests. The journal row is written before
 * anything leaves; the exchange happens in the stateless Exchanger, which survives this object; the result comes back
 * through `settle`, here or on a later incarnation. A caller that gives up cancels nothing.
 */

import { within } from '#lib/clock.ts';
import { log } from '#lib/log.ts';
import { scopeKeyOf } from '#providers/scopes/scopes.ts';
import { attemptPhase, type Trigger } from '#refresh/exchange/attempt.ts';
import type { ExchangeRequest } from '#refresh/exchange/exchange-request.ts';
import type { SettleArgument } from '#refresh/exchange/outcome.ts';
import { racesGrace } from '#refresh/exchange/doubt.ts';
import { waitForAttemptMs } from '#refresh/lifetimes.ts';
import type { Account } from '../account.ts';
import { isUntried } from '../life/import/fields.ts';
import type { AccountRow, AttemptRow, GrantRow } from '../rows.ts';
import { mayRefresh } from '../status.ts';
import type { AccountState } from '../store.ts';
import type { OpenedAccount } from '../vault.ts';
import { Flights, type Flight, type FlightResult } from './flight.ts';
import { beginAttempt, lostAttempt } from './journal.ts';
import { isHeldBack, rotationFacts } from './plan.ts';
import type { Closed, ConnectionWatch } from './provider/connection-watch.ts';
import { refusedAlone, settle, type Settled } from './settle/settle.ts';

const MAX_WAITERS = 2000;
/** A caller joins an exchange for at most this long; the exchange itself goes on. */
const JOIN_LIMIT_MS = 10_000;
/** Callers are not held longer for what the directory has to be told. */
const TELL_LIMIT_MS = 1_000;

export interface RefresherPowers {
  /** Hands the exchange to the Exchanger; resolves when it has settled or given up. */
  readonly exchange: (request: ExchangeRequest) => Promise<unknown>;
  readonly connection: ConnectionWatch;
}

export class Refresher {
  readonly #object: Account;
  readonly #powers: RefresherPowers;
  readonly #flights = new Flights();

  constructor(object: Account, powers: RefresherPowers) {
    this.#object = object;
    this.#powers = powers;
  }

  /**
   * Joins the flight of this grant or starts one, and waits for it. `generation` is the one that the caller found
   * wanting: if the grant has moved on since, nothing is sent.
   */
  async ensure(
    opened: OpenedAccount,
    grant: GrantRow,
    trigger: Trigger,
    scopes: readonly string[] | null = null,
  ): Promise<FlightResult> {
    let flight = this.#flights.of(grant.id);
    const overdue = flight === undefined ? null : this.#endOverdue(opened, flight);
    if (overdue !== null) return overdue;
    const joinsOther = flight !== undefined && keyOf(flight.scopes) !== keyOf(scopes);
    if (flight === undefined) {
      flight = this.#flights.open(grant.id, scopes, trigger, this.#object.now());
      this.#begin(flight, opened, grant);
    }
    if (flight.waiters >= MAX_WAITERS) return { kind: 'full' };
    flight.waiters += 1;
    const limitMs = Math.min(JOIN_LIMIT_MS, this.#object.config.exchangeBudgetMs);
    const late: FlightResult = {
      kind: 'pending',
      retryAfterMs: this.#object.config.exchangeBudgetMs - limitMs,
    };
    try {
      const result = await within(limitMs, flight.promise, late);
      return joinsOther && result.kind === 'settled' ? { kind: 'other' } : result;
    } finally {
      flight.waiters -= 1;
    }
  }

  /** The Exchanger's result, or `reconcile`'s. One transaction; wakes the waiting requests. */
  settle(opened: OpenedAccount, arg: SettleArgument): Settled {
    const { store } = this.#object;
    const as = store.transaction(() =>
      settle(this.#object, opened.key.mac, store.state(opened.key.mac), arg),
    );
    const found = this.#flights.of(arg.grantId);
    const flight = found?.attemptId === arg.attemptId ? found : null;
    const state = store.state(opened.key.mac);
    const account = state?.account;
    const grant = state?.grants.find(({ id }) => id === arg.grantId);
    const untried = account !== undefined && grant !== undefined && isUntried(account, grant);
    if (as === 'overtaken' || account === undefined) {
      if (flight !== null) this.#flights.land(arg.grantId, flight, { kind: 'settled', as });
    } else if (arg.summary.outcome === 'client_rejected') {
      this.#object.waitUntil(this.#afterRejected(opened, account, arg, flight, untried));
    } else {
      this.#object.waitUntil(this.#powers.connection.report(account, arg, grant?.client ?? null, untried));
      if (arg.evidence.includes('http_404')) this.#object.waitUntil(this.#powers.connection.moved(account));
      if (flight !== null) this.#flights.land(arg.grantId, flight, { kind: 'settled', as });
    }
    return as;
  }

  /**
   * Settings that are newer than those that were refused deserve a try of their own before a caller is told, once. Else
   * the connection is told before the callers, so that they hear how long it stays closed.
   */
  async #afterRejected(
    opened: OpenedAccount,
    account: AccountRow,
    arg: SettleArgument,
    flight: Flight | null,
    untried: boolean,
  ): Promise<void> {
    const { connection } = this.#powers;
    const state = this.#object.store.state(opened.key.mac);
    const grant = state?.grants.find((row) => row.id === arg.grantId);
    if (flight !== null && !flight.again && state != null && grant !== undefined) {
      const { version } = await connection.look(account, state.settings, grant.client ?? null, true);
      if (version > arg.connectionVersion && this.#flights.of(arg.grantId) === flight) {
        flight.again = true;
        flight.attemptId = null;
        this.#begin(flight, opened, grant);
        return;
      }
    }
    const told = connection.report(account, arg, grant?.client ?? null, untried).then((health) => {
      if (health !== null && health.health.state !== 'misconfigured')
        refusedAlone(this.#object, opened.key.mac, arg.grantId, arg.generationFrom);
    });
    await within(TELL_LIMIT_MS, told, undefined);
    if (flight !== null) this.#flights.land(arg.grantId, flight, { kind: 'settled', as: 'failed' });
    await told;
  }

  /** Ends an attempt whose answer can no longer come: its outcome is unknown, which is doubt. */
  reconcile(opened: OpenedAccount, attempt: AttemptRow): Settled {
    return this.settle(opened, lostAttempt(attempt, opened.owner.incarnation, this.#object.now()));
  }

  /** The rows were replaced (import, delete, revoke): waiting requests read them again. */
  abandon(): void {
    this.#flights.landAll({ kind: 'settled', as: 'overtaken' });
  }

  #begin(flight: Flight, opened: OpenedAccount, grant: GrantRow): void {
    this.#object.waitUntil(
      this.#start(flight, opened, grant).catch((error: unknown) => {
        log('error', 'a refresh could not be started', { error });
        this.#flights.land(grant.id, flight, { kind: 'not_now' });
      }),
    );
  }

  /** No gate is to be seen: then its own wait stands for it. */
  #waitsAlone(flight: Flight, grant: GrantRow): boolean {
    if (isFree(flight.trigger) || grant.lastFailure !== 'client_rejected') return false;
    return waitForAttemptMs(grant, this.#object.now(), false) > 0;
  }

  /** An alarm may be late or lost: then the next request ends the attempt whose answer can no longer come. */
  #endOverdue(opened: OpenedAccount, flight: Flight): FlightResult | null {
    const { attempts, config, now } = this.#object;
    const budgetMs = config.exchangeBudgetMs;
    if (flight.attemptId === null || Math.abs(now() - flight.beganAtMs) < budgetMs) return null;
    const attempt = attempts.byId(flight.attemptId);
    if (attempt === null || attempt.endedAtMs !== null) return null;
    const phase = attemptPhase({ nowMs: now(), startedAtMs: attempt.startedAtMs, budgetMs });
    return phase.kind === 'lost' ? { kind: 'settled', as: this.reconcile(opened, attempt) } : null;
  }

  async #start(flight: Flight, opened: OpenedAccount, wanted: GrantRow): Promise<void> {
    const { connection } = this.#powers;
    const mac = opened.key.mac;
    const before = this.#object.store.state(mac);
    const seen =
      before === null || isFree(flight.trigger) ? null : connection.remembered(before.account, wanted);
    if (before !== null && seen !== null && !this.#passes(seen, flight, before, wanted)) {
      this.#flights.land(wanted.id, flight, { kind: 'not_now', closed: seen });
      return;
    }
    const look =
      before === null ? null : await connection.look(before.account, before.settings, wanted.client ?? null);
    if (look?.stored === null && this.#waitsAlone(flight, wanted)) {
      this.#flights.land(wanted.id, flight, { kind: 'not_now' });
      return;
    }
    let refused: Closed | null = null;
    for (let asked = false; ; asked = true) {
      const ready = this.#ready(flight, opened, wanted);
      if (ready === null || look === null) return;
      const { state, grant } = ready;
      const gate = connection.gate(state.account, grant, look);
      if (gate === 'probe' && !asked) {
        // Much may change while the lease is asked for: then everything is looked at again.
        refused = await connection.takeProbe(state.account, grant, look);
        continue;
      }
      const probe = gate === 'probe' && refused === null;
      const closed = typeof gate === 'string' ? (probe || gate === 'call' ? null : refused) : gate;
      if (closed !== null && !this.#passes(closed, flight, state, grant)) {
        this.#flights.land(wanted.id, flight, { kind: 'not_now', closed });
        return;
      }
      const settings = look.newer ?? state.settings;
      const { trigger, scopes } = flight;
      const request = beginAttempt(this.#object, mac, { state, grant, settings, trigger, scopes });
      flight.attemptId = request.attemptId;
      this.#hand({ ...request, probe: probe || closed?.why === 'misconfigured' });
      return;
    }
  }

  /**
   * Whether a flight may call although the connection is closed: an operator's own try, where only people can mend the
   * connection; and a refresh token in doubt whose grace is running, because the provider's return may come after the
   * end of that grace.
   */
  #passes(closed: Closed, flight: Flight, { settings }: AccountState, { doubtSinceMs }: GrantRow): boolean {
    if (closed.why === 'misconfigured') return isFree(flight.trigger);
    return racesGrace({ nowMs: this.#object.now(), rotation: rotationFacts(settings), doubtSinceMs });
  }

  #hand(request: ExchangeRequest): void {
    this.#object.waitUntil(
      this.#powers.exchange(request).catch((error: unknown) => {
        // The journal row stays without an end; the reconcile timer decides what that means.
        log('warn', 'the exchange did not report back', { attempt: request.attemptId, error });
      }),
    );
  }

  /** What a refresh starts from, looked at right before; null: the flight has landed, or waits for another's end. */
  #ready(
    flight: Flight,
    opened: OpenedAccount,
    wanted: GrantRow,
  ): { state: AccountState; grant: GrantRow } | null {
    const object = this.#object;
    const open = object.store.hasTables()
      ? object.attempts.open().filter((row) => row.grantId === wanted.id)
      : [];
    for (const attempt of open) {
      const phase = attemptPhase({
        nowMs: object.now(),
        startedAtMs: attempt.startedAtMs,
        budgetMs: object.config.exchangeBudgetMs,
      });
      if (phase.kind === 'may_settle') {
        flight.attemptId = attempt.id;
        return null;
      }
      this.reconcile(opened, attempt);
    }
    const state = object.store.state(opened.key.mac);
    const grant = state?.grants.find((row) => row.id === wanted.id);
    if (
      state === null ||
      grant === undefined ||
      grant.generation !== wanted.generation ||
      grant.refreshToken === null
    ) {
      this.#flights.land(wanted.id, flight, { kind: 'settled', as: 'overtaken' });
      return null;
    }
    if (this.#maySend(state, grant, open.length > 0)) return { state, grant };
    this.#flights.land(wanted.id, flight, { kind: 'not_now' });
    return null;
  }

  /** Looked at again right before sending: a timer may be late, a reconcile may just have found doubt. */
  #maySend(state: AccountState, grant: GrantRow, reconciled: boolean): boolean {
    const nowMs = this.#object.now();
    if (!mayRefresh(state.account.status) || isHeldBack(state, grant, nowMs)) return false;
    return !reconciled || waitForAttemptMs(grant, nowMs, false) === 0;
  }
}

/** An operator who asks for a refresh wants to see whether the client is accepted again. */
function isFree(trigger: Trigger): boolean {
  return trigger === 'forced';
}

function keyOf(scopes: readonly string[] | null): string | null {
  return scopes === null ? null : scopeKeyOf(scopes);
}
