/** Slack (user token): Slack (bot token) with its own scopes and addresses. */

import type { DescriptorInput } from '../descriptor.ts';
import { slack } from './slack.ts';

export const slackUser = (): DescriptorInput => ({
  ...slack(),
  id: 'slack-user',
  display_name: 'Slack (user token)',
  subject_source: 'token_response.team.id + token_response.authed_user.id',
  subject_label_source: 'userinfo.user',
  default_scopes_example: ['users:read', 'chat:write'],
  scope_aliases: {
    read: ['channels:read', 'channels:history', 'users:read'],
    write: ['chat:write'],
    post: 'chat:write',
    'users.read': 'users:read',
    search: 'search:read',
    'conversations.read': ['channels:read', 'groups:read', 'im:read', 'mpim:read'],
    history: ['channels:history', 'groups:history', 'im:history', 'mpim:history'],
  },
  preset_of: 'slack',
  scope_param: 'user_scope',
  token_response_map: {
    access_token: 'authed_user.access_token | access_token',
    refresh_token: 'authed_user.refresh_token | refresh_token',
    expires_in: 'authed_user.expires_in | expires_in',
    scope: 'authed_user.scope | scope',
  },
  capture_from_token_response: ['team.id', 'authed_user.id', 'enterprise.id'],
  unverified_fields: ['terminal_refresh_errors[1,2,3,4,5,6,7,8,10]', 'subject_label_source', 'scope_aliases'],
});
