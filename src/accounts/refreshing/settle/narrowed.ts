/** What a narrowed exchange leaves beside the grant's own token. Inside the settle's transaction. */

import { scopeKeyOf } from '#providers/scopes/scopes.ts';
import type { NarrowedRow } from '../../rows.ts';
import { endingAsLearnt } from '../lifetime.ts';
import { MAX_NARROWED, NARROWING_REFUSED_MS } from '../narrowing.ts';
import type { Settling, Storing } from './settling.ts';

/** A token that came for a narrowed request: kept beside the grant's own, or the note that it cannot be had. */
export function storeNarrowed(storing: Storing, scopes: readonly string[]): void {
  const { object, mac, state, grant, arg, tokens, nowMs } = storing;
  if (tokens.narrowedAccessToken === null) {
    refuseNarrowing(storing, scopes);
    return;
  }
  const { lifetimeMs } = tokens;
  const times = {
    accessExpiresAtMs: lifetimeMs === null ? null : arg.sentAtMs + lifetimeMs,
    tokenAtMs: arg.sentAtMs,
    lifetimeMs,
    hasRefreshToken: true,
  };
  const { accessExpiresAtMs, tokenAtMs, lifetimeMs: livesMs } = endingAsLearnt(times, state.account, nowMs);
  const row: NarrowedRow = {
    grantId: grant.id,
    scopeKey: scopeKeyOf(scopes),
    generation: arg.generationTo,
    accessToken: tokens.narrowedAccessToken,
    tokenType: tokens.tokenType,
    accessExpiresAtMs,
    tokenAtMs,
    lifetimeMs: livesMs,
    refusedUntilMs: null,
  };
  object.store.saveNarrowed(mac, row, MAX_NARROWED);
}

/** The note that the provider does not narrow to these scopes. */
export function refuseNarrowing(
  { object, mac, state, grant, nowMs }: Settling,
  scopes: readonly string[],
): void {
  object.store.saveAccount(mac, state.account);
  object.store.saveNarrowed(
    mac,
    {
      grantId: grant.id,
      scopeKey: scopeKeyOf(scopes),
      generation: grant.generation,
      accessToken: null,
      tokenType: '',
      accessExpiresAtMs: null,
      tokenAtMs: null,
      lifetimeMs: null,
      refusedUntilMs: nowMs + NARROWING_REFUSED_MS,
    },
    MAX_NARROWED,
  );
}
