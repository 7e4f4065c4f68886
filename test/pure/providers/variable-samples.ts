/**
 * For each URL variable of the catalogue a value that it accepts, and, where nothing but its pattern holds a host
 * together, which hosts may come of it. Written apart from the patterns, so that a loose pattern is seen.
 */

import { placeholdersIn, URL_FIELDS, type Descriptor } from '#providers/descriptor.ts';

export const SAMPLES: Readonly<Record<string, string>> = {
  account_host: 'acme.api-us1.com',
  account_id: '1234567890',
  account_sid: `AC${'0'.repeat(32)}`,
  account_url: 'acme-eu.snowflakecomputing.com',
  api_base_url_for_customer: 'https://us-1.api.gong.io',
  api_domain: 'https://www.zohoapis.eu',
  app_id: 'ABCDEFGHIJ',
  app_slug: 'acme',
  application_id: 'amzn1.sp.solution.abc-1',
  base_uri: 'https://na1.docusign.net',
  braze_instance: 'fra-01.braze.eu',
  client_id: 'client-12345',
  cloudid: '0f0e0d0c-0b0a-0908-0706-050403020100',
  dc: 'eu',
  greenhouse_user_id: '42',
  host: 'git.acme.example',
  installation_id: '42',
  installation_uuid: '0f0e0d0c-0b0a-0908-0706-050403020100',
  instance_url: 'https://acme.my.salesforce.com',
  login_host: 'acme--dev.sandbox.my.salesforce.com',
  mailgun_host: 'api.eu.mailgun.net',
  okta_host: 'acme.okta.com',
  posthog_region: 'eu',
  realmId: '1234567890123',
  restUrl: 'https://rest9.bullhornstaffing.com/rest-services/abc/',
  seller_central: 'sellercentral.amazon.co.uk',
  sharepoint_tenant: 'acme',
  shop: 'acme.myshopify.com',
  site: 'datadoghq.eu',
  store_hash: 'abc123',
  subdomain: 'acme',
  tenant: 'acme.onmicrosoft.com',
  tld: 'co.uk',
  workspace_host: 'acme.cloud.databricks.com',
  wrike_host: 'app-eu.wrike.com',
};

/** Other values where one name means different things. */
const OWN: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  docusign: { account_id: '0f0e0d0c-0b0a-0908-0706-050403020100' },
  'docusign-demo': { account_id: '0f0e0d0c-0b0a-0908-0706-050403020100' },
  'docusign-jwt': { account_id: '0f0e0d0c-0b0a-0908-0706-050403020100' },
  'docusign-demo-jwt': { account_id: '0f0e0d0c-0b0a-0908-0706-050403020100' },
  netsuite: { account_id: 'acme-sb1' },
  pipedrive: { api_domain: 'https://acme.pipedrive.com' },
  mailchimp: { dc: 'us21' },
};

export function samplesOf(descriptor: Descriptor): Record<string, string> {
  const names = Object.keys(descriptor.url_template_vars);
  return Object.fromEntries(
    names.flatMap((name) => {
      const sample = OWN[descriptor.id]?.[name] ?? SAMPLES[name];
      return sample === undefined ? [] : [[name, sample]];
    }),
  );
}

/** Registrable domains to which an expanded URL may lead where its end comes from a variable. */
const DOMAINS: Readonly<Record<string, RegExp>> = {
  account_host: /^[^.]+\.(?:api-us1|activehosted)\.com$/,
  account_url: /\.snowflakecomputing\.(?:com|cn)$/,
  api_base_url_for_customer: /\.gong\.io$/,
  base_uri: /^[^.]+\.docusign\.(?:net|com)$/,
  braze_instance: /^rest\.[^.]+\.braze\.(?:com|eu)$/,
  dc: /^accounts\.zoho\.(?:com|eu|in|com\.au|jp|com\.cn|sa|ca|uk)$/,
  instance_url: /\.(?:salesforce|force|cloudforce)\.com$/,
  login_host: /\.salesforce\.com$/,
  mailgun_host: /^api(?:\.eu)?\.mailgun\.net$/,
  okta_host: /^[^.]+\.(?:okta|oktapreview|okta-emea)\.com$/,
  restUrl: /^rest[^.]*\.bullhornstaffing\.com$/,
  seller_central: /^sellercentral(?:-[a-z]+)?\.amazon\.(?:[a-z]{2,3}|com?\.[a-z]{2})$/,
  shop: /^[^.]+\.myshopify\.com$/,
  site: /^(?:app|api)\.(?:us3\.|us5\.|ap1\.|ap2\.)?(?:datadoghq\.(?:com|eu)|ddog-gov\.com)$/,
  tld: /^start\.exactonline\.(?:nl|be|de|fr|co\.uk|com|es)$/,
  workspace_host: /\.(?:cloud\.databricks\.com|azuredatabricks\.net|gcp\.databricks\.com)$/,
  wrike_host: /^(?:.+\.)?wrike\.com$/,
};
const DOMAINS_OF: Readonly<Record<string, RegExp>> = {
  zoho: /^(?:accounts\.zoho|www\.zohoapis)\.(?:com|eu|in|com\.au|jp|com\.cn|sa|ca|uk)$/,
  'zoho-crm': /^(?:accounts\.zoho|www\.zohoapis)\.(?:com|eu|in|com\.au|jp|com\.cn|sa|ca|uk)$/,
  pipedrive: /^[^.]+\.pipedrive\.com$/,
};
/** Servers that their users run themselves: the operator names the host, and the guard judges it. */
const SELF_HOSTED: readonly string[] = [
  'gitlab',
  'gitlab-pat',
  'grafana',
  'metabase',
  'metabase-session',
  'weaviate',
];

export function templatesOf(descriptor: Descriptor): string[] {
  const single = URL_FIELDS.map((field) => descriptor[field]).filter((url) => url !== null);
  return [...single, ...descriptor.api_base_urls].filter((url) => placeholdersIn(url).length > 0);
}

/** Whether `url`, which came of `template`, is where the template's author meant it to be. */
export function isAtHome(descriptor: Descriptor, template: string, url: string): boolean {
  const { hostname, pathname, protocol, port, username } = new URL(url);
  if (protocol !== 'https:' || port !== '' || username !== '') return false;
  const origin = /^(\{\w+\})(.*)$/.exec(template);
  const [, authority = '', path = ''] = origin ?? /^https:\/\/([^/]*)(.*)$/.exec(template) ?? [];
  const fixedPath = path.split(/[{?]/)[0] ?? '';
  // Behind a whole origin from the provider's answer the fixed path follows what the answer said.
  if (origin === null ? !pathname.startsWith(fixedPath) : !pathname.includes(fixedPath)) return false;
  const names = placeholdersIn(authority);
  if (names.length === 0) return hostname === authority;
  const fixedEnd = authority.slice(authority.lastIndexOf('}') + 1);
  if (fixedEnd.startsWith('.')) {
    // One label before the fixed end: `a.b.zendesk.com` is nobody's subdomain.
    return hostname.endsWith(fixedEnd) && !hostname.slice(0, -fixedEnd.length).includes('.');
  }
  if (SELF_HOSTED.includes(descriptor.id)) return true;
  const domain = DOMAINS_OF[descriptor.id] ?? DOMAINS[names.at(-1) ?? ''];
  return domain !== undefined && domain.test(hostname);
}
