/** Clearbit: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

/**
 * Part of HubSpot since December 2023; its features live on there as Breeze Intelligence, under HubSpot's own API. No
 * new keys are made: this entry is for keys that are still good.
 */
export const clearbit = (): DescriptorInput => ({
  id: 'clearbit',
  display_name: 'Clearbit (keys of before HubSpot)',
  docs_url: 'https://clearbit.com/docs',
  auth_type: 'api_key',
  revocation_reach: 'none',
  api_base_urls: ['https://person.clearbit.com', 'https://company.clearbit.com'],
  pkce: 'unsupported',
  access_token_never_expires: true,
  token_header: 'Authorization: Bearer {api_key}',
  source: [
    'https://www.stitchflow.com/user-management/clearbit/api',
    'https://authsome.agentr.dev/docs/integrations/api-key/clearbit',
    'https://help.clearbit.com/hc/en-us/articles/22910775621399-Clearbit-by-HubSpot-Understanding-Credits-and-Usage',
  ],
  evidence: 'third parties; the official reference is gone',
  unverified_fields: ['token_header', 'api_base_urls', 'access_token_never_expires'],
  confidence: 'low',
});
