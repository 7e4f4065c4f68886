/** Pinecone: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const pinecone = (): DescriptorInput => ({
  id: 'pinecone',
  display_name: 'Pinecone',
  docs_url: 'https://docs.pinecone.io/reference/api/authentication',
  auth_type: 'api_key',
  revocation_reach: 'none',
  userinfo_url: 'https://api.pinecone.io/indexes',
  api_base_urls: ['https://api.pinecone.io'],
  pkce: 'unsupported',
  access_token_never_expires: true,
  token_header: 'Api-Key: {api_key}',
  api_request_headers: ['x-pinecone-api-version'],
  source: ['general knowledge'],
  evidence: 'background',
  confidence: 'medium',
});
