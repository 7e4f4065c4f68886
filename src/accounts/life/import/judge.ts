/**
 * What becomes of a credential that an operator brings: stored as it is, proven or checked at the provider first, or left alone.
 * Pure. A script that runs twice, with a stale or a broken value, must not harm what the account holds.
 */

import type { RequestContext } from '#audit/record.ts';
import { accessLives } from '#refresh/lifetimes.ts';
import type { AccountRow, ConnectionSettings, GrantRow, ImportedToken } from '../../rows.ts';
import { presentedOf, type CredentialFields } from './fields.ts';

/** How the operator asked for it. */
export type ImportMode =
  /** A credential that would replace a living grant is proven, and so is a refresh token without an access token. */
  | 'prove'
  /** Nothing is proven: the operator said so. */
  | 'trust'
  /** Nothing is proven, and no living grant is replaced: many at once. */
  | 'bulk';

export type ImportStep =
  | { readonly kind: 'store' }
  | { readonly kind: 'prove' }
  /** An access token alone: the provider is asked whether it takes it, where it can be. */
  | { readonly kind: 'check' }
  /** The account lives on this very token or on its successor: nothing is to be done. */
  | { readonly kind: 'keep' }
  | {
      readonly kind: 'refuse';
      readonly code: 'credential_refused' | 'conflict';
      readonly detail: string;
    };

/** Digests that are remembered: more than one script of one app ever holds. */
const KEPT_DIGESTS = 10;

const SPENT =
  'this refresh token was brought before and has been replaced by its successor: presenting it again could end that grant';
const LIVING =
  'the account has a living grant: PUT its credential, which is proven first, or say verify: false';
const POORER =
  'an access token alone cannot be exchanged, and the account has a grant that renews itself: bring its refresh token, or say verify: false';

/** @param digest of the refresh token that was brought; null: none was */
export function judgeImport(input: {
  readonly account: Pick<AccountRow, 'status' | 'statusBefore' | 'imported'>;
  readonly grants: readonly GrantRow[];
  readonly credential: CredentialFields;
  readonly digest: string | null;
  readonly mode: ImportMode;
  readonly nowMs: number;
}): ImportStep {
  const { account, grants, credential, digest, mode, nowMs } = input;
  const presented = presentedOf(credential);
  if (presented === null && credential.type !== 'oauth2') return { kind: 'store' };
  const serves = (account.status === 'disabled' ? account.statusBefore : account.status) === 'active';
  const living = serves ? grants.filter((grant) => grant.hasRefreshToken || accessLives(grant, nowMs)) : [];
  const known = account.imported.findIndex((token) => token.digest === digest);
  const token = known < 0 ? null : (account.imported[known] ?? null);
  if (token !== null) {
    // Each import takes the place of all grants, so only the newest can be what the account lives on.
    const lives = known === 0 && living.some(({ id }) => id === token.grantId);
    if (lives && (token.spent || mode !== 'trust')) return { kind: 'keep' };
    if (token.spent) return { kind: 'refuse', code: 'credential_refused', detail: SPENT };
  }
  // Until it was exchanged it is nobody's grant here.
  const isExchanged = presented?.field === 'subject_token';
  if (mode === 'trust') return { kind: isExchanged ? 'prove' : 'store' };
  if (mode === 'bulk')
    return living.length === 0
      ? { kind: isExchanged ? 'prove' : 'store' }
      : { kind: 'refuse', code: 'conflict', detail: LIVING };
  if (presented === null) {
    if (living.some(({ hasRefreshToken }) => hasRefreshToken))
      return { kind: 'refuse', code: 'conflict', detail: POORER };
    return living.length > 0 ? { kind: 'check' } : { kind: 'store' };
  }
  const isAlone = credential.type !== 'oauth2' || credential.accessToken === null;
  return living.length > 0 || isAlone ? { kind: 'prove' } : { kind: 'store' };
}

/** The account with a token that it has just taken; `digest` null: it took none that could be brought again. */
export function withImported(
  account: AccountRow,
  digest: string | null,
  grantId: number,
  spent: boolean,
): AccountRow {
  // The earlier grant no longer counts as imported: no other grant of that number may be taken for it.
  const others: ImportedToken[] = account.imported
    .filter((token) => token.digest !== digest)
    .map((token) => ({ ...token, grantId: 0 }));
  const imported = digest === null ? others : [{ digest, grantId, spent }, ...others];
  return { ...account, imported: imported.slice(0, KEPT_DIGESTS) };
}

/** The account once a successor of this grant's token has been read. */
export function withSpent(account: AccountRow, grantId: number): AccountRow {
  if (!account.imported.some((token) => token.grantId === grantId && !token.spent)) return account;
  return {
    ...account,
    imported: account.imported.map((token) =>
      token.grantId === grantId ? { ...token, spent: true } : token,
    ),
  };
}

/** What an operator brings. */
export interface ImportOrder {
  readonly credential: CredentialFields;
  readonly settings: ConnectionSettings;
  /** Left out: `prove`. */
  readonly mode?: ImportMode;
  readonly context: RequestContext;
}
