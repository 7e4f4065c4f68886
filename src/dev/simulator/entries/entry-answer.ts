/** What an entry's endpoints answer: tokens at its places, and its user where it says who that is. Pure. */

import type { Descriptor } from '#providers/descriptor.ts';
import type { KnownAnswer } from '../answers.ts';
import type { Dialect } from '../dialects/dialect.ts';
import { readsIdToken, saidOf } from './entries.ts';
import type { Pair } from '../dialects/family.ts';
import { placed, without } from './place.ts';
import type { Answered } from '../token-answer.ts';

const PLAIN = { refresh_token: 'refresh_token', expires_in: 'expires_in', scope: 'scope' };

export interface Given {
  readonly scope: string;
  readonly accessTtlS: number;
  readonly first: boolean;
  readonly rotates: boolean;
  readonly account: string;
  readonly clientId: string;
  readonly nonce: string | null;
  readonly nowMs: number;
}

/** The documented answer, with this pair of tokens at the places of the entry's map. */
export function entryTokenAnswer(
  dialect: Dialect,
  entry: Descriptor,
  success: KnownAnswer,
  pair: Pair,
  given: Given,
): Answered {
  const map = entry.token_response_map ?? { access_token: 'access_token', ...PLAIN };
  let body = placed(success.body, firstOf(map.access_token), pair.accessToken);
  const set = (place: string | null | undefined, value: unknown): void => {
    if (place === null || place === undefined) return;
    body = value === undefined ? without(body, firstOf(place)) : placed(body, firstOf(place), value);
  };
  const renews = entry.refresh_token !== 'none' && (given.first || given.rotates);
  if (map.refresh_token !== map.access_token) set(map.refresh_token, renews ? pair.refreshToken : undefined);
  set(map.expires_in, dialect.saysExpiry ? given.accessTtlS : undefined);
  set(map.expires_at, dialect.saysExpiry ? endOf(body, firstOf(map.expires_at ?? ''), given) : undefined);
  set(map.scope, given.scope === '' ? undefined : given.scope);
  for (const { root, path, value } of saidOf(entry, given.account))
    if (root === 'token_response') set(path, value);
  const check = entry.token_response_success_check;
  if (check !== null && 'path' in check) set(check.path, check.equals);
  if (check !== null && 'absent' in check) body = without(body, check.absent);
  if (readsIdToken(entry) || given.scope.split(/[\s,]+/).includes('openid'))
    set('id_token', idToken(entry, given));
  return { status: 200, headers: { 'cache-control': 'no-store' }, json: body as Record<string, unknown> };
}

/** An instant in the form that the documented answer has: a number is seconds, a text ISO 8601. */
function endOf(body: unknown, place: string, { nowMs, accessTtlS }: Given): unknown {
  const endMs = nowMs + accessTtlS * 1000;
  const documented = (body as Record<string, unknown>)[place];
  return typeof documented === 'number' ? Math.floor(endMs / 1000) : new Date(endMs).toISOString();
}

/** An unsigned id_token: where the catalogue names no keys, no client can check it. */
function idToken(entry: Descriptor, { account, clientId, nonce, nowMs }: Given): string {
  const nowS = Math.floor(nowMs / 1000);
  let claims: unknown = {
    iss: `https://${entry.id}.example`,
    aud: clientId,
    sub: account,
    iat: nowS,
    exp: nowS + 3600,
    ...(nonce === null ? {} : { nonce }),
  };
  for (const { root, path, value } of saidOf(entry, account))
    if (root === 'id_token') claims = placed(claims, path, value);
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'RS256', kid: 'simulated' })}.${part(claims)}.${part('unsigned')}`;
}

/** The answer of userinfo or of the lookup. */
export function entryFacts(entry: Descriptor, account: string, from: 'userinfo' | 'account_lookup'): unknown {
  let body: unknown = {};
  for (const { root, path, value } of saidOf(entry, account))
    if (root === from) body = placed(body, path, value);
  return body;
}

/** Parameters beside the code in the redirect back. */
export function entryCallback(entry: Descriptor, account: string): Record<string, string> {
  const said = saidOf(entry, account).filter(({ root }) => root === 'callback');
  const known = Object.fromEntries(said.map(({ path, value }) => [path, String(value)]));
  const others = entry.capture_from_callback.filter((name) => !Object.hasOwn(known, name));
  return { ...Object.fromEntries(others.map((name) => [name, 'simulated'])), ...known };
}

const firstOf = (expression: string): string => (expression.split('|')[0] ?? '').trim();
