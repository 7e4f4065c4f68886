/** Whose account a call means that does not say so itself. */

import { invalid, ProblemError } from '#contract/problem.ts';
import { decideAtDoor1 } from '#policy/decide.ts';
import { serves } from '#policy/needs.ts';
import type { ReachedAccount, ToolAccount, ToolContext } from './context.ts';
import { demandOf } from './demand.ts';
import type { Tool } from './tool.ts';

/**
 * The one account that the agent may use the tool with, or the one connection.
 *
 * @param identifier whose; null: not said
 * @throws ProblemError 400 at `connection` where there are several, 403 where there is none
 */
export async function accountFor(
  context: ToolContext,
  tool: Tool,
  identifier: string | null,
  organization: string | null,
): Promise<ToolAccount> {
  const reached = await context.reached();
  const fitting = reached.filter(
    (account) =>
      serves(demandOf(tool), account) &&
      mayUse(context, tool, account) &&
      (identifier === null || account.identifier === identifier) &&
      (organization === null || account.organization === organization),
  );
  const [only] = fitting;
  if (only !== undefined && fitting.length === 1) return { accountId: only.id };
  const connections = [...new Set(fitting.map(({ connection }) => connection))];
  const named = connections.length > 0 ? connections : await unconnected(context, tool);
  const [connection] = named;
  if (connection === undefined)
    throw new ProblemError('policy_denied', { members: { reason: 'connection_not_allowed' } });
  if (named.length > 1)
    throw invalid('connection', `must be one of: ${named.toSorted().slice(0, 20).join(', ')}`);
  return { connection, identifier, organization };
}

function mayUse({ agent, nowMs }: ToolContext, tool: Tool, account: ReachedAccount): boolean {
  const { connection, identifier, organization } = account;
  const use = { action: 'tool', tool: tool.name, method: tool.method, path: null, purpose: 'any' } as const;
  return decideAtDoor1(agent, { ...use, connection, identifier, organization, nowMs: nowMs() }).allowed;
}

const MAX_ASKED = 20;

/** Connections whose accounts are still to be made: the tool's own, or those that rules name outright. */
async function unconnected({ agent, providerOf }: ToolContext, tool: Tool): Promise<string[]> {
  if (tool.connection !== null) return [tool.connection];
  const names = [...new Set(agent.policy.rules.map(({ connection }) => connection))].filter(
    (name) => !name.includes('*'),
  );
  const found = await Promise.all(
    names.slice(0, MAX_ASKED).map(async (connection) => {
      const provider = await providerOf(connection);
      return provider !== null && serves(demandOf(tool), { connection, provider }) ? connection : null;
    }),
  );
  return found.filter((name) => name !== null);
}
