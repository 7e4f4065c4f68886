/**
 * The one transition table of a connected account. Pure: effects are returned as facts and performed by `life/changes.ts`
 * in the transaction that stores the move. A cell that is not here is a move that cannot happen.
 */

export type Status = 'pending' | 'active' | 'reauth_required' | 'disabled' | 'revoked';

/**
 * `connected`: a new grant by import or connect. `grant_died`: only the user can repair it. The other three are the
 * operator's. A refresh moves nothing.
 */
export type Signal = 'connected' | 'grant_died' | 'disabled' | 'enabled' | 'revoked';

/** `before`: the status that the account had when it was disabled, moved on by what was learnt meanwhile. */
type Target = Status | 'before';

export const MOVES = {
  pending: { connected: 'active', disabled: 'disabled', revoked: 'revoked' },
  active: {
    connected: 'active',
    grant_died: 'reauth_required',
    disabled: 'disabled',
    revoked: 'revoked',
  },
  reauth_required: { connected: 'active', disabled: 'disabled', revoked: 'revoked' },
  disabled: {
    connected: 'disabled',
    grant_died: 'disabled',
    enabled: 'before',
    revoked: 'revoked',
  },
  revoked: { connected: 'active' },
} as const satisfies Record<Status, Partial<Record<Signal, Target>>>;

export interface Standing {
  readonly status: Status;
  /** Set exactly while disabled. */
  readonly before: Status | null;
}

/** The next standing, or null where the table has no cell. */
export function move(from: Standing, signal: Signal): Standing | null {
  const row: Partial<Record<Signal, Target>> = MOVES[from.status];
  const target = row[signal];
  if (target === undefined) return null;
  if (target === 'before') return { status: from.before ?? 'pending', before: null };
  if (target !== 'disabled') return { status: target, before: null };
  if (from.status !== 'disabled') return { status: 'disabled', before: from.status };
  const before = move({ status: from.before ?? 'pending', before: null }, signal);
  return before === null ? null : { status: 'disabled', before: before.status };
}

/** May the broker call the provider for this account? */
export function mayRefresh(status: Status): boolean {
  return status === 'active';
}
