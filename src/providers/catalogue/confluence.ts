/** Confluence Cloud: Atlassian (3LO) with its own scopes and addresses. */

import type { DescriptorInput } from '../descriptor.ts';
import { atlassian } from './atlassian.ts';

export const confluence = (): DescriptorInput => ({
  ...atlassian(),
  id: 'confluence',
  display_name: 'Confluence Cloud',
  account_lookup_url: 'https://api.atlassian.com/oauth/token/accessible-resources',
  userinfo_url: 'https://api.atlassian.com/ex/confluence/{cloudid}/wiki/rest/api/user/current',
  subject_source: 'userinfo.accountId',
  subject_label_source: 'userinfo.email | userinfo.displayName',
  api_base_urls: ['https://api.atlassian.com/ex/confluence/{cloudid}/wiki/api/v2'],
  default_scopes_example: [
    'offline_access',
    'read:confluence-content.all',
    'read:confluence-space.summary',
    'read:confluence-user',
  ],
  scope_aliases: {
    read: ['read:confluence-content.all', 'read:confluence-space.summary'],
    write: 'write:confluence-content',
    search: 'search:confluence',
    offline: 'offline_access',
  },
  scope_families: {
    read: [
      'read:confluence-content.all',
      'read:confluence-content.summary',
      'read:confluence-content.permission',
      'read:confluence-space.summary',
      'read:confluence-props',
      'read:confluence-user',
      'read:confluence-groups',
      'readonly:content.attachment:confluence',
      'search:confluence',
      'read:me',
      'read:account',
    ],
    write: [
      'write:confluence-content',
      'write:confluence-file',
      'write:confluence-space',
      'write:confluence-props',
    ],
  },
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
  unverified_fields: [
    'pkce',
    'terminal_refresh_errors[1,3]',
    'default_scopes_example',
    'subject_label_source',
    'scope_aliases',
  ],
});
