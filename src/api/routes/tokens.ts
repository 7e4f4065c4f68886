/** The token plane: both forms of asking for a credential. Door 1 stands here, door 2 in the account. */

import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { ReleasedCredential, type Refusal } from '#accounts/release-answer.ts';
import { accountStub } from '#accounts/stub.ts';
import type { RequestContext } from '#audit/record.ts';
import type { AgentCaller } from '#callers/agent.ts';
import { ACCOUNT_ID_PATTERN, Name } from '#contract/ids.ts';
import { ProblemError } from '#contract/problem.ts';
import { CredentialQuery, DEFAULT_MIN_TTL_S, ReleasedToken, TokenQuery } from '#contract/tokens.ts';
import { accountId } from '#crypto/digest.ts';
import type { CutOffs } from '#directory/cut-offs.ts';
import { systemNow } from '#lib/clock.ts';
import { decide } from '#policy/decide.ts';
import { reachesIdentifier } from '#policy/reach.ts';
import type { AppEnv } from '../context.ts';
import { describe } from '../describe.ts';
import { requireAgentWithCutOffs } from '../cut-offs.ts';
import { contextOf, recordRefusal } from '../guards.ts';
import { queryOf } from '../input.ts';
import { responses } from '../responses.ts';
import { newRouter } from '../router.ts';

const CODES = [
  'policy_denied',
  'not_found',
  'reauth_required',
  'account_pending',
  'account_disabled',
  'account_revoked',
  'account_sealed',
  'record_corrupt',
  'provider_error',
  'provider_unavailable',
  'misconfigured_connection',
  'vault_locked',
] as const;

const byAccount = createRoute({
  method: 'get',
  path: '/v1/connected-accounts/{id}/token',
  summary: 'A valid token of an account',
  description: 'Refreshed when needed, within the policy of the asking agent, or an unmistakable error.',
  request: { params: z.object({ id: z.string() }), query: TokenQuery },
  responses: responses({ 200: ReleasedToken }, CODES),
});

const byConnection = createRoute({
  method: 'get',
  path: '/v1/agents/{agent_id}/credentials/{connection}',
  summary: 'A valid token by connection and identifier',
  description: 'The short form: `agent_id` must be the caller.',
  request: { params: z.object({ agent_id: z.string(), connection: z.string() }), query: CredentialQuery },
  responses: responses({ 200: ReleasedToken }, CODES),
});

interface Ask<Query = z.output<typeof TokenQuery>> {
  readonly c: Context<AppEnv>;
  readonly caller: AgentCaller;
  readonly context: RequestContext;
  readonly query: Query;
  readonly byId: boolean;
  readonly cutOffs: CutOffs | null;
  readonly waitedMs: number;
}

/** A request that waits for a refresh is proved anew before anything leaves; so long may that take in all. */
const PATIENCE_MS = 30_000;

type Tried = Response | 'again';

export function tokenRoutes(): OpenAPIHono<AppEnv> {
  const router = newRouter();
  describe(router, byAccount, async (c) => {
    const id = c.req.param('id') ?? '';
    return untilDecided(c, TokenQuery, async (ask) => {
      if (!ACCOUNT_ID_PATTERN.test(id)) throw new ProblemError('not_found');
      if (ask.caller.status !== 'active') return refuseAtDoor1(ask, 'agent_suspended', null, null);
      const answer = await release({ ...ask, byId: true }, id);
      return answer instanceof Response || answer === 'again' ? answer : refuse(ask, answer);
    });
  });
  describe(router, byConnection, async (c) => {
    const connection = c.req.param('connection') ?? '';
    return untilDecided(c, CredentialQuery, async (ask) => {
      if (c.req.param('agent_id') !== ask.caller.id) throw new ProblemError('not_found');
      if (!Name.safeParse(connection).success) throw new ProblemError('not_found');
      return shortForm(ask, connection, ask.query.identifier ?? null);
    });
  });
  return router;
}

/** Proves the caller and tries, as often as the account says that the proof has become too old meanwhile. */
async function untilDecided<S extends typeof TokenQuery>(
  c: Context<AppEnv>,
  schema: S,
  attempt: (ask: Ask<z.output<S>>) => Promise<Tried>,
): Promise<Response> {
  const startedAtMs = systemNow();
  do {
    const [caller, cutOffs] = await requireAgentWithCutOffs(c);
    const query = queryOf(c, schema);
    const tried = await attempt({
      c,
      caller,
      context: contextOf(c, caller),
      query,
      byId: false,
      cutOffs,
      waitedMs: systemNow() - startedAtMs,
    });
    if (tried !== 'again') return tried;
  } while (systemNow() - startedAtMs < PATIENCE_MS);
  throw new ProblemError('unavailable', { detail: 'others keep this account busy', retryAfterS: 1 });
}

async function shortForm(ask: Ask, connection: string, named: string | null): Promise<Tried> {
  const { caller } = ask;
  const identifier = named ?? caller.id;
  const decision = decide({
    agent: caller,
    request: { action: 'token', connection, identifier, scopes: null },
  });
  const fallback = named === null && reachesIdentifier(caller, connection, 'default');
  if (!decision.allowed && !(fallback && decision.reason === 'identifier_not_allowed')) {
    return refuseAtDoor1(ask, decision.reason, connection, identifier);
  }
  if (decision.allowed) {
    const answer = await release(ask, accountId(caller.organization, connection, identifier));
    if (answer instanceof Response || answer === 'again') return answer;
    if (answer.code !== 'not_found' || !fallback) return refuse(ask, answer, connection, identifier);
  }
  const shared = await release(ask, accountId(caller.organization, connection, 'default'));
  if (shared instanceof Response || shared === 'again') return shared;
  return refuse(ask, shared, connection, identifier);
}

async function release(ask: Ask, id: string): Promise<Tried | Refusal> {
  const { c, caller, query } = ask;
  const { organization, status, policy } = caller;
  const result = await accountStub(c.get('config'), id).release({
    agent: { id: caller.id, organization, status, policy },
    byId: ask.byId,
    minTtlMs: (query.min_ttl ?? DEFAULT_MIN_TTL_S) * 1000,
    minTtlExplicit: query.min_ttl !== undefined,
    scopes: query.scope === undefined ? null : query.scope.split(' '),
    rejected: query.rejected ?? null,
    waitedMs: ask.waitedMs,
    cutOffs: ask.cutOffs,
    context: ask.context,
  });
  if (result.ok)
    return new ReleasedCredential(result.body).toResponse({ 'x-correlation-id': c.get('correlationId') });
  return 'again' in result ? 'again' : result.refusal;
}

async function refuseAtDoor1(
  ask: Ask,
  reason: string,
  connection: string | null,
  identifier: string | null,
): Promise<Response> {
  await recordRefusal(ask.c, ask.caller, ask.context, { reason, connection, identifier });
  throw new ProblemError('policy_denied', { members: { reason } });
}

/** What door 2 refused. A wall is recorded in the agent's chain: a stranger's probes must not fill an account's ring. */
async function refuse(
  ask: Ask,
  refusal: Refusal,
  connection: string | null = null,
  identifier: string | null = null,
): Promise<Response> {
  const { code, wall, ...details } = refusal;
  if (wall !== undefined) {
    await recordRefusal(ask.c, ask.caller, ask.context, {
      reason: wall.reason,
      connection: wall.connection ?? connection,
      identifier: wall.identifier ?? identifier,
    });
  }
  const missing = code === 'not_found' && identifier !== null;
  throw new ProblemError(code, {
    ...details,
    ...(missing ? { detail: 'no account of this connection has this `identifier`' } : {}),
  });
}
