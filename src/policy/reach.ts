/**
 * Whether an agent's rules speak of an account at all, whatever they allow with it. Decides nothing that is handed
 * out, and looks neither at the agent's status nor at organizations: those walls stand before this one.
 */

import type { Policy } from '#contract/policy.ts';
import { matchesGlob } from './glob.ts';
import { matchesIdentifiers } from './identifiers.ts';

interface AgentWithRules {
  id: string;
  policy: Policy;
}

/** True when some rule names both: then a request without `identifier` may fall back to that one. */
export function reachesIdentifier(agent: AgentWithRules, connection: string, identifier: string): boolean {
  return agent.policy.rules.some(
    (rule) =>
      matchesGlob(rule.connection, connection) && matchesIdentifiers(rule.identifiers, identifier, agent.id),
  );
}
