/** Klaviyo (private key): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const klaviyoApiKey = (): DescriptorInput => ({
  id: 'klaviyo-api-key',
  display_name: 'Klaviyo (private key)',
  docs_url: 'https://developers.klaviyo.com/en/reference/api_overview',
  auth_type: 'api_key',
  revocation_reach: 'none',
  userinfo_url: 'https://a.klaviyo.com/api/accounts',
  subject_source: 'userinfo.data[0].id',
  subject_label_source: 'userinfo.data[0].attributes.contact_information.organization_name',
  api_base_urls: ['https://a.klaviyo.com/api'],
  pkce: 'unsupported',
  access_token_never_expires: true,
  token_header: 'Authorization: Klaviyo-API-Key {api_key}',
  api_request_headers: ['revision'],
  preset_of: 'klaviyo',
  source: ['https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml'],
  evidence: 'nango',
  unverified_fields: ['subject_source', 'subject_label_source'],
  confidence: 'high',
});
