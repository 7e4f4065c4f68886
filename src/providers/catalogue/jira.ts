/** Jira Cloud: Atlassian (3LO) with its own scopes and addresses. */

import type { DescriptorInput } from '../descriptor.ts';
import { atlassian } from './atlassian.ts';

export const jira = (): DescriptorInput => ({
  ...atlassian(),
  id: 'jira',
  display_name: 'Jira Cloud',
  account_lookup_url: 'https://api.atlassian.com/oauth/token/accessible-resources',
  userinfo_url: 'https://api.atlassian.com/ex/jira/{cloudid}/rest/api/3/myself',
  subject_source: 'userinfo.accountId',
  subject_label_source: 'userinfo.emailAddress | userinfo.displayName',
  api_base_urls: ['https://api.atlassian.com/ex/jira/{cloudid}/rest/api/3'],
  default_scopes_example: ['offline_access', 'read:jira-work', 'read:jira-user', 'write:jira-work'],
  scope_aliases: {
    read: ['read:jira-work', 'read:jira-user'],
    write: 'write:jira-work',
    offline: 'offline_access',
  },
  scope_families: {
    read: ['read:jira-work', 'read:jira-user', 'read:servicedesk-request', 'read:me', 'read:account'],
    write: ['write:jira-work', 'write:servicedesk-request'],
  },
  known_scopes: [
    'manage:jira-project',
    'manage:jira-configuration',
    'manage:jira-webhook',
    'manage:jira-data-provider',
    'manage:servicedesk-customer',
    'delete:jira-work',
    'report:personal-data',
  ],
  url_template_vars: {
    cloudid: {
      name: 'cloudid',
      required: true,
      pattern: '^[0-9a-f-]{36}$',
      // Of several sites the operator says which.
      source: 'GET https://api.atlassian.com/oauth/token/accessible-resources after connect',
      stage: 'account',
      from: 'account_lookup[only].id',
    },
  },
  preset_of: 'atlassian',
  source: [
    'https://developer.atlassian.com/cloud/oauth/getting-started/refresh-tokens',
    'mirror of 3LO docs',
    'https://nango.dev/blog/jira-oauth-refresh-token-invalid-grant',
    'https://mrrefactoring.github.io/jira.js',
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
  ],
  unverified_fields: ['pkce', 'terminal_refresh_errors[1,3]', 'subject_label_source'],
});
