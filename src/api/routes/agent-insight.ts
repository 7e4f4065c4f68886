/** Looking at agents: all of them, and the decision of an agent's policy on an imagined request. */

import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { AgentView } from '#agents/record.ts';
import { agentStub } from '#agents/stub.ts';
import { ListedAgent, type ListedAgent as Listed } from '#contract/agents.ts';
import { Organization } from '#contract/ids.ts';
import { pageOf, pageQuery } from '#contract/lists.ts';
import { PolicyCheck, PolicyVerdict } from '#contract/policy-check.ts';
import { connectionSettings } from '#directory/connections.ts';
import { listAgents, type ListedRow } from '#directory/index-lists.ts';
import { isoTime, systemNow } from '#lib/clock.ts';
import { decideAtDoor1, decideAtDoor2 } from '#policy/decide.ts';
import { tokenRequest } from '#policy/request.ts';
import { scopeFactsOf } from '#providers/catalogue/scope-facts.ts';
import { resolveScopes, scopesWithin, withImplied } from '#providers/scopes.ts';
import type { AppEnv } from '../context.ts';
import { cutPage, newestFirstAfter } from '../cursor.ts';
import { describe } from '../describe.ts';
import { requireOperator } from '../guards.ts';
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
      'Decided by the policy alone: whether there is such an account, and what was granted to it, is not looked at. Nothing is recorded.',
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
  const { connection, identifier, scope, organization } = await bodyOf(c, PolicyCheck);
  const { agent } = await reach(c, 'view', () => ({}));
  const settings = scope === undefined ? null : await connectionSettings(c.get('config'), connection);
  const facts = settings === null ? null : scopeFactsOf(settings);
  const asked = scope?.split(' ') ?? null;
  const scopes = asked === null || facts === null ? asked : resolveScopes(facts, asked);
  const words = {
    resolve: (names: string[]) => (facts === null ? names : scopesWithin(facts, names)),
    include: (names: string[]) => (facts === null ? names : withImplied(facts, names)),
  };
  const place = { connection, identifier, organization: organization ?? agent.organization };
  const request = tokenRequest(place, systemNow());
  const decision =
    scopes === null
      ? decideAtDoor1(agent, request)
      : // A grant of just what is asked for: then scopes are compared with the rules alone.
        decideAtDoor2(agent, request, { asked: scopes, grants: [{ scopes, ...words }], canNarrow: true });
  const { allowed, rule } = decision;
  return c.json({ allowed, reason: decision.allowed ? null : decision.reason, rule });
}

export function agentInsightRoutes(): OpenAPIHono<AppEnv> {
  const router = newRouter();
  describe(router, routes.list, requireOperator, list);
  describe(router, routes.check, requireOperator, check);
  return router;
}
