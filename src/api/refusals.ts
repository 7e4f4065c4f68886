/** Refusals that belong in the agent's own chain: door 1's, and the walls that door 2 found. Durable before the answer. */

import type { Context } from 'hono';
import { agentStub } from '#agents/stub.ts';
import type { RequestContext } from '#audit/record.ts';
import type { AgentCaller } from '#callers/agent.ts';
import { ProblemError } from '#contract/problem.ts';
import type { AppEnv } from './context.ts';

/** What was refused, as far as it is known. */
export interface RefusedRequest {
  readonly reason: string;
  readonly connection: string | null;
  readonly identifier: string | null;
}

/** Fails closed: a refusal that cannot be recorded is answered as the failure that it is. */
export async function recordRefusal(
  c: Context<AppEnv>,
  caller: AgentCaller,
  context: RequestContext,
  refused: RefusedRequest,
): Promise<void> {
  const recorded = await agentStub(c.get('config'), caller.id).recordRefusal({
    fields: {
      action: 'token.issue',
      outcome: 'refused',
      ...refused,
      organization: caller.organization === '' ? null : caller.organization,
    },
    context,
  });
  if (!recorded.ok) throw new ProblemError('unavailable', { detail: 'the refusal could not be recorded', retryAfterS: 1 });
}
