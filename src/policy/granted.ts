/**
 * The rules that a token carries beside its agent's policy (RFC 9396): one list for each time that it was narrowed. A
 * request has to pass the policy and every list; so a token allows no more than the agent, nor than the token that it was
 * made from. Pure.
 */

import type { Policy, Rule } from '#contract/agents/policy.ts';
import type { Approval } from '#contract/rules/fields.ts';
import { refusalBy, type Asked } from './conditions.ts';
import type { Granted } from './pick-grant.ts';
import type { PolicyAgent, PolicyRequest } from './request.ts';
import { sharedLimit } from './scopes.ts';

/** What one rule of every list leaves together. */
export interface Limit {
  /** Resolved; null: all. */
  readonly scopes: readonly string[] | null;
  /** That one of these rules demands; null: none does. */
  readonly approval: Approval | null;
}

export const NO_LIMIT: Limit = { scopes: null, approval: null };

/** One person's yes does for several rules; of two times the shorter holds. */
export function sharedApproval(one: Approval | null, other: Approval | null): Approval | null {
  if (one === null || other === null) return one ?? other;
  return { ...other, ...one, ttl_s: Math.min(one.ttl_s, other.ttl_s) };
}

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
 * What the lists of a token leave to a request that names no scope: each a limit that one rule of every list allows
 * together, those of earlier rules first. Empty: the lists allow nothing together.
 *
 * @param names how the scopes of these rules are read: those of one connection, the same for all its grants
 */
export function limitsOf(
  granted: readonly PolicyAgent[],
  request: PolicyRequest,
  names: Pick<Granted, 'resolve' | 'include'>,
): readonly Limit[] {
  let limits = new Map<string, Limit>([['', NO_LIMIT]]);
  for (const agent of granted) {
    const narrower: typeof limits = new Map();
    for (const limit of limits.values()) {
      for (const { scopes, approval } of limitsAllowing(agent, request, names)) {
        const shared = sharedLimit(limit.scopes, scopes, names.include);
        const key = shared === null ? '' : JSON.stringify(shared.toSorted());
        // Of two ways to the same scopes the earlier rules decide.
        if (narrower.size >= MAX_LIMITS || narrower.has(key)) continue;
        narrower.set(key, { scopes: shared, approval: sharedApproval(limit.approval, approval) });
      }
    }
    limits = narrower;
  }
  return [...limits.values()];
}

/** Of each rule that allows the request but for scopes. */
function limitsAllowing(
  agent: PolicyAgent,
  request: PolicyRequest,
  { resolve }: Pick<Granted, 'resolve'>,
): readonly Limit[] {
  const asked: Asked = { agent, request };
  return agent.policy.rules
    .filter(
      (rule) =>
        refusalBy(rule, asked, 'before_scopes') === null && refusalBy(rule, asked, 'after_scopes') === null,
    )
    .map(({ scopes, approval = null }) => ({
      scopes: scopes === undefined ? null : resolve(scopes),
      approval,
    }));
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
