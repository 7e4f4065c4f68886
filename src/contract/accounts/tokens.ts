/** Wire shapes of the token routes. */

import { z } from '@hono/zod-openapi';
import { Identifier, Organization } from '../ids.ts';
import { ScopeText } from './connected-accounts.ts';
import { IsoTime, NullableIsoTime } from '../time.ts';

export const DEFAULT_MIN_TTL_S = 60;

const common = {
  min_ttl: z
    .string()
    .regex(/^\d{1,4}$/, 'must be whole seconds')
    .transform(Number)
    .refine((value) => value <= 3600, 'must be 0 to 3600')
    .optional()
    .openapi({
      type: 'integer',
      description: 'Seconds that the token should still live; default 60, capped: read `expires_in`.',
    }),
  scope: ScopeText.optional().openapi({ description: 'Ask for less: scopes separated by spaces.' }),
  rejected: z
    .string()
    .regex(/^(?:[A-Za-z0-9_-]{8,64}|current)$/, 'must be the `fingerprint` of an answer, or `current`')
    .optional()
    .openapi({
      description:
        'Fingerprint of a token that an API has just refused; `current`: the one that would be handed out now, for a caller that kept none.',
    }),
  details: z.enum(['api'], { error: 'must be `api`' }).optional().openapi({
    description: '`api` adds `api`: where the credential belongs, and how a dead one looks there.',
  }),
};

export const TokenQuery = z.object(common);
export const CredentialQuery = z.object({
  identifier: Identifier.optional().openapi({
    description:
      "Whose account; default: the agent's own id, and where that account does not exist, `default`.",
  }),
  organization: Organization.optional().openapi({
    description:
      "Whose tenant's account, for an agent without an organization that has a rule with `organizations`.",
  }),
  ...common,
});

const tail = {
  headers: z.record(z.string(), z.string()).openapi({ description: 'What to send to the API.' }),
  query: z
    .record(z.string(), z.string())
    .optional()
    .openapi({
      description:
        'Parameters of the URL to send with it, not encoded. Only where the API takes its credential there.',
      example: { key: 'sk_live_…' },
    }),
  fingerprint: z.string(),
  connected_account_id: z.string(),
  connection: z.string(),
  identifier: z.string(),
  api_base_url: z.string().nullable(),
  value: z.string().nullable().openapi({
    description:
      'The one text that a client needs, whatever the kind: access token, key or password; null where there are several.',
    example: 'ya29.a0Af…',
  }),
  api: z
    .object({
      base_urls: z.array(z.string()).openapi({
        description: 'The credential belongs to no other host.',
        example: ['https://api.hubapi.com'],
      }),
      dead_token: z
        .array(
          z.object({
            status: z.number().int().optional(),
            field: z.string().optional(),
            equals: z.union([z.string(), z.number(), z.boolean()]).optional(),
          }),
        )
        .openapi({
          description: 'What says that the token is dead: all fields of one entry together.',
          example: [{ status: 401 }, { status: 200, field: 'error', equals: 'token_expired' }],
        }),
    })
    .optional()
    .openapi({ description: 'With `details=api` only.' }),
};

/** Only of a credential that was brought with an end. */
const StaticEnd = {
  expires_at: IsoTime.optional().openapi({ description: 'Where an end was declared with the credential.' }),
  expires_in: z.number().int().min(1).optional(),
};

export const ReleasedToken = z
  .discriminatedUnion('type', [
    z.object({
      type: z.literal('oauth2'),
      access_token: z.string(),
      token_type: z.string(),
      expires_at: NullableIsoTime,
      expires_in: z.number().int().min(1).nullable(),
      scope: z.string().nullable(),
      ...tail,
    }),
    z.object({
      type: z.literal('session_token'),
      expires_at: NullableIsoTime,
      expires_in: z.number().int().min(1).nullable(),
      ...tail,
    }),
    z.object({
      type: z.literal('api_key'),
      api_key: z.string(),
      apiKey: z.string().openapi({ description: 'The same as `api_key`.', example: 'sk_live_…' }),
      ...StaticEnd,
      ...tail,
    }),
    z.object({
      type: z.literal('basic'),
      username: z.string(),
      password: z.string(),
      ...StaticEnd,
      ...tail,
    }),
    z.object({
      type: z.literal('custom'),
      fields: z.record(z.string(), z.string()),
      ...StaticEnd,
      ...tail,
    }),
  ])
  .openapi('ReleasedCredential');
