/**
 * What a decision at the door is made from, and the steps that it may name: the words that the deciding files share.
 * Reads rows and the journal; refuses to write a record, to hand out and to wait.
 */

import { FOR_TOKEN } from '#policy/request.ts';
import type { Trigger } from '#refresh/exchange/attempt.ts';
import type { Account } from '../account.ts';
import type { ApprovalRow, AskedUse } from '../approvals/machine.ts';
import type { FlightResult } from '../refreshing/flight.ts';
import type { ToldOfGrant } from '../refreshing/provider/token-check.ts';
import type { GrantRow } from '../rows.ts';
import type { AccountState } from '../store.ts';
import type { OpenedAccount } from '../vault.ts';
import type { DoorRequest, ReleaseResult } from './answer.ts';

/** What the request needs next. */
export type Step =
  | { readonly kind: 'done'; readonly result: ReleaseResult }
  | { readonly kind: 'again' }
  /** Look for newer settings of the connection first. */
  | { readonly kind: 'catch_up' }
  | { readonly kind: 'decrypt'; readonly grant: GrantRow; readonly scopeKey: string | null }
  /** Ask the provider whether it still takes the token of this grant. */
  | { readonly kind: 'ask'; readonly grant: GrantRow }
  | {
      readonly kind: 'refresh';
      readonly grant: GrantRow;
      readonly trigger: Trigger;
      /** Narrow to these; null: as granted. */
      readonly scopes: readonly string[] | null;
    };

/** The token that is asked for: the grant's own, or one narrowed to `scopes`. `shown` is the grant with that token. */
export interface Wanted {
  readonly grant: GrantRow;
  readonly shown: GrantRow;
  readonly scopes: readonly string[] | null;
  readonly scopeKey: string | null;
}

/** What happened before in this request: the flight that it waited for, and when it came. */
export interface Round {
  readonly flown: FlightResult | null;
  readonly startedAtMs: number;
  /** When the agent was proved, by this account's clock; null: the Worker does not say. */
  readonly provedAtMs: number | null;
  /** Newer settings of the connection have been looked for. */
  readonly caughtUp: boolean;
  /** What the provider said of the token that is reported; null: it was not asked. */
  readonly verdict: ToldOfGrant | null;
}

/** One request, the rows that it meets, and when. */
export interface Scene {
  readonly object: Account;
  readonly opened: OpenedAccount;
  readonly request: DoorRequest;
  readonly use: AskedUse;
  readonly state: AccountState;
  readonly flown: FlightResult | null;
  readonly verdict: ToldOfGrant | null;
  readonly caughtUp: boolean;
  readonly nowMs: number;
  readonly arrivedAtMs: number;
  /** It has waited so long that the agent may have been suspended meanwhile: nothing is handed out any more. */
  readonly stale: boolean;
  /** A person's yes, with which alone it may go through; null: it takes none. */
  readonly approved: ApprovalRow | null;
}

/** All of a request's use; a field that the Worker leaves out is null. */
export function useOf({ use }: Pick<DoorRequest, 'use'>): AskedUse {
  return { ...FOR_TOKEN, digest: null, preview: null, baseUrl: null, headers: {}, ...use };
}

/** The journal is only asked while an answer may still come. */
export function isInFlight({ object, nowMs }: Scene, grant: GrantRow): boolean {
  const startedAtMs = grant.lastAttemptStartedAtMs;
  if (startedAtMs === null || Math.abs(nowMs - startedAtMs) >= object.config.exchangeBudgetMs) return false;
  return object.attempts.open().some((attempt) => attempt.grantId === grant.id);
}

/** How long a request that waited for this flight is told to stay away. */
export function waitOf(flown: FlightResult, nowMs: number): number {
  if (flown.kind === 'pending') return flown.retryAfterMs;
  if (flown.kind === 'not_now' && flown.closed !== undefined) return flown.closed.untilMs - nowMs;
  return 1000;
}
