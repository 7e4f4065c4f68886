/**
 * How often a provider is asked to revoke, and the two ends of the call: what an account hands out and what comes back.
 * Ciphertexts only. It refuses to decide whether a grant may be revoked (`providers/requests/revocation.ts`).
 */

import { clampRetryAfterMs } from './backoff.ts';

export const MAX_REVOCATION_TRIES = 8;

/** A grant that was promoted or confirmed a moment ago has to reach the directory first, or it would not be seen. */
export const FIRST_REVOCATION_MS = 2_000;

/** After the first try, the second, and so on: all eight within a day. */
const GAPS_MS = [5_000, 60_000, 600_000, 3_600_000, 10_800_000, 25_200_000, 36_000_000];

/**
 * How long after try number `tries` the next one comes; after the last one, when the attempt is given up.
 *
 * @param random uniform in [0, 1)
 * @returns milliseconds, jittered by a fifth, never less than a `Retry-After` of at most an hour
 */
export function revocationGapMs(
  tries: number,
  random: () => number,
  retryAfterMs: number | null = null,
): number {
  const gapMs = GAPS_MS[Math.max(0, tries - 1)] ?? 60_000;
  return Math.max(Math.ceil(gapMs * (0.9 + random() * 0.2)), clampRetryAfterMs(retryAfterMs) ?? 0);
}

/** Which token, as it is stored. */
export interface RevocationRequest<Settings = unknown> {
  readonly accountId: string;
  /** Empty for none. */
  readonly organization: string;
  readonly incarnation: number;
  /** The data key of that life, wrapped. */
  readonly dataKey: string;
  readonly grantId: number;
  readonly generation: number;
  /** Captured values, which may say where the grant is ended; left out by an older version. */
  readonly captured?: string | null;
  /** Ciphertexts; the refresh token is presented where there is one. */
  readonly refreshToken: string | null;
  readonly accessToken: string | null;
  /** Where the token is sent. */
  readonly settings: Settings;
  /** The same connection as it is now, whose client secrets are tried; null: not known, or another client. */
  readonly newer: Settings | null;
}
