/** What an agent may do with an account at one moment, over all requests that it could make. Pure. */

import type { Rule } from '#contract/agents/policy.ts';
import { ACTIONS } from '#contract/rules/fields.ts';
import { allowsAction } from '../conditions.ts';
import { decideAtDoor1 } from '../decide.ts';
import { FOR_TOKEN, type Action, type Place, type PolicyAgent } from '../request.ts';

export interface EffectiveAccess {
  /** Those that some rule allows for some tool, method and path, with a purpose. */
  readonly actions: readonly Action[];
  /** Those of `actions` that go through after a person's yes alone, whatever the tool, method and path. */
  readonly approvalRequired: readonly Action[];
  /** Index of the first rule that allows one of them. */
  readonly rule: number;
}

/** Null: the agent reaches nothing there now. Scopes and rates are not looked at. */
export function effectiveAccess(agent: PolicyAgent, place: Place, nowMs: number): EffectiveAccess | null {
  const reached = ACTIONS.flatMap((action) => {
    const allowing = rulesAllowing(agent, place, action, nowMs);
    const [rule] = allowing;
    return rule === undefined
      ? []
      : [{ action, rule, asks: alwaysAsks(agent.policy.rules, allowing, action) }];
  });
  if (reached.length === 0) return null;
  return {
    actions: reached.map(({ action }) => action),
    approvalRequired: reached.filter(({ asks }) => asks).map(({ action }) => action),
    rule: Math.min(...reached.map(({ rule }) => rule)),
  };
}

/** Indices, in their order. */
function rulesAllowing(agent: PolicyAgent, place: Place, action: Action, nowMs: number): number[] {
  const request = { ...FOR_TOKEN, ...place, action, purpose: 'any', nowMs };
  return agent.policy.rules.flatMap((rule, index) => {
    // Those two limit to some tools and some requests: there is always one that they allow.
    const { tools: _tools, requests: _requests, ...rest } = rule;
    const allows =
      allowsAction(rule, action) && decideAtDoor1({ ...agent, policy: { rules: [rest] } }, request).allowed;
    return allows ? [index] : [];
  });
}

/** No rule lets the action through as it is, or one in front of it that holds all of it back does not. */
function alwaysAsks(rules: readonly Rule[], allowing: readonly number[], action: Action): boolean {
  for (const index of allowing) {
    const { approval, tools, requests } = rules[index] ?? {};
    if (approval === undefined) return false;
    const isWhole = action === 'proxy' ? requests === undefined : action === 'token' || tools === undefined;
    if (isWhole) return true;
  }
  return true;
}
