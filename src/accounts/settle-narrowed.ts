/** What a narrowed exchange leaves beside the grant's own token. Inside the settle's transaction. */

import { scopeKeyOf } from '#providers/scopes.ts';
import type { EncryptedTokens, SettleArgument } from '#refresh/outcome.ts';
import { endingAsLearnt } from './lifetime.ts';
import { MAX_NARROWED, NARROWING_REFUSED_MS } from './narrowing.ts';
import type { Account } from './account.ts';
import type { AccountRow, GrantRow, NarrowedRow } from './rows.ts';

/** A token that came for a narrowed request: kept beside the grant's own, or the note that it cannot be had. */
export function storeNarrowed(
  object: Account,
  mac: Uint8Array,
  account: AccountRow,
  grant: GrantRow,
  arg: SettleArgument,
  tokens: EncryptedTokens,
  scopes: readonly string[],
  nowMs: number,
): void {
  if (tokens.narrowedAccessToken === null) {
    refuseNarrowing(object, mac, grant, scopes, nowMs);
    return;
  }
  const { lifetimeMs } = tokens;
  const times = {
    accessExpiresAtMs: lifetimeMs === null ? null : arg.sentAtMs + lifetimeMs,
    tokenAtMs: arg.sentAtMs,
    lifetimeMs,
    hasRefreshToken: true,
  };
  const { accessExpiresAtMs, tokenAtMs, lifetimeMs: livesMs } = endingAsLearnt(times, account, nowMs);
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
  object: Account,
  mac: Uint8Array,
  grant: GrantRow,
  scopes: readonly string[],
  nowMs: number,
): void {
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
