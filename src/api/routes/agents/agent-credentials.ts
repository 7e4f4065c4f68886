/** What the calling agent may use, a page at a time: from the directory's index, judged by its policy row by row. */

import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { accountStub } from '#accounts/stub.ts';
import type { AgentProof } from '#callers/proof.ts';
import {
  UsableCredentialQuery,
  UsableCredentials,
  type UsableCredential,
} from '#contract/agents/agent-credentials.ts';
import type { Resource } from '#contract/accounts/connected-accounts.ts';
import { ProblemError } from '#contract/problem.ts';
import type { Config } from '#env.ts';
import { systemNow } from '#lib/clock.ts';
import { decideAtDoor1 } from '#policy/decide.ts';
import { tokenRequest } from '#policy/request.ts';
import { arrivalOf } from '../../arrival.ts';
import type { AppEnv } from '../../context.ts';
import { encodeCursor, newestFirstAfter } from '../../http/cursor.ts';
import { describe } from '../../http/describe.ts';
import { contextOf, ensureSchema, recordRefusal, requireAgent } from '../../guards.ts';
import { queryIn } from '../../http/input.ts';
import { responses } from '../../http/responses.ts';
import { newRouter } from '../../http/router.ts';
import { findReachable } from '../../rules/reachable.ts';

const LIST = 'agent-credentials';
/** What a rule with `purpose` lets the agent have, if only it says why. */
const ANY_PURPOSE = 'any';

const route = createRoute({
  method: 'get',
  path: '/v1/agents/{agent_id}/credentials',
  summary: 'What the calling agent may use',
  description:
    '`agent_id` must be the caller, or `self`. Newest first, from the index of the directory; no secrets. A page may be short while there is a next one.',
  request: { params: z.object({ agent_id: z.string() }), query: UsableCredentialQuery },
  responses: responses({ 200: UsableCredentials }, ['policy_denied', 'not_found']),
});

function usableOf(caller: AgentProof, account: Resource): UsableCredential | null {
  const { connection, identifier } = account;
  const place = { connection, identifier, organization: account.organization ?? '' };
  const decision = decideAtDoor1(caller, tokenRequest(place, systemNow(), ANY_PURPOSE));
  if (!decision.allowed) return null;
  return {
    connection,
    identifier,
    organization: account.organization,
    connected_account_id: account.id,
    type: account.credential_type,
    status: account.status,
    scopes: account.scopes,
    actions: account.sealed ? [] : ['token'],
    rule: decision.rule,
  };
}

/** With the link for its user, where it needs one: the account signs it. */
async function withLink(config: Config, one: UsableCredential): Promise<UsableCredential> {
  if (one.status !== 'reauth_required') return one;
  return { ...one, reauth_url: await accountStub(config, one.connected_account_id).linkForUser({}) };
}

async function list(c: Context<AppEnv>): Promise<Response> {
  const arrival = arrivalOf(c);
  const caller = await requireAgent(arrival);
  const { agent_id: asked = '' } = c.req.param() as { agent_id?: string };
  if (asked !== 'self' && asked !== caller.id) throw new ProblemError('not_found');
  const { limit, cursor } = queryIn(arrival.url, UsableCredentialQuery);
  const config = c.get('config');
  if (caller.status !== 'active') {
    const reason = 'agent_suspended';
    await recordRefusal(config, caller, contextOf(c, caller), {
      reason,
      connection: null,
      identifier: null,
      known: false,
    });
    throw new ProblemError('policy_denied', { members: { reason } });
  }
  await ensureSchema(c);
  const filters = { agent: caller.id };
  const start = await newestFirstAfter(config, LIST, filters, cursor);
  const { data, last } = await findReachable(config, caller, { limit, start }, (account) =>
    usableOf(caller, account),
  );
  const nextCursor =
    last === null ? null : await encodeCursor(config, LIST, filters, [last.createdAtMs, last.id]);
  const linked = await Promise.all(data.map((one) => withLink(config, one)));
  return c.json({ data: linked, next_cursor: nextCursor });
}

export function agentCredentialRoutes(): OpenAPIHono<AppEnv> {
  const router = newRouter();
  describe(router, route, list);
  return router;
}
