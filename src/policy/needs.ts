/**
 * A call that is known beforehand: a tool says which accounts it is for and which scopes it needs. What leaves is that one
 * call and no credential, so a grant with more scopes than a rule allows may serve it, where the call itself stays within
 * the rule; a provider that narrows gives a token of just what is needed all the same. Pure.
 */

import { decideAtDoor2, laterOf, type AtAccount, type Door2Decision } from './decide.ts';
import type { Granted } from './pick-grant.ts';
import type { PolicyAgent, PolicyRequest } from './request.ts';

/** For which accounts a tool is, and what it needs of their grants. */
export interface ToolDemand {
  /** Entries of the catalogue; empty: the one connection alone. */
  readonly providers: readonly string[];
  readonly connection: string | null;
  /** Alternatives, each of which is enough; an empty one needs nothing. */
  readonly scopesAny: readonly (readonly string[])[];
  /** Of `providers`: those whose grants do not name these scopes. */
  readonly unscoped: readonly string[];
}

/** Is the tool for accounts of this connection? */
export function serves(
  { providers, connection }: Pick<ToolDemand, 'providers' | 'connection'>,
  account: { readonly connection: string; readonly provider: string },
): boolean {
  return connection === null ? providers.includes(account.provider) : connection === account.connection;
}

/** Alternatives of scopes; null: the tool needs none, or the grants of this provider do not name them. */
export function needsOf(
  { scopesAny, unscoped }: Pick<ToolDemand, 'scopesAny' | 'unscoped'>,
  provider: string,
): readonly (readonly string[])[] | null {
  if (unscoped.includes(provider)) return null;
  return scopesAny.some((one) => one.length > 0) ? scopesAny : null;
}

/**
 * The decision for the first alternative that is allowed; else the refusal of the one that got furthest. An alternative
 * without scopes is decided like any request that names none.
 *
 * @param needs resolved; null: as a request that names no scope
 */
export function decideForNeeds<G extends Granted>(
  agent: PolicyAgent,
  request: PolicyRequest,
  account: AtAccount<G>,
  needs: readonly (readonly string[])[] | null,
): Door2Decision<G> {
  const [first = [], ...others] = needs ?? [[]];
  let decision = decideOne(agent, request, account, first);
  for (const needed of others) {
    if (decision.allowed) return decision;
    const next = decideOne(agent, request, account, needed);
    decision = next.allowed ? next : laterOf(decision, next);
  }
  return decision;
}

function decideOne<G extends Granted>(
  agent: PolicyAgent,
  request: PolicyRequest,
  account: AtAccount<G>,
  needed: readonly string[],
): Door2Decision<G> {
  return decideAtDoor2(agent, request, needed.length === 0 ? account : { ...account, needed });
}
