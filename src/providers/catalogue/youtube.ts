/** YouTube: Google with its own scopes and addresses. */

import type { DescriptorInput } from '../descriptor.ts';
import { google, googleFamilies } from './google.ts';

export const youtube = (): DescriptorInput => ({
  ...google(),
  id: 'youtube',
  display_name: 'YouTube',
  userinfo_url: 'https://www.googleapis.com/youtube/v3/channels?part=id,snippet&mine=true',
  api_base_urls: ['https://www.googleapis.com/youtube/v3', 'https://www.googleapis.com/upload/youtube/v3'],
  default_scopes_example: ['openid', 'email', 'https://www.googleapis.com/auth/youtube.readonly'],
  scope_aliases: {
    read: 'https://www.googleapis.com/auth/youtube.readonly',
    write: 'https://www.googleapis.com/auth/youtube',
    readonly: 'https://www.googleapis.com/auth/youtube.readonly',
    upload: 'https://www.googleapis.com/auth/youtube.upload',
    'force-ssl': 'https://www.googleapis.com/auth/youtube.force-ssl',
    'analytics.readonly': 'https://www.googleapis.com/auth/yt-analytics.readonly',
    full: 'https://www.googleapis.com/auth/youtube',
  },
  scope_families: googleFamilies('youtube', 'yt-analytics', 'yt-analytics-monetary', 'youtubepartner'),
  preset_of: 'google',
  source: [
    'https://developers.google.com/identity/protocols/oauth2',
    'https://developers.google.com/identity/protocols/oauth2/web-server',
    'https://support.google.com/a/answer/9368756',
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'https://github.com/pilcrowonpaper/arctic/blob/cfdd6ac/src/providers',
  ],
  unverified_fields: ['scope_aliases'],
});
