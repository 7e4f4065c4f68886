/** The control plane's view of agents: create, read, change, delete, suspend, resume; their keys and their policy. */

import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { NO_AGENT, type Outcome } from '#agents/outcome.ts';
import type { AgentView } from '#agents/record.ts';
import {
  agentStub,
  askAgent,
  type OperationAnswers,
  type OperationInput,
  type OperationName,
} from '#agents/stub.ts';
import type { RequestContext } from '#audit/record.ts';
import { organizationOfNew } from '#callers/operator-reach.ts';
import { problemOf } from '#contract/answer.ts';
import {
  Agent,
  AgentKeys,
  ChangedAgent,
  CreateAgent,
  CreateAgentKey,
  CreatedAgent,
  CreatedAgentKey,
  PatchAgent,
  type Agent as AgentResource,
} from '#contract/agents/agents.ts';
import { NO_PROOFS } from '#contract/callers/agent-proofs.ts';
import { NAME_PATTERN } from '#contract/ids.ts';
import { Policy, PolicyInput, StoredPolicy } from '#contract/agents/policy.ts';
import { invalid } from '#contract/problem.ts';
import { noteKnown } from '#directory/indexes/known-objects.ts';
import { isoTime } from '#lib/clock.ts';
import { proofsOf, withoutProofs, withProofs } from '../../agent-proofs/claims.ts';
import type { AppEnv } from '../../context.ts';
import { requireVault } from '../../credentials.ts';
import { describe } from '../../http/describe.ts';
import { contextOf, requireOperator } from '../../guards.ts';
import { bodyOf } from '../../http/input.ts';
import { askKnown } from '../../known.ts';
import { jsonBody, REPEATED, responses } from '../../http/responses.ts';
import { policyOf, refuseTenants, warned } from '../../policy-body.ts';
import { newRouter } from '../../http/router.ts';

const base = '/v1/agents';
const params = z.object({ id: z.string() });
const keyParams = z.object({ id: z.string(), key_id: z.string() });
const CODES = ['not_found', 'vault_locked', 'record_corrupt'] as const;

function action(name: 'suspend' | 'resume' | 'revoke-tokens', summary: string) {
  return createRoute({
    method: 'post',
    path: `${base}/{id}/${name}`,
    summary,
    request: { params },
    responses: responses({ 200: Agent }, CODES),
  });
}

const routes = {
  create: createRoute({
    method: 'post',
    path: base,
    summary: 'Create an agent',
    request: jsonBody(CreateAgent),
    responses: responses({ 201: CreatedAgent }, ['already_exists', 'conflict', ...REPEATED, ...CODES]),
  }),
  get: createRoute({
    method: 'get',
    path: `${base}/{id}`,
    summary: 'One agent, live',
    request: { params },
    responses: responses({ 200: Agent }, CODES),
  }),
  patch: createRoute({
    method: 'patch',
    path: `${base}/{id}`,
    summary: 'Change the name, the policy or the proofs of an agent',
    description: 'What is left out stays, null removes. Takes effect everywhere within one second.',
    request: { params, ...jsonBody(PatchAgent) },
    responses: responses({ 200: ChangedAgent }, ['conflict', ...CODES]),
  }),
  remove: createRoute({
    method: 'delete',
    path: `${base}/{id}`,
    summary: 'Delete an agent and its keys; its audit trail stays',
    request: { params },
    responses: responses({ 204: null }, CODES),
  }),
  suspend: action('suspend', 'Refuse an agent everywhere, within one second'),
  resume: action('resume', 'Let a suspended agent go on'),
  endTokens: action('revoke-tokens', 'End every access token of an agent that was made until now'),
  addKey: createRoute({
    method: 'post',
    path: `${base}/{id}/keys`,
    summary: 'Make a key; it is shown once',
    request: { params, ...jsonBody(CreateAgentKey, false) },
    responses: responses({ 201: CreatedAgentKey }, [...REPEATED, ...CODES]),
  }),
  listKeys: createRoute({
    method: 'get',
    path: `${base}/{id}/keys`,
    summary: 'The keys of an agent, newest first',
    request: { params },
    responses: responses({ 200: AgentKeys }, CODES),
  }),
  deleteKey: createRoute({
    method: 'delete',
    path: `${base}/{id}/keys/{key_id}`,
    summary: 'Delete a key; it is refused everywhere within one second',
    request: { params: keyParams },
    responses: responses({ 204: null }, CODES),
  }),
  getPolicy: createRoute({
    method: 'get',
    path: `${base}/{id}/policy`,
    summary: 'The policy of an agent, in full form',
    request: { params },
    responses: responses({ 200: Policy }, CODES),
  }),
  putPolicy: createRoute({
    method: 'put',
    path: `${base}/{id}/policy`,
    summary: 'Replace the policy of an agent',
    description: 'Either form; the answer is the full one. Takes effect everywhere within one second.',
    request: { params, ...jsonBody(PolicyInput) },
    responses: responses({ 200: StoredPolicy }, CODES),
  }),
};

function succeeded<T extends object>(outcome: Outcome<T>): { readonly ok: true } & T {
  if (!outcome.ok) throw problemOf(outcome);
  return outcome;
}

/** The agent as the contract shows it. */
export function resource(agent: AgentView): AgentResource {
  return {
    id: agent.id,
    name: agent.name,
    organization: agent.organization === '' ? null : agent.organization,
    status: agent.status,
    policy: agent.policy,
    ...(agent.proofs ?? NO_PROOFS),
    created_at: isoTime(agent.createdAtMs),
    updated_at: isoTime(agent.updatedAtMs),
  };
}

/**
 * What the agent in the path answers to one operation, when the operator may know of that agent.
 * @throws ProblemError `not_found`, or what the object answered instead
 */
export async function reach<D extends OperationName>(
  c: Context<AppEnv>,
  operation: D,
  input: (context: RequestContext) => OperationInput<D>,
): Promise<Extract<OperationAnswers[D], { readonly ok: true }>> {
  const id = c.req.param('id') ?? '';
  if (!NAME_PATTERN.test(id)) throw problemOf(NO_AGENT);
  const operator = c.get('operator');
  const answer = await askKnown(
    c,
    'agent',
    id,
    () =>
      askAgent(
        agentStub(c.get('config'), id),
        operation,
        operator.organization,
        input(contextOf(c, operator)),
      ),
    (found) => found.ok || found.code !== 'not_found',
    NO_AGENT as OperationAnswers[D],
  );
  return succeeded(answer as Outcome) as Extract<OperationAnswers[D], { readonly ok: true }>;
}

async function create(c: Context<AppEnv>): Promise<Response> {
  const body = await bodyOf(c, CreateAgent);
  const organization = organizationOfNew(c.get('operator'), body.organization ?? undefined);
  if (organization === null) throw invalid('organization', 'is not the organization of this key');
  const policy = policyOf(c, body.policy, { id: body.id, at: 'policy.' });
  refuseTenants(policy, organization, 'policy.');
  const proofs = proofsOf(c, body);
  await requireVault(c);
  const created = await withProofs(c, body.id, proofs, async () =>
    succeeded(
      await agentStub(c.get('config'), body.id).create({
        agentId: body.id,
        organization,
        name: body.name ?? null,
        policy,
        proofs: { ...NO_PROOFS, ...proofs },
        withKey: body.key === true,
        context: contextOf(c, c.get('operator')),
      }),
    ),
  );
  noteKnown(c.get('config').directory, 'agent', body.id);
  const answer: CreatedAgent = {
    ...resource(created.agent),
    ...(created.key === null ? {} : { key: created.key.key }),
    ...(await warned(c, policy, 'policy.')),
  };
  return c.json(answer, 201);
}

/** An agent of one organization stays in it. @throws ProblemError 400 for a policy that says otherwise */
async function refuseForeignTenants(c: Context<AppEnv>, policy: Policy, at: string): Promise<void> {
  if (policy.rules.every(({ organizations }) => organizations === undefined)) return;
  const { agent } = await reach(c, 'view', () => ({}));
  refuseTenants(policy, agent.organization, at);
}

async function patch(c: Context<AppEnv>): Promise<Response> {
  const { name, policy: given, ...rest } = await bodyOf(c, PatchAgent);
  const id = c.req.param('id') ?? '';
  const policy = given === undefined ? null : policyOf(c, given, { id, at: 'policy.' });
  if (policy !== null) await refuseForeignTenants(c, policy, 'policy.');
  const proofs = proofsOf(c, rest);
  const changes = { ...(name === undefined ? {} : { name }), ...(policy === null ? {} : { policy }), proofs };
  // Nothing is claimed for an agent that is not there, or that this operator may not know of.
  if (Object.keys(proofs).length > 0) await reach(c, 'view', () => ({}));
  const { agent } = await withProofs(c, id, proofs, () =>
    reach(c, 'update', (context) => ({ ...changes, context })),
  );
  return c.json({ ...resource(agent), ...(policy === null ? {} : await warned(c, policy, 'policy.')) });
}

function keyRoutes(router: OpenAPIHono<AppEnv>): void {
  describe(router, routes.addKey, requireOperator, async (c) => {
    const { expires_in: lifeS } = await bodyOf(c, CreateAgentKey, true);
    const lifeMs = lifeS == null ? null : lifeS * 1000;
    const made = await reach(c, 'add_key', (context) => ({ context, lifeMs }));
    const answer: CreatedAgentKey = {
      id: made.id,
      key: made.key,
      created_at: isoTime(made.createdAtMs),
      expires_at: isoTime(made.expiresAtMs),
    };
    return c.json(answer, 201);
  });
  describe(router, routes.listKeys, requireOperator, async (c) => {
    const { keys } = await reach(c, 'list_keys', () => ({}));
    const data = keys.map(({ id, createdAtMs, lastUsedAtMs, expiresAtMs }) => ({
      id,
      created_at: isoTime(createdAtMs),
      last_used_at: isoTime(lastUsedAtMs),
      expires_at: isoTime(expiresAtMs ?? null),
    }));
    const answer: AgentKeys = { data, next_cursor: null };
    return c.json(answer);
  });
  describe(router, routes.deleteKey, requireOperator, async (c) => {
    const keyId = c.req.param('key_id') ?? '';
    await reach(c, 'delete_key', (context) => ({ keyId, context }));
    return c.body(null, 204);
  });
}

function policyRoutes(router: OpenAPIHono<AppEnv>): void {
  describe(router, routes.getPolicy, requireOperator, async (c) => {
    const { agent } = await reach(c, 'view', () => ({}));
    return c.json(agent.policy);
  });
  describe(router, routes.putPolicy, requireOperator, async (c) => {
    const policy = policyOf(c, await bodyOf(c, PolicyInput), { id: c.req.param('id') ?? '', at: '' });
    await refuseForeignTenants(c, policy, '');
    const { agent } = await reach(c, 'update', (context) => ({ policy, context }));
    return c.json({ ...agent.policy, ...(await warned(c, policy, '')) });
  });
}

function answering(operation: 'view' | 'suspend' | 'resume' | 'end_tokens') {
  return async (c: Context<AppEnv>): Promise<Response> =>
    c.json(resource((await reach(c, operation, (context) => ({ context }))).agent));
}

export function agentRoutes(): OpenAPIHono<AppEnv> {
  const router = newRouter();
  describe(router, routes.create, requireOperator, create);
  describe(router, routes.get, requireOperator, answering('view'));
  describe(router, routes.patch, requireOperator, patch);
  describe(router, routes.remove, requireOperator, async (c) => {
    await reach(c, 'remove', (context) => ({ context }));
    await withoutProofs(c, c.req.param('id') ?? '');
    return c.body(null, 204);
  });
  describe(router, routes.suspend, requireOperator, answering('suspend'));
  describe(router, routes.resume, requireOperator, answering('resume'));
  describe(router, routes.endTokens, requireOperator, answering('end_tokens'));
  keyRoutes(router);
  policyRoutes(router);
  return router;
}
