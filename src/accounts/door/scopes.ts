/** An account's grants and a request's scopes as policies compare them: one spelling for what is one scope. Pure. */

import { isRenewedType } from '#contract/machine/kinds.ts';
import type { AtAccount } from '#policy/decide.ts';
import type { PolicyAgent } from '#policy/request.ts';
import type { Granted } from '#policy/pick-grant.ts';
import { scopeFactsOf } from '#providers/catalogue/scope-facts.ts';
import { includedInAll } from '#providers/machine/scope-objects.ts';
import {
  openingScopes,
  resolveScopes,
  scopesAskedOf,
  scopesWithin,
  withImplied,
} from '#providers/scopes/scopes.ts';
import type { ConnectionSettings, GrantRow } from '../rows.ts';

/** A grant's scopes, null where unknown; of a static credential those declared with it or with its connection. */
function knownScopes(settings: ConnectionSettings, grant: GrantRow): readonly string[] | null {
  if (grant.scopes !== null || isRenewedType(settings.authType)) return grant.scopes;
  return settings.scopes.length === 0 ? null : settings.scopes;
}

/** Every scope that a rule of this agent, or of its token, names. */
export function scopesNamedBy({
  policy,
  grantedRules = [],
}: Pick<PolicyAgent, 'policy' | 'grantedRules'>): string[] {
  return [...policy.rules, ...grantedRules.flat()].flatMap(({ scopes }) => scopes ?? []);
}

/** A grant as a policy weighs it. */
export interface Offered extends Granted {
  readonly row: GrantRow;
}

/**
 * The grants as a policy weighs them, in the same order.
 *
 * @param named scopes that rules name, for providers where a scope without a limit includes any of them
 */
export function offeredOf(
  settings: ConnectionSettings,
  grants: readonly GrantRow[],
  named: readonly string[] = [],
): Offered[] {
  const facts = scopeFactsOf(settings);
  return grants.map((grant) => {
    const known = knownScopes(settings, grant);
    return {
      row: grant,
      scopes: known === null ? null : openingScopes(facts, known),
      resolve: (names) => scopesWithin(facts, names),
      include: (scopes) => [
        ...withImplied(facts, scopes),
        ...includedInAll(settings.descriptor.scope_objects, scopes, named),
      ],
      // Only a refresh gives a token with fewer scopes.
      narrowable: grant.hasRefreshToken,
    };
  });
}

/** What a request asks for, by the names that the caller used; null: it names no scope. */
export function askedOf(
  settings: ConnectionSettings,
  granted: readonly Granted[],
  names: readonly string[] | null,
): string[] | null {
  if (names === null) return null;
  const facts = scopeFactsOf(settings);
  const there = withImplied(
    facts,
    granted.flatMap(({ scopes }) => scopes ?? []),
  );
  const asked = scopesAskedOf(facts, names, there);
  const opening = openingScopes(facts, asked);
  // A request for scopes that open nothing is still a request for scopes, and not for all that the agent may have.
  return opening.length === 0 ? asked : opening;
}

/**
 * An account whose one grant is just what is asked for: then scopes are compared with the rules alone.
 *
 * @param settings of the connection; null: there is none, so that names are scopes
 */
export function offeredAsAsked(
  settings: ConnectionSettings | null,
  names: readonly string[] | null,
): AtAccount<Granted> {
  const facts = settings === null ? null : scopeFactsOf(settings);
  const asked = names === null || facts === null ? names : resolveScopes(facts, [...names]);
  const resolve = (scopes: string[]) => (facts === null ? scopes : scopesWithin(facts, scopes));
  // Without a name of one the request takes what a rule allows, so any grant will do.
  const scopes = asked === null ? [] : [...asked];
  const include = (held: string[]) => (facts === null ? held : withImplied(facts, held));
  return { asked, grants: [{ scopes, resolve, include }], canNarrow: true };
}
