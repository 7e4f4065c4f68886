/** Microsoft Teams: Microsoft (Entra ID v2 / Graph) with its own scopes and addresses. */

import type { DescriptorInput } from '../descriptor.ts';
import { microsoft } from './microsoft.ts';

export const microsoftTeams = (): DescriptorInput => ({
  ...microsoft(),
  id: 'microsoft-teams',
  display_name: 'Microsoft Teams',
  default_scopes_example: [
    'offline_access',
    'openid',
    'profile',
    'User.Read',
    'Team.ReadBasic.All',
    'ChannelMessage.Read.All',
  ],
  scope_aliases: {
    read: ['Team.ReadBasic.All', 'Channel.ReadBasic.All', 'ChannelMessage.Read.All'],
    write: ['ChannelMessage.Send'],
    'teams.read': 'Team.ReadBasic.All',
    'channels.read': 'Channel.ReadBasic.All',
    'messages.read': 'ChannelMessage.Read.All',
    'messages.send': 'ChannelMessage.Send',
    'chat.read': 'Chat.Read',
    'chat.readwrite': 'Chat.ReadWrite',
  },
  preset_of: 'microsoft',
  unverified_fields: [
    'terminal_refresh_errors[3,4,10,11,12]',
    'transient_refresh_errors[0,1]',
    'subject_label_source',
    'scope_aliases',
  ],
});
