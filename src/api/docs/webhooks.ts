/** The events as the `webhooks` of the OpenAPI document: what is sent to an endpoint, and what its answer means. */

import type { OpenAPIHono } from '@hono/zod-openapi';
import { EVENT_DATA, eventName, eventSchema } from '#contract/events/events.ts';
import type { AppEnv } from '../context.ts';

const HEADERS = [
  {
    name: 'webhook-id',
    description: "The event's id, the same on every retry: what was seen before is not to be done again.",
    example: 'evt_7pR1cX5mKd9TqW2hNs8vLz',
  },
  { name: 'webhook-timestamp', description: 'Seconds since 1970, of this attempt.', example: '1795255200' },
  {
    name: 'webhook-signature',
    description:
      '`v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body` (Standard Webhooks); two, separated by a space, while a secret is replaced.',
    example: 'v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=',
  },
].map((header) => ({
  ...header,
  in: 'header' as const,
  required: true,
  schema: { type: 'string' as const },
}));

const ANSWERS = {
  204: { description: 'Any 2xx within 15 s: delivered. Anything else is retried for days.' },
  410: { description: 'Disables the endpoint.' },
};

/** Registers one webhook per event type. */
export function registerWebhooks(app: OpenAPIHono<AppEnv>): void {
  for (const type of Object.keys(EVENT_DATA) as (keyof typeof EVENT_DATA)[]) {
    app.openAPIRegistry.registerWebhook({
      method: 'post',
      path: type,
      operationId: `on${eventName(type)}`,
      tags: ['Webhooks and events'],
      summary: type,
      description: EVENT_DATA[type].says,
      security: [],
      request: {
        body: { required: true, content: { 'application/json': { schema: eventSchema(type) } } },
      },
      parameters: HEADERS,
      responses: ANSWERS,
    });
  }
}
