/**
 * A revocation as its object knows it, and how far it has come: pure. The accounts that it matches are walked in the order
 * of the index, a bounded number a step; a walk that finds none without a receipt is the last.
 */

import type { RequestContext } from '#audit/record.ts';
import type { GivenSelector, ReceiptStatus } from '#contract/callers/revocations.ts';
import type { CutOffRow, MatchPlace } from '#directory/revocations/cut-off-table.ts';

/** The request, and who made it. Never changes. */
export interface Order extends CutOffRow {
  /** The selector in the words of the caller. */
  readonly given: GivenSelector;
  readonly context: RequestContext;
}

export interface Progress {
  /** The cut-off stands in the directory: without it nothing is done. */
  readonly isWritten: boolean;
  /** The agent has been told. Of other selectors false. */
  readonly isAgentTold: boolean;
  /** Null: the walk begins. */
  readonly place: MatchPlace | null;
  /** Accounts that this walk has found without a receipt. */
  readonly found: number;
  /** The walk has come to its end. */
  readonly isWalked: boolean;
  /** Walks that have come to their end. */
  readonly walks: number;
  /** When every receipt was there; null: not yet. */
  readonly completedAtMs: number | null;
  /** Out of the list of cut-offs: nothing is left to do. */
  readonly isFolded: boolean;
}

export const BEGINNING: Progress = {
  isWritten: false,
  isAgentTold: false,
  place: null,
  found: 0,
  isWalked: false,
  walks: 0,
  completedAtMs: null,
  isFolded: false,
};

/** A walk from the beginning, for accounts that the index has heard of meanwhile. */
export function walkAnew(progress: Progress): Progress {
  return { ...progress, place: null, found: 0, isWalked: false };
}

/** Accounts of one step. */
export const STEP = 50;
/** Rows of the index that one step of a later walk reads: most have a receipt by then. */
export const LATER_PAGE = 500;
/** Accounts bring their rows to the index a moment after they are made: the cut-off is not folded before. */
export const YOUNG_MS = 10 * 60_000;
/** The same for the answer `complete`. */
export const SETTLING_MS = 1_000;

export interface ReceiptRow {
  readonly accountId: string;
  /** In the order in which they were made, from 1. */
  readonly n: number;
  readonly status: ReceiptStatus;
  readonly atProvider: boolean;
  /** The account has noted the cut-off: its own rows say so from now on. */
  readonly isNoted: boolean;
  readonly atMs: number;
  /** Times that it was told. */
  readonly tries: number;
  /** Null: it is not told again. */
  readonly nextTryAtMs: number | null;
}

/** After the first try, the second, and so on; then the last one for as long as the account itself tries. */
const GAPS_MS = [2_500, 3_000, 5_000, 15_000, 60_000, 300_000, 900_000];
/** An account tries for a day at most (`refresh/revocation.ts`). */
const MAX_TRIES = 120;

/** What an account has answered; null: it did not. */
export interface Told {
  readonly isMatched: boolean;
  readonly status: ReceiptStatus;
  readonly atProvider: boolean;
}

/**
 * The receipt after an account was told; null: it is not about this account.
 *
 * @param random uniform in [0, 1)
 */
export function receiptAfter(
  before: Pick<ReceiptRow, 'accountId' | 'n' | 'tries' | 'isNoted'>,
  told: Told | null,
  nowMs: number,
  random: () => number,
): ReceiptRow | null {
  if (told !== null && !told.isMatched) return null;
  const tries = before.tries + 1;
  const isOpen = told === null || told.status === 'retrying';
  const isOver = isOpen && tries >= MAX_TRIES;
  const gapMs = GAPS_MS[Math.min(tries, GAPS_MS.length) - 1] ?? 0;
  return {
    accountId: before.accountId,
    n: before.n,
    status: isOver ? 'failed' : (told?.status ?? 'retrying'),
    atProvider: told?.atProvider ?? false,
    isNoted: before.isNoted || told !== null,
    atMs: nowMs,
    tries,
    nextTryAtMs: isOpen && !isOver ? Math.ceil(nowMs + gapMs * (0.9 + random() * 0.2)) : null,
  };
}
