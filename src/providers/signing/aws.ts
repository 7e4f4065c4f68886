/**
 * The scope of an AWS signature, as the host of an API names it, and what is wrong with a credential for it. Pure.
 *
 * Source: AWS General Reference, "Service endpoints" and "Create a signed AWS API request" (Signature Version 4).
 */

import type { Descriptor } from '../descriptor.ts';
import { isHttpUrl } from '../descriptor.ts';

/** What a host says; a part that it does not say is null. */
export interface AwsScope {
  readonly service: string | null;
  readonly region: string | null;
}

const NOTHING: AwsScope = { service: null, region: null };
const REGION_NAME = /^[a-z]{2,3}(?:-[a-z]+)+-\d$/;

/** Services whose signature has another name than their host. */
const SIGNED_AS: Readonly<Record<string, string>> = {
  email: 'ses',
  queue: 'sqs',
  pinpoint: 'mobiletargeting',
  'runtime.lex': 'lex',
  'bedrock-runtime': 'bedrock',
  'bedrock-agent-runtime': 'bedrock',
};

/** What a service without a region of its own is signed for. */
const GLOBAL_REGION = 'us-east-1';
const GLOBAL: ReadonlySet<string> = new Set(['iam', 'sts', 'cloudfront', 'route53', 'organizations']);

/** `dynamodb.eu-central-1.amazonaws.com`, `bucket.s3.eu-west-1.amazonaws.com`, `iam.amazonaws.com`. */
export function awsScopeOf(url: string): AwsScope {
  if (!isHttpUrl(url) || url.includes('{')) return NOTHING;
  const { hostname } = new URL(url);
  if (hostname.endsWith('.r2.cloudflarestorage.com')) return { service: 's3', region: 'auto' };
  const own = /^(.+)\.amazonaws\.com(?:\.cn)?$/.exec(hostname)?.[1];
  if (own === undefined) return NOTHING;
  const labels = own.split('.').filter((label) => label !== 'dualstack');
  const at = labels.findIndex((label) => REGION_NAME.test(label));
  // Hosts of Lambda, S3 and most others: the service stands right before its region.
  const named = (at < 0 ? labels.at(-1) : labels[at - 1]) ?? null;
  if (named === null) return NOTHING;
  const host = named.replace(/-fips$/, '');
  const service = SIGNED_AS[host] ?? host;
  const region = at < 0 ? (GLOBAL.has(service) ? GLOBAL_REGION : null) : (labels[at] ?? null);
  return { service, region };
}

type Facts = Pick<Descriptor, 'api_base_urls' | 'signer_service' | 'signer_regions'>;

/** An API on a host of its own that wants this signature is mostly one of API Gateway. */
const USUAL_SERVICE = 'execute-api';

/** The service that requests to this API are signed for, and whether any fact says so. */
export function awsServiceOf({ api_base_urls: urls, signer_service: given }: Facts): {
  readonly service: string;
  readonly isKnown: boolean;
} {
  // A host that leaves the region to the account names its service all the same.
  const hosts = urls.map((url) => url.replace('{region}', GLOBAL_REGION));
  const told = given ?? hosts.map((url) => awsScopeOf(url).service).find((service) => service !== null);
  return { service: told ?? USUAL_SERVICE, isKnown: told !== undefined && told !== null };
}

/** The regions that this API answers in; null: nothing says. */
export function awsRegionsOf({
  api_base_urls: urls,
  signer_regions: listed,
}: Facts): readonly string[] | null {
  if (listed !== undefined) return listed;
  const named = urls.map((url) => awsScopeOf(url).region).filter((region) => region !== null);
  return named.length === 0 ? null : [...new Set(named)];
}

/** Of which services a signature may leave out the body: then one that streams by can be signed. */
export function signsWithoutBody(service: string): boolean {
  return service === 's3';
}
