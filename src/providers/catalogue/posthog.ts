/** PostHog (OAuth): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const posthog = (): DescriptorInput => ({
  id: 'posthog',
  display_name: 'PostHog (OAuth)',
  docs_url: 'https://posthog.com/docs/api/oauth',
  auth_type: 'oauth2',
  authorization_url: 'https://oauth.posthog.com/oauth/authorize/',
  token_url: 'https://oauth.posthog.com/oauth/token/',
  revocation_reach: 'grant',
  userinfo_url: 'https://us.posthog.com/api/users/@me/',
  subject_source: 'userinfo.uuid',
  subject_label_source: 'userinfo.email',
  api_base_urls: ['https://{posthog_region}.posthog.com/api'],
  pkce: 'required',
  token_endpoint_auth_method: 'client_secret_post',
  access_token_ttl_s: 36000,
  access_token_never_expires: false,
  refresh_token: 'rotating',
  url_template_vars: {
    posthog_region: { name: 'posthog_region', required: true, pattern: '^(us|eu)$', source: 'user input' },
  },
  revocation_url: 'https://oauth.posthog.com/oauth/revoke/',
  token_header: 'Authorization: Bearer {access_token}',
  source: [
    'https://posthog.com/docs/api/oauth',
    'https://docs.gitguardian.com/secrets-detection/secrets-detection-engine/detectors/specifics/posthog_oauth_refresh_token',
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
  ],
  evidence: 'endpoints as clients use them',
  unverified_fields: [
    'access_token_ttl_s',
    'refresh_token',
    'refresh_token_ttl_s',
    'revocation_reach',
    'subject_source',
    'subject_label_source',
    'revocation_url',
  ],
  confidence: 'medium',
});
