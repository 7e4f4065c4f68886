/** Webhook endpoints: made, read, changed, deleted, tested; their secrets are shown once. */

import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { organizationOfNew, reachesOrganization } from '#callers/operator-reach.ts';
import { pageOf, pageQuery } from '#contract/lists.ts';
import { invalid, ProblemError, type FieldProblem } from '#contract/problem.ts';
import {
  CreateWebhookEndpoint,
  ENDPOINT_ID_PATTERN,
  PatchWebhookEndpoint,
  WebhookEndpoint,
  WebhookEndpointWithSecret,
  WebhookTest,
} from '#contract/events/webhooks.ts';
import { secretsInForce, type WebhookEndpointRow } from '#directory/webhooks/webhook-endpoint-row.ts';
import {
  createEndpoint,
  deleteEndpoint,
  findEndpoint,
  listEndpoints,
  MAX_ENDPOINTS,
  rotateEndpointSecret,
  updateEndpoint,
} from '#directory/webhooks/webhook-endpoints.ts';
import { guardOptions } from '#egress/guard/guard.ts';
import { registrationProblem } from '#egress/registration.ts';
import { isoTime, systemNow } from '#lib/clock.ts';
import { isEventFilter } from '#webhooks/event.ts';
import type { AppEnv } from '../../context.ts';
import { cutPage, newestFirstAfter } from '../../http/cursor.ts';
import { describe } from '../../http/describe.ts';
import { contextOf, requireOperator } from '../../guards.ts';
import { bodyOf, queryOf } from '../../http/input.ts';
import { jsonBody, REPEATED, responses } from '../../http/responses.ts';
import { newRouter } from '../../http/router.ts';
import type { WebhookSenders } from '../../senders/webhook-senders.ts';

const base = '/v1/webhook-endpoints';
const LIST = 'webhook-endpoints';
const ListQuery = z.object(pageQuery);
const params = z.object({ id: z.string() });
const LOCKS = ['vault_locked', 'record_corrupt'] as const;
const DEFAULT_EVENTS = ['*'];

const routes = {
  create: createRoute({
    method: 'post',
    path: base,
    summary: 'Create a webhook endpoint; its secret is shown once',
    description: `Standard Webhooks. At most ${MAX_ENDPOINTS} per organization.`,
    request: jsonBody(CreateWebhookEndpoint),
    responses: responses({ 201: WebhookEndpointWithSecret }, [...REPEATED, ...LOCKS]),
  }),
  list: createRoute({
    method: 'get',
    path: base,
    summary: 'All webhook endpoints, newest first',
    request: { query: ListQuery },
    responses: responses({ 200: pageOf(WebhookEndpoint).openapi('WebhookEndpointList') }),
  }),
  get: createRoute({
    method: 'get',
    path: `${base}/{id}`,
    summary: 'One webhook endpoint',
    request: { params },
    responses: responses({ 200: WebhookEndpoint }, ['not_found']),
  }),
  patch: createRoute({
    method: 'patch',
    path: `${base}/{id}`,
    summary: 'Change a webhook endpoint',
    description: 'What is left out stays, null removes. A new `url` of a failing endpoint is probed at once.',
    request: { params, ...jsonBody(PatchWebhookEndpoint) },
    responses: responses({ 200: WebhookEndpoint }, ['not_found', 'conflict', ...LOCKS]),
  }),
  remove: createRoute({
    method: 'delete',
    path: `${base}/{id}`,
    summary: 'Delete a webhook endpoint; it gets nothing more',
    request: { params },
    responses: responses({ 204: null }, ['not_found']),
  }),
  rotate: createRoute({
    method: 'post',
    path: `${base}/{id}/rotate-secret`,
    summary: 'Draw a new secret; it is shown once',
    description: 'For 24 hours both secrets sign. A secret that was replaced before that ends now.',
    request: { params },
    responses: responses({ 200: WebhookEndpointWithSecret }, ['not_found', 'conflict', ...LOCKS]),
  }),
  test: createRoute({
    method: 'post',
    path: `${base}/{id}/test`,
    summary: 'Send a `webhook.test` event now, and say what came back',
    request: { params },
    responses: responses({ 200: WebhookTest }, ['not_found', ...LOCKS]),
  }),
};

function resourceOf(endpoint: WebhookEndpointRow): WebhookEndpoint {
  const replaced = secretsInForce(endpoint, systemNow()).length > 1;
  return {
    id: endpoint.id,
    url: endpoint.url,
    events: [...endpoint.events],
    description: endpoint.description,
    organization: endpoint.organization === '' ? null : endpoint.organization,
    status: endpoint.health.status,
    status_reason: endpoint.statusReason,
    previous_secret_expires_at: replaced ? isoTime(endpoint.secretsUntilMs) : null,
    created_at: isoTime(endpoint.createdAtMs),
    updated_at: isoTime(endpoint.updatedAtMs),
  };
}

function notFound(): ProblemError {
  return new ProblemError('not_found', { detail: 'there is no such webhook endpoint' });
}

/** What `change` leaves of an endpoint that was there a moment ago. @throws ProblemError 404 */
function stillThere<T>(found: T | null): T {
  if (found === null) throw notFound();
  return found;
}

/** The endpoint of the path, where this operator may know of it. @throws ProblemError 404 */
async function reach(c: Context<AppEnv>): Promise<WebhookEndpointRow> {
  const id = c.req.param('id') ?? '';
  if (!ENDPOINT_ID_PATTERN.test(id)) throw notFound();
  const endpoint = await findEndpoint(c.get('config').directory, id);
  if (endpoint === null || !reachesOrganization(c.get('operator'), endpoint.organization)) throw notFound();
  return endpoint;
}

/** @throws ProblemError 400 with every field that cannot be */
async function checkTarget(
  c: Context<AppEnv>,
  url: string | undefined,
  events: readonly string[],
): Promise<void> {
  const guard = guardOptions(c.get('config'), new URL(c.req.url).host);
  const problem = url === undefined ? null : await registrationProblem(url, guard);
  const errors: FieldProblem[] = [
    ...(problem === null ? [] : [{ path: 'url', message: problem }]),
    ...events.flatMap((filter, index) =>
      isEventFilter(filter) ? [] : [{ path: `events.${index}`, message: 'is no event type, prefix.* or *' }],
    ),
  ];
  if (errors.length > 0) throw new ProblemError('invalid_request', { errors });
}

async function create(c: Context<AppEnv>): Promise<Response> {
  const body = await bodyOf(c, CreateWebhookEndpoint);
  const organization = organizationOfNew(c.get('operator'), body.organization ?? undefined);
  if (organization === null) throw invalid('organization', 'is not the organization of this key');
  const events = body.events ?? DEFAULT_EVENTS;
  await checkTarget(c, body.url, events);
  const draft = { organization, url: body.url, events, description: body.description ?? null };
  const made = await createEndpoint(c.get('config'), draft, systemNow(), contextOf(c, c.get('operator')));
  if (made === null) {
    throw new ProblemError('conflict', {
      detail: `there are ${MAX_ENDPOINTS} webhook endpoints already: delete one first`,
    });
  }
  const answer: WebhookEndpointWithSecret = { ...resourceOf(made.endpoint), secret: made.secret };
  return c.json(answer, 201);
}

async function list(c: Context<AppEnv>): Promise<Response> {
  const { limit, cursor } = queryOf(c, ListQuery);
  const { organization } = c.get('operator');
  const filters = { organization };
  const after = await newestFirstAfter(c.get('config'), LIST, filters, cursor);
  const found = await listEndpoints(c.get('config').directory, { organization, limit: limit + 1, after });
  const page = await cutPage(c.get('config'), LIST, filters, limit, found, ({ createdAtMs, id }) => [
    createdAtMs,
    id,
  ]);
  return c.json({ ...page, data: page.data.map(resourceOf) });
}

async function patch(c: Context<AppEnv>): Promise<Response> {
  const { url, events, description, status } = await bodyOf(c, PatchWebhookEndpoint);
  const { id } = await reach(c);
  await checkTarget(c, url, events ?? []);
  const changes = {
    ...(url === undefined ? {} : { url }),
    ...(events === undefined ? {} : { events: events ?? DEFAULT_EVENTS }),
    ...(description === undefined ? {} : { description }),
    ...(status === undefined ? {} : { status }),
  };
  return c.json(
    resourceOf(
      stillThere(
        await updateEndpoint(c.get('config'), id, changes, systemNow(), contextOf(c, c.get('operator'))),
      ),
    ),
  );
}

async function rotate(c: Context<AppEnv>): Promise<Response> {
  const { id } = await reach(c);
  const { endpoint, secret } = stillThere(
    await rotateEndpointSecret(c.get('config'), id, systemNow(), contextOf(c, c.get('operator'))),
  );
  const answer: WebhookEndpointWithSecret = { ...resourceOf(endpoint), secret };
  return c.json(answer);
}

export function webhookEndpointRoutes({ sendTest }: Pick<WebhookSenders, 'sendTest'>): OpenAPIHono<AppEnv> {
  const router = newRouter();
  describe(router, routes.create, requireOperator, create);
  describe(router, routes.list, requireOperator, list);
  describe(router, routes.get, requireOperator, async (c) => c.json(resourceOf(await reach(c))));
  describe(router, routes.patch, requireOperator, patch);
  describe(router, routes.remove, requireOperator, async (c) => {
    const { id } = await reach(c);
    if (!(await deleteEndpoint(c.get('config'), id, systemNow(), contextOf(c, c.get('operator')))))
      throw notFound();
    return c.body(null, 204);
  });
  describe(router, routes.rotate, requireOperator, rotate);
  describe(router, routes.test, requireOperator, async (c) => {
    const { id } = await reach(c);
    const sentAtMs = systemNow();
    const { eventId, delivered, status } = await sendTest(c, id);
    const durationMs = Math.max(0, systemNow() - sentAtMs);
    const answer: WebhookTest = { event_id: eventId, delivered, status, duration_ms: durationMs };
    return c.json(answer);
  });
  return router;
}
