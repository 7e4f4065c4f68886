/** Looking at one account over time: why it stands where it stands, and waiting for it to get somewhere. */

import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { AskingAgent } from '#accounts/explain.ts';
import { accountStub, type Answer } from '#accounts/stub.ts';
import { agentStub } from '#agents/stub.ts';
import { ExplainQuery, Explanation, WaitQuery } from '#contract/account-insight.ts';
import { ConnectedAccount, type Resource } from '#contract/connected-accounts.ts';
import { ACCOUNT_ID_PATTERN } from '#contract/ids.ts';
import { invalid, ProblemError } from '#contract/problem.ts';
import type { AppEnv } from '../context.ts';
import { describe } from '../describe.ts';
import { requireEither, requireOperator } from '../guards.ts';
import { queryOf } from '../input.ts';
import { responses } from '../responses.ts';
import { newRouter } from '../router.ts';
import { unwrap } from './connected-accounts.ts';

const Params = z.object({ id: z.string() });

const explainRoute = createRoute({
  method: 'get',
  path: '/v1/connected-accounts/{id}/explain',
  summary: 'Why an account stands where it stands, and what happens next',
  description: 'With `agent`: also what that agent may do with it and by which rule.',
  request: { params: Params, query: ExplainQuery },
  responses: responses({ 200: Explanation }, ['not_found', 'vault_locked', 'record_corrupt']),
});

const waitRoute = createRoute({
  method: 'get',
  path: '/v1/connected-accounts/{id}/wait',
  summary: 'Wait for an account to get to a status',
  description:
    'Answers when it gets there or the time is up: read `status`, and ask again to wait on. Agents too.',
  request: { params: Params, query: WaitQuery },
  responses: responses({ 200: ConnectedAccount }, ['not_found', 'vault_locked', 'record_corrupt']),
});

function idOf(c: Context<AppEnv>): string {
  const id = c.req.param('id') ?? '';
  if (!ACCOUNT_ID_PATTERN.test(id)) throw new ProblemError('not_found');
  return id;
}

/** The agent that a query names. @throws ProblemError 400 where there is none */
async function namedAgent(c: Context<AppEnv>, id: string): Promise<AskingAgent> {
  const found = await agentStub(c.get('config'), id).lookup({});
  if (!found.ok) throw invalid('agent', 'there is no such agent');
  const { organization, status, policy } = found.agent;
  return { id, organization, status, policy };
}

export function accountInsightRoutes(): OpenAPIHono<AppEnv> {
  const router = newRouter();
  describe(router, explainRoute, requireOperator, async (c) => {
    const id = idOf(c);
    const query = queryOf(c, ExplainQuery);
    const { organization } = c.get('operator');
    const agent = query.agent === undefined ? null : await namedAgent(c, query.agent);
    if (agent !== null && organization !== null && agent.organization !== organization) {
      throw invalid('agent', 'there is no such agent');
    }
    return c.json(unwrap(await accountStub(c.get('config'), id).explain({ organization, agent })));
  });
  describe(router, waitRoute, async (c) => {
    const caller = await requireEither(c);
    const id = idOf(c);
    const { status, timeout_s: timeoutS } = queryOf(c, WaitQuery);
    const stub = accountStub(c.get('config'), id);
    const agent = caller.kind === 'agent' ? caller.agent : null;
    const organization = caller.kind === 'operator' ? caller.operator.organization : null;
    const waited = await stub.wait({ status, timeoutMs: timeoutS * 1000, organization, agent });
    if (!waited.ok && waited.error.code === 'rate_limited') {
      throw new ProblemError('rate_limited', { detail: 'too many wait for this account', retryAfterS: 5 });
    }
    return c.json(unwrap(waited as Answer<Resource>));
  });
  return router;
}
