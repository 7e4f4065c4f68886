/**
 * Whether an agent's rules speak of an account at all, even if they allow nothing with it. Decides nothing that is
 * handed out, and does not look at the agent's status: that wall stands before this one.
 */

import type { Rule } from '#contract/policy.ts';
import { matchesGlob } from './glob.ts';
import { matchesIdentifiers } from './identifiers.ts';
import { matchesOrganization } from './organizations.ts';
import { refusalBy } from './conditions.ts';
import type { Place, PolicyAgent, PolicyRequest } from './request.ts';

type AgentWithRules = Omit<PolicyAgent, 'status'>;

/** True when some rule names the account: then a request without `identifier` may fall back to it. */
export function reachesAccount(agent: AgentWithRules, place: Place): boolean {
  return agent.policy.rules.some((rule) => speaksOf(agent, rule, place));
}

/**
 * True when a rule that lets the agent have a link for the account's user allows this request: a rule that has ended
 * gives no link, also where another one still opens the account.
 */
export function mayConnect(agent: PolicyAgent, request: PolicyRequest): boolean {
  const asked = { agent, request };
  return agent.policy.rules.some(
    (rule) =>
      rule.connect === true &&
      refusalBy(rule, asked, 'before_scopes') === null &&
      refusalBy(rule, asked, 'after_scopes') === null,
  );
}

function speaksOf(agent: AgentWithRules, rule: Rule, place: Place): boolean {
  return (
    matchesGlob(rule.connection, place.connection) &&
    matchesOrganization(rule.organizations, place.organization, agent) &&
    matchesIdentifiers(rule.identifiers, place.identifier, agent.id)
  );
}
