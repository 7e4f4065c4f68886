/** Twilio: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const twilio = (): DescriptorInput => ({
  id: 'twilio',
  display_name: 'Twilio',
  docs_url: 'https://www.twilio.com/docs/iam/api',
  auth_type: 'basic',
  revocation_reach: 'none',
  userinfo_url: 'https://api.twilio.com/2010-04-01/Accounts/{account_sid}.json',
  subject_source: 'userinfo.sid',
  subject_label_source: 'userinfo.friendly_name',
  api_base_urls: ['https://api.twilio.com/2010-04-01'],
  pkce: 'unsupported',
  access_token_never_expires: true,
  url_template_vars: {
    account_sid: { name: 'account_sid', required: true, pattern: '^AC[0-9a-f]{32}$', source: 'user input' },
  },
  token_header: 'Authorization: Basic base64({username}:{password})',
  credential_fields: [
    { name: 'username', label: 'account_sid_or_api_key_sid' },
    { name: 'password', label: 'auth_token_or_secret' },
  ],
  source: ['https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml'],
  evidence: 'nango',
  unverified_fields: ['subject_source', 'subject_label_source'],
  confidence: 'high',
});
