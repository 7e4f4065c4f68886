/** Whose accounts a rule speaks of. Compares characters as they are; what an identifier may hold is the contract's. */

import { matchesGlob } from './glob.ts';

/** The account that belongs to no one in particular. */
const SHARED_IDENTIFIER = 'default';

/**
 * True when a rule with these `identifiers` reaches that one. Absent patterns reach the agent's own id and `default`;
 * an empty list reaches no account.
 */
export function matchesIdentifiers(
  patterns: readonly string[] | undefined,
  identifier: string,
  agentId: string,
): boolean {
  // The agent's id is compared, not matched: it is a name and never a pattern.
  if (patterns === undefined) return identifier === agentId || identifier === SHARED_IDENTIFIER;
  return patterns.some((pattern) => matchesGlob(pattern, identifier));
}
