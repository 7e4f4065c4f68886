/** What signs the requests of a provider that is in no catalogue, where its operator says nothing of it. Pure. */

import type { DescriptorInput } from '../descriptor.ts';
import { awsServiceOf } from './aws.ts';
import type { SignerName } from './facts.ts';

/** Of a `provider_config`. */
interface Asked {
  readonly auth_type: DescriptorInput['auth_type'];
  readonly api_base_urls?: string[] | undefined;
  readonly signer?: SignerName | undefined;
  readonly signer_service?: string | undefined;
  readonly signer_regions?: string[] | undefined;
  readonly token_header?: string | null | undefined;
  readonly token_query?: string | undefined;
  readonly token_url?: string | undefined;
  readonly authorization_url?: string | undefined;
  readonly request_token_url?: string | undefined;
  readonly api_request_headers?: string[] | undefined;
  readonly pkce?: unknown;
}

/** A kind of credential has one signer. */
const SIGNER_OF: Readonly<Partial<Record<Asked['auth_type'], SignerName>>> = {
  oauth1: 'oauth1_hmac_sha1',
  aws: 'aws_sigv4',
};

/** Fields that cannot stand together, each with what is wrong. */
export function signingProblems(config: Asked): { path: string; message: string }[] {
  const own = SIGNER_OF[config.auth_type];
  const problems: { path: string; message: string }[] = [];
  const add = (path: string, message: string): number => problems.push({ path, message });
  if (config.signer !== undefined && config.signer !== own)
    add('signer', own === undefined ? 'is for the auth_type oauth1 or aws' : `must be ${own}`);
  if (own !== 'aws_sigv4') {
    if (config.signer_service !== undefined) add('signer_service', 'is for the auth_type aws');
    if (config.signer_regions !== undefined) add('signer_regions', 'is for the auth_type aws');
  }
  if (own === undefined) {
    if (config.request_token_url !== undefined) add('request_token_url', 'is for the auth_type oauth1');
    return problems;
  }
  for (const field of ['token_header', 'token_query'] as const)
    if (config[field] !== undefined && config[field] !== null)
      add(field, 'is not used here: the signature takes its place');
  // A flow is begun at all three, or at none of them.
  const flow = ['request_token_url', 'authorization_url', 'token_url'] as const;
  if (own === 'oauth1_hmac_sha1' && flow.some((field) => config[field] !== undefined))
    for (const field of flow) if (config[field] === undefined) add(field, 'is required beside the other two');
  return problems;
}

export function signingWarnings(config: Asked): string[] {
  if (SIGNER_OF[config.auth_type] !== 'aws_sigv4') return [];
  const { service, isKnown } = awsServiceOf({ ...config, api_base_urls: config.api_base_urls ?? [] });
  return isKnown
    ? []
    : [`signer_service: no host of api_base_urls names it, so requests are signed for ${service}`];
}

/** The signer, and the headers that cross: AWS has one for the operation that is meant, and answers in others. */
export function signedDefaults(config: Asked): Partial<DescriptorInput> {
  const signer = SIGNER_OF[config.auth_type];
  if (signer === undefined) return {};
  return {
    signer,
    refresh_token: 'none',
    ...(signer === 'aws_sigv4' ? { api_response_headers: ['x-amz-*', 'x-amzn-*'] } : {}),
    ...(signer === 'aws_sigv4' && config.api_request_headers === undefined
      ? { api_request_headers: ['x-amz-*'] }
      : {}),
  };
}
