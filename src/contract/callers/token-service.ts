/** The token service on the wire: names are those of OAuth 2.0 and its extensions. */

import { z } from '@hono/zod-openapi';
import { CODES, type Code } from '../codes.ts';
import { IsoTime, NullableIsoTime } from '../time.ts';
import { AuthorizationDetail, AuthorizationDetails, DETAIL_TYPE } from './authorization-details.ts';

export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
export const TOKEN_TYPES = {
  jwt: 'urn:ietf:params:oauth:token-type:jwt',
  access_token: 'urn:ietf:params:oauth:token-type:access_token',
} as const;

const KID = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs';

/** RFC 6749, 5.2, RFC 7009, 2.2.1, RFC 8707, RFC 9396, RFC 9449. */
const OAUTH_ERRORS = [
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'invalid_scope',
  'invalid_target',
  'invalid_authorization_details',
  'invalid_dpop_proof',
  'unauthorized_client',
  'unsupported_grant_type',
  'server_error',
  'temporarily_unavailable',
] as const;
export type OAuthError = (typeof OAUTH_ERRORS)[number];

export const OAuthErrorAnswer = z
  .object({
    error: z.enum(OAUTH_ERRORS),
    error_description: z.string().openapi({ example: 'grant_type is required' }),
    code: z
      .enum(Object.keys(CODES) as [Code, ...Code[]])
      .openapi({ description: 'As in problem documents.' }),
    correlation_id: z.string().openapi({ example: 'task-81' }),
  })
  .openapi('OAuthError', { description: 'RFC 6749, section 5.2.' });

const clientFields = {
  client_id: z.string().optional().openapi({ description: 'Id of the agent.', example: 'crm-agent' }),
  client_secret: z.string().optional().openapi({ description: 'A key of the agent (`client_secret_post`).' }),
  client_assertion: z.string().optional().openapi({
    description: 'RFC 7523: a JWT that the agent has signed for our issuer, at most a minute long, once.',
  }),
  client_assertion_type: z.string().optional(),
};

/** What a form may hold; what it holds beside it is ignored (RFC 6749, 3.2). */
export const TokenForm = z
  .object({
    grant_type: z.enum(['client_credentials', TOKEN_EXCHANGE]),
    ...clientFields,
    subject_token: z.string().optional().openapi({
      description: 'The token of a workload, or one of the broker, to hand on (RFC 8693).',
    }),
    subject_token_type: z.enum([TOKEN_TYPES.jwt, TOKEN_TYPES.access_token]).optional().openapi({
      description: '`…:jwt`: of a workload. `…:access_token`: of the broker.',
    }),
    requested_token_type: z.enum([TOKEN_TYPES.access_token, TOKEN_TYPES.jwt]).optional().openapi({
      description: 'What the exchange is to give; an access token is a JWT.',
    }),
    authorization_details: z.string().optional().openapi({
      description:
        'RFC 9396: a JSON array of 1 to 16 `AuthorizationDetail`, together at most 4 KiB, also with those that `subject_token` carries. The token allows what the agent’s policy and these rules both allow.',
      example: '[{"type":"valetkey_rule","connection":"hubspot","scopes":["contacts.read"]}]',
    }),
    actor_label: z.string().optional().openapi({
      description:
        'Who gets a token that is exchanged for one of the broker: 1 to 64 characters that can be printed; left out: the agent’s id. Stands in `act`, and in records as `actor.chain`.',
      example: 'researcher',
    }),
    expires_in: z.string().optional().openapi({ description: 'Seconds, to ask for less than 900.' }),
  })
  .openapi('TokenForm');

export const TokenAnswer = z
  .object({
    access_token: z.string().openapi({ description: 'RFC 9068.', example: 'eyJhbGciOiJFUzI1NiIs…' }),
    token_type: z.enum(['Bearer', 'DPoP']).openapi({
      description:
        '`DPoP`: bound to the key of the proof that asked for it (RFC 9449), and sent under that scheme.',
    }),
    expires_in: z.number().int().openapi({ description: 'Seconds.', example: 900 }),
    issued_token_type: z
      .enum([TOKEN_TYPES.access_token, TOKEN_TYPES.jwt])
      .optional()
      .openapi({ description: 'Of an exchange: `…:access_token`, or `…:jwt` where that was asked for.' }),
    authorization_details: AuthorizationDetails.optional().openapi({
      description: 'What the token was narrowed to; left out: it was not.',
    }),
  })
  .openapi('TokenAnswer');
export type TokenAnswer = z.infer<typeof TokenAnswer>;

export const PresentedTokenForm = z
  .object({ token: z.string(), token_type_hint: z.string().optional(), ...clientFields })
  .openapi('PresentedTokenForm');

export const Introspection = z
  .object({
    active: z.boolean(),
    iss: z.string().optional().openapi({ example: 'https://broker.example/oauth' }),
    sub: z.string().optional().openapi({ example: 'crm-agent' }),
    client_id: z.string().optional().openapi({ example: 'crm-agent' }),
    aud: z.string().optional().openapi({ example: 'https://broker.example' }),
    jti: z.string().optional().openapi({ example: 'at_4nB2xQ9ZkTq7Lm1wRz8PcV' }),
    iat: z.number().int().optional(),
    exp: z.number().int().optional(),
    token_type: z.enum(['Bearer', 'DPoP']).optional(),
    key_id: z.string().optional().openapi({ example: '4nB2xQ9ZkT' }),
    authorization_details: AuthorizationDetails.optional().openapi({
      description: 'What it was narrowed to last (RFC 9396).',
    }),
    inherited_details: z.array(z.array(AuthorizationDetail)).optional().openapi({
      description:
        'What the tokens that it was made from were narrowed to, newest first: that limits it too.',
    }),
    act: z
      .looseObject({ sub: z.string() })
      .optional()
      .openapi({
        description: 'Through whom it was handed on (RFC 8693, 4.1), the newest outermost.',
        example: { sub: 'researcher' },
      }),
    cnf: z
      .object({
        jkt: z.string().optional().openapi({ example: KID }),
        'x5t#S256': z.string().optional().openapi({ example: KID }),
      })
      .optional()
      .openapi({ description: 'To what it is bound: a key (RFC 9449), a client certificate (RFC 8705).' }),
  })
  .openapi('Introspection', { description: 'RFC 7662. Of a token that is not active nothing else is said.' });
export type Introspection = z.infer<typeof Introspection>;

export const ServerMetadata = z
  .object({
    issuer: z.string().openapi({ example: 'https://broker.example/oauth' }),
    token_endpoint: z.string().openapi({ example: 'https://broker.example/oauth/token' }),
    revocation_endpoint: z.string().openapi({ example: 'https://broker.example/oauth/revoke' }),
    introspection_endpoint: z.string().openapi({ example: 'https://broker.example/oauth/introspect' }),
    jwks_uri: z.string().openapi({ example: 'https://broker.example/.well-known/jwks.json' }),
    authorization_details_types_supported: z.array(z.string()).openapi({ example: [DETAIL_TYPE] }),
    grant_types_supported: z.array(z.string()).openapi({ example: ['client_credentials'] }),
    response_types_supported: z.array(z.string()).openapi({ example: [] }),
    token_endpoint_auth_methods_supported: z.array(z.string()).openapi({ example: ['private_key_jwt'] }),
    token_endpoint_auth_signing_alg_values_supported: z.array(z.string()).openapi({ example: ['ES256'] }),
    revocation_endpoint_auth_methods_supported: z.array(z.string()).openapi({ example: ['private_key_jwt'] }),
    revocation_endpoint_auth_signing_alg_values_supported: z
      .array(z.string())
      .openapi({ example: ['ES256'] }),
    introspection_endpoint_auth_methods_supported: z
      .array(z.string())
      .openapi({ example: ['private_key_jwt'] }),
    introspection_endpoint_auth_signing_alg_values_supported: z
      .array(z.string())
      .openapi({ example: ['ES256'] }),
    dpop_signing_alg_values_supported: z.array(z.string()).openapi({ example: ['ES256'] }),
    tls_client_certificate_bound_access_tokens: z.boolean(),
  })
  .openapi('ServerMetadata', { description: 'RFC 8414.' });
export type ServerMetadata = z.infer<typeof ServerMetadata>;

const PublicKey = z
  .object({
    kty: z.literal('EC'),
    crv: z.literal('P-256'),
    x: z.string().openapi({ example: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU' }),
    y: z.string().openapi({ example: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0' }),
    kid: z.string().openapi({ description: 'The thumbprint of the key (RFC 7638).', example: KID }),
    use: z.literal('sig'),
    alg: z.literal('ES256'),
  })
  .openapi('PublicSigningKey');

export const PublishedKeys = z.object({ keys: z.array(PublicKey) }).openapi('PublishedKeys');

export const SigningKey = z
  .object({
    kid: z.string().openapi({ example: KID }),
    status: z.enum(['next', 'signing', 'ending']).openapi({
      description: '`next`: published, signs from `signs_from` on. `ending`: verifies what it has signed.',
    }),
    created_at: IsoTime,
    signs_from: IsoTime,
    ends_at: NullableIsoTime.openapi({ description: 'From then on it verifies nothing; null: no next key.' }),
  })
  .openapi('SigningKey');
export type SigningKey = z.infer<typeof SigningKey>;

/** A handful at most, so there is one page. */
export const SigningKeys = z
  .object({ data: z.array(SigningKey), next_cursor: z.null() })
  .openapi('SigningKeys');

export const CreateSigningKey = z
  .strictObject({
    end_previous: z.boolean().optional().openapi({
      description:
        'After a theft: the new key signs at once, and every token that another one has signed is refused within two minutes.',
      example: false,
    }),
  })
  .openapi('CreateSigningKey');
