/** Wire shapes of connected accounts: the resource, what creates it, what is imported into it. */

import { z } from '@hono/zod-openapi';
import { AccessTokenTtl } from '../connections/connections.ts';
import { CREDENTIAL_TYPES } from '../machine/kinds.ts';
import { MACHINE_CREDENTIALS } from '../machine/credentials.ts';
import { Declared, SIGNED_CREDENTIALS, Source } from '../machine/static.ts';
import { FieldValue, ScopeText, Token, Verify } from '../machine/fields.ts';

export { ScopeText } from '../machine/fields.ts';
import { Identifier, Name, Organization } from '../ids.ts';
import { IsoTime, NullableIsoTime } from '../time.ts';

export const Attempt = z
  .object({
    id: z.string().openapi({ example: 'rfa_4nB2xQ9ZkT7c0LmRw3sVdy' }),
    trigger: z.string(),
    started_at: IsoTime,
    ended_at: NullableIsoTime,
    outcome: z.string().nullable(),
    reason: z.string().nullable(),
    provider_error: z.string().nullable().openapi({ description: "The provider's code, never its text." }),
  })
  .openapi('Attempt');

export const ConnectedAccount = z
  .object({
    id: z.string().openapi({ example: 'ca_gabcdefghijklmnopqrstuvwxyz' }),
    connection: z.string(),
    provider: z.string(),
    identifier: z.string(),
    organization: z.string().nullable(),
    status: z.enum(['pending', 'pending_confirmation', 'active', 'reauth_required', 'disabled', 'revoked']),
    status_reason: z.string().nullable(),
    status_since: IsoTime,
    subject: z.string().nullable(),
    subject_label: z.string().nullable(),
    scopes: z.array(z.string()),
    credential_type: z.enum(CREDENTIAL_TYPES),
    expires_at: NullableIsoTime.openapi({
      description: 'End of the newest access token; null: never, or none.',
    }),
    next_refresh_at: NullableIsoTime,
    last_refreshed_at: NullableIsoTime,
    last_used_at: NullableIsoTime,
    degraded_since: NullableIsoTime,
    in_doubt_since: NullableIsoTime,
    reauth_due_at: NullableIsoTime,
    rotation: z.string(),
    access_token_ttl_s: AccessTokenTtl.openapi({
      description: "Set for this account; null: as the connection's.",
    }),
    sealed: z.boolean(),
    last_attempt: Attempt.nullable(),
    metadata: z.record(z.string(), z.unknown()),
    variables: z.record(z.string(), z.string()).optional().openapi({
      description: "Given by you for the URLs of this account's API; answers of the provider win.",
    }),
    created_at: IsoTime,
    updated_at: IsoTime,
  })
  .openapi('ConnectedAccount');

export type Resource = z.infer<typeof ConnectedAccount>;

const METADATA_BYTES = 16 * 1024;
const METADATA_DEPTH = 8;

function depthOf(value: unknown): number {
  if (value === null || typeof value !== 'object') return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

/** Why metadata as a whole is refused, also after a merge; null: it is not. */
export function metadataProblem(value: object): string | null {
  if (new TextEncoder().encode(JSON.stringify(value)).length > METADATA_BYTES)
    return 'must be at most 16 KiB as JSON';
  return depthOf(value) > METADATA_DEPTH ? 'must nest at most 8 deep' : null;
}

const Metadata = z
  .record(z.string(), z.json())
  .superRefine((value, context) => {
    const message = metadataProblem(value);
    if (message !== null) context.addIssue({ code: 'custom', message });
  })
  .openapi({
    // Said outright: JSON is defined by itself, and the generator would follow it for ever.
    type: 'object',
    additionalProperties: true,
    description: 'Yours: an object of at most 16 KiB as JSON, nested at most 8 deep.',
    example: { team: 'sales' },
  });

export const CreateAccount = z.strictObject({
  connection: Name,
  identifier: Identifier,
  organization: Organization.nullish(),
  metadata: Metadata.optional(),
});

/** RFC 7396: a field left out stays, null removes, `metadata` and `variables` are merged by key. */
export const PatchAccount = z
  .strictObject({
    metadata: Metadata.nullish(),
    variables: z
      .record(z.string().max(64), z.string().max(512).nullable())
      .refine((variables) => Object.keys(variables).length <= 20, 'must have at most 20 entries')
      .nullish()
      .openapi({
        description:
          "Values for the URLs of this account's API that the provider did not tell, such as `cloudid`, merged by name. 409 where one would lead a living credential to another host.",
        example: { cloudid: '0f0e0d0c-0b0a-0908-0706-050403020100' },
      }),
    rotation: z.string().max(32).nullish().openapi({
      description: "Overrides the connection's mode; null goes back to it.",
      example: 'proactive',
    }),
    access_token_ttl_s: AccessTokenTtl.optional(),
  })
  .openapi('PatchConnectedAccount');

const ACCOUNT_STATUSES = [
  'pending',
  'pending_confirmation',
  'active',
  'reauth_required',
  'disabled',
  'revoked',
] as const;

/** An account in a list: as it was when its row was written. */
export const ListedAccount = ConnectedAccount.extend({
  indexed_at: IsoTime.openapi({ description: 'How fresh this is; `GET` of one account is live.' }),
}).openapi('ListedConnectedAccount');
export type ListedAccount = z.infer<typeof ListedAccount>;

export const AccountFilters = {
  connection: Name.optional(),
  identifier: Identifier.optional(),
  organization: Organization.optional(),
  status: z.enum(ACCOUNT_STATUSES).optional(),
};

const TEN_YEARS_S = 315_360_000;

const OAuthFields = {
  ...Verify,
  refresh_token: Token.nullish(),
  access_token: Token.nullish(),
  subject_token: Token.nullish().openapi({
    description:
      "Somebody else's token that the provider exchanges for a grant (RFC 8693), such as the session token of an embedded app. Presented once, at this request.",
  }),
  expires_in: z.number().int().min(0).max(TEN_YEARS_S).nullish(),
  scope: ScopeText.nullish(),
};
const ApiKeyFields = { ...Declared, api_key: Token.optional(), source: Source.optional() };
/** Some providers put a key into one of the two: which are needed the connection says (`credential_fields`). */
const BasicFields = {
  ...Declared,
  username: FieldValue.min(1).optional(),
  password: FieldValue.optional(),
  source: Source.optional().openapi({ description: 'Of the password.' }),
};
const CustomFields = {
  ...Declared,
  source: Source.optional().openapi({ description: 'Of all fields, as a JSON object of texts.' }),
  fields: z
    .record(
      z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/, 'names are 1 to 64 letters, digits and "_"'),
      FieldValue.min(1, 'must not be empty'),
    )
    .refine(
      (fields) => Object.keys(fields).length >= 1 && Object.keys(fields).length <= 30,
      'must have 1 to 30 fields',
    )
    .optional(),
};

/** A static credential is brought, or it is named where it lies; not both, and not neither. */
function valueProblem(value: object): { path: string[]; message: string } | null {
  const field = 'type' in value ? VALUE_OF[String(value.type)] : undefined;
  if (field === undefined) return null;
  const has = (name: string): boolean => name in value && Reflect.get(value, name) !== undefined;
  if (has(field) && has('source'))
    return { path: ['source'], message: `must not stand beside ${field}: it takes its place` };
  // Which of a user name and a password are needed, the connection says.
  return has(field) || has('source') || field === 'password'
    ? null
    : { path: [field], message: 'is required, or source' };
}

/** The field that `source` takes the place of. */
const VALUE_OF: Readonly<Record<string, string>> = {
  api_key: 'api_key',
  basic: 'password',
  custom: 'fields',
};

export const PutCredential = z
  .discriminatedUnion('type', [
    z.strictObject({ type: z.literal('oauth2'), ...OAuthFields }),
    z.strictObject({ type: z.literal('api_key'), ...ApiKeyFields }),
    z.strictObject({ type: z.literal('basic'), ...BasicFields }),
    z.strictObject({ type: z.literal('custom'), ...CustomFields }),
    ...SIGNED_CREDENTIALS,
    ...MACHINE_CREDENTIALS,
  ])
  .superRefine((value, context) => {
    if (value.type === 'oauth2' && !value.refresh_token && !value.access_token && !value.subject_token) {
      context.addIssue({
        code: 'custom',
        path: ['refresh_token'],
        message:
          'is required, or access_token, or both; of another type of credential: api_key, username and password, or fields',
      });
    }
  })
  .superRefine((value, context) => {
    const problem = valueProblem(value);
    if (problem !== null) context.addIssue({ code: 'custom', ...problem });
  })
  .openapi('PutCredential');

export type PutCredential = z.infer<typeof PutCredential>;

/** How many lines one import may have. */
export const MAX_IMPORT_LINES = 1_000;

/** A line of `POST /v1/credentials/import`. */
export const ImportLine = z
  .strictObject({
    connection: Name,
    identifier: Identifier,
    organization: Organization.nullish(),
    credential: z.preprocess(withToldType, PutCredential),
  })
  .openapi('ImportLine', {
    type: 'object',
    description:
      'One JSON object. `credential` is what `PUT /v1/credentials/{connection}` takes; with `verify: false` in it a living grant is replaced too.',
    required: ['connection', 'identifier', 'credential'],
    properties: {
      connection: { type: 'string' },
      identifier: { type: 'string' },
      organization: { type: ['string', 'null'] },
      credential: { $ref: '#/components/schemas/PutCredential' },
    },
    additionalProperties: false,
  });
export type ImportLine = z.output<typeof ImportLine>;

/** The outcome of a line. */
export const ImportLineResult = z
  .object({
    line: z.number().int().openapi({ description: 'Counted from 1, blank lines too.', example: 1 }),
    status: z
      .number()
      .int()
      .openapi({ description: 'As an HTTP status: 201 made the account.', example: 201 }),
    id: z.string().optional().openapi({ example: 'ca_gabcdefghijklmnopqrstuvwxyz' }),
    code: z.string().optional().openapi({ description: 'Why it was not taken.', example: 'invalid_request' }),
    detail: z.string().optional().openapi({ example: 'connection: there is no such connection' }),
  })
  .openapi('ImportLineResult');
export type ImportLineResult = z.infer<typeof ImportLineResult>;

/** An account that has just been given a credential. */
export const ImportedAccount = ConnectedAccount.extend({
  warnings: z.array(z.string()).openapi({
    description: 'What could not be proven although it takes the place of a living grant; sentences.',
    example: [],
  }),
}).openapi('ImportedConnectedAccount');

/** `PUT /v1/credentials/{connection}`: the type may be left out and is told from the fields. */
export function withToldType(body: unknown): unknown {
  if (body === null || typeof body !== 'object' || Array.isArray(body) || 'type' in body) return body;
  if ('service_account' in body) return { type: 'jwt_bearer', ...body };
  if ('installation_id' in body) return { type: 'github_app_installation', ...body };
  if ('client_id' in body || 'client_secret' in body) return { type: 'oauth2_client_credentials', ...body };
  if ('access_key_id' in body || 'secret_access_key' in body) return { type: 'aws', ...body };
  if ('token_secret' in body) return { type: 'oauth1', ...body };
  if ('api_key' in body) return { type: 'api_key', ...body };
  if ('username' in body || 'password' in body) return { type: 'basic', ...body };
  if ('fields' in body) return { type: 'custom', ...body };
  if ('source' in body) return { type: 'api_key', ...body };
  return { type: 'oauth2', ...body };
}
