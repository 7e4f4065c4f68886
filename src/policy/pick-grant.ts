/**
 * Which of an account's stored grants answers a request under one rule: the narrowest that covers it, else the
 * narrowest that can be cut down to it. Sees scopes only: neither tokens nor whether a grant still lives.
 */

import type { Rule } from '#contract/agents/policy.ts';
import type { Coverage } from './scopes.ts';
import { coverage, distinct, isSubset, sharedLimit } from './scopes.ts';

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

export type GrantChoice<G extends Granted> =
  { picked: true; grant: G; scopes: string[] | null; narrowTo: string[] | null } | NoGrant;

interface NoGrant {
  picked: false;
  reason: ScopeRefusal;
  allowedScopes: string[] | null;
  grantedScopes: string[] | null;
}

interface Candidate<G extends Granted> {
  grant: G;
  granted: string[] | null;
  allowed: string[] | null;
  found: Coverage;
}

/**
 * `scopes` and `allowedScopes` are the rule's, resolved. Of two grants equally narrow the earlier is taken. An account
 * without any grant has nothing to hand out: `missing_scopes`.
 */
export function pickGrant<G extends Granted>(input: {
  rule: Rule;
  /** What the token of the caller leaves of it, resolved; left out or null: all. */
  within?: readonly string[] | null;
  asked: readonly string[] | null;
  /** See `AtAccount`. */
  needed?: readonly string[] | null;
  grants: readonly G[];
  canNarrow: boolean;
}): GrantChoice<G> {
  if (input.needed != null) return pickForCall({ ...input, needed: input.needed });
  const candidates = input.grants
    .map((grant) => weigh(grant, input))
    .sort((one, other) => breadth(one) - breadth(other));

  const covering = candidates.find(({ found }) => found.kind === 'covered');
  if (covering) return { picked: true, grant: covering.grant, scopes: covering.allowed, narrowTo: null };

  for (const { grant, allowed, found } of input.canNarrow ? candidates : []) {
    if (grant.narrowable !== false && found.kind === 'narrow' && found.to.length > 0) {
      return { picked: true, grant, scopes: allowed, narrowTo: found.to };
    }
  }
  return refuse(candidates, input.rule);
}

/** For a call that needs just these scopes: what else a grant holds stays here. */
function pickForCall<G extends Granted>(input: {
  rule: Rule;
  within?: readonly string[] | null;
  needed: readonly string[];
  grants: readonly G[];
  canNarrow: boolean;
}): GrantChoice<G> {
  const { needed } = input;
  const candidates = input.grants
    .map((grant) => weigh(grant, { ...input, asked: null }))
    .sort((one, other) => breadth(one) - breadth(other));
  const including = ({ include }: G, scopes: readonly string[]) => include?.([...scopes]) ?? [...scopes];
  const within = candidates.filter(
    ({ grant, allowed }) => allowed === null || isSubset(needed, including(grant, allowed)),
  );
  const [outside] = candidates;
  if (within.length === 0 && outside !== undefined)
    return refusal('scope_not_allowed', outside.allowed, null);
  // A provider that never said what it granted says with its answer whether it was enough.
  const able = within.find(
    ({ grant, granted }) => granted === null || isSubset(needed, including(grant, granted)),
  );
  if (able === undefined) {
    const closest = within.at(-1);
    return refusal('missing_scopes', distinct(needed), closest?.granted ?? []);
  }
  const { grant, granted, allowed } = able;
  const isExact = granted === null || isSubset(granted, including(grant, needed));
  const narrows = input.canNarrow && grant.narrowable !== false && !isExact;
  const held = granted === null ? [] : including(grant, granted);
  const narrowTo = narrows ? distinct(needed).filter((scope) => held.includes(scope)) : null;
  return { picked: true, grant, scopes: allowed, narrowTo };
}

function weigh<G extends Granted>(
  grant: G,
  input: { rule: Rule; within?: readonly string[] | null; asked: readonly string[] | null },
): Candidate<G> {
  const granted = grant.scopes === null ? null : distinct(grant.scopes);
  const include = grant.include ?? ((scopes) => scopes);
  const ofRule = input.rule.scopes === undefined ? null : distinct(grant.resolve(input.rule.scopes));
  const shared = sharedLimit(ofRule, input.within ?? null, include);
  const allowed = shared === null ? null : [...shared];
  return {
    grant,
    granted,
    allowed,
    found: coverage({ granted, allowed, asked: input.asked, include }),
  };
}

/** What is not known counts as broader than all that is. */
function breadth(candidate: Candidate<Granted>): number {
  return candidate.granted?.length ?? Number.MAX_SAFE_INTEGER;
}

/**
 * The refusal of the grant that came closest: the narrowest of those that hold too much, else the broadest of those
 * that hold too little.
 */
function refuse(narrowestFirst: readonly Candidate<Granted>[], rule: Rule): NoGrant {
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
): NoGrant {
  return { picked: false, reason, allowedScopes, grantedScopes };
}
