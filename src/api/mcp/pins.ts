/**
 * Whether tools of a server are still what they were when they were first seen. A change is told once, as an anomaly of
 * the agent that met it; a connection with `pin_tools` keeps it from being called.
 */

import { agentStub } from '#agents/stub.ts';
import type { AgentProof } from '#callers/proof.ts';
import { noteTold, noteTools, type ToolStanding } from '#directory/connections/mcp-tools.ts';
import type { Config } from '#env.ts';
import { systemNow } from '#lib/clock.ts';
import { log } from '#lib/log.ts';
import { digestOf, seen, type ForeignTool } from '#tools/mcp/described.ts';

const MOST_NAME = 128;

/** The digests of those that may not be called, by the server's own name. @throws ProblemError `unavailable` */
export async function blockedTools(
  config: Config,
  caller: AgentProof,
  connection: string,
  tools: readonly ForeignTool[],
): Promise<ReadonlyMap<string, string>> {
  const given = tools.map((tool) => ({ tool: tool.name, digest: digestOf(tool) }));
  const { tools: standings, isPinned } = await noteTools(config, connection, given, systemNow());
  const changed = standings.filter(({ standing }) => standing === 'changed');
  for (const one of changed) if (one.isUntold) await tell(config, caller, connection, one);
  return new Map(isPinned ? changed.map(({ tool, digest }) => [tool, digest]) : []);
}

/** Never throws: who could not be told now is told with the next list. */
async function tell(
  config: Config,
  caller: AgentProof,
  connection: string,
  { tool, digest, before }: ToolStanding,
): Promise<void> {
  try {
    const evidence = { connection, tool: seen(tool, MOST_NAME) };
    const anomaly = { kind: 'tool_changed', observed: digest, expected: before, evidence } as const;
    const told = await agentStub(config, caller.id).tellAnomaly({ anomaly });
    if (told.ok) await noteTold(config.directory, connection, { tool, digest });
  } catch (error) {
    log('warn', 'a changed tool was not told of', { connection, error });
  }
}
