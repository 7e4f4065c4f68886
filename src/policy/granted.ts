/**
 * The rules that a token carries beside its agent's policy (RFC 9396): one list for each time that it was narrowed. A
 * request has to pass the policy and every list; so a token allows no more than the agent, nor than the token that it was
 * made from. Pure.
 */

import type { Policy, Rule } from '#contract/policy.ts';
import { refusalBy, type Asked } from './conditions.ts';
import type { Granted } from './pick-grant.ts';
import type { PolicyAgent, PolicyRequest } from './request.ts';
import { sharedLimit } from './scopes.ts';

/** Lists of rules that a token carries; empty or left out: it is not narrowed. */
export type GrantedRules = NonNullable<PolicyAgent['grantedRules']>;

/** Different limits that are weighed. What lies beyond is not allowed, so that no token costs more than it may. */
const MAX_LIMITS = 64;

/** The agent once for its policy, and once for each list of its token in the place of the policy. */
export function agentsOf(agent: PolicyAgent): readonly [own: PolicyAgent, ...granted: PolicyAgent[]] {
  const { grantedRules = [], ...own } = agent;
  return [own, ...grantedRules.map((rules) => ({ ...own, policy: { rules: rules.filter(isWhole) } }))];
}

/** A rate is counted under the policy alone: a rule of a token that has one is not as it was meant. */
const isWhole = ({ rate }: Rule): boolean => rate === undefined;

/** The same request before the rules of a token, none of which is ever spent. */
export function unspent({ spent: _ofPolicy, ...request }: PolicyRequest): PolicyRequest {
  return request;
}

/**
 * The scopes that the lists of a token leave to a request that names none: each a limit that one rule of every list
 * allows together. Null: a limit of nothing. Empty: the lists allow nothing together.
 *
 * @param names how the scopes of these rules are read: those of one connection, the same for all its grants
 */
export function limitsOf(
  granted: readonly PolicyAgent[],
  request: PolicyRequest,
  names: Pick<Granted, 'resolve' | 'include'>,
): readonly (readonly string[] | null)[] {
  let limits = new Map<string, readonly string[] | null>([['', null]]);
  for (const agent of granted) {
    const narrower: typeof limits = new Map();
    for (const limit of limits.values()) {
      for (const scopes of scopesAllowing(agent, request, names)) {
        const shared = sharedLimit(limit, scopes, names.include);
        const key = shared === null ? '' : JSON.stringify(shared.toSorted());
        if (narrower.size < MAX_LIMITS || narrower.has(key)) narrower.set(key, shared);
      }
    }
    limits = narrower;
  }
  return [...limits.values()];
}

/** Of each rule that allows the request but for scopes: those that it allows, null for no limit. */
function scopesAllowing(
  agent: PolicyAgent,
  request: PolicyRequest,
  { resolve }: Pick<Granted, 'resolve'>,
): readonly (readonly string[] | null)[] {
  const asked: Asked = { agent, request };
  return agent.policy.rules
    .filter(
      (rule) =>
        refusalBy(rule, asked, 'before_scopes') === null && refusalBy(rule, asked, 'after_scopes') === null,
    )
    .map(({ scopes }) => (scopes === undefined ? null : resolve(scopes)));
}

/** An agent on its way to an account. */
export interface SentAgent extends Omit<PolicyAgent, 'grantedRules'> {
  /** Of a token that is narrowed: then `policy` beside it is empty, so that a version that cannot narrow allows nothing. */
  readonly narrowed?: { readonly policy: Policy; readonly rules: GrantedRules };
}

export function sentAgent({ id, organization, status, policy, grantedRules = [] }: PolicyAgent): SentAgent {
  const agent = { id, organization, status };
  return grantedRules.length === 0
    ? { ...agent, policy }
    : { ...agent, policy: { rules: [] }, narrowed: { policy, rules: grantedRules } };
}

/** The agent that was sent. */
export function arrivedAgent({ id, organization, status, policy, narrowed }: SentAgent): PolicyAgent {
  const agent = { id, organization, status };
  return narrowed === undefined
    ? { ...agent, policy }
    : { ...agent, policy: narrowed.policy, grantedRules: narrowed.rules };
}
