/** Exact Online: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const exactOnline = (): DescriptorInput => ({
  id: 'exact-online',
  display_name: 'Exact Online',
  docs_url:
    'https://support.exactonline.com/community/s/knowledge-base#All-All-DNO-Content-oauth-eol-oauth-devstep1',
  auth_type: 'oauth2',
  authorization_url: 'https://start.exactonline.{tld}/api/oauth2/auth',
  token_url: 'https://start.exactonline.{tld}/api/oauth2/token',
  revocation_reach: 'none',
  userinfo_url: 'https://start.exactonline.{tld}/api/v1/current/Me',
  subject_source: 'userinfo.d.results[0].UserID',
  subject_label_source: 'userinfo.d.results[0].UserName',
  api_base_urls: ['https://start.exactonline.{tld}/api/v1'],
  token_endpoint_auth_method: 'client_secret_post',
  access_token_ttl_s: 600,
  access_token_never_expires: false,
  refresh_token: 'rotating',
  refresh_token_ttl_s: 2592000,
  url_template_vars: {
    tld: {
      name: 'tld',
      required: true,
      pattern: '^(nl|be|de|fr|co\\.uk|com|es)$',
      default: 'nl',
      source: 'user input',
    },
  },
  token_header: 'Authorization: Bearer {access_token}',
  source: ['nango docs exact-online.mdx', 'general knowledge'],
  evidence: 'nango endpoints + background lifetimes',
  unverified_fields: [
    'access_token_ttl_s',
    'refresh_token',
    'refresh_token_ttl_s',
    'revocation_reach',
    'subject_source',
    'subject_label_source',
  ],
  confidence: 'medium',
});
