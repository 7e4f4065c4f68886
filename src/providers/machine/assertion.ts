/**
 * The JWT with which a machine asks for a token, before it is signed: its header and claims out of the descriptor's
 * templates. Pure: time and identifier come in.
 *
 * Source: RFC 7523 section 3, RFC 7519 section 4.1.
 */

import type { Assertion } from '../descriptor.ts';
import { fillParam } from '../requests/token-request.ts';

export interface UnsignedAssertion {
  readonly header: Readonly<Record<string, string>>;
  readonly claims: Readonly<Record<string, string | number>>;
}

export type AssertionResult =
  | { readonly ok: true; readonly assertion: UnsignedAssertion }
  | { readonly ok: false; readonly name: string };

/**
 * @param values by the names in the templates
 * @returns the first name that has no value where a claim that is not optional needs it
 */
export function assertionOf(
  facts: Assertion,
  values: Readonly<Record<string, string>>,
  { nowMs, jti }: { readonly nowMs: number; readonly jti: string },
): AssertionResult {
  const header = filled(facts, facts.header, values);
  if (!header.ok) return header;
  const claims = filled(facts, facts.claims, values);
  if (!claims.ok) return claims;
  const issuedAtS = Math.floor(nowMs / 1000) - facts.backdated_s;
  return {
    ok: true,
    assertion: {
      header: { alg: facts.alg, typ: 'JWT', ...header.texts },
      claims: {
        ...claims.texts,
        iat: issuedAtS,
        exp: issuedAtS + facts.backdated_s + facts.lifetime_s,
        ...(facts.jti ? { jti } : {}),
      },
    },
  };
}

function filled(
  { optional }: Assertion,
  templates: Readonly<Record<string, string>>,
  values: Readonly<Record<string, string>>,
): { ok: true; texts: Record<string, string> } | { ok: false; name: string } {
  const texts: Record<string, string> = {};
  for (const [name, template] of Object.entries(templates)) {
    const one = fillParam(template, values);
    if (one.ok) texts[name] = one.text;
    else if (!optional.includes(name)) return one;
  }
  return { ok: true, texts };
}
