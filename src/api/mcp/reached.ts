/** The MCP servers that an agent reaches, as accounts of connections: from the directory's index, and from its rules. */

import type { AgentProof } from '#callers/proof.ts';
import { NAME_PATTERN } from '#contract/ids.ts';
import { connectionSettings } from '#directory/connections/connections.ts';
import { systemNow } from '#lib/clock.ts';
import { decideAtDoor1 } from '#policy/decide.ts';
import { mayConnect } from '#policy/reach.ts';
import type { Place, PolicyRequest } from '#policy/request.ts';
import { MCP } from '#providers/mcp.ts';
import type { Config } from '#env.ts';
import { findReachable } from '../rules/reachable.ts';

export interface ReachedAccount {
  readonly accountId: string;
  readonly connection: string;
  readonly identifier: string;
  readonly organization: string;
  /** Revoked or disabled: nothing of it is listed, and a call says so. */
  readonly isEnded: boolean;
}

/** One server as an agent reaches it. */
export interface ReachedServer {
  readonly connection: string;
  /** The one that is meant where a call names none comes first; empty: nobody has connected one. */
  readonly accounts: readonly ReachedAccount[];
  /** A call has to name the account: none of them is the agent's own, the shared one, or the only one. */
  readonly isAmbiguous: boolean;
}

const MOST_ACCOUNTS = 200;
const MOST_SERVERS = 30;
/** Stands for the purpose that a later call will bring: a list is shown for rules that demand one. */
const ANY_PURPOSE = 'any';
const ENDED: ReadonlySet<string> = new Set(['revoked', 'disabled']);

/** The request that door 1 decides for a tool of an MCP server, or for the list of its tools (null). */
export function mcpRequest(
  { connection, identifier, organization }: Place,
  tool: string | null,
): PolicyRequest {
  const use = { action: 'mcp', tool, method: null, path: null, purpose: ANY_PURPOSE } as const;
  return { ...use, connection, identifier, organization, nowMs: systemNow() };
}

/** @param named whose accounts; null: all that the rules reach @throws ProblemError `unavailable` */
export async function reachedServers(
  config: Config,
  caller: AgentProof,
  named: string | null,
): Promise<readonly ReachedServer[]> {
  const { data } = await findReachable(config, caller, { limit: MOST_ACCOUNTS, start: null }, (account) => {
    if (account.provider !== MCP) return null;
    if (named !== null && account.identifier !== named) return null;
    const { id: accountId, connection, identifier, status } = account;
    const organization = account.organization ?? '';
    const one = { accountId, connection, identifier, organization, isEnded: ENDED.has(status) };
    return decideAtDoor1(caller, mcpRequest(one, null)).allowed ? one : null;
  });
  const byConnection = Map.groupBy(data, ({ connection }) => connection);
  for (const connection of await unmade(config, caller, named, new Set(byConnection.keys())))
    byConnection.set(connection, []);
  return [...byConnection]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .slice(0, MOST_SERVERS)
    .map(([connection, accounts]) => serverOf(connection, accounts, caller));
}

function serverOf(
  connection: string,
  accounts: readonly ReachedAccount[],
  { id, organization }: AgentProof,
): ReachedServer {
  const rank = (one: ReachedAccount): number =>
    (one.isEnded ? 4 : 0) +
    (one.organization !== organization
      ? 3
      : one.identifier === id
        ? 0
        : one.identifier === 'default'
          ? 1
          : 2);
  const sorted = accounts.toSorted(
    (a, b) => rank(a) - rank(b) || (a.identifier < b.identifier ? -1 : a.identifier > b.identifier ? 1 : 0),
  );
  const [first, second] = sorted;
  const isAmbiguous = first !== undefined && second?.isEnded === false && rank(first) > 1;
  return { connection, accounts: sorted, isAmbiguous };
}

/** Servers that a rule names and gives a link for, where the agent has no account yet. */
async function unmade(
  config: Config,
  caller: AgentProof,
  named: string | null,
  made: ReadonlySet<string>,
): Promise<string[]> {
  const { id, organization } = caller;
  const connections = new Set(caller.policy.rules.map(({ connection }) => connection));
  const wanted = [...connections].filter(
    (connection) =>
      !made.has(connection) &&
      NAME_PATTERN.test(connection) &&
      mayConnect(caller, mcpRequest({ connection, identifier: named ?? id, organization }, null)),
  );
  const found = await Promise.all(
    wanted.slice(0, MOST_SERVERS).map(async (connection) => {
      const settings = await connectionSettings(config, connection, '');
      return settings?.provider === MCP ? connection : null;
    }),
  );
  return found.filter((connection) => connection !== null);
}
