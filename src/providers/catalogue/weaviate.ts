/** Weaviate: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const weaviate = (): DescriptorInput => ({
  id: 'weaviate',
  display_name: 'Weaviate',
  docs_url: 'https://docs.weaviate.io/deploy/configuration/authentication',
  auth_type: 'api_key',
  revocation_reach: 'none',
  api_base_urls: ['https://{host}/v1'],
  pkce: 'unsupported',
  access_token_never_expires: true,
  url_template_vars: {
    host: {
      name: 'host',
      required: true,
      pattern: '^[a-z0-9.-]+(:[0-9]+)?$',
      source: 'the REST endpoint of the cluster; SSRF guard',
    },
  },
  token_header: 'Authorization: Bearer {api_key}',
  api_request_headers: ['x-weaviate-cluster-url'],
  source: [
    'https://docs.weaviate.io/deploy/configuration/authentication',
    'https://www.weaviate.io/developers/weaviate/configuration/authentication',
  ],
  evidence: 'official docs',
  unverified_fields: ['api_request_headers'],
  confidence: 'high',
});
