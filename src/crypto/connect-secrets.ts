/**
 * The secrets of a connect flow, of 256 bits each. What only the browser may hold (state, nonce, confirm code) is made
 * from the secret in its cookie, each under a purpose of its own and the session's id: so nothing of it is stored but
 * the cookie's digest, and a second click of the same browser leads to the same place.
 */

import { createHmac, hash } from 'node:crypto';
import { equalDigests, purposeDigest } from './digest.ts';
import { lengthPrefixed, randomBase62, toBase64Url } from './encoding.ts';

/** Upper bound of 62^43 is above 2^256. */
const CHARACTERS = 43;
const LINK_PREFIX = 'lk_';
export const LINK_PATTERN = /^lk_[0-9A-Za-z]{43}$/;
export const SESSION_PATTERN = /^cs_[0-9A-Za-z]{22}$/;
const BROWSER_PATTERN = /^[0-9A-Za-z]{43}$/;
const TICKET = String.raw`(ca_[a-z][a-z2-7]{26})\.([0-9a-z]{1,9})\.([A-Za-z0-9_-]{11})`;
const STATE_PATTERN = new RegExp(String.raw`^(cs_[0-9A-Za-z]{22})(?:\.(${TICKET}))?\.[A-Za-z0-9_-]{43}$`);

/**
 * What a repair session carries with it instead of being stored: where it belongs, when it began, and a digest of what was
 * asked of the provider. The session's id is the account's signature over it.
 */
export interface Ticket {
  readonly accountId: string;
  readonly startedAtMs: number;
  /** Of `askedDigest`. */
  readonly asked: string;
}

export function newSessionId(): string {
  return `cs_${randomBase62(22)}`;
}

/** A link's token, shown once, and what is stored of it. */
export function newLinkToken(): { token: string; digest: string } {
  const token = LINK_PREFIX + randomBase62(CHARACTERS);
  return { token, digest: linkDigest(token) };
}

export function linkDigest(token: string): string {
  return purposeDigest('connect link v1', token);
}

/** A name for the cookie of one link: it tells nothing of the token. */
export function linkTag(token: string): string {
  return purposeDigest('connect cookie name v1', token).slice(0, 16);
}

export function newBrowserSecret(): string {
  return randomBase62(CHARACTERS);
}

/** Whether a cookie's value can be one of ours at all. */
export function isBrowserSecret(text: string): boolean {
  return BROWSER_PATTERN.test(text);
}

export function browserDigest(secret: string): string {
  return purposeDigest('connect browser v1', secret);
}

function derived(secret: string, purpose: string, sessionId: string): string {
  return createHmac('sha256', secret)
    .update(lengthPrefixed(['connect', purpose, sessionId]))
    .digest('base64url');
}

/**
 * `cs_….<43 characters>`, of a repair `cs_….<ticket>.<43 characters>` (at most 121): names the session, and proves that
 * the browser that sends it back began it.
 */
export function stateOf(secret: string, sessionId: string, ticket: Ticket | null): string {
  const named = ticket === null ? sessionId : `${sessionId}.${ticketText(ticket)}`;
  return `${named}.${derived(secret, 'state', named)}`;
}

function ticketText({ accountId, startedAtMs, asked }: Ticket): string {
  return `${accountId}.${startedAtMs.toString(36)}.${asked}`;
}

/** What a state names; null for what was never a state of ours. It proves nothing yet. */
export function readState(state: string): { sessionId: string; ticket: Ticket | null } | null {
  const [, sessionId, ticket, accountId = '', startedAt = '', asked = ''] = STATE_PATTERN.exec(state) ?? [];
  if (sessionId === undefined) return null;
  if (ticket === undefined) return { sessionId, ticket: null };
  return { sessionId, ticket: { accountId, startedAtMs: Number.parseInt(startedAt, 36), asked } };
}

/** Was this state made by the holder of this cookie? */
export function isStateOf(secret: string, state: string): boolean {
  const read = readState(state);
  return read !== null && equalDigests(state, stateOf(secret, read.sessionId, read.ticket));
}

/** 11 characters that tell whether a flow would still ask the same of the same endpoints. */
export function askedDigest(asked: unknown): string {
  return purposeDigest('connect asked v1', JSON.stringify(asked)).slice(0, 11);
}

export function nonceOf(secret: string, sessionId: string): string {
  return derived(secret, 'nonce', sessionId);
}

export function confirmCodeOf(secret: string, sessionId: string): string {
  return derived(secret, 'confirm', sessionId);
}

export function confirmDigest(code: string): string {
  return purposeDigest('connect confirm v1', code);
}

/** A PKCE verifier of 256 bits (RFC 7636, 4.1). */
export function newVerifier(): string {
  return toBase64Url(crypto.getRandomValues(new Uint8Array(32)));
}

/** S256 (RFC 7636, 4.2). */
export function challengeOf(verifier: string): string {
  return hash('sha256', verifier, 'base64url');
}
