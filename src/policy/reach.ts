/**
 * Whether an agent's rules speak of an account at all, even if they allow nothing with it. Decides nothing that is
 * handed out, and does not look at the agent's status: that wall stands before this one.
 */

import type { Policy, Rule } from '#contract/policy.ts';
import { matchesGlob } from './glob.ts';
import { matchesIdentifiers } from './identifiers.ts';
import { matchesOrganization } from './organizations.ts';

interface AgentWithRules {
  id: string;
  /** Empty or left out: none. */
  organization?: string;
  policy: Policy;
}

/** True when some rule names both: then a request without `identifier` may fall back to that one. */
export function reachesIdentifier(
  agent: AgentWithRules,
  connection: string,
  identifier: string,
  organization: string = agent.organization ?? '',
): boolean {
  return agent.policy.rules.some((rule) => speaksOf(agent, rule, connection, identifier, organization));
}

/** True when a rule that names them lets the agent have a link for its user. */
export function mayConnect(
  agent: AgentWithRules,
  connection: string,
  identifier: string,
  organization: string = agent.organization ?? '',
): boolean {
  return agent.policy.rules.some(
    (rule) => rule.connect === true && speaksOf(agent, rule, connection, identifier, organization),
  );
}

function speaksOf(
  agent: AgentWithRules,
  rule: Rule,
  connection: string,
  identifier: string,
  organization: string,
): boolean {
  return (
    matchesGlob(rule.connection, connection) &&
    matchesOrganization(rule.organizations, organization, agent) &&
    matchesIdentifiers(rule.identifiers, identifier, agent.id)
  );
}
