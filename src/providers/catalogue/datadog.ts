/** Datadog (API + application key): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const datadog = (): DescriptorInput => ({
  id: 'datadog',
  display_name: 'Datadog (API + application key)',
  docs_url: 'https://docs.datadoghq.com/account_management/api-app-keys/',
  auth_type: 'custom',
  revocation_reach: 'none',
  userinfo_url: 'https://api.{site}/api/v1/validate',
  api_base_urls: ['https://api.{site}/api'],
  pkce: 'unsupported',
  access_token_never_expires: true,
  url_template_vars: {
    site: {
      name: 'site',
      required: true,
      pattern:
        '^(datadoghq\\.com|us3\\.datadoghq\\.com|us5\\.datadoghq\\.com|datadoghq\\.eu|ap1\\.datadoghq\\.com|ap2\\.datadoghq\\.com|ddog-gov\\.com)$',
      source: 'user input',
    },
  },
  token_header: 'DD-API-KEY: {api_key}; DD-APPLICATION-KEY: {application_key}',
  credential_fields: [
    { name: 'api_key', label: 'API key' },
    { name: 'application_key', label: 'application key' },
  ],
  source: ['https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml'],
  evidence: 'nango',
  confidence: 'high',
});
