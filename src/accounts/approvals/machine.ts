/**
 * The machine of one approval, pure: which status follows from what happens, when each ends by itself, how many there may
 * be, and which of an account's approvals is about a request.
 */

import { purposeDigest } from '#crypto/digest.ts';
import type { Use } from '#policy/request.ts';

/** As the contract names them. */
export const APPROVAL_STATUSES = ['pending', 'approved', 'denied', 'used', 'expired'] as const;
export type ApprovalStatus = (typeof APPROVAL_STATUSES)[number];

/** `spent`: the request went through. `returned`: it did not after all. `lapsed`: its time is over. */
export type ApprovalSignal = 'approved' | 'denied' | 'spent' | 'returned' | 'lapsed';

/** A cell that is not here is a move that cannot happen: there is one decision, and one use of it. */
export const APPROVAL_MOVES = {
  pending: { approved: 'approved', denied: 'denied', lapsed: 'expired' },
  approved: { spent: 'used', lapsed: 'expired' },
  denied: {},
  used: { returned: 'approved' },
  expired: {},
} as const satisfies Record<ApprovalStatus, Partial<Record<ApprovalSignal, ApprovalStatus>>>;

/** The next status, or null where the table has no cell. */
function approvalMove(from: ApprovalStatus, signal: ApprovalSignal): ApprovalStatus | null {
  const row: Partial<Record<ApprovalSignal, ApprovalStatus>> = APPROVAL_MOVES[from];
  return row[signal] ?? null;
}

/** How long a person may take for an answer. */
export const PENDING_MS = 86_400_000;
/** Questions of one agent about one account that wait for an answer: an agent must not flood those who answer. */
export const MAX_PENDING_PER_AGENT = 10;
/** Of one agent about one account: those that wait, and those whose answer holds. */
export const MAX_LIVE_PER_AGENT = 50;
/** Of one account. */
const MAX_LIVE = 300;
/** The newest of those that are over stay, to be read. */
export const KEPT_ENDED = 50;

/** The use that a request names, and the digest of all else that leaves with it. */
export interface AskedUse extends Use {
  /**
   * Of a proxied call over its query, common headers and body, of a tool over its parameters: two requests with the same
   * digest send the same. Null for a `token`, and where there is nothing.
   */
  readonly digest: string | null;
  /** The same for people to read, in the form of HTTP; null: there is nothing, or more than is shown. */
  readonly preview: string | null;
  /** Of a proxied call: the base URL that it names; null: none, and the account's first is meant. */
  readonly baseUrl: string | null;
  /** Headers of a proxied call that leave to some APIs alone, by name in lower case; not in `digest`. */
  readonly headers: Readonly<Record<string, string>>;
  /** The content is too long to be kept: nobody can say yes to it. */
  readonly isUnkept?: boolean;
}

/** The subject of a request beside its use: a yes holds for no other user's account, and for no other address. */
export interface About {
  /** Which life of the agent's id asks, and since when its proofs count; null: the Worker does not say. */
  readonly agentLife: string | null;
  /** The account's user at the provider; null: not known. */
  readonly subject: string | null;
  /** The base URL that a call goes to; null: it is none, or the account's credential alone says it. */
  readonly address: string | null;
  /** Those of the use's headers that leave to this API. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

export interface ApprovalRow {
  readonly id: string;
  /** Of `requestKey`. */
  readonly key: string;
  readonly agent: string;
  readonly status: ApprovalStatus;
  readonly action: Use['action'];
  readonly tool: string | null;
  readonly method: string | null;
  readonly path: string | null;
  readonly digest: string | null;
  readonly preview: string | null;
  readonly purpose: string | null;
  /** The rule's. */
  readonly reason: string | null;
  readonly ttlMs: number;
  readonly createdAtMs: number;
  /** When the question, the yes or the no ends by itself. */
  readonly endsAtMs: number;
  readonly decidedAtMs: number | null;
  /** The operator that decided, or `link`; null: nobody has. */
  readonly decidedBy: string | null;
  readonly usedAtMs: number | null;
  /** Number of the record of the request that it let through. */
  readonly usedAs: number | null;
  readonly updatedAtMs: number;
}

/** Names one request of one agent at one account: neither scopes nor purpose nor the route are part of it. */
export function requestKey(
  agentId: string,
  use: Pick<AskedUse, 'action' | 'tool' | 'method' | 'path' | 'digest'>,
  { agentLife, subject, address, headers }: About,
): string {
  const { action, tool, method, path } = use;
  const digest = action === 'token' ? null : use.digest;
  const asked = [agentId, agentLife, action, tool, method, path, digest, subject, address, headers];
  return purposeDigest('approval request v1', JSON.stringify(asked));
}

/** The row after this signal; null: it cannot happen. */
export function movedBy(
  row: ApprovalRow,
  signal: ApprovalSignal,
  nowMs: number,
  by: string | null = null,
): ApprovalRow | null {
  const status = approvalMove(row.status, signal);
  if (status === null) return null;
  const moved = { ...row, status, updatedAtMs: nowMs };
  switch (signal) {
    case 'approved':
    case 'denied':
      return { ...moved, decidedAtMs: nowMs, decidedBy: by, endsAtMs: nowMs + row.ttlMs };
    case 'spent':
      return { ...moved, usedAtMs: nowMs };
    case 'returned':
      return { ...moved, usedAtMs: null, usedAs: null };
    case 'lapsed':
      return moved;
  }
}

/** The row as it is at that moment: a question and a yes end by themselves. */
export function approvalAt(row: ApprovalRow, nowMs: number): ApprovalRow {
  return nowMs < row.endsAtMs ? row : (movedBy(row, 'lapsed', nowMs) ?? row);
}

/** Does it wait for an answer, or does its answer hold? */
export function isLive(row: ApprovalRow, nowMs: number): boolean {
  const { status, endsAtMs } = row;
  return (status === 'pending' || status === 'approved' || status === 'denied') && nowMs < endsAtMs;
}

/** `approved`: it may go through once. `denied`, `pending`: it may not. `new`: nobody was asked, or what was said is over. */
export type Answered =
  { readonly kind: 'approved' | 'denied' | 'pending'; readonly row: ApprovalRow } | { readonly kind: 'new' };

/**
 * The answer that a person has given to this request, as far as it holds.
 *
 * @param ttlMs of the rule that decides now: a yes is good no longer than the rule says, whatever it said then
 */
export function answerTo(rows: readonly ApprovalRow[], key: string, ttlMs: number, nowMs: number): Answered {
  const live = rows.filter((row) => row.key === key && isLive(row, nowMs));
  const yes = live.find((row) => row.status === 'approved' && nowMs < (row.decidedAtMs ?? 0) + ttlMs);
  if (yes !== undefined) return { kind: 'approved', row: yes };
  for (const kind of ['pending', 'denied'] as const) {
    const row = live.find(({ status }) => status === kind);
    if (row !== undefined) return { kind, row };
  }
  return { kind: 'new' };
}

/** Is there room for one more question of this agent? */
export function hasRoom(rows: readonly ApprovalRow[], agentId: string, nowMs: number): boolean {
  const live = rows.filter((row) => isLive(row, nowMs));
  const own = live.filter(({ agent }) => agent === agentId);
  const pending = own.filter(({ status }) => status === 'pending');
  return pending.length < MAX_PENDING_PER_AGENT && own.length < MAX_LIVE_PER_AGENT && live.length < MAX_LIVE;
}

/** Those that are over and need not be kept, oldest first. */
export function surplusOf(rows: readonly ApprovalRow[], nowMs: number): readonly ApprovalRow[] {
  const over = rows
    .filter((row) => !isLive(approvalAt(row, nowMs), nowMs))
    .toSorted((one, other) => one.updatedAtMs - other.updatedAtMs);
  return over.slice(0, Math.max(0, over.length - KEPT_ENDED));
}
