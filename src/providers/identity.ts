/**
 * Who has signed in, read from what the provider said: claims of an id_token, the userinfo answer, the token answer,
 * the callback. By the expressions of the descriptor, in one place, so that a subject is the same text each time.
 * It refuses to fetch and to check a signature: what comes in is believed.
 */

import type { Descriptor } from './descriptor.ts';
import { valueAt } from './reading/json-path.ts';

/** What there is to read from; null for what was not there or is not believed. */
export interface IdentityFacts {
  readonly idToken: unknown;
  readonly userinfo: unknown;
  readonly tokenResponse: unknown;
  readonly callback: unknown;
  /** The answer of `account_lookup_url`, which tells variables and nobody's name. */
  readonly accountLookup?: unknown;
}

export interface ProviderIdentity {
  readonly subject: string | null;
  readonly label: string | null;
  readonly email: string | null;
  readonly emailVerified: boolean;
}

const MAX_SUBJECT = 512;
const MAX_LABEL = 200;
const ROOTS = {
  id_token: 'idToken',
  userinfo: 'userinfo',
  token_response: 'tokenResponse',
  callback: 'callback',
  account_lookup: 'accountLookup',
} as const;
const ADDRESS = /^[^\s@]{1,64}@[^\s@]{1,255}$/;

/** Does an expression need the answer of this source? */
export function needs(expression: string | null, source: keyof typeof ROOTS): boolean {
  return expression !== null && new RegExp(`(?:^| )${source}(?:$|[.[ ])`).test(expression);
}

/** Whether asking the userinfo endpoint could tell who the user is. */
export function hasUserinfo(descriptor: Descriptor): boolean {
  return (
    descriptor.userinfo_url !== null &&
    [descriptor.subject_source, descriptor.subject_label_source].some((source) => needs(source, 'userinfo'))
  );
}

/** Whether a token answer that no browser brought, or userinfo, could tell whose grant it is. */
export function tellsSubject(descriptor: Descriptor): boolean {
  const { subject_source: source, userinfo_url: userinfo } = descriptor;
  return (
    needs(source, 'token_response') ||
    needs(source, 'id_token') ||
    (userinfo !== null && needs(source, 'userinfo'))
  );
}

export function identityOf(descriptor: Descriptor, facts: IdentityFacts): ProviderIdentity {
  const subject = evaluate(descriptor.subject_source, facts, MAX_SUBJECT);
  const label = evaluate(descriptor.subject_label_source, facts, MAX_LABEL);
  const email =
    ['id_token.email', 'userinfo.email'].map((path) => textAt(path, facts, MAX_LABEL)).find(isAddress) ??
    (isAddress(label) ? label : null);
  const claimed =
    descriptor.email_verified_source === null ? null : first(descriptor.email_verified_source, facts);
  const says = claimed === undefined || claimed === null ? null : claimed === true || claimed === 'true';
  return {
    subject,
    label: label ?? email,
    email,
    // The provider's own word about this address beats what is generally so.
    emailVerified: email !== null && (says ?? descriptor.email_is_verified),
  };
}

const isAddress = (text: string | null): text is string => text !== null && ADDRESS.test(text);

/** `a | b`: the first that is there. `a + b`: both, or nothing. */
function evaluate(expression: string | null, facts: IdentityFacts, limit: number): string | null {
  if (expression === null) return null;
  for (const alternative of expression.split(' | ')) {
    const parts = alternative.split(' + ').map((path) => textAt(path.trim(), facts, limit));
    // A colon between the parts: `1` + `23` and `12` + `3` are two users.
    if (parts.every((part) => part !== null))
      return parts.length === 1 ? (parts[0] ?? null) : parts.join(':');
  }
  return null;
}

/** The text that an expression names, e.g. of a variable; null where there is none. */
export function firstTextOf(expression: string, facts: IdentityFacts): string | null {
  return evaluate(expression, facts, MAX_SUBJECT);
}

function first(expression: string, facts: IdentityFacts): unknown {
  for (const path of expression.split(' | ')) {
    const value = rawAt(path.trim(), facts);
    if (value !== undefined && value !== null) return value;
  }
  return undefined;
}

function rawAt(path: string, facts: IdentityFacts): unknown {
  const match = /^(id_token|userinfo|token_response|callback|account_lookup)\.?(.*)$/.exec(path);
  if (match === null) return undefined;
  const root = facts[ROOTS[match[1] as keyof typeof ROOTS]];
  return match[2] === '' ? root : valueAt(root, match[2] ?? '');
}

/** A text or a whole number; anything else, an empty text, an oversized one and control characters name nobody. */
function textAt(path: string, facts: IdentityFacts, limit: number): string | null {
  const value = rawAt(path, facts);
  const text = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value;
  if (typeof text !== 'string' || text === '' || text.length > limit) return null;
  return /\p{Cc}|\p{Cs}/u.test(text) ? null : text;
}
