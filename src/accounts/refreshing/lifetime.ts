/** How long access tokens of an account live, beside what the provider says: as an operator has set it, and as was learnt. Pure. */

import { shortenedMs } from '#refresh/learnt-lifetime.ts';
import type { AccountRow, ConnectionSettings, GrantRow } from '../rows.ts';

type Lifetimes = Pick<AccountRow, 'accessTokenTtlS' | 'learntLifetime'>;

/** As an operator has set it, in seconds, the account's own first; null: not set. */
export function setLifetimeS(account: Lifetimes, settings: ConnectionSettings): number | null {
  return account.accessTokenTtlS ?? settings.accessTokenTtlS;
}

/** The connection's settings as they hold for this account. */
export function settingsFor(account: Lifetimes, settings: ConnectionSettings): ConnectionSettings {
  return { ...settings, accessTokenTtlS: setLifetimeS(account, settings) };
}

type Token = Pick<GrantRow, 'accessExpiresAtMs' | 'tokenAtMs' | 'lifetimeMs'>;

/** The token with this life at most; null: for ever. The same object where it is not longer. */
function atMost<T extends Token>(token: T, lifetimeMs: number | null): T {
  if (token.tokenAtMs === null || lifetimeMs === null) return token;
  const endsAtMs = token.tokenAtMs + lifetimeMs;
  if (token.accessExpiresAtMs !== null && token.accessExpiresAtMs <= endsAtMs) return token;
  return { ...token, lifetimeMs, accessExpiresAtMs: endsAtMs };
}

/** As the API has taught. A token that nothing can renew is served until the API refuses it: no guess ends it. */
export function endingAsLearnt<T extends Token & Pick<GrantRow, 'hasRefreshToken'>>(
  grant: T,
  { learntLifetime }: Lifetimes,
  nowMs: number,
): T {
  return grant.hasRefreshToken ? atMost(grant, shortenedMs(null, learntLifetime, nowMs)) : grant;
}

/** As an operator has just set it: a living token does not live longer than that either. */
export function endingAsSet<T extends Token>(token: T, ttlS: number | null): T {
  return atMost(token, ttlS === null ? null : ttlS * 1000);
}
