/** Datadog (OAuth): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const datadogOauth = (): DescriptorInput => ({
  id: 'datadog-oauth',
  display_name: 'Datadog (OAuth)',
  docs_url: 'https://docs.datadoghq.com/developers/authorization/oauth2_endpoints/',
  auth_type: 'oauth2',
  authorization_url: 'https://app.{site}/oauth2/v1/authorize',
  token_url: 'https://api.{site}/oauth2/v1/token',
  revocation_url: 'https://api.{site}/oauth2/v1/revoke',
  api_base_urls: ['https://api.{site}/api'],
  default_scopes_example: ['dashboards_read'],
  pkce: 'required',
  token_endpoint_auth_method: 'client_secret_post',
  access_token_ttl_s: 3600,
  access_token_never_expires: false,
  refresh_token: 'optional',
  url_template_vars: {
    site: {
      name: 'site',
      required: true,
      pattern:
        '^(datadoghq\\.com|us3\\.datadoghq\\.com|us5\\.datadoghq\\.com|datadoghq\\.eu|ap1\\.datadoghq\\.com|ap2\\.datadoghq\\.com|ddog-gov\\.com)$',
      source: 'user input',
    },
  },
  token_header: 'Authorization: Bearer {access_token}',
  capture_from_callback: ['site', 'domain'],
  region: {
    param: 'domain',
    hosts: {
      'datadoghq.com': 'api.datadoghq.com',
      'us3.datadoghq.com': 'api.us3.datadoghq.com',
      'us5.datadoghq.com': 'api.us5.datadoghq.com',
      'datadoghq.eu': 'api.datadoghq.eu',
      'ap1.datadoghq.com': 'api.ap1.datadoghq.com',
      'ap2.datadoghq.com': 'api.ap2.datadoghq.com',
      'ddog-gov.com': 'api.ddog-gov.com',
    },
  },
  source: [
    'https://docs.datadoghq.com/developers/authorization/oauth2_endpoints/',
    'https://docs.datadoghq.com/developers/authorization/oauth2_in_datadog/',
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
  ],
  evidence: 'official docs for endpoints, PKCE and the callback',
  unverified_fields: ['access_token_ttl_s', 'refresh_token', 'refresh_token_ttl_s', 'revocation_url'],
  confidence: 'medium',
});
