/** The account as the contract shows it. Pure: rows in, resource out; no credential can be in it. */

import type { Resource } from '#contract/accounts/connected-accounts.ts';
import { isoTime } from '#lib/clock.ts';
import { reauthDueMs } from '#refresh/lifetimes.ts';
import { inDoubtSinceMs } from '../refreshing/plan.ts';
import type { AttemptRow, GrantRow } from '../rows.ts';
import type { AccountState } from '../store.ts';

export interface ViewInput {
  readonly state: AccountState;
  readonly attempts: readonly AttemptRow[];
  /** When the grant's timer is due; null: never by itself. */
  readonly nextRefreshAtMs: number | null;
  readonly lastUsedAtMs: number | null;
  readonly nowMs: number;
  /** A candidate waits for its confirmation, and the account has nothing else. */
  readonly awaits: boolean;
}

export function attemptView(attempt: AttemptRow): NonNullable<Resource['last_attempt']> {
  return {
    id: attempt.id,
    trigger: attempt.trigger,
    started_at: isoTime(attempt.startedAtMs),
    ended_at: isoTime(attempt.endedAtMs),
    outcome: attempt.outcome,
    reason: attempt.reason,
    provider_error: attempt.providerError,
  };
}

function newest(grants: readonly GrantRow[]): GrantRow | null {
  return grants.reduce<GrantRow | null>(
    (best, grant) => (best === null || grant.grantedAtMs >= best.grantedAtMs ? grant : best),
    null,
  );
}

export function accountView(input: ViewInput): Resource {
  const { state, attempts, nextRefreshAtMs, lastUsedAtMs, nowMs } = input;
  const { account, settings, grants } = state;
  const grant = newest(grants);
  const scopes = new Set(grants.flatMap((row) => row.scopes ?? []));
  const last = attempts[0];
  return {
    id: account.accountId,
    connection: account.connection,
    provider: account.provider,
    identifier: account.identifier,
    organization: account.organization === '' ? null : account.organization,
    status: input.awaits ? 'pending_confirmation' : account.status,
    status_reason: account.statusReason,
    status_since: isoTime(account.statusSinceMs),
    subject: account.subject,
    subject_label: account.subjectLabel,
    scopes: [...scopes],
    credential_type: account.credentialType,
    expires_at: grant?.hasAccessToken === true ? isoTime(grant.accessExpiresAtMs) : null,
    next_refresh_at: isoTime(nextRefreshAtMs),
    last_refreshed_at: isoTime(account.lastRefreshedAtMs),
    last_used_at: isoTime(latest(account.lastUsedAtMs, lastUsedAtMs)),
    degraded_since: isoTime(account.degradedSinceMs),
    in_doubt_since: isoTime(inDoubtSinceMs(state, nowMs)),
    reauth_due_at: isoTime(grant === null ? null : reauthDueMs(grant)),
    rotation: account.rotation ?? settings.rotation,
    access_token_ttl_s: account.accessTokenTtlS,
    sealed: account.sealed,
    last_attempt: last === undefined ? null : attemptView(last),
    metadata: { ...account.metadata },
    variables: { ...account.variables },
    created_at: isoTime(account.createdAtMs),
    updated_at: isoTime(account.updatedAtMs),
  };
}

function latest(one: number | null, other: number | null): number | null {
  return one === null ? other : other === null ? one : Math.max(one, other);
}
