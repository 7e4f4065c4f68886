/** monday.com (legacy OAuth): monday.com (OAuth 2.1 flow) with its own scopes and addresses. */

import type { DescriptorInput } from '../descriptor.ts';
import { monday } from './monday.ts';

export const mondayLegacy = (): DescriptorInput => ({
  ...monday(),
  id: 'monday-legacy',
  display_name: 'monday.com (legacy OAuth)',
  docs_url: 'https://developer.monday.com/apps/docs/oauth',
  token_url: 'https://auth.monday.com/oauth2/token',
  pkce: 'unsupported',
  access_token_never_expires: true,
  refresh_token: 'none',
  preset_of: 'monday',
  source: [
    'https://developer.monday.com/apps/docs/oauth',
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
  ],
  evidence: 'official docs + nango',
  confidence: 'high',
});
