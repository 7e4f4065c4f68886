/**
 * Wire shapes of connections: what makes one, and the resource. Secrets are in the input alone.
 * `provider_config` and `rotation` are only bounded here; what they may hold is checked by the rooms that own them.
 */

import { z } from '@hono/zod-openapi';
import { Name } from './ids.ts';
import { IsoTime } from './time.ts';

/** Printable ASCII (RFC 6749, appendix A.1 and A.2). */
const VISIBLE = /^[\x20-\x7e]+$/;
const MAX_CLIENT_SECRET = 4096;
const MAX_SCOPES_CHARS = 4096;

const ClientSecret = z.string().refine((text) => text.length <= MAX_CLIENT_SECRET && VISIBLE.test(text), {
  error: `must be 1 to ${MAX_CLIENT_SECRET} printable ASCII characters`,
});

const Scopes = z
  .array(
    z
      .string()
      .max(256)
      .regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, 'must be printable ASCII without space, " and \\'),
  )
  .max(200)
  .refine((scopes) => scopes.join(' ').length <= MAX_SCOPES_CHARS, {
    error: `must have at most ${MAX_SCOPES_CHARS} characters together`,
  });

/** Fields of the contract that nothing acts on yet: a value other than the default would promise what is not kept. */
const LATER = { error: 'not supported yet' };

export const CreateConnection = z
  .strictObject({
    id: Name.openapi({ description: 'Chosen by you; agents and policies name it.', example: 'hubspot' }),
    provider: z
      .string()
      .min(1)
      .max(64)
      .openapi({ description: 'Id of a catalogue entry, or `custom`.', example: 'hubspot' }),
    client_id: z.string().min(1).max(1024).regex(VISIBLE, 'must be printable ASCII').nullish(),
    client_secret: z
      .union([ClientSecret, z.array(ClientSecret).min(1).max(2)], {
        error: 'must be a secret of 1 to 4096 printable characters, or a list of at most two',
      })
      .nullish()
      .openapi({ description: 'Two while one is replaced; the first is tried first. Never answered.' }),
    scopes: Scopes.default([]).openapi({ description: 'What connect links ask for by default.' }),
    variables: z
      .record(z.string().max(64), z.string().max(512))
      .refine((variables) => Object.keys(variables).length <= 20, { error: 'must have at most 20 entries' })
      .default({})
      .openapi({
        description: "Values for the variables in the provider's URLs.",
        example: { subdomain: 'acme' },
      }),
    provider_config: z
      .record(z.string().max(64), z.unknown())
      .nullish()
      .openapi({ description: 'The provider, where `provider` is `custom`.' }),
    rotation: z.string().max(32).optional().openapi({
      description: 'When tokens are refreshed unasked: `proactive`, `on_demand`, `idle_after:<n><s|m|h|d>`.',
      example: 'idle_after:7d',
    }),
    verification: z.literal('confirm', LATER).optional(),
    return_urls: z.array(z.string(), LATER).max(0, LATER).optional(),
    token_access: z.literal('any', LATER).optional(),
    max_refreshes_per_second: z.null(LATER).optional(),
    location: z.null(LATER).optional(),
  })
  .openapi('CreateConnection');
export type CreateConnection = z.output<typeof CreateConnection>;

export const Connection = z
  .object({
    id: z.string(),
    provider: z.string(),
    auth_type: z.enum(['oauth2', 'api_key', 'basic', 'custom']),
    client_id: z.string().nullable(),
    scopes: z.array(z.string()),
    variables: z.record(z.string(), z.string()),
    provider_config: z.record(z.string(), z.unknown()).nullable(),
    rotation: z.string(),
    verification: z.literal('confirm'),
    return_urls: z.array(z.string()),
    token_access: z.literal('any'),
    max_refreshes_per_second: z.null(),
    location: z.null(),
    redirect_uri: z.string().openapi({
      description: 'What to register at the provider.',
      example: 'https://broker.example.com/oauth/callback/hubspot',
    }),
    health: z.enum(['ok', 'outage', 'misconfigured']),
    health_reason: z.string().nullable(),
    health_since: IsoTime,
    version: z.number().int().openapi({ description: 'Rises with every change.' }),
    accounts: z.number().int().openapi({ description: 'Accounts that the directory knows of.' }),
    warnings: z.array(z.string()),
    created_at: IsoTime,
    updated_at: IsoTime,
  })
  .openapi('Connection');
export type Connection = z.infer<typeof Connection>;
