/**
 * What the exchange of an imported refresh token says about it, and the grant that a taken one makes. Pure. Every code
 * with which the provider refuses this grant is a refusal, also a code that no table knows: nothing is lost by not
 * storing it.
 */

import type { EncryptedTokens, SettleArgument } from '#refresh/exchange/outcome.ts';
import { clampRetryAfterMs } from '#refresh/backoff.ts';
import type { ProofRow } from '../../flows/sessions/candidate-row.ts';
import { absoluteEndMs, idleEndMs } from '../../refreshing/plan.ts';
import type { GrantRow } from '../../rows.ts';

export type Proven =
  | { readonly kind: 'stored' }
  /** The provider's own word about this grant. */
  | { readonly kind: 'refused'; readonly providerError: string | null }
  /** The provider does not know the client, so nothing was said about the grant. */
  | { readonly kind: 'client'; readonly providerError: string | null }
  /** A success that holds no token. */
  | { readonly kind: 'unusable'; readonly providerError: string | null }
  /** The connection makes no request that could prove it. */
  | { readonly kind: 'unprovable'; readonly why: string }
  | { readonly kind: 'later'; readonly detail: string; readonly retryAfterMs: number }
  | { readonly kind: 'busy' }
  | { readonly kind: 'too_often'; readonly retryAfterMs: number }
  | { readonly kind: 'overtaken' }
  | { readonly kind: 'gone' };

/** Codes with which a provider refuses the client itself, for any grant (RFC 6749, 5.2). */
const CLIENT_CODES: ReadonlySet<string> = new Set(['invalid_client']);
/** Why nothing was sent that no later try changes. */
const UNPROVABLE: ReadonlySet<string> = new Set([
  'no_token_endpoint',
  'unsupported_auth_method',
  'missing_value',
  'invalid_request',
  'blocked',
  'forbidden_address',
]);

/** The failure of an exchange whose request was never sent (providers/answers/classify.ts). */
const UNSENT: ReadonlySet<string> = new Set([
  'blocked',
  'forbidden_address',
  'unresolved_name',
  'resolver_failed',
]);

/** @param laterMs how long to wait where the provider named no time */
export function provenOf(
  arg: Pick<SettleArgument, 'summary' | 'evidence' | 'unsent'>,
  laterMs: number,
): Exclude<Proven, { kind: 'stored' }> {
  const { summary, evidence } = arg;
  const { providerError, doubt } = summary;
  const retryAfterMs = clampRetryAfterMs(summary.retryAfterMs) ?? laterMs;
  const later = (detail: string): Exclude<Proven, { kind: 'stored' }> => ({
    kind: 'later',
    detail,
    retryAfterMs,
  });
  const why = evidence.find((one) => UNPROVABLE.has(one));
  const unsent = arg.unsent === true || evidence.some((one) => UNSENT.has(one));
  if (unsent && why !== undefined) return { kind: 'unprovable', why };
  if (unsent) return later('the provider could not be asked, so that the credential was not proven');
  switch (summary.outcome) {
    case 'grant_dead':
      return { kind: 'refused', providerError };
    case 'client_rejected':
      return CLIENT_CODES.has(providerError ?? '')
        ? { kind: 'client', providerError }
        : { kind: 'refused', providerError };
    case 'throttled':
      return later('the provider asks for a pause, so that the credential was not proven');
    case 'malformed':
      return { kind: 'unusable', providerError };
    case 'transient':
      return isRefusal(arg)
        ? { kind: 'refused', providerError }
        : later(
            doubt
              ? 'the provider did not answer the proof, and this refresh token may be spent'
              : 'the provider is not available, so that the credential was not proven',
          );
    case 'refreshed':
    case 'unknown':
      return later('the answer of the provider was lost: this refresh token may be spent');
  }
}

/** A parsed 4xx that no table calls passing; a page of a firewall (`body_html`) says nothing about a grant. */
function isRefusal({ summary, evidence }: Pick<SettleArgument, 'summary' | 'evidence'>): boolean {
  if (summary.doubt || summary.reason === 'listed_transient') return false;
  return !evidence.some((one) => one.startsWith('body_'));
}

/** The grant as the provider's answer has it. Lifetimes count from when the request left. */
export function grantOfProof(row: ProofRow, arg: SettleArgument, tokens: EncryptedTokens): GrantRow {
  const { grant, proof } = row;
  const saidMs = tokens.refreshLifetimeMs === null ? null : arg.sentAtMs + tokens.refreshLifetimeMs;
  return {
    ...grant,
    generation: arg.generationTo,
    accessToken: tokens.accessToken,
    refreshToken: tokens.refreshToken,
    hasAccessToken: tokens.accessToken !== null,
    hasRefreshToken: tokens.refreshToken !== null,
    tokenType: tokens.tokenType,
    scopes: tokens.scopes ?? grant.scopes,
    accessExpiresAtMs: tokens.lifetimeMs === null ? null : arg.sentAtMs + tokens.lifetimeMs,
    tokenAtMs: arg.sentAtMs,
    lifetimeMs: tokens.lifetimeMs,
    refreshExpiresAtMs: absoluteEndMs(proof.settings, grant.grantedAtMs, saidMs),
    refreshIdleExpiresAtMs: idleEndMs(proof.settings, arg.sentAtMs),
    // A successor that cannot be kept: the stored one is spent as far as anybody knows.
    doubtSinceMs: arg.summary.doubt ? arg.sentAtMs : null,
    captured: tokens.captured,
  };
}
