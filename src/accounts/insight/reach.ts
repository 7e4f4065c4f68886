/** What an agent may do with this account, and by which rule: decided as the door decides, and told in words. Pure. */

import type { Explanation } from '#contract/accounts/account-insight.ts';
import type { Policy } from '#contract/agents/policy.ts';
import type { DemandedApproval } from '#contract/agents/policy-check.ts';
import { decideAtDoor1, decideAtDoor2, type Door2Decision, type Reason } from '#policy/decide.ts';
import { decideForNeeds, needsOf, type ToolDemand } from '#policy/needs.ts';
import type { Granted } from '#policy/pick-grant.ts';
import { reachesAccount } from '#policy/reach.ts';
import type { PolicyAgent, PolicyRequest, Use } from '#policy/request.ts';
import { askedOf, offeredAsAsked, offeredOf, scopesNamedBy } from '../door/scopes.ts';
import { statusRefusal } from '../door/refusals.ts';
import { canNarrow, narrowedOf, servableGrants } from '../refreshing/narrowing.ts';
import type { AccountState } from '../store.ts';
import type { Obstacles } from './obstacles.ts';

/** A request that is imagined. */
export interface ImaginedRequest {
  readonly use: Use;
  /** Null: it names none. */
  readonly scopes: readonly string[] | null;
  /** Of a tool that is known: for which accounts it is and what it needs. */
  readonly demand?: ToolDemand;
  /** When its rules are asked (epoch ms); grants are those of now. */
  readonly atMs: number;
  /** Indices of rules whose `rate` is spent; left out: none. */
  readonly spent?: readonly number[];
}

/** Has the agent a rule for this account? To all others it does not exist. */
export function knowsAccount(agent: PolicyAgent, { account }: AccountState): boolean {
  return agent.status === 'active' && reachesAccount(agent, account);
}

/** What the agent may do with this account, and by which rule. */
export function reachOf(
  state: AccountState,
  obstacles: Obstacles,
  agent: PolicyAgent,
  { use, scopes, demand, atMs, spent = [] }: ImaginedRequest,
  nowMs: number,
): NonNullable<Explanation['agent']> {
  const { connection, identifier, organization } = state.account;
  const { id } = agent;
  if (agent.organization !== '' && organization !== agent.organization) {
    const why = 'the agent belongs to another organization: to it this account does not exist';
    return { id, allowed: false, reason: 'not_found', rule: null, approval: null, scopes: null, why };
  }
  const request: PolicyRequest = { ...use, connection, identifier, organization, nowMs: atMs, spent };
  const refusedWith = refusalOf(state, obstacles, use);
  const decideBy = (policy: Policy) =>
    decide(state, { ...agent, policy }, request, { scopes, demand }, refusedWith !== null, nowMs);
  const decision = decideBy(agent.policy);
  if (decision.allowed) {
    const { rule, narrowTo } = decision;
    const but = refusedWith === null ? '' : `, but the account refuses everybody: ${refusedWith}`;
    const approval = demandedBy(decision);
    const told = { id, approval, scopes: narrowTo ?? decision.scopes };
    if (approval === null)
      return { ...told, allowed: true, reason: null, rule, why: `rule ${rule} allows it${but}` };
    const why = `rule ${rule} allows it after a yes to this very request${but}`;
    return { ...told, allowed: false, reason: 'approval_required', rule: null, why };
  }
  const { reason, allowedScopes } = decision;
  // The reason of a refusal is that of the rule that got furthest, of two the earlier: the first that gives it alone.
  const closest = agent.policy.rules.findIndex((rule) => {
    const alone = decideBy({ rules: [rule] });
    return !alone.allowed && alone.reason === reason;
  });
  return {
    id,
    allowed: false,
    reason,
    rule: null,
    approval: null,
    scopes: allowedScopes,
    why: whyRefused(reason, closest, allowedScopes, connection),
  };
}

/** The rule that lets the request through, where it takes a person's yes first; null: it does not. */
export function demandedBy({ rule, approval }: Allowed): DemandedApproval | null {
  return approval === null ? null : { rule, reason: approval.reason ?? null, ttl_s: approval.ttl_s };
}

type Allowed = Pick<Door2Decision<Granted> & { allowed: true }, 'rule' | 'approval'>;

interface Asked {
  readonly scopes: readonly string[] | null;
  readonly demand: ToolDemand | undefined;
}

/** In the order of the door: what request and agent alone decide, the account's own state, scopes. */
function decide(
  state: AccountState,
  agent: PolicyAgent,
  request: PolicyRequest,
  { scopes: names, demand }: Asked,
  isClosed: boolean,
  nowMs: number,
): Door2Decision<Granted> {
  const first = decideAtDoor1(agent, request);
  if (!first.allowed) return { ...first, allowedScopes: null, grantedScopes: null };
  const { settings } = state;
  // A closed account refuses before its grants are looked at: the rules alone decide then.
  if (isClosed) return decideAtDoor2<Granted>(agent, request, offeredAsAsked(settings, names));
  const grants = offeredOf(settings, servableGrants(state, nowMs), scopesNamedBy(agent));
  const asked = askedOf(settings, grants, names);
  const needs = demand === undefined ? null : needsOf(demand, settings.provider);
  const named = needs?.map((one) => askedOf(settings, grants, one) ?? []) ?? null;
  const decision = decideForNeeds(agent, request, { asked, grants, canNarrow: canNarrow(settings) }, named);
  // A known call goes out with the whole token where it cannot be narrowed.
  if (!decision.allowed || decision.narrowTo === null || needs !== null) return decision;
  const { row } = decision.grant;
  if ((narrowedOf(state, row, decision.narrowTo)?.refusedUntilMs ?? 0) <= nowMs) return decision;
  const { scopes: allowedScopes } = decision;
  const reason = 'cannot_downscope';
  return { allowed: false, reason, rule: null, allowedScopes, grantedScopes: [...(row.scopes ?? [])] };
}

/** The code that this use gets whatever the rules; null: none. That the credential does not leave stops `token` alone. */
function refusalOf({ account }: AccountState, { refusedWith }: Obstacles, { action }: Use): string | null {
  if (refusedWith !== 'account_sealed' || action === 'token') return refusedWith;
  return statusRefusal(account, () => null)?.code ?? null;
}

function whyRefused(
  reason: Reason,
  closest: number,
  allowed: readonly string[] | null,
  connection: string,
): string {
  if (reason === 'agent_suspended') return 'the agent is suspended: it may do nothing, whatever its rules';
  if (reason === 'connection_not_allowed')
    return `no rule allows it: none is for the connection ${connection}`;
  const scopes = allowed === null ? '' : `; it allows ${allowed.join(' ') || 'no scope'}`;
  return `no rule allows it: rule ${closest} comes closest and says ${reason}${scopes}`;
}
