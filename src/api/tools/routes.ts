/** Tools: which there are for an agent, one of them, a call, and the tools that operators add. */

import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { AgentProof } from '#callers/proof.ts';
import type { Code } from '#contract/codes.ts';
import { IDEMPOTENCY_KEY_PATTERN } from '#contract/idempotency.ts';
import { invalid, ProblemError } from '#contract/problem.ts';
import {
  ExecuteTool,
  PutTool,
  TOOL_NAME,
  ToolAnswer,
  ToolFormatQuery,
  ToolList,
  ToolQuery,
  ToolResource,
  ToolResult,
} from '#contract/tools/tools.ts';
import { connectionSettings } from '#directory/connections/connections.ts';
import { deleteCustomTool, MAX_CUSTOM_TOOLS, putCustomTool } from '#directory/tools/custom-tools.ts';
import { systemNow } from '#lib/clock.ts';
import { matchesGlob } from '#policy/glob.ts';
import { findDescriptor } from '#providers/catalogue/catalogue.ts';
import type { ToolAccount } from '#tools/context.ts';
import { toolFrom } from '#tools/custom/definition.ts';
import { executeTool } from '#tools/execute.ts';
import { inFormat } from '#tools/formats.ts';
import { findTool, listTools, type UsableTool } from '#tools/list.ts';
import { builtInTool } from '#tools/registry/registry.ts';
import type { Tool } from '#tools/tool.ts';
import { arrivalOf } from '../arrival.ts';
import type { AppEnv } from '../context.ts';
import {
  contextOf,
  ensureSchema,
  recordRefusal,
  requireAgent,
  requireEither,
  requireOperator,
} from '../guards.ts';
import { describe } from '../http/describe.ts';
import { bodyOf, queryIn, queryOf } from '../http/input.ts';
import { problemResponse } from '../http/problem.ts';
import { jsonBody, responses } from '../http/responses.ts';
import { newRouter } from '../http/router.ts';
import { customTools, toolContext } from './context.ts';

const MAX_SHOWN_ACCOUNTS = 20;
const Name = z.string().openapi({ description: 'Name of the tool.', example: 'hubspot_search_contacts' });
const Params = z.object({ name: Name });
const OwnParams = z.object({
  name: z.string().openapi({ description: 'Name of the tool.', example: 'crm_read_ticket' }),
});

/** Why a call has no result, beside what every route has. */
const CALL_CODES = [
  'policy_denied',
  'approval_required',
  'not_found',
  'reauth_required',
  'account_pending',
  'account_disabled',
  'account_revoked',
  'conflict',
  'invalid_parameters',
  'idempotency_mismatch',
  'provider_error',
  'token_echo_blocked',
  'provider_unavailable',
  'provider_timeout',
  'misconfigured_connection',
] as const satisfies readonly Code[];

const Headers = z.object({
  'idempotency-key': z.string().optional().openapi({
    description:
      'Of a tool with effects, for 24 hours: a repeat is answered as before and calls nobody; where the provider has a header of the kind, it is sent there instead.',
    example: 'order-4711',
  }),
  'x-tool-call-id': z.string().optional().openapi({
    description: 'Your name for this call: `tool_call_id` of the result and of the audit record.',
    example: 'call_81',
  }),
  'x-valetkey-purpose': z
    .string()
    .optional()
    .openapi({ description: 'Why, for the audit record.', example: 'weekly report' }),
});

const OPERATORS = [{ operator: [] }];

const routes = {
  list: createRoute({
    method: 'get',
    path: '/v1/tools',
    summary: 'The tools that the calling agent may use',
    description:
      'Those that its policy and the granted scopes allow for at least one account, from the index of the directory.',
    request: { query: ToolQuery },
    responses: responses({ 200: ToolList }, ['policy_denied']),
  }),
  get: createRoute({
    method: 'get',
    path: '/v1/tools/{name}',
    summary: 'One tool, all of it',
    security: [{ operator: [] }, { agent: [] }],
    request: { params: Params, query: ToolFormatQuery },
    responses: responses({ 200: ToolAnswer }, ['not_found']),
  }),
  execute: createRoute({
    method: 'post',
    path: '/v1/tools/{name}/execute',
    summary: 'Call a tool',
    description:
      "The provider is called with the account's credential, which the agent never sees. What is not the provider's success is a problem, with `upstream` where the provider said something: an empty `data` means that there is nothing.",
    request: { params: Params, headers: Headers, ...jsonBody(ExecuteTool) },
    responses: responses({ 200: ToolResult }, CALL_CODES),
  }),
  put: createRoute({
    method: 'put',
    path: '/v1/tools/{name}',
    summary: 'Add a tool, or replace one that was added',
    security: OPERATORS,
    description: 'For one connection, or for all accounts of a provider of the catalogue.',
    request: { params: OwnParams, ...jsonBody(PutTool) },
    responses: responses({ 200: ToolResource, 201: ToolResource }, ['conflict']),
  }),
  remove: createRoute({
    method: 'delete',
    path: '/v1/tools/{name}',
    summary: 'Delete a tool that was added',
    security: OPERATORS,
    request: { params: OwnParams },
    responses: responses({ 204: null }, ['not_found', 'conflict']),
  }),
};

/** @throws ProblemError 404 for what can be no name */
function nameOf(c: Context<AppEnv>): string {
  const name = c.req.param('name') ?? '';
  if (!TOOL_NAME.test(name)) throw noTool();
  return name;
}

function noTool(): ProblemError {
  return new ProblemError('not_found', { detail: 'there is no tool of this name' });
}

/** @throws ProblemError 403 for a suspended agent, with the record of it */
async function requireActive(c: Context<AppEnv>, caller: AgentProof): Promise<void> {
  if (caller.status === 'active') return;
  const reason = 'agent_suspended';
  await recordRefusal(c.get('config'), caller, contextOf(c, caller), {
    reason,
    connection: null,
    identifier: null,
    known: false,
    use: { action: 'tool' },
  });
  throw new ProblemError('policy_denied', { members: { reason } });
}

async function list(c: Context<AppEnv>): Promise<Response> {
  const arrival = arrivalOf(c);
  const caller = await requireAgent(arrival);
  const { format, ...filter } = queryIn(arrival.url, ToolQuery);
  await requireActive(c, caller);
  await ensureSchema(c);
  const { tools, missing } = await listTools(toolContext(arrival, caller, c.req.raw.signal), filter);
  const data = tools.map((one) => (format === undefined ? listed(one) : inFormat(one.tool, format)));
  return c.json({ data, missing });
}

function listed({ tool, accounts }: UsableTool): object {
  const { name, title, description, parameters, annotations, connection } = tool;
  return {
    name,
    title,
    description,
    provider: tool.provider,
    connection,
    parameters,
    annotations,
    accounts: accounts.slice(0, MAX_SHOWN_ACCOUNTS),
    accounts_total: accounts.length,
  };
}

async function get(c: Context<AppEnv>): Promise<Response> {
  const caller = await requireEither(c);
  const { format } = queryOf(c, ToolFormatQuery);
  await ensureSchema(c);
  const name = nameOf(c);
  const tool = await findTool({ customTools: () => customTools(c.get('config')) }, name);
  if (tool === null || (caller.plane === 'agent' && !mayKnow(caller, tool))) throw noTool();
  return c.json(format === undefined ? resourceOf(tool) : inFormat(tool, format));
}

/** A tool that an operator added for a connection is known to agents with a rule for that connection. */
function mayKnow({ policy }: AgentProof, { connection }: Tool): boolean {
  return connection === null || policy.rules.some((rule) => matchesGlob(rule.connection, connection));
}

function resourceOf(tool: Tool): object {
  return { ...tool, is_custom: builtInTool(tool.name) === null };
}

async function execute(c: Context<AppEnv>): Promise<Response> {
  const arrival = arrivalOf(c);
  const caller = await requireAgent(arrival);
  queryIn(arrival.url, z.object({}));
  const body = await bodyOf(c, ExecuteTool);
  const name = nameOf(c);
  const { organization = null, identifier = null } = body;
  const key = c.req.header('Idempotency-Key') ?? null;
  if (key !== null && !IDEMPOTENCY_KEY_PATTERN.test(key))
    throw invalid('Idempotency-Key', 'must be 1 to 255 printable characters without space');
  await ensureSchema(c);
  const work = executeTool(toolContext(arrival, caller, c.req.raw.signal), {
    name,
    arguments: body.parameters ?? {},
    account: accountOf(body),
    identifier,
    organization,
    pageSize: body.page_size ?? null,
    cursor: body.cursor ?? null,
    maxItems: body.max_items ?? null,
    idempotencyKey: key,
  });
  // The end of the call is recorded also for a caller that hangs up.
  arrival.waitUntil(work.catch(() => undefined));
  const outcome = await work;
  const replayed = outcome.isReplayed ? { 'idempotent-replayed': 'true' } : {};
  if (!outcome.ok) {
    const refused = problemResponse(c, outcome.problem.code, outcome.problem.details);
    if (outcome.isReplayed) refused.headers.set('idempotent-replayed', 'true');
    return refused;
  }
  const unrecorded = outcome.isRecorded ? {} : { 'x-valetkey-audit': 'incomplete' };
  return c.json(outcome.body, 200, { ...replayed, ...unrecorded });
}

type Executed = z.infer<typeof ExecuteTool>;

/** @throws ProblemError 400 where both forms are used */
function accountOf({
  connected_account_id: id = null,
  connection = null,
  identifier = null,
  organization = null,
}: Executed): ToolAccount | null {
  if (id === null) return connection === null ? null : { connection, identifier, organization };
  if (connection !== null || identifier !== null)
    throw invalid('connected_account_id', 'stands alone: it names connection and identifier already');
  return { accountId: id };
}

/** Tools belong to the deployment, as connections do. @throws ProblemError 403 */
function requireUnbound(c: Context<AppEnv>): void {
  if (c.get('operator').organization === null) return;
  throw new ProblemError('forbidden', {
    detail: 'tools belong to the deployment: only an operator of all organizations makes them',
  });
}

/** @throws ProblemError 409 for a tool that cannot be changed */
function requireCustom(name: string): void {
  if (builtInTool(name) !== null || name === 'search_tools' || name === 'execute_tool')
    throw new ProblemError('conflict', { detail: `${name} is a tool of the broker's own` });
}

async function put(c: Context<AppEnv>): Promise<Response> {
  requireUnbound(c);
  const body = await bodyOf(c, PutTool);
  const name = c.req.param('name') ?? '';
  if (!TOOL_NAME.test(name)) throw invalid('name', 'must be 1 to 64 characters of a-z 0-9 _');
  requireCustom(name);
  const made = toolFrom(name, body, await providerOf(c, body));
  if (!made.ok) throw new ProblemError('invalid_request', { errors: made.error });
  const tool = made.value;
  const row = { name, connection: tool.connection, definition: JSON.stringify(tool) };
  const stored = await putCustomTool(c.get('config'), row, systemNow(), contextOf(c, c.get('operator')));
  if (stored === 'full')
    throw new ProblemError('conflict', {
      detail: `there may be ${MAX_CUSTOM_TOOLS} tools: delete one first`,
    });
  return c.json(resourceOf(tool), stored === 'made' ? 201 : 200);
}

/** @throws ProblemError 400 for a connection or a provider that there is not */
async function providerOf(c: Context<AppEnv>, { connection, provider }: PutTool): Promise<string> {
  if (provider != null) {
    if (findDescriptor(provider) === undefined) throw invalid('provider', 'is no entry of the catalogue');
    return provider;
  }
  if (connection == null) return '';
  const settings = await connectionSettings(c.get('config'), connection, '');
  if (settings === null) throw invalid('connection', 'there is no such connection');
  return settings.provider;
}

async function remove(c: Context<AppEnv>): Promise<Response> {
  requireUnbound(c);
  const name = nameOf(c);
  requireCustom(name);
  const isGone = await deleteCustomTool(c.get('config'), name, systemNow(), contextOf(c, c.get('operator')));
  if (!isGone) throw noTool();
  return c.body(null, 204);
}

export function toolRoutes(): OpenAPIHono<AppEnv> {
  const router = newRouter();
  describe(router, routes.list, list);
  describe(router, routes.get, get);
  describe(router, routes.execute, execute);
  describe(router, routes.put, requireOperator, put);
  describe(router, routes.remove, requireOperator, remove);
  return router;
}
