/** Looking at agents: all of them, and the decision of an agent's policy on an imagined request. */

import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { AgentView } from '#agents/record.ts';
import { agentStub } from '#agents/stub.ts';
import { ListedAgent, type ListedAgent as Listed } from '#contract/agents.ts';
import { Organization } from '#contract/ids.ts';
import { pageOf, pageQuery } from '#contract/lists.ts';
import { PolicyCheck, PolicyVerdict } from '#contract/policy-check.ts';
import { listAgents, type ListedRow } from '#directory/index-lists.ts';
import { isoTime } from '#lib/clock.ts';
import type { AppEnv } from '../context.ts';
import { cutPage, newestFirstAfter } from '../cursor.ts';
import { describe } from '../describe.ts';
import { requireOperator } from '../guards.ts';
import { imaginedRequest, verdictOn } from '../rules/imagined.ts';
import { bodyOf, queryOf } from '../input.ts';
import { jsonBody, responses } from '../responses.ts';
import { newRouter } from '../router.ts';
import { reach, resource } from './agents.ts';

const LIST = 'agents';
const Query = z.object({ organization: Organization.optional(), ...pageQuery });

const routes = {
  list: createRoute({
    method: 'get',
    path: '/v1/agents',
    summary: 'Agents, newest first',
    description: 'From the index of the directory: `indexed_at` says how fresh each is.',
    request: { query: Query },
    responses: responses({ 200: pageOf(ListedAgent).openapi('AgentList') }),
  }),
  check: createRoute({
    method: 'post',
    path: '/v1/agents/{id}/policy/check',
    summary: 'Ask what the policy of an agent says to a request',
    description:
      'Exactly what a request now would be told, with what was granted to the account; of an account that is not there or not connected the policy alone decides. Nothing is recorded or counted.',
    request: { params: z.object({ id: z.string() }), ...jsonBody(PolicyCheck) },
    responses: responses({ 200: PolicyVerdict }, ['not_found', 'vault_locked', 'record_corrupt']),
  }),
};

/** What the row says; a row of an older version says too little, then the agent itself is asked. Null: it is gone. */
async function listedOf(c: Context<AppEnv>, row: ListedRow): Promise<Listed | null> {
  const indexedAt = { indexed_at: isoTime(row.indexedAtMs) };
  if (row.resource !== null) return { ...resource(JSON.parse(row.resource) as AgentView), ...indexedAt };
  const live = await agentStub(c.get('config'), row.id).view({});
  return live.ok ? { ...resource(live.agent), ...indexedAt } : null;
}

async function list(c: Context<AppEnv>): Promise<Response> {
  const { limit, cursor, organization: asked } = queryOf(c, Query);
  // Of a bound operator its own organization's; that it names another is refused before.
  const organization = c.get('operator').organization ?? asked ?? null;
  const filters = { organization };
  const after = await newestFirstAfter(c.get('config'), LIST, filters, cursor);
  const rows = await listAgents(c.get('config').directory, filters, { limit: limit + 1, after });
  const page = await cutPage(c.get('config'), LIST, filters, limit, rows, ({ createdAtMs, id }) => [
    createdAtMs,
    id,
  ]);
  const found = await Promise.all(page.data.map((row) => listedOf(c, row)));
  return c.json({ ...page, data: found.filter((one) => one !== null) });
}

async function check(c: Context<AppEnv>): Promise<Response> {
  const asked = await bodyOf(c, PolicyCheck);
  const { agent } = await reach(c, 'view', () => ({}));
  const { id, status, policy } = agent;
  const place = {
    connection: asked.connection,
    identifier: asked.identifier,
    organization: asked.organization ?? agent.organization,
  };
  const asking = { id, organization: agent.organization, status, policy };
  const { allowed, reason, rule } = await verdictOn(c, asking, place, imaginedRequest(asked));
  return c.json({ allowed, reason, rule });
}

export function agentInsightRoutes(): OpenAPIHono<AppEnv> {
  const router = newRouter();
  describe(router, routes.list, requireOperator, list);
  describe(router, routes.check, requireOperator, check);
  return router;
}
