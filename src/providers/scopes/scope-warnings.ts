/** What an operator is told about scopes that it names: typing errors, and what is asked for unasked. Texts only. */

import { scopesToAsk, unknownScopes, type ScopeFacts } from './scopes.ts';

/** A name that nothing knows is no error: the provider may have made the scope since. */
export function unknownScopeWarnings(
  facts: ScopeFacts,
  names: readonly string[],
  where: string,
  others: readonly string[] = [],
): string[] {
  return unknownScopes(facts, names, others).map(({ name, meant }) => {
    const hint = meant === null ? 'check how it is spelled' : `did you mean ${meant}?`;
    return `${where}: nothing here knows the scope ${name}: ${hint}`;
  });
}

/** What a connect flow asks for beyond what was named. */
export function askedScopeWarnings(facts: ScopeFacts, names: readonly string[], where: string): string[] {
  return scopesToAsk(facts, names).added.map(
    (scope) => `${where}: ${scope} is asked for as well: without it the provider gives no refresh token`,
  );
}
