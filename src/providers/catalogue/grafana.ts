/** Grafana: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

/** A service account's token; the same header at an own installation and in Grafana Cloud. */
export const grafana = (): DescriptorInput => ({
  id: 'grafana',
  display_name: 'Grafana (service account token)',
  docs_url:
    'https://grafana.com/docs/grafana/latest/developer-resources/api-reference/http-api/authentication/',
  auth_type: 'api_key',
  revocation_reach: 'none',
  userinfo_url: 'https://{host}/api/org',
  subject_source: 'userinfo.id',
  subject_label_source: 'userinfo.name',
  api_base_urls: ['https://{host}/api', 'https://{host}/apis'],
  pkce: 'unsupported',
  access_token_never_expires: 'when_no_expires_in',
  url_template_vars: {
    host: {
      name: 'host',
      required: true,
      pattern: '^[a-z0-9.-]+(:[0-9]+)?$',
      source: 'user input, such as acme.grafana.net; SSRF guard',
    },
  },
  token_header: 'Authorization: Bearer {api_key}',
  api_request_headers: ['x-grafana-org-id'],
  source: [
    'https://grafana.com/docs/grafana/v13.3/developer-resources/api-reference/http-api/authentication/',
    'https://www.grafana.com/docs/grafana-cloud/developer-resources/api-reference/http-api/authentication',
    'https://grafana.com/docs/http_api/',
  ],
  evidence: 'official docs',
  unverified_fields: ['subject_source', 'subject_label_source'],
  confidence: 'high',
});
