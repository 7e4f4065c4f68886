/**
 * Whose tenants a rule reaches. An organization is compared as it is; none is an identity of its own, and no wildcard.
 */

import { matchesGlob } from './glob.ts';

/**
 * True when a rule with these `organizations` (left out: it names none) reaches an account of `organization`.
 * Empty: none. An agent that has an organization never leaves it; an agent that has none reaches others by rules that
 * say so.
 */
export function matchesOrganization(
  patterns: readonly string[] | undefined,
  organization: string,
  agent: { readonly organization: string },
): boolean {
  const own = agent.organization;
  if (own !== '' && organization !== own) return false;
  if (patterns === undefined) return organization === own;
  return organization !== '' && patterns.some((pattern) => matchesGlob(pattern, organization));
}
