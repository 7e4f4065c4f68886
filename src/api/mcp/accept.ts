/** An operator takes a changed tool of an MCP server as it is now. */

import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { AcceptedTool, AcceptTool } from '#contract/accounts/mcp.ts';
import { ProblemError } from '#contract/problem.ts';
import { acceptTool } from '#directory/connections/mcp-tools.ts';
import { systemNow } from '#lib/clock.ts';
import type { AppEnv } from '../context.ts';
import { contextOf, requireOperator } from '../guards.ts';
import { describe } from '../http/describe.ts';
import { bodyOf } from '../http/input.ts';
import { jsonBody, responses } from '../http/responses.ts';
import { newRouter } from '../http/router.ts';

const route = createRoute({
  method: 'post',
  path: '/v1/connections/{id}/tools/accept',
  summary: 'Accept a tool of an MCP server as it is now',
  description:
    'With `pin_tools` a tool that has changed since it was first seen is not called before. `tool` is the name that the server gives it, `digest` the `observed` of the event `agent.anomaly`, which the refusal of a call names too. Twice is once.',
  request: { params: z.object({ id: z.string() }), ...jsonBody(AcceptTool) },
  responses: responses({ 200: AcceptedTool }, ['not_found', 'vault_locked', 'record_corrupt']),
});

export function acceptToolRoutes(): OpenAPIHono<AppEnv> {
  const router = newRouter();
  describe(router, route, requireOperator, async (c) => {
    const operator = c.get('operator');
    // Connections belong to the deployment.
    if (operator.organization !== null)
      throw new ProblemError('forbidden', { detail: 'a key of one organization may not change connections' });
    const connection = c.req.param('id') ?? '';
    const seen = await bodyOf(c, AcceptTool);
    const context = contextOf(c, operator);
    const isThere = await acceptTool(c.get('config'), connection, seen, systemNow(), context);
    if (!isThere) throw new ProblemError('not_found', { detail: 'this connection has no such tool' });
    return c.json({ connection, ...seen, status: 'accepted' });
  });
  return router;
}
