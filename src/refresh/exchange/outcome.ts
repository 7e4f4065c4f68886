/**
 * What the Exchanger brings back to the account: the argument of `settle`, and whose grant it has renewed.
 *
 * Owns the shapes that cross RPC. Refuses plaintext: every string in `EncryptedTokens` that could be a secret is
 * ciphertext, made for the attempt's `generationTo`, so that a retried settle carries nothing else.
 */
import type { OutcomeSummary } from './settle-plan.ts';

/** The tokens of a `refreshed` answer. Durations count from `SettleArgument.sentAtMs`. */
export interface EncryptedTokens {
  /** Ciphertext. Null: none is stored (a grant of a refresh token alone, renewed for a narrowed token). */
  accessToken: string | null;
  /** Ciphertext of a credential that only signs, in the place of a token; left out: there is none. */
  staticFields?: string | null;
  /** Ciphertext of the successor; null: none came along, the stored one stays. */
  refreshToken: string | null;
  /** Ciphertext of an access token that was narrowed for one caller; null: none was asked for. */
  narrowedAccessToken: string | null;
  tokenType: string;
  /** Null: never expires. Never NaN. */
  lifetimeMs: number | null;
  /** Lifetime that the answer gave to the refresh token; null: it said nothing. */
  refreshLifetimeMs: number | null;
  /** What the provider granted; null: it said nothing. */
  scopes: string[] | null;
  /** Ciphertext of a JSON object: what the descriptor captures from the answer, by name. Null: nothing. */
  captured: string | null;
  /** A successor came along: the presented token is spent. Left out by an older version: not known. */
  rotated?: boolean;
  /** HMAC of the access token under a key derived from the account's. */
  fingerprint: string | null;
}

/** One attempt's end. Fields are added, never changed. */
export interface SettleArgument {
  attemptId: string;
  grantId: number;
  incarnation: number;
  /** Generation that was presented. */
  generationFrom: number;
  /** Generation that was drawn when the attempt began; the ciphertexts are bound to it. */
  generationTo: number;
  /** When the request left: lifetimes count from here. */
  sentAtMs: number;
  durationMs: number;
  summary: OutcomeSummary;
  /** Words that may explain the outcome; never a provider's text. */
  evidence: string[];
  /** Set exactly when `summary.outcome` is `refreshed`. */
  tokens: EncryptedTokens | null;
  /** What the token was to be narrowed to; null: as granted. */
  narrowedTo: readonly string[] | null;
  /** Version of the connection's settings that were used. */
  connectionVersion: number;
  /** Nothing left the broker: the attempt says nothing of the provider. */
  unsent?: boolean;
  /** It was let through a closed gate to find out whether the provider is back. */
  probe?: boolean;
}

/**
 * The user of a renewed grant, by the provider's word. Holds for the generation that it was asked with, and no other.
 */
export interface SubjectTold {
  readonly grantId: number;
  readonly incarnation: number;
  readonly generation: number;
  /** Null: no user was named, and other facts were told. */
  readonly subject: string | null;
  readonly label: string | null;
  /** Left out: none. */
  readonly learnt?: LearntVariables;
  /** An answer that was wanted did not come: it is worth asking again. */
  readonly incomplete?: boolean;
}

/** Variables of the account that the provider told when it was asked, as they are to stand in the grant. */
export interface LearntVariables {
  /** Those that were not known before. */
  readonly names: readonly string[];
  /** Ciphertext of a JSON object, for the generation that the question was asked with: all that the grant has captured. */
  readonly captured: string;
  /** The ciphertext that it was made from; null: nothing was captured. */
  readonly replaces: string | null;
}
