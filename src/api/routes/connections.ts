/** Connections: an app at a provider. Made, read, changed and deleted here. */

import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { endAccountsOf } from '#accounts/ending/orphans.ts';
import {
  Connection,
  CreateConnection,
  DeleteQuery,
  PatchConnection,
} from '#contract/connections/connections.ts';
import { NAME_PATTERN } from '#contract/ids.ts';
import { isConsentedType } from '#contract/machine/kinds.ts';
import { pageOf, pageQuery } from '#contract/lists.ts';
import { ProblemError } from '#contract/problem.ts';
import { changeConnection, deleteConnection } from '#directory/connections/connection-changes.ts';
import {
  createConnection,
  findConnection,
  listConnections,
  type ConnectionView,
} from '#directory/connections/connections.ts';
import { connectionKey } from '#directory/keys/data-key.ts';
import { guardOptions } from '#egress/guard/guard.ts';
import { isoTime, systemNow } from '#lib/clock.ts';
import { withoutExtraValues } from '#providers/requests/reserved-params.ts';
import { scopeFactsOf } from '#providers/catalogue/scope-facts.ts';
import { askedScopeWarnings, unknownScopeWarnings } from '#providers/scopes/scope-warnings.ts';
import type { AppEnv } from '../context.ts';
import { changedConnection } from '../connections/changed-connection.ts';
import { cutPage, newestFirstAfter } from '../http/cursor.ts';
import { describe } from '../http/describe.ts';
import { contextOf, requireOperator } from '../guards.ts';
import { bodyOf, queryOf } from '../http/input.ts';
import { requireProof } from '../machine/connection.ts';
import { draftConnection, type ConnectionRules } from '../connections/new-connection.ts';
import { originOf } from '../http/origin.ts';
import { jsonBody, REPEATED, responses } from '../http/responses.ts';
import { newRouter } from '../http/router.ts';

const LIST = 'connections';
const ListQuery = z.object(pageQuery);
const Params = z.object({ id: z.string() });

const routes = {
  create: createRoute({
    method: 'post',
    path: '/v1/connections',
    summary: 'Create a connection',
    description:
      'An app at a provider. With `provider: "custom"`, `provider_config` says where that is: `{"issuer":"https://…"}`, whose metadata is read now (502 and nothing stored when it cannot be), or `authorization_url` and `token_url` themselves. With `provider: "mcp"` it is the `url` of a remote MCP server, which is asked now for all that connecting takes: its metadata, that of its authorization server, and a client where none is given. A server that cannot be connected is 400, one that does not answer 502.',
    request: jsonBody(CreateConnection),
    responses: responses({ 201: Connection }, [
      ...REPEATED,
      'already_exists',
      'provider_error',
      'vault_locked',
      'record_corrupt',
    ]),
  }),
  list: createRoute({
    method: 'get',
    path: '/v1/connections',
    summary: 'All connections, newest first',
    request: { query: ListQuery },
    responses: responses({ 200: pageOf(Connection).openapi('ConnectionList') }),
  }),
  get: createRoute({
    method: 'get',
    path: '/v1/connections/{id}',
    summary: 'One connection',
    request: { params: Params },
    responses: responses({ 200: Connection }, ['not_found']),
  }),
  patch: createRoute({
    method: 'patch',
    path: '/v1/connections/{id}',
    summary: 'Change a connection',
    description:
      'RFC 7396: what is left out stays, null removes, `variables` and `provider_config` are merged by key. The whole is judged as a new connection would be; the metadata of an issuer is read again when `provider_config` or `client_id` is in the body. Accounts take the newer version before their next refresh; `token_access` holds everywhere within a second.',
    request: { params: Params, ...jsonBody(PatchConnection) },
    responses: responses({ 200: Connection }, [
      'not_found',
      'conflict',
      'provider_error',
      'vault_locked',
      'record_corrupt',
    ]),
  }),
  remove: createRoute({
    method: 'delete',
    path: '/v1/connections/{id}',
    summary: 'Delete a connection',
    description:
      '409 while accounts exist. With `force=true` its accounts end with it: within a second each answers `account_revoked`, and each is erased, with its event, as soon as it is reached.',
    request: { params: Params, query: DeleteQuery },
    responses: responses({ 204: null }, ['not_found', 'conflict', 'vault_locked', 'record_corrupt']),
  }),
};

function warningsOf({ connection, sharedWith }: ConnectionView): string[] {
  const { authType, clientSecrets, descriptor, scopes, warnings } = connection;
  const facts = scopeFactsOf(connection);
  const out = [...warnings, ...unknownScopeWarnings(facts, scopes, 'scopes')];
  if (isConsentedType(authType) && descriptor.authorization_url !== null)
    out.push(...askedScopeWarnings(facts, scopes, 'scopes'));
  if (sharedWith !== null) {
    out.push(`client_id: the connection ${sharedWith} uses the same client at the same token endpoint`);
  }
  if (
    isConsentedType(authType) &&
    clientSecrets.length === 0 &&
    descriptor.token_endpoint_auth_method !== 'none'
  ) {
    out.push('client_secret: without one this is a public client, which the provider may refuse');
  }
  return out;
}

/** @param mayRead what an operator put into extra parameters, which may be a secret: of the role admin alone */
function resourceOf(origin: string, view: ConnectionView, mayRead: boolean): z.infer<typeof Connection> {
  const { connection } = view;
  return {
    id: connection.id,
    provider: connection.provider,
    auth_type: connection.authType,
    client_id: connection.clientId,
    scopes: [...connection.scopes],
    variables: connection.variables,
    provider_config:
      connection.providerConfig === null || mayRead
        ? connection.providerConfig
        : withoutExtraValues(connection.providerConfig),
    rotation: connection.rotation,
    verification: connection.verification,
    return_urls: [...connection.returnUrls],
    token_access: connection.tokenAccess,
    max_refreshes_per_second: connection.maxRefreshesPerSecond,
    access_token_ttl_s: connection.accessTokenTtlS,
    location: connection.location,
    pin_tools: connection.pinTools,
    redirect_uri: `${origin}/oauth/callback/${connection.id}`,
    health: connection.health,
    health_reason: connection.healthReason,
    health_since: isoTime(connection.healthSinceMs),
    version: connection.version,
    accounts: view.accounts,
    warnings: warningsOf(view),
    created_at: isoTime(connection.createdAtMs),
    updated_at: isoTime(connection.updatedAtMs),
  };
}

function notFound(): ProblemError {
  return new ProblemError('not_found', { detail: 'there is no such connection' });
}

/** Connections belong to the deployment, and so does what stands in their parameters. */
function mayReadParams(c: Context<AppEnv>): boolean {
  const { role, organization } = c.get('operator');
  return role === 'admin' && organization === null;
}

/** @throws ProblemError 404 */
async function resourceOfId(
  c: Context<AppEnv>,
  origin: string,
  id: string,
): Promise<z.infer<typeof Connection>> {
  const { organization } = c.get('operator');
  const isName = NAME_PATTERN.test(id);
  const view = isName ? await findConnection(c.get('config').directory, id, organization) : null;
  if (view === null) throw notFound();
  return resourceOf(origin, view, mayReadParams(c));
}

/** Connections belong to the deployment. @throws ProblemError 403 for an operator of one organization */
function requireUnbound(c: Context<AppEnv>): void {
  if (c.get('operator').organization === null) return;
  throw new ProblemError('forbidden', {
    detail: 'connections belong to the deployment: only an operator of all organizations makes them',
  });
}

/** The rules of this deployment for its connections. */
function rulesOf(c: Context<AppEnv>): ConnectionRules {
  const config = c.get('config');
  const guard = guardOptions(config, new URL(c.req.url).host);
  const origin = originOf(c);
  return {
    guard,
    allowUnverifiedLinks: config.allowUnverifiedLinks,
    origin,
    isPublished: config.baseUrl?.startsWith('https://') === true,
  };
}

function taken(id: string): ProblemError {
  return new ProblemError('already_exists', { detail: `the connection ${id} exists already` });
}

/** The id of the path. @throws ProblemError 404 for what cannot be one */
function idOf(c: Context<AppEnv>): string {
  const id = c.req.param('id') ?? '';
  if (!NAME_PATTERN.test(id)) throw notFound();
  return id;
}

async function patch(c: Context<AppEnv>): Promise<Response> {
  requireUnbound(c);
  const origin = originOf(c);
  const id = idOf(c);
  const body = await bodyOf(c, PatchConnection);
  const rules = rulesOf(c);
  const isChanged =
    Object.keys(body).length === 0 ||
    (await changeConnection(
      c.get('config'),
      id,
      (row) => changedConnection(row, body, rules),
      systemNow(),
      contextOf(c, c.get('operator')),
    ));
  if (!isChanged) throw notFound();
  return c.json(await resourceOfId(c, origin, id), 200);
}

async function remove(c: Context<AppEnv>): Promise<Response> {
  requireUnbound(c);
  const id = idOf(c);
  const config = c.get('config');
  const { force } = queryOf(c, DeleteQuery);
  const context = contextOf(c, c.get('operator'));
  const deleted = await deleteConnection(config, id, force, systemNow(), context);
  if (deleted === 'not_found') throw notFound();
  if (deleted === 'in_use') {
    const detail = 'accounts of this connection exist; ?force=true ends them with it';
    throw new ProblemError('conflict', { detail });
  }
  await endAccountsOf(config, id, context);
  return c.body(null, 204);
}

export function connectionRoutes(): OpenAPIHono<AppEnv> {
  const router = newRouter();
  describe(router, routes.create, requireOperator, async (c) => {
    requireUnbound(c);
    // Asked first: nothing is made that could not be told.
    const origin = originOf(c);
    const config = c.get('config');
    const body = await bodyOf(c, CreateConnection);
    // Asked first, so that neither a taken id nor a locked vault costs a call to the provider.
    if ((await findConnection(config.directory, body.id)) !== null) throw taken(body.id);
    await connectionKey(config);
    const draft = await draftConnection(body, rulesOf(c));
    const made = { ...draft, clientSecrets: draft.clientSecrets ?? [] };
    requireProof(made.clientSecrets, made.descriptor, body);
    if (!(await createConnection(config, made, systemNow(), contextOf(c, c.get('operator')))))
      throw taken(body.id);
    return c.json(await resourceOfId(c, origin, body.id), 201);
  });
  describe(router, routes.list, requireOperator, async (c) => {
    const origin = originOf(c);
    const { limit, cursor } = queryOf(c, ListQuery);
    const { organization } = c.get('operator');
    const after = await newestFirstAfter(c.get('config'), LIST, { organization }, cursor);
    const views = await listConnections(c.get('config').directory, {
      limit: limit + 1,
      after,
      organization,
    });
    const page = await cutPage(c.get('config'), LIST, { organization }, limit, views, ({ connection }) => [
      connection.createdAtMs,
      connection.id,
    ]);
    return c.json(
      { ...page, data: page.data.map((view) => resourceOf(origin, view, mayReadParams(c))) },
      200,
    );
  });
  describe(router, routes.get, requireOperator, async (c) =>
    c.json(await resourceOfId(c, originOf(c), c.req.param('id') ?? ''), 200),
  );
  describe(router, routes.patch, requireOperator, patch);
  describe(router, routes.remove, requireOperator, remove);
  return router;
}
