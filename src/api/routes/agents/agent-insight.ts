/** Looking at agents: all of them, and the decision of an agent's policy on an imagined request. */

import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { AgentView } from '#agents/record.ts';
import { agentStub } from '#agents/stub.ts';
import { EffectiveAccessList, type EffectiveAccess } from '#contract/agents/agent-credentials.ts';
import type { Resource } from '#contract/accounts/connected-accounts.ts';
import { ListedAgent, type ListedAgent as Listed } from '#contract/agents/agents.ts';
import { Organization } from '#contract/ids.ts';
import { pageOf, pageQuery } from '#contract/lists.ts';
import { PolicyCheck, PolicyVerdict } from '#contract/agents/policy-check.ts';
import { listAgents, type ListedRow } from '#directory/indexes/index-lists.ts';
import { cutOffs } from '#directory/revocations/cut-offs.ts';
import { isoTime, systemNow } from '#lib/clock.ts';
import { effectiveAccess } from '#policy/fields/effective.ts';
import type { AppEnv } from '../../context.ts';
import { cutPage, encodeCursor, newestFirstAfter } from '../../http/cursor.ts';
import { describe } from '../../http/describe.ts';
import { requireOperator } from '../../guards.ts';
import { imaginedRequest, verdictWithRates } from '../../rules/imagined.ts';
import { bodyOf, queryOf } from '../../http/input.ts';
import { jsonBody, responses } from '../../http/responses.ts';
import { newRouter } from '../../http/router.ts';
import { findReachable } from '../../rules/reachable.ts';
import { reach, resource } from './agents.ts';

const LIST = 'agents';
const ACCESS = 'effective-access';
const Query = z.object({ organization: Organization.optional(), ...pageQuery });

const AccessQuery = z.object(pageQuery);

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
  access: createRoute({
    method: 'get',
    path: '/v1/agents/{id}/effective-access',
    summary: 'Which accounts an agent reaches now, and for what',
    description:
      'Newest first, from the index of the directory. What scopes and rates allow is not looked at: `policy/check` says it of one request. A page may be short while there is a next one.',
    request: { params: z.object({ id: z.string() }), query: AccessQuery },
    responses: responses({ 200: EffectiveAccessList }, ['not_found', 'vault_locked', 'record_corrupt']),
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
  const { allowed, reason, rule, approval } = await verdictWithRates(
    c,
    asking,
    place,
    await imaginedRequest(c.get('config'), asked),
    asked.at == null,
  );
  return c.json({ allowed, reason, rule, approval });
}

async function access(c: Context<AppEnv>): Promise<Response> {
  const { limit, cursor } = queryOf(c, AccessQuery);
  const { agent } = await reach(c, 'view', () => ({}));
  const config = c.get('config');
  const filters = { agent: agent.id };
  const start = await newestFirstAfter(config, ACCESS, filters, cursor);
  const closed = await cutOffs(config.directory, (work) => c.executionCtx.waitUntil(work));
  const kept = new Set(closed?.proxyOnly.map(({ connection }) => connection));
  const { data, last } = await findReachable(config, agent, { limit, start }, (account) =>
    accessTo(agent, account, kept),
  );
  const next =
    last === null ? null : await encodeCursor(config, ACCESS, filters, [last.createdAtMs, last.id]);
  return c.json({ data, next_cursor: next });
}

/** @param kept connections whose credentials do not leave */
function accessTo(agent: AgentView, account: Resource, kept: ReadonlySet<string>): EffectiveAccess | null {
  const { id, connection, identifier, organization, status } = account;
  const place = { connection, identifier, organization: organization ?? '' };
  const found = effectiveAccess(agent, place, systemNow());
  if (found === null) return null;
  const stays = account.sealed || kept.has(connection);
  return {
    connected_account_id: id,
    connection,
    identifier,
    organization,
    status,
    actions: found.actions.filter((action) => action !== 'token' || !stays),
    approval_required: found.approvalRequired.filter((action) => action !== 'token' || !stays),
    rule: found.rule,
  };
}

export function agentInsightRoutes(): OpenAPIHono<AppEnv> {
  const router = newRouter();
  describe(router, routes.list, requireOperator, list);
  describe(router, routes.check, requireOperator, check);
  describe(router, routes.access, requireOperator, access);
  return router;
}
