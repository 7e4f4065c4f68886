/**
 * An organization's own OAuth client at one connection: a customer brings the app that its users see at the provider. An
 * operator who is bound to an organization sees and sets its own alone.
 */

import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { OwnClient, PutOwnClient } from '#contract/connections/clients.ts';
import { NAME_PATTERN } from '#contract/ids.ts';
import { invalid, ProblemError } from '#contract/problem.ts';
import { connectionSettings } from '#directory/connections/connections.ts';
import {
  listOwnClients,
  MAX_OWN_CLIENTS,
  putOwnClient,
  removeOwnClient,
  type OwnClientChange,
  type OwnClientView,
} from '#directory/connections/own-clients.ts';
import { isoTime, systemNow } from '#lib/clock.ts';
import type { ConnectionSettings } from '#providers/settings.ts';
import type { AppEnv } from '../context.ts';
import { contextOf, requireOperator } from '../guards.ts';
import { describe } from '../http/describe.ts';
import { bodyOf } from '../http/input.ts';
import { jsonBody, responses } from '../http/responses.ts';
import { newRouter } from '../http/router.ts';

const path = '/v1/connections/{id}/clients/{organization}';
const Params = z.object({ id: z.string(), organization: z.string().openapi({ example: 'acme' }) });
const LOCKS = ['vault_locked', 'record_corrupt'] as const;

const routes = {
  list: createRoute({
    method: 'get',
    path: '/v1/connections/{id}/clients',
    summary: "Organizations' own clients of a connection, by organization",
    description: 'An operator of one organization sees its own alone.',
    request: { params: z.object({ id: z.string() }) },
    responses: responses({ 200: z.object({ data: z.array(OwnClient) }).openapi('OwnClientList') }, [
      'not_found',
    ]),
  }),
  get: createRoute({
    method: 'get',
    path,
    summary: "An organization's own client",
    request: { params: Params },
    responses: responses({ 200: OwnClient }, ['not_found']),
  }),
  put: createRoute({
    method: 'put',
    path,
    summary: 'Give an organization a client of its own',
    description: `Accounts of the organization are connected, imported and made with it from now on. A grant stays with the client that made it: grants of before are renewed with the client of before, until their users connect anew. The same \`client_id\` with another secret replaces the secret for the grants that it has made too. Register the connection's \`redirect_uri\` there. At most ${MAX_OWN_CLIENTS} with the earlier ones.`,
    request: { params: Params, ...jsonBody(PutOwnClient) },
    responses: responses({ 200: OwnClient, 201: OwnClient }, ['not_found', 'conflict', ...LOCKS]),
  }),
  remove: createRoute({
    method: 'delete',
    path,
    summary: "Go back to the connection's client",
    description:
      'New grants of the organization are made with it. Grants that its own client has made live on with that client, which is kept for them, sealed, until the organization has no account here.',
    request: { params: Params },
    responses: responses({ 204: null }, ['not_found', 'conflict', ...LOCKS]),
  }),
};

function notFound(): ProblemError {
  return new ProblemError('not_found', { detail: 'this organization has no client of its own there' });
}

/** The names of the path. @throws ProblemError 404 for what cannot be one, and for another organization's */
function namesOf(c: Context<AppEnv>): { readonly connection: string; readonly organization: string } {
  const connection = c.req.param('id') ?? '';
  const organization = c.req.param('organization') ?? '';
  const { organization: bound } = c.get('operator');
  const isOwn = bound === null || bound === organization;
  if (!NAME_PATTERN.test(connection) || !NAME_PATTERN.test(organization) || !isOwn) throw notFound();
  return { connection, organization };
}

function changeOf(c: Context<AppEnv>): OwnClientChange {
  return { ...namesOf(c), nowMs: systemNow(), context: contextOf(c, c.get('operator')) };
}

function resourceOf(
  { row, health, retired, createdAtMs, updatedAtMs }: OwnClientView,
  warnings: readonly string[] = [],
): OwnClient {
  return {
    connection: row.connection,
    organization: row.organization,
    client_id: row.clientId,
    retired_client_ids: [...retired],
    health: health.state,
    health_reason: health.reason,
    health_since: isoTime(health.sinceMs),
    version: row.version,
    warnings: [...warnings],
    created_at: isoTime(createdAtMs),
    updated_at: isoTime(updatedAtMs),
  };
}

async function viewOf(c: Context<AppEnv>): Promise<OwnClientView> {
  const { connection, organization } = namesOf(c);
  const [view] = await listOwnClients(c.get('config').directory, connection, organization);
  if (view === undefined) throw notFound();
  return view;
}

/** @throws ProblemError 400, 409 for a client that accounts of this connection could do nothing with */
function judge(
  settings: ConnectionSettings,
  body: PutOwnClient,
  secrets: readonly string[],
): readonly string[] {
  const { authType, clientId, descriptor } = settings;
  if ((authType !== 'oauth2' && authType !== 'oauth2_client_credentials') || descriptor.token_url === null)
    throw new ProblemError('conflict', {
      detail: 'accounts of this connection get their credentials without an OAuth client',
    });
  if (body.client_id === clientId)
    throw invalid(
      'client_id',
      "is the connection's own client, which the accounts of every organization have",
    );
  const isPublic = secrets.length === 0 && descriptor.token_endpoint_auth_method !== 'none';
  if (isPublic && authType === 'oauth2_client_credentials')
    throw invalid(
      'client_secret',
      'is required: only a confidential client gets tokens by itself (RFC 6749, 4.4)',
    );
  return isPublic
    ? ['client_secret: without one this is a public client, which the provider may refuse']
    : [];
}

async function put(c: Context<AppEnv>): Promise<Response> {
  const change = changeOf(c);
  const config = c.get('config');
  const body = await bodyOf(c, PutOwnClient);
  const settings = await connectionSettings(config, change.connection, '');
  if (settings === null) throw new ProblemError('not_found', { detail: 'there is no such connection' });
  const secrets = typeof body.client_secret === 'string' ? [body.client_secret] : (body.client_secret ?? []);
  const warnings = judge(settings, body, secrets);
  const done = await putOwnClient(config, change, { id: body.client_id, secrets });
  return c.json(resourceOf(await viewOf(c), warnings), done === 'created' ? 201 : 200);
}

export function connectionClientRoutes(): OpenAPIHono<AppEnv> {
  const router = newRouter();
  describe(router, routes.list, requireOperator, async (c) => {
    const id = c.req.param('id') ?? '';
    const config = c.get('config');
    const known = NAME_PATTERN.test(id) ? await connectionSettings(config, id, '') : null;
    if (known === null) throw new ProblemError('not_found', { detail: 'there is no such connection' });
    const views = await listOwnClients(config.directory, id, c.get('operator').organization);
    return c.json({ data: views.map((view) => resourceOf(view)) }, 200);
  });
  describe(router, routes.get, requireOperator, async (c) => c.json(resourceOf(await viewOf(c)), 200));
  describe(router, routes.put, requireOperator, put);
  describe(router, routes.remove, requireOperator, async (c) => {
    if (!(await removeOwnClient(c.get('config'), changeOf(c)))) throw notFound();
    return c.body(null, 204);
  });
  return router;
}
