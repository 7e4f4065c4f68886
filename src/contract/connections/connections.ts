/**
 * Wire shapes of connections: what makes one, and the resource. Secrets are in the input alone.
 * `provider_config` and `rotation` are only bounded here; the rooms that own them check their content.
 */

import { z } from '@hono/zod-openapi';
import { Name } from '../ids.ts';
import { CREDENTIAL_TYPES } from '../machine/kinds.ts';
import { IsoTime } from '../time.ts';

/** Printable ASCII (RFC 6749, appendix A.1 and A.2). */
const VISIBLE = /^[\x20-\x7e]+$/;
const MAX_CLIENT_SECRET = 4096;
const MAX_SCOPES_CHARS = 4096;

const ClientSecret = z.string().refine((text) => text.length <= MAX_CLIENT_SECRET && VISIBLE.test(text), {
  error: `must be 1 to ${MAX_CLIENT_SECRET} printable ASCII characters`,
});

export const ClientId = z.string().min(1).max(1024).regex(VISIBLE, 'must be printable ASCII');
export const ClientSecrets = z
  .union([ClientSecret, z.array(ClientSecret).min(1).max(2)], {
    error: 'must be a secret of 1 to 4096 printable characters, or a list of at most two',
  })
  .openapi({ description: 'Two while one is replaced; the first is tried first. Never answered.' });

const PrivateKey = z.string().min(1).max(16_384, 'must be at most 16 KiB');
const PrivateKeys = z
  .union([PrivateKey, z.array(PrivateKey).min(1).max(2)], { error: 'must be a PEM text, or a list of two' })
  .openapi({
    description:
      "An app's private key, PEM, where its installations are proven with it (`github_app_installation`). Two while one is replaced; the first is tried first. Never answered.",
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
  })
  .openapi({ description: 'What connect links ask for by default.' });

const VariableName = z.string().max(64);
const VariableValue = z.string().max(512);
const TOO_MANY_VARIABLES = { error: 'must have at most 20 entries' };
const fewVariables = (variables: object): boolean => Object.keys(variables).length <= 20;

const ProviderFields = z.record(z.string().max(64), z.unknown()).openapi({
  description:
    'The provider, where `provider` is `custom`; the `url` of the server, where it is `mcp`. In development (ALLOW_LOOPBACK) a catalogue entry takes its URLs here, each on a loopback host: so it is played against the simulator.',
});

const Rotation = z.string().max(32).openapi({
  description: 'When tokens are refreshed unasked: `proactive`, `on_demand`, `idle_after:<n><s|m|h|d>`.',
  example: 'idle_after:7d',
});

/** How the broker makes sure that the person who finished a connect flow is the user that it was made for. */
export const VERIFICATIONS = ['confirm', 'subject', 'none'] as const;
export type Verification = (typeof VERIFICATIONS)[number];

/** `proxy_only`: no key, role or route returns a credential of the connection's accounts. */
const TOKEN_ACCESS = ['any', 'proxy_only'] as const;
export type TokenAccess = (typeof TOKEN_ACCESS)[number];

/** The platform's location hints. */
const LOCATIONS = ['wnam', 'enam', 'sam', 'weur', 'eeur', 'apac', 'oc', 'afr', 'me'] as const;
export type Location = (typeof LOCATIONS)[number];

const MAX_RETURN_URLS = 20;
const MAX_RETURN_URL_CHARS = 2048;
const MAX_REFRESHES_PER_SECOND = 10_000;

const Verification = z.enum(VERIFICATIONS).openapi({
  description:
    '`confirm`: your backend confirms who finished. `subject`: the link names the account that is expected. `none`: nobody is asked, only where the deployment allows unverified links.',
});
const ReturnUrls = z
  .array(z.string().max(MAX_RETURN_URL_CHARS, `must have at most ${MAX_RETURN_URL_CHARS} characters`))
  .max(MAX_RETURN_URLS, `must be at most ${MAX_RETURN_URLS}`)
  .openapi({
    description: 'Where a finished connect flow may go back to, compared exactly. https only.',
    example: ['https://app.example.com/connected'],
  });
const TokenAccess = z
  .enum(TOKEN_ACCESS)
  .openapi({ description: '`proxy_only`: the credential is used for agents and never handed to them.' });
const MaxRefreshes = z
  .number()
  .positive()
  .max(MAX_REFRESHES_PER_SECOND)
  .nullable()
  .openapi({ description: 'Null: no limit of its own.', example: 10 });
const TEN_YEARS_S = 315_360_000;

/** How long access tokens live, where an administrator at the provider has set it otherwise than the provider says. */
export const AccessTokenTtl = z.int().min(1).max(TEN_YEARS_S).nullable().openapi({
  description:
    'How many seconds an access token lives, where the provider does not say it or an administrator there has set less. Wins over what the catalogue says; what an answer of the provider says wins where it is shorter. Null: not set.',
  example: 900,
});
const Location = z.enum(LOCATIONS).nullable().openapi({
  description: 'A hint where the accounts of this connection are kept, taken when each is first touched.',
  example: 'weur',
});

const PinTools = z.boolean().openapi({
  description:
    'Of an MCP server: a tool that has changed since it was first seen is not called until an operator accepts it.',
});

export const CreateConnection = z
  .strictObject({
    id: Name.openapi({ description: 'Chosen by you; agents and policies name it.', example: 'hubspot' }),
    provider: z.string().min(1).max(64).openapi({
      description: 'Id of a catalogue entry, `custom`, or `mcp` for a remote MCP server.',
      example: 'hubspot',
    }),
    client_id: ClientId.nullish(),
    client_secret: ClientSecrets.nullish(),
    private_key: PrivateKeys.nullish(),
    scopes: Scopes.default([]),
    variables: z
      .record(VariableName, VariableValue)
      .refine(fewVariables, TOO_MANY_VARIABLES)
      .default({})
      .openapi({
        description: "Values for the variables in the provider's URLs.",
        example: { subdomain: 'acme' },
      }),
    provider_config: ProviderFields.nullish(),
    rotation: Rotation.optional(),
    verification: Verification.default('confirm'),
    return_urls: ReturnUrls.default([]),
    token_access: TokenAccess.default('any'),
    max_refreshes_per_second: MaxRefreshes.default(null),
    access_token_ttl_s: AccessTokenTtl.default(null),
    location: Location.default(null),
    pin_tools: PinTools.default(false),
  })
  .openapi('CreateConnection');
export type CreateConnection = z.output<typeof CreateConnection>;

/**
 * RFC 7396: a field left out stays, null removes, `variables` and `provider_config` are merged by their own keys. `id`,
 * `provider` and the kind of credential never change.
 */
export const PatchConnection = z
  .strictObject({
    client_id: ClientId.nullish(),
    client_secret: ClientSecrets.nullish(),
    private_key: PrivateKeys.nullish(),
    scopes: Scopes.nullish(),
    variables: z.record(VariableName, VariableValue.nullable()).nullish(),
    provider_config: ProviderFields.nullish(),
    rotation: Rotation.nullish(),
    verification: Verification.nullish(),
    return_urls: ReturnUrls.nullish(),
    token_access: TokenAccess.nullish(),
    max_refreshes_per_second: MaxRefreshes.optional(),
    access_token_ttl_s: AccessTokenTtl.optional(),
    location: Location.optional(),
    pin_tools: PinTools.nullish(),
  })
  .openapi('PatchConnection');
export type PatchConnection = z.output<typeof PatchConnection>;

export const DeleteQuery = z.object({
  force: z
    .enum(['true', 'false'])
    .optional()
    .transform((text) => text === 'true')
    .openapi({
      type: 'boolean',
      example: false,
      description: 'Also while accounts exist: they end with the connection.',
    }),
});

export const HEALTH = ['ok', 'outage', 'misconfigured'] as const;

export const Connection = z
  .object({
    id: z.string().openapi({ example: 'hubspot' }),
    provider: z.string(),
    auth_type: z.enum(CREDENTIAL_TYPES),
    client_id: z.string().nullable(),
    scopes: z.array(z.string()),
    variables: z.record(z.string(), z.string()),
    provider_config: z.record(z.string(), z.unknown()).nullable(),
    rotation: z.string(),
    verification: Verification,
    return_urls: z.array(z.string()),
    token_access: TokenAccess,
    max_refreshes_per_second: z.number().nullable().openapi({ example: null }),
    access_token_ttl_s: AccessTokenTtl,
    location: Location,
    pin_tools: PinTools,
    redirect_uri: z.string().openapi({
      description: 'What to register at the provider.',
      example: 'https://broker.example.com/oauth/callback/hubspot',
    }),
    health: z.enum(HEALTH),
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
