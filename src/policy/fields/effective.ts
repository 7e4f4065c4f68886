/** What an agent may do with an account at one moment, over all requests that it could make. Pure. */

import { ACTIONS } from '#contract/rules/fields.ts';
import { allowsAction } from '../conditions.ts';
import { decideAtDoor1 } from '../decide.ts';
import { FOR_TOKEN, type Action, type Place, type PolicyAgent } from '../request.ts';

export interface EffectiveAccess {
  /** Those that some rule allows for some tool, method and path, with a purpose. */
  readonly actions: readonly Action[];
  /** Index of the first rule that allows one of them. */
  readonly rule: number;
}

/** Null: the agent reaches nothing there now. Scopes and rates are not looked at. */
export function effectiveAccess(agent: PolicyAgent, place: Place, nowMs: number): EffectiveAccess | null {
  const allowing = ACTIONS.flatMap((action) => {
    const rule = firstAllowing(agent, place, action, nowMs);
    return rule < 0 ? [] : [{ action, rule }];
  });
  if (allowing.length === 0) return null;
  return {
    actions: allowing.map(({ action }) => action),
    rule: Math.min(...allowing.map(({ rule }) => rule)),
  };
}

function firstAllowing(agent: PolicyAgent, place: Place, action: Action, nowMs: number): number {
  const request = { ...FOR_TOKEN, ...place, action, purpose: 'any', nowMs };
  return agent.policy.rules.findIndex((rule) => {
    // What the two limit is some tools and some requests: there is always one that they allow.
    const { tools: _tools, requests: _requests, ...rest } = rule;
    return (
      allowsAction(rule, action) && decideAtDoor1({ ...agent, policy: { rules: [rest] } }, request).allowed
    );
  });
}
