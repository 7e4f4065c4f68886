/** Who may pass to a route: the guards of the two planes, and what a record says of whoever passed. */

import type { Context, MiddlewareHandler } from 'hono';
import { agentStub } from '#agents/stub.ts';
import type { RequestContext } from '#audit/record.ts';
import { authenticateAgent, type AgentCaller, type AuthFailure, type RequestPieces } from '#callers/agent.ts';
import { authenticateOperator, type OperatorCaller } from '#callers/operator.ts';
import { ProblemError } from '#contract/problem.ts';
import { systemNow } from '#lib/clock.ts';
import type { AppEnv } from './context.ts';

/** Longer ones are cut: what an agent writes there must not cost it its token. */
const TOOL_CALL_ID_LIMIT = 128;

function toolCallIdOf(c: Context<AppEnv>): string | null {
  return c.req.header('x-tool-call-id')?.slice(0, TOOL_CALL_ID_LIMIT) ?? null;
}

function piecesOf(c: Context<AppEnv>): RequestPieces {
  return {
    correlationId: c.get('correlationId'),
    toolCallId: toolCallIdOf(c),
    client: c.get('client'),
    waitUntil: (work) => c.executionCtx.waitUntil(work),
  };
}

function refusal({ code, detail, retryAfterS }: AuthFailure): ProblemError {
  return new ProblemError(code, retryAfterS === undefined ? { detail } : { detail, retryAfterS });
}

/** Lets operators pass and sets `c.var.operator`. @throws ProblemError for everyone else */
export const requireOperator: MiddlewareHandler<AppEnv> = async (c, next) => {
  const { req } = c;
  const config = c.get('config');
  const caller = await authenticateOperator(
    req.raw.headers,
    new URL(req.url),
    config,
    piecesOf(c),
    systemNow,
  );
  if (!caller.ok) throw refusal(caller.error);
  c.set('operator', caller.value);
  await next();
};

/**
 * The agent that asks. A suspended one is a caller too: the route refuses it with `agent_suspended` and records that.
 * @throws ProblemError where nobody has proved itself, or an operator has
 */
export async function requireAgent(c: Context<AppEnv>): Promise<AgentCaller> {
  const { req } = c;
  const config = c.get('config');
  const caller = await authenticateAgent(req.raw.headers, new URL(req.url), config, piecesOf(c), systemNow);
  if (!caller.ok) throw refusal(caller.error);
  return caller.value;
}

/** What every record made for this request carries. */
export function contextOf(c: Context<AppEnv>, caller: AgentCaller | OperatorCaller): RequestContext {
  return {
    actor: {
      type: caller.method === 'agent_key' ? 'agent' : 'operator',
      id: caller.id,
      method: caller.method,
      key_id: caller.keyId,
    },
    correlationId: c.get('correlationId'),
    toolCallId: toolCallIdOf(c),
    client: c.get('client'),
  };
}

/** What a refused request asked for, as far as it said so. */
export interface RefusedRequest {
  readonly reason: string;
  readonly connection: string | null;
  readonly identifier: string | null;
}

/**
 * Records in the agent's own chain that a token was refused, durably before the refusal is answered.
 * @throws ProblemError where it cannot be written: a refusal without its record does not leave either
 */
export async function recordRefusal(
  c: Context<AppEnv>,
  caller: AgentCaller,
  context: RequestContext,
  refused: RefusedRequest,
): Promise<void> {
  const fields = { action: 'token.issue', outcome: 'refused', ...refused } as const;
  const recorded = await agentStub(c.get('config'), caller.id).recordRefusal({ fields, context });
  // Deleted since it proved itself: there is no chain that could take the record, and nothing was handed out.
  if (recorded.ok || recorded.code === 'not_found') return;
  const { code: failure } = recorded;
  const code = failure === 'vault_locked' || failure === 'record_corrupt' ? failure : 'unavailable';
  throw new ProblemError(code, { detail: recorded.detail, retryAfterS: 30 });
}
