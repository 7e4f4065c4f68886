/** The agent of a request and the cut-offs of the moment, asked for side by side. */

import type { Context } from 'hono';
import type { AgentCaller } from '#callers/agent.ts';
import { holdsKey } from '#callers/bearer.ts';
import { cutOffs, type CutOffs } from '#directory/cut-offs.ts';
import type { AppEnv } from './context.ts';
import { requireAgent } from './guards.ts';

/**
 * The proved agent and the list that goes with its requests. What has not even the form of a key asks the directory
 * nothing. @throws ProblemError as `requireAgent`
 */
export async function requireAgentWithCutOffs(
  c: Context<AppEnv>,
): Promise<readonly [AgentCaller, CutOffs | null]> {
  if (!holdsKey(c.req.header('authorization') ?? '')) return [await requireAgent(c), null];
  const list = cutOffs(c.get('config').directory, (work) => c.executionCtx.waitUntil(work));
  // `cutOffs` never throws: a refused caller leaves no rejection behind.
  const caller = await requireAgent(c);
  return [caller, list instanceof Promise ? await list : list];
}
