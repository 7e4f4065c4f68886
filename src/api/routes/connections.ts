/** Connections: an app at a provider. Made and read here; changing and deleting one are routes to come. */

import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { Connection, CreateConnection } from '#contract/connections.ts';
import { NAME_PATTERN } from '#contract/ids.ts';
import { pageOf, pageQuery } from '#contract/lists.ts';
import { ProblemError } from '#contract/problem.ts';
import {
  createConnection,
  findConnection,
  listConnections,
  type ConnectionView,
} from '#directory/connections.ts';
import { connectionKey } from '#directory/data-key.ts';
import { guardOptions } from '#egress/guard.ts';
import { isoTime, systemNow } from '#lib/clock.ts';
import type { AppEnv } from '../context.ts';
import { cutPage, decodeCursor } from '../cursor.ts';
import { describe } from '../describe.ts';
import { contextOf, requireOperator } from '../guards.ts';
import { bodyOf, queryOf } from '../input.ts';
import { draftConnection, type ConnectionRules } from '../new-connection.ts';
import { jsonBody, REPEATED, responses } from '../responses.ts';
import { newRouter } from '../router.ts';

const LIST = 'connections';
const ListQuery = z.object(pageQuery);

const routes = {
  create: createRoute({
    method: 'post',
    path: '/v1/connections',
    summary: 'Create a connection',
    description:
      'An app at a provider. With `provider: "custom"` and an `issuer` its metadata is read now: 502 and nothing stored when it cannot be.',
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
    request: { params: z.object({ id: z.string() }) },
    responses: responses({ 200: Connection }, ['not_found']),
  }),
};

/** Origin under which browsers reach the broker. */
function originOf(c: Context<AppEnv>): string {
  return c.get('config').baseUrl ?? new URL(c.req.url).origin;
}

function warningsOf({ connection, sharedWith }: ConnectionView): string[] {
  const { authType, clientSecrets, descriptor, warnings } = connection;
  const out = [...warnings];
  if (sharedWith !== null) {
    out.push(`client_id: the connection ${sharedWith} uses the same client at the same token endpoint`);
  }
  if (
    authType === 'oauth2' &&
    clientSecrets.length === 0 &&
    descriptor.token_endpoint_auth_method !== 'none'
  ) {
    out.push('client_secret: without one this is a public client, which the provider may refuse');
  }
  return out;
}

function resourceOf(c: Context<AppEnv>, view: ConnectionView): z.infer<typeof Connection> {
  const { connection } = view;
  return {
    id: connection.id,
    provider: connection.provider,
    auth_type: connection.authType,
    client_id: connection.clientId,
    scopes: [...connection.scopes],
    variables: connection.variables,
    provider_config: connection.providerConfig,
    rotation: connection.rotation,
    verification: connection.verification,
    return_urls: [...connection.returnUrls],
    token_access: connection.tokenAccess,
    max_refreshes_per_second: connection.maxRefreshesPerSecond,
    location: connection.location,
    redirect_uri: `${originOf(c)}/oauth/callback/${connection.id}`,
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

/** @throws ProblemError 404 */
async function resourceOfId(c: Context<AppEnv>, id: string): Promise<z.infer<typeof Connection>> {
  const view = NAME_PATTERN.test(id) ? await findConnection(c.get('config').directory, id) : null;
  if (view === null) throw new ProblemError('not_found', { detail: 'there is no such connection' });
  return resourceOf(c, view);
}

/** Connections belong to the deployment. @throws ProblemError 403 for an operator of one organization */
function requireUnbound(c: Context<AppEnv>): void {
  if (c.get('operator').organization === null) return;
  throw new ProblemError('forbidden', {
    detail: 'connections belong to the deployment: only an operator of all organizations makes them',
  });
}

/** What this deployment lets a connection be. */
function rulesOf(c: Context<AppEnv>): ConnectionRules {
  const config = c.get('config');
  const guard = guardOptions(config, new URL(c.req.url).host);
  return { guard, allowUnverifiedLinks: config.allowUnverifiedLinks };
}

function taken(id: string): ProblemError {
  return new ProblemError('already_exists', { detail: `the connection ${id} exists already` });
}

export function connectionRoutes(): OpenAPIHono<AppEnv> {
  const router = newRouter();
  describe(router, routes.create, requireOperator, async (c) => {
    requireUnbound(c);
    const config = c.get('config');
    const body = await bodyOf(c, CreateConnection);
    // Asked first, so that neither a taken id nor a locked vault costs a call to the provider.
    if ((await findConnection(config.directory, body.id)) !== null) throw taken(body.id);
    await connectionKey(config);
    const draft = await draftConnection(body, rulesOf(c));
    if (!(await createConnection(config, draft, systemNow(), contextOf(c, c.get('operator')))))
      throw taken(body.id);
    return c.json(await resourceOfId(c, body.id), 201);
  });
  describe(router, routes.list, requireOperator, async (c) => {
    const { limit, cursor } = queryOf(c, ListQuery);
    const position = decodeCursor(LIST, {}, cursor);
    const after = position === null ? null : { createdAtMs: Number(position[0]), id: String(position[1]) };
    const views = await listConnections(c.get('config').directory, { limit: limit + 1, after });
    const page = cutPage(LIST, {}, limit, views, ({ connection }) => [connection.createdAtMs, connection.id]);
    return c.json({ ...page, data: page.data.map((view) => resourceOf(c, view)) }, 200);
  });
  describe(router, routes.get, requireOperator, async (c) =>
    c.json(await resourceOfId(c, c.req.param('id') ?? ''), 200),
  );
  return router;
}
