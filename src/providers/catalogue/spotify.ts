/** Spotify: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const spotify = (): DescriptorInput => ({
  id: 'spotify',
  display_name: 'Spotify',
  docs_url: 'https://developer.spotify.com/documentation/web-api/tutorials/refreshing-tokens',
  auth_type: 'oauth2',
  authorization_url: 'https://accounts.spotify.com/authorize',
  token_url: 'https://accounts.spotify.com/api/token',
  revocation_reach: 'none',
  userinfo_url: 'https://api.spotify.com/v1/me',
  subject_source: 'userinfo.id',
  subject_label_source: 'userinfo.display_name',
  api_base_urls: ['https://api.spotify.com/v1'],
  default_scopes_example: ['user-read-private', 'user-read-email'],
  scope_aliases: {
    'profile.read': ['user-read-private', 'user-read-email'],
    'playlists.read': ['playlist-read-private', 'playlist-read-collaborative'],
    'playlists.write': ['playlist-modify-private', 'playlist-modify-public'],
    'playback.read': 'user-read-playback-state',
    'playback.write': 'user-modify-playback-state',
  },
  pkce: 'supported',
  token_endpoint_auth_method: 'client_secret_basic',
  access_token_ttl_s: 3600,
  access_token_never_expires: false,
  refresh_token: 'static',
  refresh_token_ttl_s: 15552000,
  token_header: 'Authorization: Bearer {access_token}',
  terminal_refresh_errors: [
    {
      status: 400,
      error: 'invalid_grant',
      description_contains: 'Refresh token',
      means: 'refresh token expired (6 months) or revoked: discard, reauthorize',
      recovery: 'reauthorize_user',
    },
    { status: 400, error: 'invalid_client', means: 'client wrong', recovery: 'fix_client_credentials' },
  ],
  source: [
    'https://developer.spotify.com/blog/2026-06-18-refresh-token-expiration',
    'https://developer.spotify.com/documentation/web-api/tutorials/refreshing-tokens',
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'https://github.com/pilcrowonpaper/arctic/blob/cfdd6ac/src/providers',
    'https://github.com/nextauthjs/next-auth/blob/a1a16a5a/packages/core/src/providers',
  ],
  evidence: 'official docs',
  unverified_fields: ['scope_aliases'],
  confidence: 'high',
});
