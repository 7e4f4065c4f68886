/**
 * Audit records as the chains of one account or one agent hold them: live, newest first. Searches across chains read
 * what was shipped, and are not here. Reading is itself recorded, in the chain of the reader's organization; where that
 * cannot be written nothing is shown.
 */

import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { accountStub } from '#accounts/stub.ts';
import { NO_AGENT } from '#agents/outcome.ts';
import { agentStub, type AgentRpc } from '#agents/stub.ts';
import { shownRecord, type ChainPage } from '#audit/shown.ts';
import { problemOf, unwrap } from '#contract/answer.ts';
import { AuditEvent, AuditEventQuery } from '#contract/events/audit-events.ts';
import { pageOf } from '#contract/lists.ts';
import { invalid, ProblemError } from '#contract/problem.ts';
import { recordAuditRead } from '#directory/organization-audit.ts';
import { systemNow } from '#lib/clock.ts';
import type { AppEnv } from '../context.ts';
import { decodeCursor, encodeCursor } from '../http/cursor.ts';
import { describe } from '../http/describe.ts';
import { contextOf, requireOperator } from '../guards.ts';
import { queryOf } from '../http/input.ts';
import { askKnown } from '../known.ts';
import { responses } from '../http/responses.ts';
import { newRouter } from '../http/router.ts';

const LIST = 'audit-events';

const route = createRoute({
  method: 'get',
  path: '/v1/audit-events',
  summary: 'Audit records of an account or of an agent, newest first',
  description:
    'Name one of `connected_account_id` and `agent`. Read from the chain itself, as of now. Each read is recorded as `audit.read`.',
  request: { query: AuditEventQuery },
  responses: responses({ 200: pageOf(AuditEvent).openapi('AuditEventList') }, [
    'not_found',
    'vault_locked',
    'record_corrupt',
  ]),
});

/** What the reader named, and the chain's page. */
async function read(
  c: Context<AppEnv>,
  named: { readonly account: string } | { readonly agent: string },
  before: number | null,
  limit: number,
): Promise<ChainPage> {
  const { organization } = c.get('operator');
  const config = c.get('config');
  if ('account' in named) {
    const { account } = named;
    const read = () => accountStub(config, account).auditRecords({ organization, before, limit });
    const isThere = (answer: Awaited<ReturnType<typeof read>>) => !answer.ok || answer.value !== null;
    const found = unwrap(await askKnown(c, 'account', account, read, isThere));
    if (found === null) throw new ProblemError('not_found');
    return found;
  }
  const { agent } = named;
  const found = await askKnown<Awaited<ReturnType<AgentRpc['auditRecords']>>>(
    c,
    'agent',
    agent,
    () => agentStub(config, agent).auditRecords({ organization, before, limit }),
    (answer) => answer.ok || answer.code !== 'not_found',
    NO_AGENT,
  );
  if (!found.ok) throw problemOf(found);
  return found.page;
}

async function list(c: Context<AppEnv>): Promise<Response> {
  const { limit, cursor, connected_account_id: account, agent } = queryOf(c, AuditEventQuery);
  if (account === undefined && agent === undefined)
    throw invalid('connected_account_id', 'is required where `agent` is not given');
  if (account !== undefined && agent !== undefined)
    throw invalid('agent', 'is another chain than that of `connected_account_id`: ask for one of them');
  const named = account === undefined ? { agent: agent ?? '' } : { account };
  const source = 'account' in named ? `account:${named.account}` : `agent:${named.agent}`;
  const operator = c.get('operator');
  const filters = { source, organization: operator.organization };
  const position = await decodeCursor(c.get('config'), LIST, filters, cursor);
  const page = await read(c, named, position === null ? null : Number(position[0]), limit);
  await recordAuditRead(c.get('config'), {
    organization: operator.organization ?? '',
    account: account ?? null,
    source,
    context: contextOf(c, operator),
    atMs: systemNow(),
  });
  return c.json({
    data: page.records.map((record) => shownRecord(source, record)),
    next_cursor:
      page.before === null ? null : await encodeCursor(c.get('config'), LIST, filters, [page.before]),
  });
}

export function auditEventRoutes(): OpenAPIHono<AppEnv> {
  const router = newRouter();
  describe(router, route, requireOperator, list);
  return router;
}
