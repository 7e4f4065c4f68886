/**
 * The twelve dialects: what each provider's documents let a client send, and what its answers are made of. Data; the
 * words of its errors come from the vectors. Sources: the entries of the same name in the broker's catalogue.
 */

import type { Dialect } from './dialect.ts';
import { findEntryDialect } from '../entries/entries.ts';

const COMMON = {
  auth: ['body', 'basic'],
  formats: ['form'],
  reuse: 'refuse',
  saysExpiry: true,
  narrows: false,
} as const;

const row = (status: number, error: string, recovery: string) => ({ status, error, recovery });

export const DIALECTS: readonly Dialect[] = [
  {
    ...COMMON,
    id: 'google',
    vectors: 'google',
    rotation: 'static',
    graceS: null,
    accessTtlS: 3599,
    narrows: true,
    scope: 'openid email profile',
    prefixes: { access: 'ya29.', refresh: '1//0' },
    config: {
      refresh_scope_downscoping: 'supported',
      terminal_refresh_errors: [row(401, 'deleted_client', 'fix_client_credentials')],
    },
  },
  {
    ...COMMON,
    id: 'hubspot',
    vectors: 'hubspot',
    auth: ['body'],
    rotation: 'static',
    graceS: null,
    accessTtlS: 1800,
    scope: 'oauth crm.objects.contacts.read',
    prefixes: { access: 'CL', refresh: 'na1-' },
    config: {
      terminal_refresh_errors: [
        { ...row(400, 'BAD_CLIENT_SECRET', 'fix_client_credentials'), field: 'status' },
        { ...row(400, 'BAD_CLIENT_ID', 'fix_client_credentials'), field: 'status' },
      ],
    },
  },
  {
    ...COMMON,
    id: 'salesforce',
    vectors: 'salesforce',
    // With Refresh Token Rotation a spent token ends all tokens at once; without it the token stays the same.
    rotation: 'rotating',
    graceS: 0,
    reuse: 'revoke',
    accessTtlS: 7200,
    saysExpiry: false,
    scope: 'api refresh_token',
    prefixes: { access: '00D', refresh: '5Aep861' },
    extras: {
      instance_url: 'https://acme.my.salesforce.com',
      id: 'https://login.salesforce.com/id/00D/005',
      issued_at: '1795255200000',
      signature: 'c2ltdWxhdGVk',
    },
    config: {
      access_token_ttl_s: 7200,
      capture_from_token_response: ['instance_url'],
      terminal_refresh_errors: [row(400, 'invalid_client_id', 'fix_client_credentials')],
    },
  },
  {
    ...COMMON,
    id: 'slack',
    vectors: 'slack',
    rotation: 'rotating',
    graceS: 30,
    accessTtlS: 43_200,
    scope: 'chat:write,users:read',
    prefixes: { access: 'xoxe.xoxb-', refresh: 'xoxe-' },
    config: {
      scope_separator: ',',
      errors_with_http_200: true,
      token_response_success_check: { path: 'ok', equals: true },
      access_token_never_expires: 'when_no_expires_in',
      capture_from_token_response: ['team.id'],
      terminal_refresh_errors: [
        row(200, 'invalid_refresh_token', 'reread_latest_token_then_reauthorize_user'),
        row(200, 'bad_client_secret', 'fix_client_credentials'),
        row(200, 'invalid_client_id', 'fix_client_credentials'),
      ],
      transient_refresh_errors: [{ ...row(200, 'ratelimited', 'retry_with_backoff'), throttle: true }],
    },
  },
  {
    ...COMMON,
    id: 'github',
    vectors: 'github-app-user',
    rotation: 'rotating',
    graceS: 0,
    accessTtlS: 28_800,
    scope: '',
    prefixes: { access: 'ghu_', refresh: 'ghr_' },
    formUnlessAsked: true,
    endsOldAccess: true,
    extras: { scope: '', refresh_token_expires_in: 15_811_200 },
    config: {
      errors_with_http_200: true,
      token_response_success_check: { absent: 'error' },
      terminal_refresh_errors: [
        row(200, 'bad_refresh_token', 'reread_latest_token_then_reauthorize_user'),
        row(200, 'incorrect_client_credentials', 'fix_client_credentials'),
      ],
    },
  },
  {
    ...COMMON,
    id: 'microsoft',
    vectors: 'microsoft',
    rotation: 'rotating',
    graceS: null,
    accessTtlS: 3599,
    narrows: true,
    scope: 'openid offline_access User.Read',
    prefixes: { access: 'eyJ0', refresh: '0.AX' },
    extras: { ext_expires_in: 3599 },
    config: {
      refresh_scope_downscoping: 'supported',
      refresh_reuse_grace_s: 86_400,
      transient_refresh_errors: [
        {
          ...row(400, 'invalid_grant', 'retry_with_backoff'),
          description_contains: 'AADSTS50196',
          throttle: true,
        },
      ],
    },
  },
  {
    ...COMMON,
    id: 'atlassian',
    vectors: 'atlassian',
    formats: ['form', 'json'],
    rotation: 'rotating',
    graceS: 600,
    reuse: 'revoke',
    accessTtlS: 3600,
    scope: 'offline_access read:me',
    prefixes: { access: 'eyJr', refresh: 'eyJy' },
    config: {
      refresh_reuse_grace_s: 600,
      terminal_refresh_errors: [
        row(403, 'invalid_grant', 'reread_latest_token_then_reauthorize_user'),
        row(401, 'access_denied', 'fix_client_credentials'),
      ],
    },
  },
  {
    ...COMMON,
    id: 'notion',
    vectors: 'notion',
    auth: ['basic'],
    formats: ['json'],
    rotation: 'rotating',
    graceS: 0,
    accessTtlS: 3600,
    saysExpiry: false,
    scope: '',
    prefixes: { access: 'ntn_', refresh: 'nrt_' },
    extras: {
      bot_id: 'b3f4',
      workspace_id: 'w1',
      workspace_name: 'Acme',
      workspace_icon: null,
      owner: { type: 'user' },
    },
    config: { token_request_format: 'json', capture_from_token_response: ['bot_id', 'workspace_id'] },
  },
  {
    ...COMMON,
    id: 'linear',
    vectors: 'linear',
    rotation: 'rotating',
    // A secondary source alone says half an hour.
    graceS: 0,
    accessTtlS: 86_399,
    scope: 'read write',
    prefixes: { access: 'lin_oauth_', refresh: 'lin_refresh_' },
    config: { scope_separator: ',' },
  },
  {
    ...COMMON,
    id: 'zoom',
    vectors: 'zoom',
    auth: ['basic'],
    rotation: 'rotating',
    graceS: 0,
    accessTtlS: 3599,
    scope: 'user:read:user meeting:read:meeting',
    prefixes: { access: 'eyJz', refresh: 'eyJz' },
    extras: { api_url: 'https://api.zoom.us' },
    endsOldAccess: true,
    config: {},
  },
  {
    ...COMMON,
    id: 'dropbox',
    vectors: 'dropbox',
    rotation: 'static',
    graceS: null,
    accessTtlS: 14_400,
    narrows: true,
    scope: 'account_info.read files.metadata.read',
    prefixes: { access: 'sl.', refresh: '' },
    config: {
      refresh_scope_downscoping: 'supported',
      capture_from_token_response: ['account_id'],
      terminal_refresh_errors: [
        row(401, 'invalid_client: Invalid client_id or client_secret', 'fix_client_credentials'),
      ],
    },
  },
  {
    ...COMMON,
    id: 'box',
    vectors: 'box',
    rotation: 'rotating',
    graceS: 0,
    accessTtlS: 3600,
    scope: 'root_readwrite',
    prefixes: { access: '', refresh: '' },
    extras: { restricted_to: [], issued_token_type: 'urn:ietf:params:oauth:token-type:access_token' },
    config: {},
  },
];

/** One of the twelve, or `providers/` and the id of a catalogue entry. */
export function findDialect(id: string): Dialect | undefined {
  return DIALECTS.find((one) => one.id === id) ?? findEntryDialect(id);
}

/** What to give as `provider_config` of a `custom` connection, with the simulator at `origin`. */
export function providerConfigOf(dialect: Dialect, origin: string): Record<string, unknown> {
  return {
    auth_type: 'oauth2',
    display_name: `${dialect.id} (simulated)`,
    authorization_url: `${origin}/${dialect.id}/authorize`,
    token_url: `${origin}/${dialect.id}/token`,
    api_base_urls: [`${origin}/${dialect.id}/api`],
    token_endpoint_auth_method: dialect.auth.includes('body') ? 'client_secret_post' : 'client_secret_basic',
    refresh_token: dialect.rotation,
    ...(dialect.saysExpiry ? { access_token_ttl_s: dialect.accessTtlS } : {}),
    ...dialect.config,
  };
}
