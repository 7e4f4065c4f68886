/**
 * The decision that both doors make: may this agent have that? Pure: what it does not get as an argument it does not
 * know. It checks no account's status and no cut-off, and it records nothing: that is for the doors.
 */

import type { DenyReason } from '#contract/codes.ts';
import type { Policy, Rule } from '#contract/policy.ts';
import { matchesGlob } from './glob.ts';
import { matchesIdentifiers } from './identifiers.ts';
import { matchesOrganization } from './organizations.ts';
import type { Granted } from './pick-grant.ts';
import { pickGrant } from './pick-grant.ts';

export type { Granted } from './pick-grant.ts';

export interface PolicyAgent {
  id: string;
  /** Empty or left out: none. An agent that has an organization reaches that one alone; its rules open no other. */
  organization?: string;
  status: 'active' | 'suspended';
  policy: Policy;
}

export interface PolicyRequest {
  action: 'token';
  connection: string;
  identifier: string;
  /** Whose account, empty for none; left out: the agent's own. */
  organization?: string;
  /** What was asked for, aliases already resolved; null where the request names no scope. */
  scopes: string[] | null;
}

export type Decision =
  | {
      allowed: true;
      /** Index of the rule that decided. */
      rule: number;
      /** What that rule allows; null = every granted scope. Without grants the aliases in it are unresolved. */
      scopes: string[] | null;
      /** What the token has to be narrowed to at a refresh before it may leave; null = it may leave as it is. */
      narrowTo: string[] | null;
    }
  | {
      allowed: false;
      reason: DenyReason;
      rule: null;
      /** What the rule that got furthest allows; null where scopes were not reached or it does not limit them. */
      allowedScopes: string[] | null;
      /** What the closest grant holds; null where scopes were not reached, or it is not known. */
      grantedScopes: string[] | null;
    };

type Refusal = Extract<Decision, { allowed: false }>;
type Verdict = (Decision & { allowed: true; grant?: number }) | Refusal;

/** The order of the contract, the three outcomes of its step "scope" in the order in which they are compared. */
const STEPS: readonly DenyReason[] = [
  'connection_not_allowed',
  'organization_not_allowed',
  'identifier_not_allowed',
  'action_not_allowed',
  'tool_not_allowed',
  'method_not_allowed',
  'path_not_allowed',
  'scope_not_allowed',
  'missing_scopes',
  'cannot_downscope',
  'outside_hours',
  'policy_expired',
];

/** A rule with any other field was written by a later version. It restricts something unknown here, so it allows nothing. */
const EVALUATED_FIELDS: readonly string[] = [
  'connection',
  'identifiers',
  'scopes',
  'organizations',
  'connect',
] satisfies (keyof Rule)[];

/**
 * One pure decision for both doors. The first rule that allows everything decides; a refusal has the reason of the
 * rule that got furthest, the earlier of two. No rule, no access.
 *
 * `granted`: the account's stored grants. Absent at door 1, which then decides everything but scopes; what door 1
 * refuses, door 2 would refuse too. `grant` of the answer is an index into it. `canNarrow`: whether the provider gives
 * a token with fewer scopes at a refresh; absent means that it does not.
 */
export function decide(input: {
  agent: PolicyAgent;
  request: PolicyRequest;
  granted?: Granted[];
  canNarrow?: boolean;
}): Decision & { grant?: number } {
  // Every status but `active` is refused, also a status that this code does not know.
  if (input.agent.status !== 'active') return refuse('agent_suspended');

  let furthest = refuse('connection_not_allowed');
  for (const [index, rule] of input.agent.policy.rules.entries()) {
    const verdict = judge(rule, index, input);
    if (verdict.allowed) return verdict;
    if (STEPS.indexOf(verdict.reason) > STEPS.indexOf(furthest.reason)) furthest = verdict;
  }
  return furthest;
}

function judge(rule: Rule, index: number, input: Parameters<typeof decide>[0]): Verdict {
  const { agent, request, granted } = input;
  if (!matchesGlob(rule.connection, request.connection)) return refuse('connection_not_allowed');
  if (!matchesOrganization(rule.organizations, request.organization ?? agent.organization ?? '', agent))
    return refuse('organization_not_allowed');
  if (!matchesIdentifiers(rule.identifiers, request.identifier, agent.id))
    return refuse('identifier_not_allowed');
  if (!Object.keys(rule).every((field) => EVALUATED_FIELDS.includes(field)))
    return refuse('action_not_allowed');
  if (granted === undefined)
    return { allowed: true, rule: index, scopes: rule.scopes ?? null, narrowTo: null };

  const choice = pickGrant({
    rule,
    asked: request.scopes,
    grants: granted,
    canNarrow: input.canNarrow ?? false,
  });
  if (!choice.picked) return refuse(choice.reason, choice.allowedScopes, choice.grantedScopes);
  return {
    allowed: true,
    rule: index,
    scopes: choice.scopes,
    narrowTo: choice.narrowTo,
    grant: choice.grant,
  };
}

function refuse(
  reason: DenyReason,
  allowedScopes: string[] | null = null,
  grantedScopes: string[] | null = null,
): Refusal {
  return { allowed: false, reason, rule: null, allowedScopes, grantedScopes };
}
