/**
 * The link that repairs a dead grant: signed by the account itself, the same on every retry of its event, good for
 * seven days, or until the incident ends before that. Nothing is stored for it. Where it leads is `connect/`.
 */

import { isConsentedType } from '#contract/machine/kinds.ts';
import type { Ticket } from '#crypto/connect-secrets.ts';
import { equalDigests, linkName, linkSignature } from '#crypto/digest.ts';
import type { Account } from '../account.ts';
import type { AccountRow } from '../rows.ts';

const LINK_LIFE_MS = 7 * 86_400_000;
const DAY_MS = 86_400_000;
/** `rp`: repairs a dead grant. `cn`: connects an account for the first time. */
const TOKEN = /^(rp|cn)\.(ca_[a-z][a-z2-7]{26})\.([0-9a-z]{1,11})\.([A-Za-z0-9_-]{43})$/;

/** The account that a repair token names, for finding its object; null for what is no such token. It proves nothing yet. */
export function accountOfRepairToken(token: string): string | null {
  return TOKEN.exec(token)?.[2] ?? null;
}

function sinceOf(account: AccountRow): number | null {
  if (account.status === 'reauth_required') return account.statusSinceMs;
  return account.statusBefore === 'reauth_required' ? (account.causeBefore?.sinceMs ?? null) : null;
}

function signature(
  mac: Uint8Array,
  account: AccountRow,
  sinceMs: number,
  kind: 'repair' | 'connect',
): string {
  return linkSignature(mac, kind, [account.accountId, account.incarnation, sinceMs]);
}

/** The token of the present incident; null while the grant lives. The same each time it is asked for. */
export function repairToken(mac: Uint8Array, account: AccountRow): string | null {
  const sinceMs = sinceOf(account);
  return sinceMs === null
    ? null
    : `rp.${account.accountId}.${sinceMs.toString(36)}.${signature(mac, account, sinceMs, 'repair')}`;
}

/** Null where no browser flow can repair the account, or the deployment does not say under which URL it is reached. */
export function reauthUrl(object: Account, mac: Uint8Array, account: AccountRow): string | null {
  if (!isConsentedType(account.credentialType)) return null;
  return urlOf(object, repairToken(mac, account));
}

/**
 * The link with which the user of a pending account connects it; null where it is not pending, or as above. The same
 * all day long, so that an agent may ask again and again; good for seven days or until the account is connected.
 */
export function connectUrl(object: Account, mac: Uint8Array, account: AccountRow): string | null {
  const settings = object.store.settings();
  if (account.status !== 'pending' || settings === null || !isConsentedType(settings.authType)) return null;
  const sinceMs = Math.floor(object.now() / DAY_MS) * DAY_MS;
  const signed = signature(mac, account, sinceMs, 'connect');
  return urlOf(object, `cn.${account.accountId}.${sinceMs.toString(36)}.${signed}`);
}

function urlOf(object: Account, token: string | null): string | null {
  const { baseUrl } = object.config;
  const authorization = object.store.settings()?.descriptor.authorization_url ?? null;
  return baseUrl === null || authorization === null || token === null ? null : `${baseUrl}/connect/${token}`;
}

/**
 * The id of the session that this browser has under this ticket, while the incident lasts: the account's own signature, so
 * that nothing is stored of a session until its callback, and a holder of the link takes no other user's place. Of a
 * pending account that lasts until it is connected. Null: the grant lives.
 */
export function repairSessionId(
  mac: Uint8Array,
  account: AccountRow,
  browserDigest: string,
  { startedAtMs, asked }: Pick<Ticket, 'startedAtMs' | 'asked'>,
): string | null {
  const sinceMs = account.status === 'pending' ? account.statusSinceMs : sinceOf(account);
  if (sinceMs === null) return null;
  const { accountId, incarnation } = account;
  return `cs_${linkName(mac, 'repair session', [accountId, incarnation, sinceMs, browserDigest, startedAtMs, asked])}`;
}

/** The PKCE verifier of such a session: 256 bits that the account makes again at the callback (RFC 7636, 4.1). */
export function repairVerifier(mac: Uint8Array, sessionId: string, browserDigest: string): string {
  return linkSignature(mac, 'repair verifier', [sessionId, browserDigest]);
}

/** `dead`: signed by this account once, but its incident is over, it is connected, or its seven days are over. */
export function checkRepairToken(
  mac: Uint8Array,
  account: AccountRow,
  token: string,
  nowMs: number,
): 'good' | 'dead' | 'forged' {
  const match = TOKEN.exec(token);
  const sinceMs = Number.parseInt(match?.[3] ?? '', 36);
  if (match === null || match[2] !== account.accountId || !Number.isSafeInteger(sinceMs)) return 'forged';
  const kind = match[1] === 'cn' ? 'connect' : 'repair';
  if (!equalDigests(match[4] ?? '', signature(mac, account, sinceMs, kind))) return 'forged';
  const waits = kind === 'connect' ? account.status === 'pending' : sinceOf(account) === sinceMs;
  return waits && nowMs - sinceMs < LINK_LIFE_MS ? 'good' : 'dead';
}

/** A link with which the account's user connects or repairs it; null: there is nothing to do, or it does not open. */
export async function linkForUser(object: Account): Promise<string | null> {
  const opened = await object.vault.open();
  if (!opened.ok || opened.value === null) return null;
  const { mac } = opened.value.key;
  const account = object.store.state(mac)?.account;
  return account === undefined ? null : (reauthUrl(object, mac, account) ?? connectUrl(object, mac, account));
}
