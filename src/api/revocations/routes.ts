/** The kill switch of the control plane: starts a revocation, and shows how it stands. What it does is `revocations`. */

import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { agentStub, askAgent } from '#agents/stub.ts';
import { reachesOrganization } from '#callers/operator-reach.ts';
import { problemOf, unwrap } from '#contract/answer.ts';
import {
  CreateRevocation,
  DryRun,
  ReceiptQuery,
  Revocation,
  REVOCATION_ID_PATTERN,
  StartedRevocation,
} from '#contract/callers/revocations.ts';
import { ProblemError } from '#contract/problem.ts';
import { loadConnection } from '#directory/connections/connections.ts';
import { findCutOff } from '#directory/revocations/cut-off-table.ts';
import type { Selector } from '#directory/revocations/selector.ts';
import { isoTime } from '#lib/clock.ts';
import { matchedBy, startRevocation } from '#revocations/start.ts';
import { revocationStub } from '#revocations/stub.ts';
import type { AppEnv } from '../context.ts';
import { cutPage, decodeCursor } from '../http/cursor.ts';
import { describe } from '../http/describe.ts';
import { contextOf, requireOperator } from '../guards.ts';
import { bodyOf, queryOf } from '../http/input.ts';
import { askKnown } from '../known.ts';
import { jsonBody, REPEATED, responses } from '../http/responses.ts';
import { newRouter } from '../http/router.ts';

const base = '/v1/revocations';
const RECEIPTS = 'revocation-receipts';
const LOCKS = ['vault_locked', 'record_corrupt'] as const;
/** What the question whether a connection is there may take. */
const LOOK_MS = 3_000;

const routes = {
  create: createRoute({
    method: 'post',
    path: base,
    summary: 'The kill switch: end what an agent, a user, a connection or everybody holds',
    description:
      'Exactly one selector. What was obtained until now is refused everywhere within a second (409 `account_revoked`); then account after account is ended, with a receipt each. A key that is bound to an organization reaches that organization alone, whatever the selector.',
    request: jsonBody(CreateRevocation),
    responses: responses({ 200: DryRun, 202: StartedRevocation }, [...REPEATED, 'not_found', ...LOCKS]),
  }),
  get: createRoute({
    method: 'get',
    path: `${base}/{id}`,
    summary: 'How a revocation stands, with a page of its receipts, newest first',
    request: { params: z.object({ id: z.string() }), query: ReceiptQuery },
    responses: responses({ 200: Revocation }, ['not_found', ...LOCKS]),
  }),
};

type Body = z.output<typeof CreateRevocation>;

/** What the body selects, within the organization that its caller is bound to. */
function selectorOf(body: Body, bound: string | null): Selector {
  const { agent = null, connection = null, identifier = null, subject = null, organization } = body;
  return { agent, connection, identifier, subject, organization: bound ?? organization ?? null };
}

/** @throws ProblemError 404 for an agent that is not there, or that this operator may not know of */
async function requireAgentThere(c: Context<AppEnv>, id: string): Promise<void> {
  const { organization } = c.get('operator');
  const view = () => askAgent(agentStub(c.get('config'), id), 'view', organization, {});
  const isThere = (answer: Awaited<ReturnType<typeof view>>) => answer.ok || answer.code !== 'not_found';
  const found = await askKnown(c, 'agent', id, view, isThere);
  if (!found.ok) throw problemOf({ code: found.code, detail: found.detail });
}

/** A misspelled name would let its caller believe that all is safe. @throws ProblemError 404 */
async function requireConnectionThere(c: Context<AppEnv>, id: string): Promise<void> {
  const { directory, masterKeys } = c.get('config');
  if ((await loadConnection(directory, { id, organization: '' }, LOOK_MS, masterKeys)) === null)
    throw new ProblemError('not_found', { detail: `there is no connection "${id}", and no account of it` });
}

async function create(c: Context<AppEnv>): Promise<Response> {
  const { at_provider: atProvider, dry_run: dryRun, ...given } = await bodyOf(c, CreateRevocation);
  const config = c.get('config');
  const operator = c.get('operator');
  const selector = selectorOf({ ...given, at_provider: atProvider, dry_run: dryRun }, operator.organization);
  if (selector.agent !== null) await requireAgentThere(c, selector.agent);
  const found = await matchedBy(config, selector);
  const connection = selector.connection ?? selector.subject?.connection ?? null;
  if (found.count === 0 && connection !== null) await requireConnectionThere(c, connection);
  if (dryRun) return c.json({ matched: found.count });
  const wanted = { selector, given, owner: operator.organization, atProvider };
  return c.json(await startRevocation(config, wanted, found, contextOf(c, operator)), 202);
}

async function get(c: Context<AppEnv>): Promise<Response> {
  const id = c.req.param('id') ?? '';
  const { limit, cursor } = queryOf(c, ReceiptQuery);
  const config = c.get('config');
  const row = REVOCATION_ID_PATTERN.test(id) ? await findCutOff(config.directory, id) : null;
  if (row === null || !reachesOrganization(c.get('operator'), row.owner ?? ''))
    throw new ProblemError('not_found', { detail: 'there is no such revocation' });
  const position = await decodeCursor(config, RECEIPTS, { id }, cursor);
  const before = position === null ? null : Number(position[0]);
  const found = unwrap(await revocationStub(config, id).view({ before, limit: limit + 1 }));
  if (found === null) throw new ProblemError('not_found', { detail: 'there is no such revocation' });
  const { order, isComplete, matched, counts, receipts } = found;
  const page = await cutPage(config, RECEIPTS, { id }, limit, receipts, ({ n }) => [n]);
  const answer: Revocation = {
    id,
    status: isComplete ? 'complete' : 'running',
    selector: order.given,
    at_provider: order.atProvider,
    created_at: isoTime(order.atMs),
    matched,
    counts,
    receipts: {
      ...page,
      data: page.data.map(({ accountId, status, atProvider, atMs }) => ({
        connected_account_id: accountId,
        status,
        at_provider: atProvider,
        at: isoTime(atMs),
      })),
    },
  };
  return c.json(answer);
}

export function revocationRoutes(): OpenAPIHono<AppEnv> {
  const router = newRouter();
  describe(router, routes.create, requireOperator, create);
  describe(router, routes.get, requireOperator, get);
  return router;
}
