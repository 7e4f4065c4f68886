/** From what an operator may write to the one form that is stored and evaluated. Checks nothing: the schema did. */

import type { Policy, PolicyInput, Rule } from '#contract/agents/policy.ts';
import { splitCredential } from '#contract/agents/policy.ts';

/**
 * The full form of a checked body. Nothing given is a policy without a rule, which denies all. The items of one
 * connection become one rule, at the place of the first of them; a bare `connection` among them means all scopes.
 */
export function expandPolicy(input: PolicyInput | undefined | null): Policy {
  return { rules: input?.rules ?? rulesOf(input?.allowed_credentials ?? []) };
}

function rulesOf(items: readonly string[]): Rule[] {
  const scopesByConnection = new Map<string, Set<string>>();
  const unlimited = new Set<string>();
  for (const { connection, scope } of items.map(splitCredential)) {
    const scopes = scopesByConnection.get(connection) ?? new Set();
    scopesByConnection.set(connection, scopes);
    if (scope === null) unlimited.add(connection);
    else scopes.add(scope);
  }
  return [...scopesByConnection].map(([connection, scopes]) =>
    unlimited.has(connection) ? { connection } : { connection, scopes: [...scopes] },
  );
}
