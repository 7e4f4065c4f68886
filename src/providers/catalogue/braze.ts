/** Braze: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const braze = (): DescriptorInput => ({
  id: 'braze',
  display_name: 'Braze',
  docs_url: 'https://www.braze.com/docs/api/basics/',
  auth_type: 'api_key',
  revocation_reach: 'none',
  api_base_urls: ['https://rest.{braze_instance}'],
  pkce: 'unsupported',
  access_token_never_expires: true,
  url_template_vars: {
    braze_instance: {
      name: 'braze_instance',
      required: true,
      pattern: '^(iad|fra|us)-[0-9]{2}\\.braze\\.(com|eu)$',
      source: 'user input',
    },
  },
  token_header: 'Authorization: Bearer {api_key}',
  source: ['https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml'],
  evidence: 'nango',
  confidence: 'high',
});
