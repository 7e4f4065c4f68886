/**
 * What to do when an agent says that an API refused a token that nothing can renew (refresh.md, "Single flight", rule 2).
 *
 * Owns the rule which agents have to say so before it is believed. One agent's word is not the end of an account for
 * all the others: the provider itself is asked where it can be, elsewhere every agent that was handed this very token
 * has to have said so, three being enough. Some userinfo endpoints answer 401 to a living token that lacks `openid`: a
 * 401 is the provider's word about a token only where the endpoint has taken this very grant before. Refuses to ask, to
 * hand out and to end.
 */

/** Which agents have a token, and which of them say that it is refused. */
export interface Holders {
  /** Fingerprint of the token; null: no agent was handed it yet. */
  readonly token: string | null;
  /** The first three agents that were handed it: of more agents, three have to say so in any case. */
  readonly agents: readonly string[];
  /** Of these or other agents, the first three that have said so. */
  readonly refusedBy: readonly string[];
  /**
   * No list was kept before: until then other agents may have the token. Left out: the list is whole.
   */
  readonly wholeFromMs?: number;
}

/** Of a token that was just stored. */
export const NOBODY_YET: Holders = { token: null, agents: [], refusedBy: [] };

/** So many agents are not all wrong about it. */
const ENOUGH = 3;
/** An agent that is in use asks more often than that. */
const LIST_WHOLE_AFTER_MS = 24 * 3_600_000;

function listOf(holders: Holders | null, token: string, nowMs: number): Holders {
  if (holders === null) return { token, agents: [], refusedBy: [], wholeFromMs: nowMs + LIST_WHOLE_AFTER_MS };
  return holders.token === token ? holders : { token, agents: [], refusedBy: [] };
}

function including(names: readonly string[], name: string): readonly string[] {
  return names.includes(name) || names.length >= ENOUGH ? names : [...names, name];
}

/** The list after this agent was handed the token; the same object where it says so already. */
export function handedTo(
  holders: Holders | null,
  { token, agent, nowMs }: { token: string; agent: string; nowMs: number },
): Holders {
  const list = listOf(holders, token, nowMs);
  const agents = including(list.agents, agent);
  return agents === list.agents && list === holders ? holders : { ...list, agents };
}

/**
 * The list after this agent said that the token is refused. It may have the token from another agent; since it could
 * name the token, it counts as if it had been handed out to it.
 */
export function refusedBy(
  holders: Holders | null,
  { token, agent, nowMs }: { token: string; agent: string; nowMs: number },
): Holders {
  const list = handedTo(holders, { token, agent, nowMs });
  const said = including(list.refusedBy, agent);
  return said === list.refusedBy ? list : { ...list, refusedBy: said };
}

/** Whether all agents that have the token say that it is refused, or three do. */
export function allSaySo({ agents, refusedBy: said, wholeFromMs }: Holders, nowMs: number): boolean {
  if (said.length >= ENOUGH) return true;
  const isWhole = wholeFromMs === undefined || nowMs >= wholeFromMs;
  return (
    isWhole && agents.length > 0 && agents.length < ENOUGH && agents.every((name) => said.includes(name))
  );
}

/**
 * What the provider said of the token itself.
 * - `accepted`: it answered with what was asked for.
 * - `insufficient`: the token lives and may not ask that.
 * - `refused`: 401, which some also answer to a token that lives and may not ask that.
 * - `dead`: the provider's documented sign of a dead token, under another status.
 * - `unsure`: it did not say.
 * - `unaskable`: there is nowhere to ask, for this account at least.
 */
export type TokenVerdict = 'accepted' | 'insufficient' | 'refused' | 'dead' | 'unsure' | 'unaskable';

/**
 * The decision about a report.
 * - `ask`: ask the provider, and come again with its verdict.
 * - `ended`: the token is over, and with it the grant (reason `no_refresh_token`).
 * - `refuted`: the provider takes the token: all reports against it are forgotten, and it is served.
 * - `doubted`: show `token_refused_by_api`, keep the list, and serve it on.
 */
export type RefusedTokenDecision =
  | { readonly kind: 'ask' }
  | { readonly kind: 'ended'; readonly by: 'provider' | 'agents' }
  | { readonly kind: 'refuted' }
  | { readonly kind: 'doubted' };

/**
 * Decides a report about the present token of a grant without refresh token.
 *
 * @param input.canAsk whether the descriptor names a userinfo endpoint
 * @param input.verdict of the provider, asked for this report or shortly before; null: not asked
 * @param input.acceptedBefore whether the same endpoint has accepted this grant before
 * @param input.holders after this report (`refusedBy`)
 */
export function decideRefusedToken(input: {
  nowMs: number;
  canAsk: boolean;
  verdict: TokenVerdict | null;
  acceptedBefore: boolean;
  holders: Holders;
}): RefusedTokenDecision {
  const { nowMs, canAsk, verdict, acceptedBefore, holders } = input;
  const byAgents = (): RefusedTokenDecision =>
    allSaySo(holders, nowMs) ? { kind: 'ended', by: 'agents' } : { kind: 'doubted' };
  if (!canAsk) return byAgents();
  switch (verdict) {
    case null:
      return { kind: 'ask' };
    case 'accepted':
    case 'insufficient':
      return { kind: 'refuted' };
    case 'dead':
      return { kind: 'ended', by: 'provider' };
    case 'refused':
      return acceptedBefore ? { kind: 'ended', by: 'provider' } : byAgents();
    case 'unsure':
      return { kind: 'doubted' };
    case 'unaskable':
      return byAgents();
  }
}
