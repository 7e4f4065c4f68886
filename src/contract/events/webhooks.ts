/**
 * Wire shapes of webhook endpoints, events and deliveries. A signing secret is in the answer that made it and in no
 * other. Filters and targets are only bounded here; the rooms that own them check their content.
 */

import { z } from '@hono/zod-openapi';
import { EVENT_DATA, eventName, eventSchema } from './events.ts';
import { Organization } from '../ids.ts';
import { pageQuery } from '../lists.ts';
import { IsoTime, NullableIsoTime } from '../time.ts';

/** Ids of ours: prefix and 22 base62 characters. A text of another form is not looked up. */
export const ENDPOINT_ID_PATTERN = /^we_[0-9A-Za-z]{22}$/;
export const DELIVERY_ID_PATTERN = /^wd_[0-9A-Za-z]{22}$/;

const MAX_URL = 2048;
const MAX_FILTERS = 50;
const MAX_FILTER = 64;
const MAX_DESCRIPTION_CODE_POINTS = 256;
const MAX_ID = 128;

const Url = z
  .string()
  .min(1, 'must not be empty')
  .max(MAX_URL, `must have at most ${MAX_URL} characters`)
  .openapi({
    description: 'https, port 443, a public host name; redirects are not followed.',
    example: 'https://app.example.com/hooks/valetkey',
  });

const Filters = z
  .array(z.string().max(MAX_FILTER, 'is no event type'))
  .min(1, 'must name at least one type')
  .max(MAX_FILTERS, `must have at most ${MAX_FILTERS} entries`)
  .openapi({
    description:
      'Exact types, `prefix.*`, or `*`: all but `connected_account.refreshed`, which must be named.',
    example: ['agent.auth.*', 'connection.*'],
  });

const Description = z
  .string()
  .refine((text) => text !== '' && [...text].length <= MAX_DESCRIPTION_CODE_POINTS, {
    error: `must have 1 to ${MAX_DESCRIPTION_CODE_POINTS} characters`,
  })
  .refine((text) => text.isWellFormed() && !/\p{Cc}/u.test(text), {
    error: 'must be well-formed and without control characters',
  })
  .openapi({ description: 'For people to read.', example: 'Pauses and resumes tasks' });

export const CreateWebhookEndpoint = z
  .strictObject({
    url: Url,
    events: Filters.nullish().openapi({ description: 'Default `["*"]`.' }),
    description: Description.nullish(),
    organization: Organization.nullish(),
  })
  .openapi('CreateWebhookEndpoint');
export type CreateWebhookEndpoint = z.output<typeof CreateWebhookEndpoint>;

/**
 * A field that is left out stays; null removes, so that `events` becomes its default. The organization never changes.
 */
export const PatchWebhookEndpoint = z
  .strictObject({
    url: Url.optional(),
    events: Filters.nullish(),
    description: Description.nullish(),
    status: z.enum(['active', 'disabled']).optional().openapi({
      description: '`active` enables a disabled endpoint, and lets a failing one go on at once.',
    }),
  })
  .openapi('PatchWebhookEndpoint');
export type PatchWebhookEndpoint = z.output<typeof PatchWebhookEndpoint>;

export const WebhookEndpoint = z
  .object({
    id: z.string().openapi({ example: 'we_4nB2xQ9ZkT7c0LmRw3sVdy' }),
    url: z.string(),
    events: z.array(z.string()),
    description: z.string().nullable(),
    organization: z.string().nullable(),
    status: z.enum(['active', 'failing', 'disabled']).openapi({
      description: 'A failing endpoint is probed every ten minutes; a disabled one gets nothing.',
    }),
    status_reason: z
      .enum(['gone', 'operator'])
      .nullable()
      .openapi({ description: 'Why it is disabled: `gone`, it answered 410; `operator`, by hand.' }),
    previous_secret_expires_at: NullableIsoTime.openapi({
      description: 'Until when the replaced secret signs beside the new one; null: one secret signs.',
    }),
    created_at: IsoTime,
    updated_at: IsoTime,
  })
  .openapi('WebhookEndpoint');
export type WebhookEndpoint = z.infer<typeof WebhookEndpoint>;

export const WebhookEndpointWithSecret = WebhookEndpoint.extend({
  secret: z.string().nullable().openapi({
    description: 'Shown in this answer only; null where the answer is repeated under an `Idempotency-Key`.',
    example: 'whsec_…',
  }),
}).openapi('WebhookEndpointWithSecret');
export type WebhookEndpointWithSecret = z.infer<typeof WebhookEndpointWithSecret>;

export const WebhookTest = z
  .object({
    event_id: z.string().openapi({ description: 'The `webhook-id` that was sent.' }),
    delivered: z.boolean().openapi({ description: 'Whether a 2xx came within 15 s.' }),
    status: z
      .number()
      .int()
      .nullable()
      .openapi({ description: 'What the endpoint answered; null: nothing.' }),
    duration_ms: z.number().int(),
  })
  .openapi('WebhookTest');
export type WebhookTest = z.infer<typeof WebhookTest>;

const IdFilter = z.string().max(MAX_ID, 'is no id');

export const EventQuery = z.object({
  ...pageQuery,
  after: IdFilter.optional().openapi({
    description: 'Id of an event: the list begins behind it. The way to go on after the last page.',
  }),
  connected_account_id: IdFilter.optional(),
  type: z.string().max(MAX_FILTER, 'is no event type').optional(),
});

type EventType = keyof typeof EVENT_DATA;

/** One event of the log: what was delivered, with its id. */
function loggedEvent(type: keyof typeof EVENT_DATA) {
  return eventSchema(type)
    .extend({
      id: z.string().openapi({
        description: 'The `webhook-id` of its deliveries.',
        example: 'evt_7pR1cX5mKd9TqW2hNs8vLz',
      }),
      suppressed: z
        .literal(true)
        .optional()
        .openapi({ description: 'Made but delivered to nobody; it explains a gap in `sequence`.' }),
    })
    .openapi(`Logged${eventName(type)}Event`);
}

const [firstType, ...otherTypes] = Object.keys(EVENT_DATA) as [EventType, ...EventType[]];

/** Told apart by `type`, so that a client knows the fields of `data`. */
export const Event = z
  .discriminatedUnion('type', [loggedEvent(firstType), ...otherTypes.map(loggedEvent)])
  .openapi('Event');

const DeliveryStatus = z.enum(['waiting', 'delivered', 'failed']);

export const DeliveryQuery = z.object({
  ...pageQuery,
  endpoint: IdFilter.optional(),
  connected_account_id: IdFilter.optional(),
  status: DeliveryStatus.optional(),
});

export const WebhookDelivery = z
  .object({
    id: z.string().openapi({ example: 'wd_4nB2xQ9ZkT7c0LmRw3sVdy' }),
    event_id: z.string(),
    type: z.string().openapi({ example: 'agent.auth.reauth_required' }),
    endpoint: z.string(),
    connected_account_id: z.string().nullable(),
    status: DeliveryStatus,
    attempts: z.number().int(),
    last_status: z
      .number()
      .int()
      .nullable()
      .openapi({ description: 'What the endpoint answered last; null: nothing, or it was not tried yet.' }),
    last_failure: z.string().nullable().openapi({
      description:
        'Why the last attempt was not answered, `null` where it was: `timeout`, `network`, `incomplete`, `blocked`; `forbidden_address`, `unresolved_name`, `resolver_failed` where DNS_RESOLVER is set; `vault_locked`, `record_corrupt`, `internal` where nothing could be signed.',
    }),
    next_attempt_at: NullableIsoTime,
    created_at: IsoTime,
    delivered_at: NullableIsoTime,
  })
  .openapi('WebhookDelivery');
export type WebhookDelivery = z.infer<typeof WebhookDelivery>;
