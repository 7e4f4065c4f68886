/**
 * Whether an agent's rules speak of an account at all, even if they allow nothing with it. Decides nothing that is
 * handed out, and does not look at the agent's status: that wall stands before this one.
 */

import type { Rule } from '#contract/agents/policy.ts';
import { matchesGlob } from './glob.ts';
import { agentsOf } from './granted.ts';
import { matchesIdentifiers } from './identifiers.ts';
import { matchesOrganization } from './organizations.ts';
import { refusalBy } from './conditions.ts';
import type { Place, PolicyAgent, PolicyRequest } from './request.ts';

/** True when some rule names the account, also one of its token: then a request without `identifier` may fall back to it. */
export function reachesAccount(agent: PolicyAgent, place: Place): boolean {
  return agentsOf(agent).every((one) => one.policy.rules.some((rule) => speaksOf(one, rule, place)));
}

/**
 * True when a rule that lets the agent have a link for the account's user allows this request: a rule that has ended
 * gives no link, also where another one still opens the account.
 */
export function mayConnect(agent: PolicyAgent, request: PolicyRequest): boolean {
  return agentsOf(agent).every((one) => {
    const asked = { agent: one, request };
    return one.policy.rules.some(
      (rule) =>
        rule.connect === true &&
        refusalBy(rule, asked, 'before_scopes') === null &&
        refusalBy(rule, asked, 'after_scopes') === null,
    );
  });
}

function speaksOf(agent: PolicyAgent, rule: Rule, place: Place): boolean {
  return (
    matchesGlob(rule.connection, place.connection) &&
    matchesOrganization(rule.organizations, place.organization, agent) &&
    matchesIdentifiers(rule.identifiers, place.identifier, agent.id)
  );
}
