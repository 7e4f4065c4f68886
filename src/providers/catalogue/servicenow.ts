/** ServiceNow: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const servicenow = (): DescriptorInput => ({
  id: 'servicenow',
  display_name: 'ServiceNow',
  docs_url:
    'https://www.servicenow.com/docs/bundle/platform-security/page/administer/security/concept/c_OAuthApplications.html',
  auth_type: 'oauth2',
  authorization_url: 'https://{subdomain}.service-now.com/oauth_auth.do',
  token_url: 'https://{subdomain}.service-now.com/oauth_token.do',
  revocation_url: 'https://{subdomain}.service-now.com/oauth_revoke_token.do',
  revocation_reach: 'token',
  userinfo_url:
    'https://{subdomain}.service-now.com/api/now/table/sys_user?sysparm_query=sys_id=javascript:gs.getUserID()&sysparm_limit=1',
  subject_source: 'userinfo.result[0].sys_id',
  subject_label_source: 'userinfo.result[0].user_name',
  api_base_urls: ['https://{subdomain}.service-now.com/api/now'],
  default_scopes_example: ['useraccount'],
  pkce: 'supported',
  token_endpoint_auth_method: 'client_secret_post',
  access_token_ttl_s: 1800,
  access_token_never_expires: false,
  refresh_token: 'static',
  refresh_token_ttl_s: 8640000,
  url_template_vars: {
    subdomain: {
      name: 'subdomain',
      required: true,
      pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$',
      source: 'user input at connect time',
    },
  },
  token_header: 'Authorization: Bearer {access_token}',
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'general knowledge',
    'https://www.servicenow.com/docs/r/washingtondc/platform-security/authentication/t_RevokeOAuthToken.html',
  ],
  evidence: 'nango endpoints + background lifetimes',
  unverified_fields: [
    'access_token_ttl_s',
    'refresh_token',
    'refresh_token_ttl_s',
    'subject_source',
    'subject_label_source',
  ],
  confidence: 'medium',
});
