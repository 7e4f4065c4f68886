/**
 * The decision that both doors make: may this agent have that? Pure: what it does not get as an argument it does not
 * know. It checks no account's status and no cut-off, and it records nothing: that is for the doors.
 *
 * Door 1 stands in the Worker and knows the request and the agent alone. Door 2 stands in the account, knows the grants
 * as well, and decides everything once more. What door 1 refuses, door 2 would refuse too.
 */

import type { DenyReason } from '#contract/codes.ts';
import type { Rule } from '#contract/agents/policy.ts';
import type { Approval } from '#contract/rules/fields.ts';
import { refusalBy, type Asked } from './conditions.ts';
import { agentsOf, limitsOf, NO_LIMIT, sharedApproval, unspent, type Limit } from './granted.ts';
import { pickGrant, type Granted, type GrantChoice } from './pick-grant.ts';
import type { PolicyAgent, PolicyRequest } from './request.ts';

/** `rate_limited`: a rule allows it, and is spent. */
export type Reason = DenyReason | 'rate_limited';

interface Refused {
  readonly allowed: false;
  readonly reason: Reason;
  readonly rule: null;
}

export type Door1Decision =
  | {
      readonly allowed: true;
      /** Index of the rule that decided. */
      readonly rule: number;
      /** The rule lets it through after a person's yes to exactly this request alone; null: as it is. */
      readonly approval: Approval | null;
    }
  | Refused;

/** What door 2 knows beside the request. */
export interface AtAccount<G extends Granted> {
  /** The scopes that were asked for, aliases already resolved; null where the request names none. */
  readonly asked: readonly string[] | null;
  /** The scopes that one known call needs, of which no credential leaves; null or left out: it is no such call. */
  readonly needed?: readonly string[] | null;
  readonly grants: readonly G[];
  /** Whether the provider gives a token with fewer scopes at a refresh. */
  readonly canNarrow: boolean;
}

export type Door2Decision<G extends Granted = Granted> =
  | {
      readonly allowed: true;
      /** Index of the rule that decided. */
      readonly rule: number;
      /** As of door 1. */
      readonly approval: Approval | null;
      /** The grant that answers the request. */
      readonly grant: G;
      /** What the rule allows; null = every granted scope. */
      readonly scopes: string[] | null;
      /** What the token has to be narrowed to at a refresh before it may leave; null = it may leave as it is. */
      readonly narrowTo: string[] | null;
    }
  | Door2Refusal;

type Door2Refusal = Refused & {
  /** What the rule that got furthest allows; null where scopes were not reached or it does not limit them. */
  readonly allowedScopes: string[] | null;
  /** What the closest grant holds; null where scopes were not reached, or it is not known. */
  readonly grantedScopes: string[] | null;
};

/** The order of the contract, the three outcomes of its step "scope" in the order in which they are compared. */
const STEPS: readonly Reason[] = [
  'agent_suspended',
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
  'purpose_missing',
  'rate_limited',
];

/** Reasons that keep an agent from knowing of an account at all; behind all others it knows it. */
export const WALLS: ReadonlySet<Reason> = new Set([
  'connection_not_allowed',
  'organization_not_allowed',
  'identifier_not_allowed',
]);

/** Everything but scopes. The rules of the caller's token have to allow it as well as the policy. */
export function decideAtDoor1(agent: PolicyAgent, request: PolicyRequest): Door1Decision {
  const [own, ...granted] = agentsOf(agent);
  const byPolicy = allAtDoor1(own, request);
  const byToken = granted.map((one) => allAtDoor1(one, unspent(request)));
  return nearestRefusal([byPolicy, ...byToken]) ?? withApproval(byPolicy, byToken);
}

/** All of it again, with the scopes, and which grant is to be used: one that every list of rules lets leave so. */
export function decideAtDoor2<G extends Granted>(
  agent: PolicyAgent,
  request: PolicyRequest,
  account: AtAccount<G>,
): Door2Decision<G> {
  const [own, ...granted] = agentsOf(agent);
  const byPolicy = allAtDoor2(own, request, account);
  const byToken = granted.map((one) => allAtDoor2(one, unspent(request), account));
  const refusal = nearestRefusal<Door2Decision<G>, Door2Refusal>([byPolicy, ...byToken]);
  const [grant] = account.grants;
  // What a request names is what leaves, and each list has allowed just that.
  if (refusal !== null) return refusal;
  if (account.asked !== null || account.needed != null || grant === undefined)
    return withApproval(byPolicy, byToken);
  return allAtDoor2(own, request, account, limitsOf(granted, request, grant));
}

/** What the policy decides, with the yes that a rule of the token demands as well. */
function withApproval<
  D extends { readonly allowed: false } | { readonly allowed: true; readonly approval: Approval | null },
>(byPolicy: D, byToken: readonly D[]): D {
  if (!byPolicy.allowed || byToken.length === 0) return byPolicy;
  const approval = byToken.reduce<Approval | null>(
    (shared, one) => sharedApproval(shared, one.allowed ? one.approval : null),
    byPolicy.approval,
  );
  return { ...byPolicy, approval };
}

function allAtDoor1(agent: PolicyAgent, request: PolicyRequest): Door1Decision {
  const asked: Asked = { agent, request };
  return byRules<Door1Decision & { allowed: true }, Refused>(agent, refused, (rule, index) => {
    const reason = refusalBy(rule, asked, 'before_scopes') ?? refusalBy(rule, asked, 'after_scopes');
    if (reason !== null) return refused(reason);
    if (isSpent(request, index)) return refused('rate_limited');
    return { allowed: true, rule: index, approval: rule.approval ?? null };
  });
}

/** @param limits of which one more has to be kept to */
function allAtDoor2<G extends Granted>(
  agent: PolicyAgent,
  request: PolicyRequest,
  account: AtAccount<G>,
  limits: readonly Limit[] = [NO_LIMIT],
): Door2Decision<G> {
  const asked: Asked = { agent, request };
  return byRules<Door2Decision<G> & { allowed: true }, Door2Refusal>(agent, refusedAt2, (rule, index) => {
    const before = refusalBy(rule, asked, 'before_scopes');
    if (before !== null) return refusedAt2(before);
    const [choice, ofLimit] = pickWithin(rule, account, limits);
    if (!choice.picked) return refusedAt2(choice.reason, choice.allowedScopes, choice.grantedScopes);
    const after = refusalBy(rule, asked, 'after_scopes');
    if (after !== null) return refusedAt2(after);
    if (isSpent(request, index)) return refusedAt2('rate_limited');
    const { grant, scopes, narrowTo } = choice;
    const approval = sharedApproval(rule.approval ?? null, ofLimit);
    return { allowed: true, rule: index, approval, grant, scopes, narrowTo };
  });
}

/** By the first of the limits that lets a grant leave, with its approval; a refusal is that of the first. */
function pickWithin<G extends Granted>(
  rule: Rule,
  account: AtAccount<G>,
  limits: readonly Limit[],
): readonly [GrantChoice<G>, Approval | null] {
  const [first = { scopes: [], approval: null }, ...others] = limits;
  const choice = pickGrant({ rule, within: first.scopes, ...account });
  if (choice.picked) return [choice, first.approval];
  for (const { scopes: within, approval } of others) {
    const another = pickGrant({ rule, within, ...account });
    if (another.picked) return [another, approval];
  }
  return [choice, null];
}

/** Of several refusals the one that comes first in the order, so that a wall is one by whichever rules; null: there is none. */
function nearestRefusal<D extends { readonly allowed: boolean }, R extends D & Refused>(
  decisions: readonly (D | R)[],
): R | null {
  const refusals = decisions.filter((one): one is R => !one.allowed);
  return refusals.reduce<R | null>(
    (nearest, one) => (nearest !== null && stepOf(nearest) <= stepOf(one) ? nearest : one),
    null,
  );
}

const stepOf = ({ reason }: Refused): number => STEPS.indexOf(reason);

/** The refusal that got further, the first of two equals. */
export function laterOf<R extends Refused>(one: R, other: R): R {
  return stepOf(other) > stepOf(one) ? other : one;
}

/**
 * No rule, no access. The first rule that allows everything decides; a refusal has the reason of the rule that got
 * furthest, the earlier of two. A rule with `approval` decides like any other: a rule behind it opens nothing that it holds
 * back, so that "all of this, but that only after a yes" can be said in two rules.
 */
function byRules<A extends { allowed: true }, R extends Refused>(
  agent: PolicyAgent,
  refuse: (reason: Reason) => R,
  judge: (rule: Rule, index: number) => A | R,
): A | R {
  // Every status but `active` is refused, also a status that this code does not know.
  if (agent.status !== 'active') return refuse('agent_suspended');
  let furthest = refuse('connection_not_allowed');
  for (const [index, rule] of agent.policy.rules.entries()) {
    const verdict = judge(rule, index);
    if (verdict.allowed) return verdict;
    if (stepOf(verdict) > stepOf(furthest)) furthest = verdict;
  }
  return furthest;
}

/** A rate comes after all else: what is refused does not count. */
function isSpent({ spent }: PolicyRequest, rule: number): boolean {
  return spent?.includes(rule) ?? false;
}

function refused(reason: Reason): Refused {
  return { allowed: false, reason, rule: null };
}

function refusedAt2(
  reason: Reason,
  allowedScopes: string[] | null = null,
  grantedScopes: string[] | null = null,
): Door2Refusal {
  return { ...refused(reason), allowedScopes, grantedScopes };
}
