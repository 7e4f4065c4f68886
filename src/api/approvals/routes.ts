/** Approvals: the list, one, a wait for its answer, and the answer. What asks and what an answer does is `accounts`. */

import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { askApproval } from '#accounts/approvals/ask.ts';
import type { ApprovalView, Decision } from '#accounts/approvals/requests.ts';
import { isFresh, type Proof } from '#callers/proof.ts';
import { unwrap } from '#contract/answer.ts';
import {
  Approval,
  APPROVAL_ID_PATTERN,
  ApprovalList,
  ApprovalQuery,
  ApprovalWaitQuery,
} from '#contract/callers/approvals.ts';
import { ProblemError } from '#contract/problem.ts';
import { roleReaches } from '#contract/roles.ts';
import { newId } from '#crypto/api-keys.ts';
import { accountOfApproval, listApprovals, type ApprovalIndexRow } from '#directory/approvals/index-rows.ts';
import { admitAgent, admitProved } from '#directory/indexes/known-objects.ts';
import { systemNow } from '#lib/clock.ts';
import { reachesAccount } from '#policy/reach.ts';
import type { AppEnv } from '../context.ts';
import { cutPage, newestFirstAfter } from '../http/cursor.ts';
import { describe } from '../http/describe.ts';
import { contextOf, ensureSchema, requireEither, requireOperator } from '../guards.ts';
import { queryOf } from '../http/input.ts';
import { isAccountThere, reported } from '../known.ts';
import { originOf } from '../http/origin.ts';
import { responses } from '../http/responses.ts';
import { newRouter } from '../http/router.ts';
import { listed, shownToAgent, shownToOperator } from './shown.ts';

const LIST = 'approvals';
const base = '/v1/approvals';
const LOCKS = ['vault_locked', 'record_corrupt'] as const;
const Params = z.object({ id: z.string() });
const NoQuery = z.object({});

function deciding(name: 'approve' | 'deny', summary: string) {
  return createRoute({
    method: 'post',
    path: `${base}/{id}/${name}`,
    summary,
    description:
      'There is one decision: the same once more is 200 and changes nothing, another one and one that comes too late are 409 `conflict`.',
    request: { params: Params },
    responses: responses({ 200: Approval }, ['not_found', 'conflict', ...LOCKS]),
  });
}

const routes = {
  list: createRoute({
    method: 'get',
    path: base,
    summary: 'Requests that people are asked about, newest first',
    description:
      'From the index of the directory; those that wait are asked of their accounts. Kept for 30 days.',
    request: { query: ApprovalQuery },
    responses: responses({ 200: ApprovalList }),
  }),
  get: createRoute({
    method: 'get',
    path: `${base}/{id}`,
    summary: 'One approval',
    description:
      'For operators, and for the agent that asked, which never gets `approval_url`: it must not approve itself.',
    request: { params: Params },
    responses: responses({ 200: Approval }, ['not_found', 'policy_denied', ...LOCKS]),
  }),
  wait: createRoute({
    method: 'get',
    path: `${base}/{id}/wait`,
    summary: 'Wait for the answer to an approval',
    description:
      'Answers when it is no longer `pending` or the time is up: read `status`, and ask again to wait on.',
    request: { params: Params, query: ApprovalWaitQuery },
    responses: responses({ 200: Approval }, ['not_found', 'policy_denied', ...LOCKS]),
  }),
  approve: deciding('approve', 'Say yes: the same request goes through once'),
  deny: deciding('deny', 'Say no: the same request is refused for a while'),
};

/** The account that has it. @throws ProblemError 404 */
async function placeOf(c: Context<AppEnv>): Promise<{ readonly id: string; readonly accountId: string }> {
  const id = c.req.param('id') ?? '';
  const accountId = APPROVAL_ID_PATTERN.test(id)
    ? await accountOfApproval(c.get('config').directory, id)
    : null;
  if (accountId === null) throw new ProblemError('not_found', { detail: 'there is no such approval' });
  return { id, accountId };
}

/** An operator's organization, or the agent that asks. @throws ProblemError for a suspended one */
function readerOf(caller: Proof): { readonly organization: string | null; readonly agentId: string | null } {
  if (caller.plane === 'operator') return { organization: caller.organization, agentId: null };
  if (caller.status !== 'active')
    throw new ProblemError('policy_denied', { members: { reason: 'agent_suspended' } });
  return { organization: null, agentId: caller.id };
}

function admit(c: Context<AppEnv>, caller: Proof, accountId: string) {
  const config = c.get('config');
  return caller.plane === 'agent'
    ? admitAgent(config, caller.id, accountId)
    : admitProved(config, 'account', accountId);
}

/** The link goes to roles alone that may decide without it. */
function originFor(c: Context<AppEnv>, caller: Proof): string | null {
  return caller.plane === 'operator' && roleReaches(caller.role, 'operator') ? originOf(c) : null;
}

/** @throws ProblemError `not_found` where the token of the caller was narrowed to other accounts */
function shown(c: Context<AppEnv>, caller: Proof, view: ApprovalView): Approval {
  if (caller.plane === 'operator') return shownToOperator(view, originFor(c, caller));
  const { connection, identifier, organization } = view;
  if (caller.grantedRules.length > 0 && !reachesAccount(caller, { connection, identifier, organization }))
    throw new ProblemError('not_found');
  return shownToAgent(view);
}

async function list(c: Context<AppEnv>): Promise<Response> {
  const config = c.get('config');
  const { limit, cursor, status = null } = queryOf(c, ApprovalQuery);
  const operator = c.get('operator');
  const { organization } = operator;
  const filters = { status, organization };
  const after = await newestFirstAfter(config, LIST, filters, cursor);
  const rows = await listApprovals(config.directory, filters, { limit: limit + 1, after });
  const page = await cutPage(config, LIST, filters, limit, rows, ({ createdAtMs, id }) => [createdAtMs, id]);
  const origin = originFor(c, operator);
  const found = await Promise.all(
    page.data.map(async (row) => {
      const live = row.status === 'pending' ? await liveOf(c, row, organization) : null;
      if (live === 'gone') return null;
      const one = listed(row, live, origin);
      return status === null || one.status === status ? one : null;
    }),
  );
  return c.json({ ...page, data: found.filter((one) => one !== null) });
}

/** What its account says: a question lapses by itself, and the link is signed there. Null: the account does not say. */
async function liveOf(
  c: Context<AppEnv>,
  { id, accountId }: ApprovalIndexRow,
  organization: string | null,
): Promise<ApprovalView | 'gone' | null> {
  try {
    const answer = await askApproval(c.get('config'), accountId, 'look', { id, organization, agentId: null });
    if (answer.ok) return answer.value;
    return answer.error.code === 'not_found' ? 'gone' : null;
  } catch {
    return null;
  }
}

async function get(c: Context<AppEnv>): Promise<Response> {
  const caller = await requireEither(c);
  await ensureSchema(c);
  queryOf(c, NoQuery);
  const reader = readerOf(caller);
  const { id, accountId } = await placeOf(c);
  const look = () => askApproval(c.get('config'), accountId, 'look', { id, ...reader });
  const view = unwrap(await reported(await admit(c, caller, accountId), look, isAccountThere));
  return c.json(shown(c, caller, view));
}

/** A caller that waits is proved again after so long. */
const TURN_MS = 700;
/** Beyond the time that was asked for: so long the last proof may take. */
const OVERTIME_MS = 5_000;

async function wait(c: Context<AppEnv>): Promise<Response> {
  await requireEither(c);
  await ensureSchema(c);
  const { timeout_s: timeoutS } = queryOf(c, ApprovalWaitQuery);
  const endMs = systemNow() + timeoutS * 1000;
  const waitId = newId('req');
  let place: Awaited<ReturnType<typeof placeOf>> | null = null;
  while (systemNow() <= endMs + OVERTIME_MS) {
    const caller = await requireEither(c);
    const reader = readerOf(caller);
    const { id, accountId } = (place ??= await placeOf(c));
    const leftMs = Math.max(0, endMs - systemNow());
    const turn = { id, ...reader, waitId, timeoutMs: Math.min(leftMs, TURN_MS), last: leftMs <= TURN_MS };
    const ask = () => askApproval(c.get('config'), accountId, 'wait', turn);
    const { approval, done } = unwrap(await reported(await admit(c, caller, accountId), ask, isAccountThere));
    const isOver = done || systemNow() >= endMs;
    if (isOver && isFresh(caller, systemNow())) return c.json(shown(c, caller, approval));
  }
  throw new ProblemError('unavailable', { detail: 'the proof of the caller takes too long', retryAfterS: 1 });
}

function decide(decision: Decision) {
  return async (c: Context<AppEnv>): Promise<Response> => {
    const operator = c.get('operator');
    const { id, accountId } = await placeOf(c);
    const { organization } = operator;
    const asked = { id, organization, decision, context: contextOf(c, operator) };
    const ask = () => askApproval(c.get('config'), accountId, 'decide', asked);
    const { kind, approval } = unwrap(
      await reported(await admit(c, operator, accountId), ask, isAccountThere),
    );
    if (kind === 'over')
      throw new ProblemError('conflict', {
        detail: `this approval is ${approval.status}: there is one decision, and it cannot be changed`,
      });
    return c.json(shown(c, operator, approval));
  };
}

export function approvalRoutes(): OpenAPIHono<AppEnv> {
  const router = newRouter();
  describe(router, routes.list, requireOperator, list);
  describe(router, routes.get, get);
  describe(router, routes.wait, wait);
  describe(router, routes.approve, requireOperator, decide('approved'));
  describe(router, routes.deny, requireOperator, decide('denied'));
  return router;
}
