/**
 * What a settled attempt says of its connection: the account's matter, or the provider's, or our client's.
 *
 * Owns the reading of an outcome, and that an account counts its first failure itself. Refuses to know the health as it
 * is (connection-health.ts) and to tell anybody.
 */

import type { HealthReport } from './connection-health.ts';
import type { SettleArgument } from '../exchange/outcome.ts';

/** An attempt that ended, newest first in a list. */
export interface EndedAttempt {
  readonly outcome: string | null;
  readonly reason: string | null;
  readonly endedAtMs: number | null;
}

/** Failures further apart than this do not belong together. */
const TOGETHER_MS = 60_000;

type Settled = Pick<SettleArgument, 'summary' | 'narrowedTo' | 'evidence' | 'unsent' | 'connectionVersion'>;

/**
 * The report of an attempt; null where it says nothing: it was never sent, its end is not known, or it is the first
 * failure of this account. A parsed refusal, with any code, says that the provider is there.
 *
 * @param input.recent the newest attempts of this account, this one the first
 * @param input.untried its grant was brought unproven and was never renewed
 */
export function healthReportOf(
  settled: Settled,
  input: { nowMs: number; account: string; recent: readonly EndedAttempt[]; untried?: boolean },
): HealthReport | null {
  const { summary, connectionVersion: version } = settled;
  const narrowed = settled.narrowedTo !== null;
  const untried = input.untried === true ? { untried: true } : {};
  switch (summary.outcome) {
    case 'refreshed':
      return { kind: 'succeeded', account: input.account };
    case 'grant_dead':
    case 'throttled':
      return { kind: 'answered' };
    case 'client_rejected':
      // A request that was made for one caller's scopes says nothing of the others'.
      if (narrowed) return { kind: 'answered' };
      return {
        kind: 'client_rejected',
        account: input.account,
        version,
        reason: summary.providerError ?? 'client_rejected',
        ...untried,
      };
    case 'unknown':
      return null;
    case 'transient':
    case 'malformed': {
      if (settled.unsent === true) return null;
      if (summary.reason === 'fix_request') {
        if (narrowed) return { kind: 'answered' };
        const reason = summary.providerError ?? 'fix_request';
        return { kind: 'request_rejected', account: input.account, version, reason, ...untried };
      }
      const refused = summary.providerError !== null && !summary.doubt && summary.reason === null;
      return refused ? { kind: 'answered' } : failures(input);
    }
  }
}

/** The second failure in a row brings the first along; from then on each tells of itself. */
function failures({
  nowMs,
  recent,
}: {
  nowMs: number;
  recent: readonly EndedAttempt[];
}): HealthReport | null {
  const broken = recent.findIndex((attempt) => !isFailure(attempt) || !isNear(attempt, nowMs));
  const run = broken === -1 ? recent : recent.slice(0, broken);
  if (run.length < 2) return null;
  const told = run.length === 2 ? run : run.slice(0, 1);
  return { kind: 'failed', atMs: told.map(({ endedAtMs }) => endedAtMs ?? nowMs) };
}

function isFailure({ outcome, reason }: EndedAttempt): boolean {
  return (
    (outcome === 'transient' || outcome === 'malformed') &&
    reason !== 'fix_request' &&
    reason !== 'record_corrupt'
  );
}

function isNear({ endedAtMs }: EndedAttempt, nowMs: number): boolean {
  return endedAtMs !== null && Math.abs(nowMs - endedAtMs) <= TOGETHER_MS;
}
