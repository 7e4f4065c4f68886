/** SendGrid: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const sendgrid = (): DescriptorInput => ({
  id: 'sendgrid',
  display_name: 'SendGrid',
  docs_url: 'https://www.twilio.com/docs/sendgrid/for-developers/sending-email/authentication',
  auth_type: 'api_key',
  revocation_reach: 'none',
  userinfo_url: 'https://api.sendgrid.com/v3/scopes',
  api_base_urls: ['https://api.sendgrid.com/v3'],
  pkce: 'unsupported',
  access_token_never_expires: true,
  token_header: 'Authorization: Bearer {api_key}',
  source: ['https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml'],
  evidence: 'nango',
  confidence: 'high',
});
