/**
 * The user who has signed in, read from the provider's own answers: claims of an id_token, userinfo, the token answer.
 * By the expressions of the descriptor, in one place, so that a subject is the same text each time. A value of the
 * callback URL is the browser's word and is not read here, even where an expression names it: a browser that could name
 * a subject could come back as anybody. It refuses to fetch and to check a signature: what comes in is believed.
 */

import { isNothingWord } from '#contract/nothing-words.ts';
import type { Descriptor } from './descriptor.ts';
import { valueAt } from './reading/json-path.ts';

/** The answers to read from; null for one that was not there or is not believed. */
export interface IdentityFacts {
  readonly idToken: unknown;
  /** Null also where the browser had a say in what was asked: then the answer proves no user. */
  readonly userinfo: unknown;
  readonly tokenResponse: unknown;
  /** A userinfo answer that proves no user and may still name the account on a page. */
  readonly shownUserinfo?: unknown;
}

/** The same for the account's variables, which more may tell. */
export interface VariableFacts extends Omit<IdentityFacts, 'shownUserinfo'> {
  /** What the browser brought. */
  readonly callback: unknown;
  /** The answer of `account_lookup_url`, which tells variables and no user's name. */
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
const ROOTS = { id_token: 'idToken', userinfo: 'userinfo', token_response: 'tokenResponse' } as const;
type Root = keyof typeof ROOTS;
type Roots = Partial<typeof VARIABLE_ROOTS>;
/** Where the value of a variable may come from besides. */
const VARIABLE_ROOTS = { ...ROOTS, callback: 'callback', account_lookup: 'accountLookup' } as const;
const PATH = /^(id_token|userinfo|token_response|callback|account_lookup)(?:\.|(?=\[)|$)(.*)$/;
/** The last name of a path to an e-mail claim: `email`, `mail`, `emailAddress`, `email_address`, `emails[0]`. */
const EMAIL_CLAIM = /(?:^|\.)(?:e?mail|email_?address|emails\[\d+\])$/i;
/** Where OpenID Connect puts the address; further ones are found in the descriptor. */
const EMAIL_PATHS = ['id_token.email', 'userinfo.email'] as const;
const ADDRESS = /^[^\s@]{1,64}@[^\s@]{1,255}$/;

/** Does an expression need the answer of this source? */
export function needs(expression: string | null, source: keyof typeof VARIABLE_ROOTS): boolean {
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

/**
 * The user whom the provider says has signed in. An e-mail address is what stands in an e-mail claim, never a name that
 * looks like one.
 */
export function identityOf(descriptor: Descriptor, facts: IdentityFacts): ProviderIdentity {
  const shown = { ...facts, userinfo: facts.userinfo ?? facts.shownUserinfo ?? null };
  const label = evaluate(descriptor.subject_label_source, shown, MAX_LABEL);
  const claims = emailClaims(descriptor, facts);
  const email = claims[0]?.address ?? null;
  return {
    subject: evaluate(descriptor.subject_source, facts, MAX_SUBJECT),
    label: label ?? email,
    email,
    emailVerified:
      email !== null && (verifiedWord(descriptor, facts, claims) ?? descriptor.email_is_verified),
  };
}

interface EmailClaim {
  readonly root: Root;
  readonly address: string;
}

/** Addresses in e-mail claims, the standard places first, then those that the descriptor's label is read from. */
function emailClaims(descriptor: Descriptor, facts: IdentityFacts): EmailClaim[] {
  const labels = (descriptor.subject_label_source ?? '').split(' | ').map((path) => path.trim());
  return [...new Set([...EMAIL_PATHS, ...labels])].flatMap((path) => {
    const root = PATH.exec(path)?.[1] as Root | undefined;
    const address = root !== undefined && EMAIL_CLAIM.test(path) ? textAt(path, facts, MAX_LABEL) : null;
    return root !== undefined && isAddress(address) ? [{ root, address }] : [];
  });
}

/**
 * What the provider's own answer says about the address, which beats what is generally so; null: nothing. Only an
 * answer that names the same address vouches for it: the word of one answer does not hold for the address of another.
 */
function verifiedWord(
  descriptor: Descriptor,
  facts: IdentityFacts,
  claims: readonly EmailClaim[],
): boolean | null {
  const vouching = new Set(
    claims.filter(({ address }) => address === claims[0]?.address).map(({ root }) => root),
  );
  for (const path of (descriptor.email_verified_source ?? '').split(' | ')) {
    const root = PATH.exec(path.trim())?.[1] as Root | undefined;
    const value = root !== undefined && vouching.has(root) ? rawAt(path.trim(), facts) : undefined;
    if (value !== undefined && value !== null) return value === true || value === 'true';
  }
  return null;
}

const isAddress = (text: string | null): text is string => text !== null && ADDRESS.test(text);

/** `a | b`: the first that is there. `a + b`: both, or nothing. */
function evaluate(
  expression: string | null,
  facts: IdentityFacts | VariableFacts,
  limit: number,
  roots: Roots = ROOTS,
): string | null {
  if (expression === null) return null;
  for (const alternative of expression.split(' | ')) {
    const parts = alternative.split(' + ').map((path) => textAt(path.trim(), facts, limit, roots));
    // A colon between the parts: `1` + `23` and `12` + `3` are two users.
    if (parts.every((part) => part !== null))
      return parts.length === 1 ? (parts[0] ?? null) : parts.join(':');
  }
  return null;
}

/**
 * The text that an expression of a variable names; null where there is none. The callback may tell one: it names
 * nobody.
 */
export function firstTextOf(expression: string, facts: VariableFacts): string | null {
  return evaluate(expression, facts, MAX_SUBJECT, VARIABLE_ROOTS);
}

function rawAt(path: string, facts: IdentityFacts | VariableFacts, roots: Roots = ROOTS): unknown {
  const match = PATH.exec(path);
  if (match === null) return undefined;
  const name = roots[match[1] as keyof Roots];
  const root = name === undefined ? undefined : (facts as Partial<VariableFacts>)[name];
  return match[2] === '' ? root : valueAt(root, match[2] ?? '');
}

/**
 * A text or a whole number; anything else, an empty text, an oversized one and control characters name nobody. Nor does
 * a word for nothing: two users of whom the provider says `null` would be one.
 */
function textAt(
  path: string,
  facts: IdentityFacts | VariableFacts,
  limit: number,
  roots: Roots = ROOTS,
): string | null {
  const value = rawAt(path, facts, roots);
  const text = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value;
  if (typeof text !== 'string' || text === '' || text.length > limit) return null;
  if (roots === ROOTS && isNothingWord(text)) return null;
  return /\p{Cc}|\p{Cs}/u.test(text) ? null : text;
}
