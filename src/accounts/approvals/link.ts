/**
 * The link with which a person without an account here answers one question: signed by the account itself, the same each
 * time it is asked for. Nothing is stored for it; whether it still opens anything is the approval's own status.
 */

import type { Config } from '#env.ts';
import { equalDigests, linkSignature } from '#crypto/digest.ts';
import type { AccountRow } from '../rows.ts';

const TOKEN = /^ap\.(ca_[a-z][a-z2-7]{26})\.(apr_[0-9A-Za-z]{22})\.([A-Za-z0-9_-]{43})$/;

type Signer = Pick<AccountRow, 'accountId' | 'incarnation'>;

function signature(mac: Uint8Array, { accountId, incarnation }: Signer, approvalId: string): string {
  return linkSignature(mac, 'approval', [accountId, incarnation, approvalId]);
}

/** The account that a token names, for finding its object; null for what is no such token. It proves nothing yet. */
export function accountOfApprovalToken(token: string): string | null {
  return TOKEN.exec(token)?.[1] ?? null;
}

export function approvalToken(mac: Uint8Array, account: Signer, approvalId: string): string {
  return `ap.${account.accountId}.${approvalId}.${signature(mac, account, approvalId)}`;
}

/** The approval that a token of this account opens; null: this account did not sign it in this life. */
export function approvalOfToken(mac: Uint8Array, account: Signer, token: string): string | null {
  const [, accountId, approvalId, signed] = TOKEN.exec(token) ?? [];
  if (accountId !== account.accountId || approvalId === undefined || signed === undefined) return null;
  return equalDigests(signed, signature(mac, account, approvalId)) ? approvalId : null;
}

/** Null where the deployment does not say under which URL it is reached. */
export function approvalUrl(
  { baseUrl }: Pick<Config, 'baseUrl'>,
  mac: Uint8Array,
  account: Signer,
  approvalId: string,
): string | null {
  return baseUrl === null ? null : `${baseUrl}/approve/${approvalToken(mac, account, approvalId)}`;
}
