/** Wire shape of a catalogue entry: the facts by the names that `provider_config` uses, and how sure they are. */

import { z } from '@hono/zod-openapi';

const Url = z.string().nullable().openapi({ description: 'May hold `{variables}`.' });
const Seconds = z.number().int().nullable();

export const Provider = z
  .object({
    id: z.string().openapi({ example: 'hubspot' }),
    display_name: z.string(),
    auth_type: z.string(),
    supported: z
      .boolean()
      .openapi({ description: 'Whether connections of this type of credential can be made.' }),
    unsupported: z
      .string()
      .nullable()
      .openapi({ description: 'Why not, where the type alone does not say it.' }),
    docs_url: z.string().nullable(),
    preset_of: z.string().nullable().openapi({
      description: 'The provider whose OAuth client this one shares: scopes and addresses differ.',
      example: null,
    }),
    token_header: z.string().nullable().openapi({
      description: 'How the credential is sent to the API; `{names}` are filled in.',
      example: 'Authorization: Bearer {access_token}',
    }),
    signer: z.string().nullable().openapi({
      description:
        'What signs each request, where no header holds the credential: `aws_sigv4`, `oauth1_hmac_sha1`; null: nothing does.',
      example: null,
    }),
    credential_fields: z
      .array(
        z.object({
          name: z.string().openapi({ description: 'The field of `PUT …/credential` that holds it.' }),
          label: z.string().openapi({ description: 'What the provider calls it.' }),
        }),
      )
      .openapi({ description: 'The parts of a static credential; empty for OAuth.', example: [] }),
    scopes: z
      .array(z.string())
      .openapi({ description: 'Examples of scopes; not all that the provider has.' }),
    scope_aliases: z.record(z.string(), z.union([z.string(), z.array(z.string())])),
    request_token_url: Url.openapi({ description: 'Where a flow of OAuth 1 begins.' }),
    authorization_url: Url,
    token_url: Url,
    refresh_url: Url,
    revocation_url: Url,
    userinfo_url: Url,
    api_base_urls: z.array(z.string()),
    variables: z.array(
      z.object({
        name: z.string(),
        required: z.boolean(),
        default: z.string().nullable(),
        pattern: z.string(),
        stage: z.enum(['connection', 'account']).openapi({
          description:
            '`connection`: given when one is made. `account`: told by the provider after a connect, else given per account.',
        }),
      }),
    ),
    pkce: z.string(),
    token_endpoint_auth_method: z.string().nullable(),
    access_token_ttl_s: Seconds,
    access_token_never_expires: z.union([z.boolean(), z.string()]).nullable(),
    refresh_token: z
      .string()
      .nullable()
      .openapi({ description: '`rotating`, `static`, `optional`, `none`; null: not known.' }),
    refresh_token_ttl_s: Seconds,
    refresh_token_idle_ttl_s: Seconds,
    refresh_reuse_grace_s: Seconds,
    refresh_reuse_grace_verified: z.boolean(),
    refresh_scope_downscoping: z.string(),
    revocation_reach: z.string(),
    source: z.array(z.string()),
    confidence: z.enum(['high', 'medium', 'low']),
    unverified_fields: z.array(z.string()),
  })
  .openapi('Provider', {
    example: {
      id: 'hubspot',
      display_name: 'HubSpot',
      auth_type: 'oauth2',
      supported: true,
      unsupported: null,
      docs_url: 'https://developers.hubspot.com/docs/api-reference/latest/authentication/manage-oauth-tokens',
      preset_of: null,
      token_header: 'Authorization: Bearer {access_token}',
      signer: null,
      credential_fields: [],
      scopes: ['oauth', 'crm.objects.contacts.read'],
      scope_aliases: { 'contacts.read': 'crm.objects.contacts.read' },
      request_token_url: null,
      authorization_url: 'https://app.hubspot.com/oauth/authorize',
      token_url: 'https://api.hubapi.com/oauth/2026-03/token',
      refresh_url: null,
      revocation_url: 'https://api.hubapi.com/oauth/2026-03/token/revoke',
      userinfo_url: 'https://api.hubapi.com/account-info/v3/details',
      api_base_urls: ['https://api.hubapi.com'],
      variables: [],
      pkce: 'supported',
      token_endpoint_auth_method: 'client_secret_post',
      access_token_ttl_s: 1800,
      access_token_never_expires: false,
      refresh_token: 'static',
      refresh_token_ttl_s: null,
      refresh_token_idle_ttl_s: null,
      refresh_reuse_grace_s: null,
      refresh_reuse_grace_verified: false,
      refresh_scope_downscoping: 'unknown',
      revocation_reach: 'grant',
      source: ['https://developers.hubspot.com/docs/api-reference/latest/authentication/manage-oauth-tokens'],
      confidence: 'high',
      unverified_fields: [],
    },
  });
export type Provider = z.infer<typeof Provider>;
