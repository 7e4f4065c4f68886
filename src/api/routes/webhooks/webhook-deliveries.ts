/** Deliveries: which event went to which endpoint, and one more try. The list is an index; objects hold what is sent. */

import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { reachesOrganization } from '#callers/operator-reach.ts';
import { pageOf } from '#contract/lists.ts';
import { ProblemError } from '#contract/problem.ts';
import { DELIVERY_ID_PATTERN, DeliveryQuery, WebhookDelivery } from '#contract/events/webhooks.ts';
import { findDelivery, listDeliveries, type DeliveryRow } from '#directory/webhooks/deliveries.ts';
import { trustedEndpoint } from '#directory/webhooks/webhook-endpoints.ts';
import { isoTime } from '#lib/clock.ts';
import type { AppEnv } from '../../context.ts';
import { cutPage, newestFirstAfter } from '../../http/cursor.ts';
import { describe } from '../../http/describe.ts';
import { requireOperator } from '../../guards.ts';
import { queryOf } from '../../http/input.ts';
import { responses } from '../../http/responses.ts';
import { newRouter } from '../../http/router.ts';
import type { WebhookSenders } from '../../senders/webhook-senders.ts';

const base = '/v1/webhook-deliveries';
const LIST = 'webhook-deliveries';

const routes = {
  list: createRoute({
    method: 'get',
    path: base,
    summary: 'All deliveries, newest first',
    request: { query: DeliveryQuery },
    responses: responses({ 200: pageOf(WebhookDelivery).openapi('WebhookDeliveryList') }),
  }),
  redeliver: createRoute({
    method: 'post',
    path: `${base}/{id}/redeliver`,
    summary: 'Send a delivery again',
    description: 'With the same `webhook-id` and body. It is due now, and is retried like a new one.',
    request: { params: z.object({ id: z.string() }) },
    responses: responses({ 200: WebhookDelivery }, [
      'not_found',
      'conflict',
      'vault_locked',
      'record_corrupt',
    ]),
  }),
};

function resourceOf(delivery: DeliveryRow): WebhookDelivery {
  return {
    id: delivery.id,
    event_id: delivery.eventId,
    type: delivery.type,
    endpoint: delivery.endpoint,
    connected_account_id: delivery.connectedAccountId,
    status: delivery.status,
    attempts: delivery.attempts,
    last_status: delivery.lastStatus,
    last_failure: delivery.lastFailure,
    next_attempt_at: isoTime(delivery.nextAttemptAtMs),
    created_at: isoTime(delivery.createdAtMs),
    delivered_at: isoTime(delivery.deliveredAtMs),
  };
}

function notFound(): ProblemError {
  return new ProblemError('not_found', { detail: 'there is no such delivery' });
}

async function list(c: Context<AppEnv>): Promise<Response> {
  const { limit, cursor, endpoint, status, connected_account_id: accountId } = queryOf(c, DeliveryQuery);
  const { organization } = c.get('operator');
  const filters = { organization, endpoint, status, accountId };
  const after = await newestFirstAfter(c.get('config'), LIST, filters, cursor);
  const found = await listDeliveries(
    c.get('config').directory,
    { organization, endpoint: endpoint ?? null, status: status ?? null, accountId: accountId ?? null },
    { limit: limit + 1, after },
  );
  const page = await cutPage(c.get('config'), LIST, filters, limit, found, ({ createdAtMs, id }) => [
    createdAtMs,
    id,
  ]);
  return c.json({ ...page, data: page.data.map(resourceOf) });
}

/** The delivery of the path, where this operator may know of it. @throws ProblemError 404 */
async function reach(c: Context<AppEnv>): Promise<DeliveryRow> {
  const id = c.req.param('id') ?? '';
  if (!DELIVERY_ID_PATTERN.test(id)) throw notFound();
  const delivery = await findDelivery(c.get('config').directory, id);
  if (delivery === null || !reachesOrganization(c.get('operator'), delivery.organization)) throw notFound();
  return delivery;
}

/** @throws ProblemError 409 where the endpoint would get nothing, or its row was changed outside the broker */
async function requireReceiver(c: Context<AppEnv>, id: string): Promise<void> {
  const endpoint = (await trustedEndpoint(c.get('config'), id))?.endpoint ?? null;
  if (endpoint !== null && endpoint.health.status !== 'disabled') return;
  const detail = endpoint === null ? 'its endpoint was deleted' : 'its endpoint is disabled: enable it first';
  throw new ProblemError('conflict', { detail });
}

export function webhookDeliveryRoutes({ redeliver }: Pick<WebhookSenders, 'redeliver'>): OpenAPIHono<AppEnv> {
  const router = newRouter();
  describe(router, routes.list, requireOperator, list);
  describe(router, routes.redeliver, requireOperator, async (c) => {
    const delivery = await reach(c);
    await requireReceiver(c, delivery.endpoint);
    const again = await redeliver(c, delivery);
    if (again === null) throw notFound();
    return c.json(resourceOf(again));
  });
  return router;
}
