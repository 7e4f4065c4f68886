/** What one token request is on record, and the settings it is answered under. Words only: no behaviour. */

import type { RefreshVerdict } from './store.ts';

/** Settings that may change while the server runs; the present value holds for every request that arrives after. */
export interface OAuthSettings {
  /** `rotating`: every refresh ends the token that was presented. `static`: one refresh token for ever. */
  rotation: 'rotating' | 'static';
  /** A used refresh token gets the answer of its first use again for so long; 0 is strict. */
  graceS: number;
  /** Whole seconds, at least 1. */
  accessTokenTtlS: number;
  /** A used refresh token after its grace ends the whole grant; false: it is refused and nothing more. */
  reuseKillsGrant: boolean;
  /** With `static`: whether the answer repeats the refresh token. Rotating answers always carry the new one. */
  issueRefreshTokenOnRefresh: boolean;
}

/** One request that reached the token endpoint. Fields change until its answer has left. */
export interface TokenCall {
  /** When it arrived, in milliseconds since the epoch. */
  at: number;
  grantType: string | null;
  refreshToken: string | null;
  scope: string | null;
  clientId: string | null;
  /** Of the grant it is about, also when that grant is dead; null when it names none. */
  grantId: string | null;
  /** Of the refresh token, at its arrival and again when its turn came; `other` for other grant types. */
  verdict: RefreshVerdict | 'other';
  /** The same refresh token was presented before and that request had no answer yet. */
  overlaps: boolean;
  /** The answer's status; null while there is no answer, and for ever where the socket was destroyed. */
  status: number | null;
  /** The provider did its part: oidc-provider ran, or the window's answer was looked up. */
  processed: boolean;
  /** A message that is complete as HTTP was handed to the system. */
  answered: boolean;
  /** What the provider issued, also where a fault kept it from leaving. */
  accessToken?: string;
  /** Only where another refresh token than the presented one was issued. */
  newRefreshToken?: string;
}

/** Called and awaited; what it throws ends up in `errors` and the request gets no answer. */
export type TokenHook = (call: TokenCall) => unknown;
