/**
 * Whether an agent's rules speak of an account at all, even if they allow nothing with it. Decides nothing that is
 * handed out, and does not look at the agent's status: that wall stands before this one.
 */

import type { Rule } from '#contract/policy.ts';
import { matchesGlob } from './glob.ts';
import { matchesIdentifiers } from './identifiers.ts';
import { matchesOrganization } from './organizations.ts';
import type { Place, PolicyAgent } from './request.ts';

type AgentWithRules = Omit<PolicyAgent, 'status'>;

/** True when some rule names the account: then a request without `identifier` may fall back to it. */
export function reachesAccount(agent: AgentWithRules, place: Place): boolean {
  return agent.policy.rules.some((rule) => speaksOf(agent, rule, place));
}

/** True when a rule that names the account lets the agent have a link for its user. */
export function mayConnect(agent: AgentWithRules, place: Place): boolean {
  return agent.policy.rules.some((rule) => rule.connect === true && speaksOf(agent, rule, place));
}

function speaksOf(agent: AgentWithRules, rule: Rule, place: Place): boolean {
  return (
    matchesGlob(rule.connection, place.connection) &&
    matchesOrganization(rule.organizations, place.organization, agent) &&
    matchesIdentifiers(rule.identifiers, place.identifier, agent.id)
  );
}
