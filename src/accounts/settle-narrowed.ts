/** What a narrowed exchange leaves beside the grant's own token. Inside the settle's transaction. */

import { scopeKeyOf } from '#providers/scopes.ts';
import type { EncryptedTokens, SettleArgument } from '#refresh/outcome.ts';
import { MAX_NARROWED, NARROWING_REFUSED_MS } from './narrowing.ts';
import type { Room } from './room.ts';
import type { GrantRow } from './rows.ts';

/** A token that came for a narrowed request: kept beside the grant's own, or the note that it cannot be had. */
export function storeNarrowed(
  room: Room,
  mac: Uint8Array,
  grant: GrantRow,
  arg: SettleArgument,
  tokens: EncryptedTokens,
  scopes: readonly string[],
  nowMs: number,
): void {
  if (tokens.narrowedAccessToken === null) {
    refuseNarrowing(room, mac, grant, scopes, nowMs);
    return;
  }
  room.store.saveNarrowed(
    mac,
    {
      grantId: grant.id,
      scopeKey: scopeKeyOf(scopes),
      generation: arg.generationTo,
      accessToken: tokens.narrowedAccessToken,
      tokenType: tokens.tokenType,
      accessExpiresAtMs: tokens.lifetimeMs === null ? null : arg.sentAtMs + tokens.lifetimeMs,
      tokenAtMs: arg.sentAtMs,
      lifetimeMs: tokens.lifetimeMs,
      refusedUntilMs: null,
    },
    MAX_NARROWED,
  );
}

/** The note that the provider does not narrow to these scopes. */
export function refuseNarrowing(
  room: Room,
  mac: Uint8Array,
  grant: GrantRow,
  scopes: readonly string[],
  nowMs: number,
): void {
  room.store.saveNarrowed(
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
