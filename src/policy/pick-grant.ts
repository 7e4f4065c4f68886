/**
 * Which of an account's stored grants answers a request under one rule: the narrowest that covers it, else the
 * narrowest that can be cut down to it. Sees scopes only: neither tokens nor whether a grant still lives.
 */

import type { Rule } from '#contract/policy.ts';
import type { Coverage } from './scopes.ts';
import { coverage, distinct } from './scopes.ts';

export interface Granted {
  /** As the provider named them; null where it never said, as with static credentials. */
  scopes: string[] | null;
  /** Replaces the connection's aliases by the provider's names and leaves other names alone. */
  resolve: (names: string[]) => string[];
  /** The scopes with all that the provider counts as included in them; absent: nothing is. */
  include?: (scopes: string[]) => string[];
  /** False: nothing can renew it, and a narrower token comes of a refresh alone. Left out: it may be narrowed. */
  narrowable?: boolean;
}

export type ScopeRefusal = 'scope_not_allowed' | 'missing_scopes' | 'cannot_downscope';

export type GrantChoice =
  | { picked: true; grant: number; scopes: string[] | null; narrowTo: string[] | null }
  | { picked: false; reason: ScopeRefusal; allowedScopes: string[] | null; grantedScopes: string[] | null };

interface Candidate {
  grant: number;
  granted: string[] | null;
  allowed: string[] | null;
  found: Coverage;
}

/**
 * `grant` is an index into `grants`; `scopes` and `allowedScopes` are the rule's, resolved. Of two grants equally
 * narrow the earlier is taken. An account without any grant has nothing to hand out: `missing_scopes`.
 */
export function pickGrant(input: {
  rule: Rule;
  asked: string[] | null;
  grants: readonly Granted[];
  canNarrow: boolean;
}): GrantChoice {
  const candidates = input.grants
    .map((grant, index) => weigh(grant, index, input))
    .sort((one, other) => breadth(one) - breadth(other));

  const covering = candidates.find(({ found }) => found.kind === 'covered');
  if (covering) return { picked: true, grant: covering.grant, scopes: covering.allowed, narrowTo: null };

  for (const { grant, allowed, found } of input.canNarrow ? candidates : []) {
    if (input.grants[grant]?.narrowable !== false && found.kind === 'narrow' && found.to.length > 0) {
      return { picked: true, grant, scopes: allowed, narrowTo: found.to };
    }
  }
  return refuse(candidates, input.rule);
}

function weigh(grant: Granted, index: number, input: { rule: Rule; asked: string[] | null }): Candidate {
  const granted = grant.scopes === null ? null : distinct(grant.scopes);
  const allowed = input.rule.scopes === undefined ? null : distinct(grant.resolve(input.rule.scopes));
  const include = grant.include ?? ((scopes) => scopes);
  return {
    grant: index,
    granted,
    allowed,
    found: coverage({ granted, allowed, asked: input.asked, include }),
  };
}

/** What is not known counts as broader than all that is. */
function breadth(candidate: Candidate): number {
  return candidate.granted?.length ?? Number.MAX_SAFE_INTEGER;
}

/**
 * The refusal of the grant that came closest: the narrowest of those that hold too much, else the broadest of those
 * that hold too little.
 */
function refuse(narrowestFirst: readonly Candidate[], rule: Rule): GrantChoice {
  const tooBroad = narrowestFirst.find(
    ({ found }) => found.kind === 'narrow' || found.kind === 'unknown_grant',
  );
  if (tooBroad) return refusal('cannot_downscope', tooBroad.allowed, tooBroad.granted);

  const missing = narrowestFirst.findLast(({ found }) => found.kind === 'missing_scopes');
  if (missing) return refusal('missing_scopes', missing.allowed, missing.granted);

  const [notAllowed] = narrowestFirst;
  if (notAllowed) return refusal('scope_not_allowed', notAllowed.allowed, null);
  return refusal('missing_scopes', rule.scopes ?? null, []);
}

function refusal(
  reason: ScopeRefusal,
  allowedScopes: string[] | null,
  grantedScopes: string[] | null,
): GrantChoice {
  return { picked: false, reason, allowedScopes, grantedScopes };
}
