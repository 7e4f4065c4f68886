/**
 * The incidents of one account: which outcome is worth an event, and which event is not worth sending.
 *
 * Owns that each incident is told exactly once, and how much of a flapping account reaches a receiver. Refuses to
 * change a status (accounts' transition table does) or to count `sequence`: it is asked in the transaction that
 * changes the account, and again when an event is about to leave for the first time.
 */

import type { AccountEventType, DegradedCause } from './event.ts';

const HOUR_MS = 60 * 60_000;
/** One reauth event is news, the second says that it was no accident; from then on an hour's patience helps more. */
const REAUTH_PER_HOUR = 2;

/** A higher cause says more than a lower one, so that it is told also when the account is degraded already. */
const CAUSE_RANK = {
  provider_unavailable: 0,
  token_refused_by_api: 1,
  refresh_in_doubt: 2,
} as const satisfies Record<DegradedCause, number>;

/** What opens an incident, and every event of the same account that ends it. */
const ENDED_BY = {
  'agent.auth.reauth_required': [
    'agent.auth.succeeded',
    'connected_account.revoked',
    'connected_account.deleted',
  ],
  'connected_account.degraded': [
    'connected_account.recovered',
    'agent.auth.reauth_required',
    'agent.auth.succeeded',
    'connected_account.revoked',
    'connected_account.deleted',
  ],
} as const satisfies Partial<Record<AccountEventType, readonly AccountEventType[]>>;
type Opening = keyof typeof ENDED_BY;

function isOpening(type: AccountEventType): type is Opening {
  return type in ENDED_BY;
}

/** Whether an event opens an incident that a later event of the same account ends. */
export function endsIncident(opening: AccountEventType, later: AccountEventType): boolean {
  if (!isOpening(opening)) return false;
  const endings: readonly AccountEventType[] = ENDED_BY[opening];
  return endings.includes(later);
}

/**
 * What happened to an account. `recovered`: the incident is over, regardless of its cause; which outcome cures which is
 * not decided here.
 */
export type News =
  | { readonly kind: 'trouble'; readonly cause: DegradedCause }
  | {
      readonly kind:
        'recovered' | 'grant_died' | 'connected' | 'disabled' | 'enabled' | 'revoked' | 'deleted';
    };

/** What an account has to remember to tell each incident once. */
export interface Standing {
  readonly status: 'live' | 'disabled' | 'revoked' | 'deleted';
  readonly trouble:
    | null
    | { readonly kind: 'degraded'; readonly cause: DegradedCause }
    /** `told` is false while it was learnt of a disabled account: no receiver needs it before it is enabled. */
    | { readonly kind: 'reauth'; readonly told: boolean };
}

export interface AfterNews {
  readonly standing: Standing;
  /** The one event that it is worth; null: none. */
  readonly event: AccountEventType | null;
}

/** Applies one piece of news. News without an effect, such as disabling twice, is worth no event. */
export function afterNews(standing: Standing, news: News): AfterNews {
  const { status, trouble } = standing;
  const nothing: AfterNews = { standing, event: null };
  if (news.kind === 'connected') {
    return {
      standing: { status: status === 'disabled' ? 'disabled' : 'live', trouble: null },
      event: 'agent.auth.succeeded',
    };
  }
  if (news.kind === 'deleted') {
    if (status === 'deleted') return nothing;
    return { standing: { status: 'deleted', trouble: null }, event: 'connected_account.deleted' };
  }
  if (status === 'deleted' || status === 'revoked') return nothing;

  switch (news.kind) {
    case 'trouble':
      return afterTrouble(standing, news.cause);
    case 'recovered':
      if (trouble?.kind !== 'degraded') return nothing;
      return { standing: { status, trouble: null }, event: 'connected_account.recovered' };
    case 'grant_died': {
      if (trouble?.kind === 'reauth') return nothing;
      const told = status === 'live';
      return {
        standing: { status, trouble: { kind: 'reauth', told } },
        event: told ? 'agent.auth.reauth_required' : null,
      };
    }
    case 'disabled':
      if (status === 'disabled') return nothing;
      return { standing: { status: 'disabled', trouble }, event: 'connected_account.disabled' };
    case 'enabled':
      if (status !== 'disabled') return nothing;
      if (trouble?.kind !== 'reauth' || trouble.told) {
        return { standing: { status: 'live', trouble }, event: null };
      }
      return {
        standing: { status: 'live', trouble: { kind: 'reauth', told: true } },
        event: 'agent.auth.reauth_required',
      };
    case 'revoked':
      return { standing: { status: 'revoked', trouble: null }, event: 'connected_account.revoked' };
  }
}

function afterTrouble(standing: Standing, cause: DegradedCause): AfterNews {
  const { status, trouble } = standing;
  const known =
    trouble !== null && (trouble.kind === 'reauth' || CAUSE_RANK[trouble.cause] >= CAUSE_RANK[cause]);
  if (known || status !== 'live') return { standing, event: null };
  return { standing: { status, trouble: { kind: 'degraded', cause } }, event: 'connected_account.degraded' };
}

/** `why` is for logs and tests; the wire says `suppressed: true`. */
export type Suppression =
  | { readonly suppressed: false }
  | { readonly suppressed: true; readonly why: 'incident_ended' | 'opening_suppressed' }
  /** To be asked again at `againAtMs`: an incident that lasts is told in the end. */
  | { readonly suppressed: true; readonly why: 'flapping'; readonly againAtMs: number };

/**
 * Whether an event of an account is sent, asked at the first of three moments: its first attempt is about to start, its
 * incident ends, a `flapping` one is due again. Once it has left for any endpoint the answer stands for all.
 *
 * - An incident that is over before its event left is not told: the reader could only act on what is no longer so.
 * - `recovered` of a `degraded` that was never sent is not sent either.
 * - Two reauth events an hour are let out. A further one is held back, and readable as suppressed, until there is
 *   room; it leaves then if its incident still lasts.
 *
 * @param input.endedAtMs when the incident that this event opens ended (`endsIncident`); null: it lasts, or opens none
 * @param input.openingSuppressed of `recovered`: whether every `degraded` of its incident was suppressed
 * @param input.sentReauthAtMs when the account's reauth events of the last hour left
 */
export function decideSuppression(input: {
  type: AccountEventType;
  nowMs: number;
  endedAtMs: number | null;
  openingSuppressed: boolean;
  sentReauthAtMs: readonly number[];
}): Suppression {
  const { type, nowMs } = input;
  if (isOpening(type) && input.endedAtMs !== null) return { suppressed: true, why: 'incident_ended' };
  if (type === 'connected_account.recovered' && input.openingSuppressed) {
    return { suppressed: true, why: 'opening_suppressed' };
  }
  if (type !== 'agent.auth.reauth_required') return { suppressed: false };

  const recent = input.sentReauthAtMs
    // What seems to have left in the future left before the clock was set back: it counts from now.
    .map((atMs) => Math.min(atMs, nowMs))
    .filter((atMs) => nowMs - atMs < HOUR_MS)
    .toSorted((left, right) => right - left);
  const inTheWayAtMs = recent[REAUTH_PER_HOUR - 1];
  if (inTheWayAtMs === undefined) return { suppressed: false };
  return { suppressed: true, why: 'flapping', againAtMs: inTheWayAtMs + HOUR_MS };
}
