/**
 * The machine of one connect session, pure: which state follows from what happens, when each ends by itself, and what
 * a session holds. It lies here and not in `connect/`, because the account's object is where sessions live: the
 * candidate, its confirmation and its promotion must be one transaction, and fifty callbacks at once meet in one place.
 */

import type { Verification } from '#contract/connections/connections.ts';

/** As the contract names them. */
export type SessionStatus =
  'created' | 'started' | 'pending_confirmation' | 'succeeded' | 'rejected' | 'denied' | 'failed' | 'expired';

/**
 * `begun`: a browser has posted the start form. `awaiting`: a candidate waits for the operator. `promoted`: its grant is
 * in use. `refused`: by the operator, or by a wrong confirmation. `denied`: by the user at the provider. `failed`:
 * everything else that went wrong. `lapsed`: its time is over.
 */
export type SessionSignal = 'begun' | 'awaiting' | 'promoted' | 'refused' | 'denied' | 'failed' | 'lapsed';

/** A cell that is not here is a move that cannot happen: from an end nothing leads on. */
export const SESSION_MOVES = {
  created: { begun: 'started', refused: 'rejected', failed: 'failed', lapsed: 'expired' },
  started: {
    awaiting: 'pending_confirmation',
    promoted: 'succeeded',
    refused: 'rejected',
    denied: 'denied',
    failed: 'failed',
    lapsed: 'expired',
  },
  pending_confirmation: {
    promoted: 'succeeded',
    refused: 'rejected',
    failed: 'failed',
    lapsed: 'expired',
  },
  succeeded: {},
  rejected: {},
  denied: {},
  failed: {},
  expired: {},
} as const satisfies Record<SessionStatus, Partial<Record<SessionSignal, SessionStatus>>>;

/** The next status, or null where the table has no cell. */
export function sessionMove(from: SessionStatus, signal: SessionSignal): SessionStatus | null {
  const row: Partial<Record<SessionSignal, SessionStatus>> = SESSION_MOVES[from];
  return row[signal] ?? null;
}

/** Something may still come of it. */
export function isOpen(status: SessionStatus): boolean {
  return Object.keys(SESSION_MOVES[status]).length > 0;
}

/** Between the start form and the return from the provider: state and verifier die with it. */
export const FLOW_MS = 600_000;
/** For redeeming a code and storing what came of it; longer than both can take, so that a lost answer shows soon. */
export const CLAIM_MS = 60_000;
/** For the operator's confirmation, from the callback on. */
export const CONFIRM_MS = 600_000;
export const MAX_OPEN_SESSIONS = 5;
/** Of a repair link, which is good for many: sessions that have come back from the provider and are not over. */
export const MAX_OPEN_REPAIRS = 100;
export const MAX_GRANTS = 8;

/** What a flow is held to once it has begun: a connection that says otherwise at the callback aborts it. */
export interface Frozen {
  readonly authorizationUrl: string;
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly redirectUri: string;
  /** Null where the server's metadata is not known. */
  readonly issuer: string | null;
  readonly jwksUri: string | null;
  readonly userinfoUrl: string | null;
  /** RFC 9207: an answer without `iss` is refused. */
  readonly issSupported: boolean;
}

/** Why a grant that came is not the one that the flow was for. */
export type Mismatch = 'other_account' | 'email_unverified' | 'subject_unknown';

/** One session. All `…Ms` are epoch milliseconds. */
export interface SessionRow {
  readonly id: string;
  /** `repair`: opened by the account's own repair link, without an operator's order. */
  readonly kind: 'link' | 'repair';
  readonly status: SessionStatus;
  readonly reason: string | null;
  /** Of the link's token; null for a repair. */
  readonly linkDigest: string | null;
  /** The scopes that the session asks for, as the provider spells them; empty: those that it gives by itself. */
  readonly scopes: readonly string[];
  readonly verification: Verification;
  readonly expectedSubject: string | null;
  readonly expectedEmail: string | null;
  readonly allowSubjectChange: boolean;
  readonly returnUrl: string | null;
  readonly createdAtMs: number;
  readonly startedAtMs: number | null;
  /** When a callback took the session; from then on no other may. */
  readonly claimedAtMs: number | null;
  readonly endedAtMs: number | null;
  /** When the present status ends by itself; of an ended session: when it did. */
  readonly deadlineMs: number;
  /** Of the secret in the browser's cookie, from which state and nonce are made. */
  readonly browserDigest: string | null;
  /** Ciphertext. */
  readonly verifier: string | null;
  readonly frozen: Frozen | null;
  /** Drawn when a callback takes the session; the candidate's ciphertexts are bound to it. */
  readonly generation: number | null;
  readonly confirmDigest: string | null;
  readonly subject: string | null;
  readonly subjectLabel: string | null;
  /** What the provider granted; null: not known yet, or it did not say. */
  readonly granted: readonly string[] | null;
  /** Set where the session failed because of the user that signed in. */
  readonly mismatch: Mismatch | null;
  /** What the operator should know although it went well; a row of an older version has none. */
  readonly warnings?: readonly string[];
  /** The account served something before this session succeeded. */
  readonly reconnected: boolean;
}

/** Why a session ended without a decision of the operator. */
function lapseOf(session: SessionRow): { signal: SessionSignal; reason: string } {
  // The provider's answer was on its way to us and never stored: the code is spent, nothing is half done.
  if (session.status === 'started' && session.claimedAtMs !== null)
    return { signal: 'failed', reason: 'interrupted' };
  return { signal: 'lapsed', reason: 'expired' };
}

/** The session after a signal, or null where it cannot happen. An end drops what only an open session needs. */
export function moved(
  session: SessionRow,
  signal: SessionSignal,
  change: { readonly nowMs: number; readonly reason: string | null } & Partial<SessionRow>,
): SessionRow | null {
  const status = sessionMove(session.status, signal);
  if (status === null) return null;
  const { nowMs, ...fields } = change;
  const next = { ...session, ...fields, status };
  if (isOpen(status)) return next;
  return { ...next, endedAtMs: nowMs, deadlineMs: nowMs, verifier: null, confirmDigest: null };
}

/** The session as it is at `nowMs`: a session whose time is over has ended, whether or not a timer has said so yet. */
export function sessionAt(session: SessionRow, nowMs: number): SessionRow {
  if (!isOpen(session.status) || nowMs < session.deadlineMs) return session;
  const { signal, reason } = lapseOf(session);
  return moved(session, signal, { nowMs: session.deadlineMs, reason }) ?? session;
}

/** Which sessions end by themselves by `nowMs`, as they then are. */
export function lapsed(sessions: readonly SessionRow[], nowMs: number): SessionRow[] {
  return sessions.map((session) => sessionAt(session, nowMs)).filter((after, n) => after !== sessions[n]);
}

/** When the next open session ends by itself; null: none is open. */
export function nextDeadlineMs(sessions: readonly SessionRow[]): number | null {
  const open = sessions.filter(({ status }) => isOpen(status)).map(({ deadlineMs }) => deadlineMs);
  return open.length === 0 ? null : Math.min(...open);
}

/**
 * Room for one more open link: null where there is, else the link that has to go, or `full` where users have started
 * all of them. Repairs are counted apart: the holder of a repair link cannot keep a link out.
 */
export function roomForLink(sessions: readonly SessionRow[]): SessionRow | 'full' | null {
  const open = sessions
    .filter(({ kind, status }) => kind === 'link' && isOpen(status))
    .toSorted((one, other) => one.createdAtMs - other.createdAtMs);
  if (open.length < MAX_OPEN_SESSIONS) return null;
  return open.find(({ status }) => status === 'created') ?? 'full';
}

/**
 * Room for a repair that comes back from the provider. A browser's earlier repair that waits for its confirmation gives
 * way; another browser's never does.
 */
export function roomForRepair(
  sessions: readonly SessionRow[],
  browserDigest: string,
): SessionRow | 'full' | null {
  const open = sessions.filter(({ kind, status }) => kind === 'repair' && isOpen(status));
  const own = open.find(
    (session) => session.status === 'pending_confirmation' && session.browserDigest === browserDigest,
  );
  if (own !== undefined) return own;
  return open.length < MAX_OPEN_REPAIRS ? null : 'full';
}

/** Whether a connection still says what it said when the flow began. */
export function sameEndpoints(one: Frozen | null, other: Frozen | null): boolean {
  if (one === null || other === null) return false;
  return (Object.keys(one) as (keyof Frozen)[]).every((name) => one[name] === other[name]);
}
