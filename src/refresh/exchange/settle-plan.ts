/**
 * What a settled outcome means for the grant's row: stored, dead or failed, and what comes next.
 *
 * Owns the meeting of outcome, doubt, backoff and the count of unknown errors. Refuses to store, to classify an answer
 * (providers/) or to know the status machine (accounts/): it reads a summary and returns what to write.
 */
import { backoffMs, clampRetryAfterMs } from '../backoff.ts';
import { planAfterDoubt } from './doubt.ts';
import type { Rotation } from './doubt.ts';
import { accessLives } from '../lifetimes.ts';
import type { GrantTimes } from '../lifetimes.ts';
import { isDeadByUnknownError, trackUnknownError } from './unknown-error.ts';
import type { UnknownErrorTrack } from './unknown-error.ts';

/** The outcome of one attempt. `unknown`: it was found unfinished, which is always doubt. */
export type OutcomeSummary = {
  outcome:
    'refreshed' | 'grant_dead' | 'client_rejected' | 'throttled' | 'transient' | 'malformed' | 'unknown';
  /** Whether the answer leaves open that the provider has replaced the refresh token; as seen in the answer alone. */
  doubt: boolean;
  retryAfterMs: number | null;
  /** The provider's code, never its text. */
  providerError: string | null;
  /** For `grant_dead`: why. On a failure a reason says that a table knows the code, so that it never counts as unknown. */
  reason: string | null;
};

export interface SettleInput {
  nowMs: number;
  outcome: OutcomeSummary;
  /** The row as it stood when the attempt began, with the failures in a row before it. */
  grant: GrantTimes & { failures: number; unknown: UnknownErrorTrack | null };
  rotation: Rotation;
  attemptStartedAtMs: number;
  /** It was a probe of the connection: that it failed says nothing about this grant. */
  probe?: boolean;
  random: () => number;
}

/** What to write. `stored`: the new tokens, and every trace of trouble is gone. */
export interface SettlePlan {
  status: 'stored' | 'dead' | 'failed';
  /** Set exactly when `status` is `dead`. */
  deathReason: string | null;
  failures: number;
  /** Set exactly when `status` is `failed`; later than `nowMs`. */
  nextAttemptAtMs: number | null;
  doubtSinceMs: number | null;
  unknown: UnknownErrorTrack | null;
  /** In doubt where presenting the refresh token may cost the grant: show `in_doubt_since`, send `refresh_in_doubt`. */
  held: boolean;
}

/** An operator must repair the connection; its own probe goes out as often, and one account need not be faster. */
const CLIENT_REJECTED_WAIT_MS = 5 * 60_000;
/** The account that probes must not fall behind by its own backoff: where it is alone, no other account can probe. */
const PROBE_WAIT_MS = 30_000;

/** Codes that say "come again" by their own definition (RFC 6749, 4.1.2.1; RFC 8628, 3.5): no count of them is death. */
const PASSING_CODES: ReadonlySet<string> = new Set(['temporarily_unavailable', 'server_error', 'slow_down']);

/** Plans what one settled attempt leaves behind. Total: every outcome has an answer. */
export function planSettle(input: SettleInput): SettlePlan {
  const { nowMs, outcome, grant } = input;
  const doubtSinceMs = doubtAfter(input);
  switch (outcome.outcome) {
    case 'refreshed':
      return {
        status: 'stored',
        deathReason: null,
        failures: 0,
        nextAttemptAtMs: null,
        doubtSinceMs: null,
        unknown: null,
        held: false,
      };
    case 'grant_dead':
      return dead(input, outcome.reason ?? 'grant_revoked', null);
    case 'client_rejected': {
      // Says nothing about this grant: neither its failures nor its unknown errors go on.
      const retryAfterMs = Math.max(CLIENT_REJECTED_WAIT_MS, outcome.retryAfterMs ?? 0);
      return failed(input, { failures: grant.failures, retryAfterMs, doubtSinceMs, unknown: null });
    }
    case 'transient':
    case 'malformed':
    case 'throttled':
    case 'unknown': {
      const unknown = trackUnknownError(grant.unknown, unlistedCode(outcome), nowMs);
      if (isDeadByUnknownError(unknown, { ...grant, nowMs })) return dead(input, 'unknown', unknown);
      const { retryAfterMs } = outcome;
      if (input.probe === true) {
        const waitMs = Math.max(PROBE_WAIT_MS, clampRetryAfterMs(retryAfterMs) ?? 0);
        return failed(input, { failures: grant.failures, retryAfterMs, doubtSinceMs, unknown }, waitMs);
      }
      return failed(input, { failures: grant.failures + 1, retryAfterMs, doubtSinceMs, unknown });
    }
  }
}

/** Doubt sticks to a generation until its successor is stored, and exists only where the refresh token rotates. */
function doubtAfter({ outcome, grant, rotation, attemptStartedAtMs }: SettleInput): number | null {
  if (!rotation.rotating) return null;
  if (grant.doubtSinceMs !== null) return grant.doubtSinceMs;
  return outcome.doubt || outcome.outcome === 'unknown' ? attemptStartedAtMs : null;
}

/** The end. In doubt it is our lost answer that ended the grant, never the user: the reason must say so. */
function dead(input: SettleInput, reason: string, unknown: UnknownErrorTrack | null): SettlePlan {
  const inDoubt = input.rotation.rotating && input.grant.doubtSinceMs !== null;
  return {
    status: 'dead',
    deathReason: inDoubt ? 'rotation_response_lost' : reason,
    failures: input.grant.failures + 1,
    nextAttemptAtMs: null,
    doubtSinceMs: inDoubt ? input.grant.doubtSinceMs : null,
    unknown,
    held: false,
  };
}

function failed(
  input: SettleInput,
  next: {
    failures: number;
    retryAfterMs: number | null;
    doubtSinceMs: number | null;
    unknown: UnknownErrorTrack | null;
  },
  fixedWaitMs: number | null = null,
): SettlePlan {
  const { nowMs, grant, rotation, random } = input;
  const { failures, retryAfterMs, doubtSinceMs } = next;
  const plan =
    doubtSinceMs === null
      ? null
      : planAfterDoubt({ ...grant, nowMs, rotation, doubtSinceMs, failures, retryAfterMs, random });
  const waitMs = () =>
    fixedWaitMs ?? backoffMs({ failures, accessTokenLives: accessLives(grant, nowMs), retryAfterMs, random });
  return {
    status: 'failed',
    deathReason: null,
    failures,
    nextAttemptAtMs: plan === null || plan.kind === 'none' ? nowMs + waitMs() : plan.nextAttemptAtMs,
    doubtSinceMs,
    unknown: next.unknown,
    held: plan?.kind === 'hold',
  };
}

/**
 * The code, where the answer was a parsed refusal that no table knows: `transient`, without doubt and without a reason.
 * A 5xx, a timeout and a body without sense leave doubt and have no say here.
 */
function unlistedCode({ outcome, doubt, providerError, reason }: OutcomeSummary): string | null {
  if (outcome !== 'transient' || doubt || reason !== null || providerError === null) return null;
  return PASSING_CODES.has(providerError) ? null : providerError;
}
