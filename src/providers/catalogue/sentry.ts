/** Sentry (public integration): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const sentry = (): DescriptorInput => ({
  id: 'sentry',
  display_name: 'Sentry (public integration)',
  docs_url: 'https://docs.sentry.io/organization/integrations/integration-platform/public-integration/',
  auth_type: 'oauth2',
  authorization_url: 'https://sentry.io/sentry-apps/{app_slug}/external-install/',
  token_url: 'https://sentry.io/api/0/sentry-app-installations/{installation_uuid}/authorizations/',
  revocation_reach: 'none',
  userinfo_url: 'https://sentry.io/api/0/organizations/',
  subject_label_source: 'userinfo[0].slug',
  api_base_urls: ['https://sentry.io/api/0'],
  token_endpoint_auth_method: 'json_body',
  token_request_format: 'json',
  access_token_ttl_s: 28800,
  access_token_never_expires: false,
  refresh_token: 'rotating',
  url_template_vars: {
    installation_uuid: {
      name: 'installation_uuid',
      required: true,
      pattern: '^[0-9a-f-]{36}$',
      source: 'callback query installationId',
      stage: 'account',
      from: 'callback.installationId',
    },
    app_slug: { name: 'app_slug', required: true, pattern: '^[a-z0-9-]+$', source: 'app config' },
  },
  token_header: 'Authorization: Bearer {access_token}',
  token_response_map: {
    access_token: 'token',
    refresh_token: 'refreshToken',
    expires_in: null,
    scope: 'scope',
    expires_at: 'expiresAt',
  },
  capture_from_callback: ['installationId'],
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'general knowledge',
  ],
  evidence: 'nango endpoints + background lifetimes',
  unverified_fields: [
    'access_token_ttl_s',
    'refresh_token',
    'refresh_token_ttl_s',
    'revocation_reach',
    'subject_label_source',
  ],
  confidence: 'medium',
});
