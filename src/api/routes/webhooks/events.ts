/** Every event, oldest first, in the order of its arrival: what a receiver reads to catch up. */

import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { pageOf } from '#contract/lists.ts';
import { invalid } from '#contract/problem.ts';
import { Event, EventQuery } from '#contract/events/webhooks.ts';
import { roleReaches } from '#contract/roles.ts';
import { listEvents, type EventRow } from '#directory/webhooks/events.ts';
import { EVENTS_KEPT_DAYS } from '#directory/retention.ts';
import { EVENT_TYPES } from '#webhooks/event.ts';
import type { AppEnv } from '../../context.ts';
import { cutPage, decodeCursor } from '../../http/cursor.ts';
import { describe } from '../../http/describe.ts';
import { requireOperator } from '../../guards.ts';
import { queryOf } from '../../http/input.ts';
import { responses } from '../../http/responses.ts';
import { newRouter } from '../../http/router.ts';

const LIST = 'events';
const TYPES: readonly string[] = EVENT_TYPES;
/** One text for an event that never was, was another's or is gone. */
const NO_SUCH_EVENT = `there is no such event; events are kept ${EVENTS_KEPT_DAYS} days`;

const routes = {
  list: createRoute({
    method: 'get',
    path: '/v1/events',
    summary: 'All events, oldest first',
    description: `To follow them: read to the last page, then ask again with \`after\` the last event of it. \`after\` must be an event that the caller can see. Events are kept ${EVENTS_KEPT_DAYS} days: with an \`after\` that is older the answer is 400, and what was missed cannot be told from here.`,
    request: { query: EventQuery },
    responses: responses({ 200: pageOf(Event).openapi('EventList') }),
  }),
};

/** The body that was signed, taken apart: what is listed is what was sent, but for a link that the reader may not use. */
function resourceOf({ id, body, suppressed }: EventRow, mayDecide: boolean): Record<string, unknown> {
  const { type, timestamp, data } = JSON.parse(body) as Record<'type' | 'timestamp' | 'data', unknown>;
  const shown = mayDecide || type !== 'agent.approval_required' ? data : withoutLink(data as object);
  return { id, type, timestamp, data: shown, ...(suppressed ? { suppressed } : {}) };
}

/** A holder of the link of an approval decides: a role that may not decide does not read it. */
function withoutLink(data: object): object {
  return { ...data, approval_url: null };
}

async function list(c: Context<AppEnv>): Promise<Response> {
  const { limit, cursor, after, type, connected_account_id: accountId } = queryOf(c, EventQuery);
  if (type !== undefined && !TYPES.includes(type)) throw invalid('type', 'is no event type');
  const { organization, role } = c.get('operator');
  const filters = { organization, type, accountId };
  // A cursor goes on where `after` began, so it counts alone.
  const position = await decodeCursor(c.get('config'), LIST, filters, cursor);
  const found = await listEvents(c.get('config').directory, {
    after: position === null ? (after ?? null) : String(position[0]),
    accountId: accountId ?? null,
    type: type ?? null,
    organization,
    limit: limit + 1,
  });
  if (found === null) throw invalid(position === null ? 'after' : 'cursor', NO_SUCH_EVENT);
  const page = await cutPage(c.get('config'), LIST, filters, limit, found, ({ id }) => [id]);
  return c.json({ ...page, data: page.data.map((row) => resourceOf(row, roleReaches(role, 'operator'))) });
}

export function eventRoutes(): OpenAPIHono<AppEnv> {
  const router = newRouter();
  describe(router, routes.list, requireOperator, list);
  return router;
}
