/** The rows of one account as the room speaks of them. All `…Ms` are epoch milliseconds unless the name says duration. */

import type { GrantTimes } from '#refresh/lifetimes.ts';
import type { LearntLifetime } from '#refresh/learnt-lifetime.ts';
import type { Holders } from '#refresh/refused-token.ts';
import type { UnknownErrorTrack } from '#refresh/exchange/unknown-error.ts';
import type { Trigger } from '#refresh/exchange/attempt.ts';
import type { ConnectionSettings, CredentialType } from '#providers/settings.ts';
import type { Status } from './status.ts';

export type { ConnectionSettings, CredentialType };

/** Why an account stands where it stands. */
export interface StatusCause {
  readonly reason: string | null;
  readonly sinceMs: number;
  readonly providerError: string | null;
  readonly evidence: readonly string[];
}

/** A refresh token that an operator brought here, told by its digest alone. */
export interface ImportedToken {
  /** HMAC under the account's key. */
  readonly digest: string;
  /** The grant that it became. */
  readonly grantId: number;
  /** Its successor has been read: it is never presented again. */
  readonly spent: boolean;
}

export interface AccountRow {
  readonly accountId: string;
  /** Empty for none. */
  readonly organization: string;
  readonly connection: string;
  readonly identifier: string;
  readonly provider: string;
  /** Rises by one with each life of the same triple; part of every ciphertext's place. */
  readonly incarnation: number;
  readonly status: Status;
  /** The status to which `enable` returns; null unless disabled. */
  readonly statusBefore: Status | null;
  readonly statusReason: string | null;
  readonly statusSinceMs: number;
  /** The provider's code behind the present status, never its text. */
  readonly statusProviderError: string | null;
  readonly statusEvidence: readonly string[];
  /** What the four above say about `statusBefore`; null unless disabled. */
  readonly causeBefore: StatusCause | null;
  /** The present death has been told; meaningful only where the grant is dead. */
  readonly reauthTold: boolean;
  readonly subject: string | null;
  readonly subjectLabel: string | null;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** What an operator gave for the URLs of this account's API, by name. */
  readonly variables: Readonly<Record<string, string>>;
  readonly sealed: boolean;
  readonly credentialType: CredentialType;
  /** Wrapped data key, see `crypto/envelope.ts`. */
  readonly dataKey: string;
  /** Only rises; attempts and imports draw from it when they begin. */
  readonly generationCounter: number;
  /** Overrides the connection's mode. */
  readonly rotation: string | null;
  /** Newest first; the first may be the one in use. */
  readonly imported: readonly ImportedToken[];
  /** How long access tokens live, as an operator has set it; overrides the connection's. Null: not set. */
  readonly accessTokenTtlS: number | null;
  /** How long they live, as the API has taught; null: nothing was learnt. */
  readonly learntLifetime: LearntLifetime | null;
  /** At most an hour behind while the object sleeps; exact in memory. */
  readonly lastUsedAtMs: number | null;
  readonly lastRefreshedAtMs: number | null;
  readonly degradedSinceMs: number | null;
  readonly degradedCause: string | null;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

/** One grant: the credential of one granted scope set. Ciphertexts are bound to `generation`. */
export interface GrantRow extends GrantTimes {
  readonly id: number;
  readonly generation: number;
  readonly accessToken: string | null;
  readonly refreshToken: string | null;
  /** JSON of a static credential's fields, encrypted. */
  readonly staticFields: string | null;
  readonly tokenType: string;
  /** Null: the granted scopes are unknown. */
  readonly scopes: readonly string[] | null;
  readonly grantedAtMs: number;
  readonly failures: number;
  /** Outcome of the last failed attempt, for what a caller is told while the next one is not due. */
  readonly lastFailure: string | null;
  readonly lastFailureCode: string | null;
  readonly unknown: UnknownErrorTrack | null;
  /** No refresh on `rejected` before this time: the API refuses every fresh token. */
  readonly rejectHoldUntilMs: number | null;
  /** Of a grant that nothing renews: which agents have its token, and which agents say that the API refuses it. */
  readonly holders: Holders | null;
  /** Digest of the userinfo endpoint that has accepted this grant; null or left out by an older version: none has. */
  readonly acceptedAt?: string | null;
  /** The organization's own client that made it, by client id; null or left out: the connection's made it. */
  readonly client?: string | null;
  /** Named values of the token answer that requests need (e.g. `instance_url`): a JSON object, encrypted. */
  readonly captured: string | null;
}

/** An access token of a grant that was narrowed at a refresh for callers that may have no more. */
export interface NarrowedRow {
  readonly grantId: number;
  /** Sorted and joined by spaces: identifies the row within its grant. */
  readonly scopeKey: string;
  readonly generation: number;
  /** Null: the provider refused to narrow. */
  readonly accessToken: string | null;
  readonly tokenType: string;
  readonly accessExpiresAtMs: number | null;
  readonly tokenAtMs: number | null;
  readonly lifetimeMs: number | null;
  /** The provider refused to narrow to these scopes: not asked again before. */
  readonly refusedUntilMs: number | null;
}

export interface AttemptRow {
  readonly id: string;
  readonly grantId: number;
  readonly generationFrom: number;
  readonly generationTo: number;
  readonly trigger: Trigger;
  readonly startedAtMs: number;
  /** Null while in flight. */
  readonly endedAtMs: number | null;
  readonly outcome: string | null;
  readonly reason: string | null;
  readonly providerError: string | null;
  /** Age of the access token that this attempt was to replace; null when there was none. */
  readonly tokenAgeMs: number | null;
}

/** What stays of a deleted account beside its audit ring. */
export interface TombstoneRow {
  readonly accountId: string;
  readonly organization: string;
  /** Incarnation of the next life. */
  readonly incarnation: number;
  /** Wrapped data key of the next life: the old one is erased with what it encrypted. */
  readonly dataKey: string;
  readonly generationCounter: number;
  readonly deletedAtMs: number;
}
