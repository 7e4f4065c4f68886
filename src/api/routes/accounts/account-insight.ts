/** Looking at one account over time: why it stands where it stands, and waiting for it to get somewhere. */

import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { accountStub, type Answer, type Waited, type WaitTurn } from '#accounts/stub.ts';
import { agentStub } from '#agents/stub.ts';
import { unwrap } from '#contract/answer.ts';
import { ExplainQuery, Explanation, WaitQuery } from '#contract/accounts/account-insight.ts';
import { ConnectedAccount, type Resource } from '#contract/accounts/connected-accounts.ts';
import { ACCOUNT_ID_PATTERN } from '#contract/ids.ts';
import { invalid, ProblemError } from '#contract/problem.ts';
import { isFresh, type Proof } from '#callers/proof.ts';
import { newId } from '#crypto/api-keys.ts';
import { cutOffs } from '#directory/revocations/cut-offs.ts';
import { admitAgent, admitProved } from '#directory/indexes/known-objects.ts';
import { systemNow } from '#lib/clock.ts';
import { sentAgent, type SentAgent } from '#policy/granted.ts';
import type { AppEnv } from '../../context.ts';
import { describe } from '../../http/describe.ts';
import { requireEither, requireOperator } from '../../guards.ts';
import { queryOf } from '../../http/input.ts';
import { imaginedRequest } from '../../rules/imagined.ts';
import { askKnown, isAccountThere, reported } from '../../known.ts';
import { responses } from '../../http/responses.ts';
import { newRouter } from '../../http/router.ts';

const Params = z.object({ id: z.string() });

const explainRoute = createRoute({
  method: 'get',
  path: '/v1/connected-accounts/{id}/explain',
  summary: 'Why an account stands where it stands, and what happens next',
  description:
    'With `agent`: also what that agent may do with it and by which rule; the other parameters say what it would ask for, and are the token, now, where they are left out.',
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
  responses: responses({ 200: ConnectedAccount }, [
    'not_found',
    'policy_denied',
    'account_revoked',
    'vault_locked',
    'record_corrupt',
  ]),
});

function idOf(c: Context<AppEnv>): string {
  const id = c.req.param('id') ?? '';
  if (!ACCOUNT_ID_PATTERN.test(id)) throw new ProblemError('not_found');
  return id;
}

/** The agent that a query names. @throws ProblemError 400 where there is none */
async function namedAgent(c: Context<AppEnv>, id: string): Promise<SentAgent> {
  const lookup = () => agentStub(c.get('config'), id).lookup({});
  const isThere = ({ ok }: { ok: boolean }) => ok;
  const found = await askKnown(c, 'agent', id, lookup, isThere).catch((error: unknown) => {
    if (error instanceof ProblemError && error.code === 'not_found') return { ok: false } as const;
    throw error;
  });
  if (!found.ok) throw invalid('agent', 'there is no such agent');
  return sentAgent(found.agent);
}

/** One turn of a wait, as the caller that has just been proved. @throws ProblemError `not_found`, `policy_denied`, `unavailable` */
async function turn(
  c: Context<AppEnv>,
  id: string,
  caller: Proof,
  part: Pick<WaitTurn, 'status' | 'timeoutMs' | 'waitId' | 'last'>,
) {
  const config = c.get('config');
  const agent = caller.plane === 'agent' ? sentAgent(caller) : null;
  if (agent?.status === 'suspended')
    throw new ProblemError('policy_denied', { members: { reason: 'agent_suspended' } });
  const organization = caller.plane === 'operator' ? caller.organization : null;
  const list = await cutOffs(config.directory, (work) => c.executionCtx.waitUntil(work));
  const ask = () => accountStub(config, id).waitTurn({ ...part, organization, agent, cutOffs: list });
  const admission =
    agent === null ? await admitProved(config, 'account', id) : await admitAgent(config, agent.id, id);
  return reported(admission, ask, isAccountThere);
}

/** A caller that waits is proved again after so long. */
const TURN_MS = 700;
/** Beyond the time that was asked for: so long the last proof may take. */
const OVERTIME_MS = 5_000;

/** The account when it is in `status`, or when the time is up. @throws ProblemError, also where the proof ends meanwhile */
async function waited(c: Context<AppEnv>, id: string, status: string, timeoutMs: number): Promise<Resource> {
  const endMs = systemNow() + timeoutMs;
  const waitId = newId('req');
  while (systemNow() <= endMs + OVERTIME_MS) {
    const caller = await requireEither(c);
    const leftMs = Math.max(0, endMs - systemNow());
    const part = { status, waitId, timeoutMs: Math.min(leftMs, TURN_MS), last: leftMs <= TURN_MS };
    const answer = await turn(c, id, caller, part);
    if (!answer.ok && answer.error.code === 'rate_limited')
      throw new ProblemError('rate_limited', { detail: 'too many wait for this account', retryAfterS: 5 });
    if (!answer.ok && answer.error.code === 'account_revoked')
      throw new ProblemError('account_revoked', answer.error);
    const { account, done } = unwrap(answer as Answer<Waited>);
    const isOver = done || systemNow() >= endMs;
    if (isOver && isFresh(caller, systemNow())) return account;
  }
  throw new ProblemError('unavailable', { detail: 'nobody could be proved in time', retryAfterS: 1 });
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
    const { agent: _named, ...asked } = query;
    const [useless] = Object.keys(asked);
    if (agent === null && useless !== undefined)
      throw invalid(useless, 'is for an `agent`, which is not named');
    const imagined = await imaginedRequest(c.get('config'), asked);
    const explain = () => accountStub(c.get('config'), id).explain({ organization, agent, imagined });
    return c.json(unwrap(await askKnown(c, 'account', id, explain, isAccountThere)));
  });
  describe(router, waitRoute, async (c) => {
    await requireEither(c);
    const id = idOf(c);
    const { status, timeout_s: timeoutS } = queryOf(c, WaitQuery);
    return c.json(await waited(c, id, status, timeoutS * 1000));
  });
  return router;
}
