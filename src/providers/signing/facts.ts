/**
 * The part of a descriptor that says how requests are signed: by which signer, and what it has to know of the API. Schemas
 * alone; a descriptor has their names (descriptor.ts).
 */

import { z } from 'zod';

/** AWS Signature Version 4; OAuth 1.0 with HMAC-SHA1 (RFC 5849, 3.4.2). */
const SIGNERS = ['aws_sigv4', 'oauth1_hmac_sha1'] as const;
export type SignerName = (typeof SIGNERS)[number];

/** A region as AWS and the services that speak its signature name them: `eu-central-1`, `auto`. */
const REGION = /^[a-z0-9]+(?:-[a-z0-9]+){0,5}$/;
const Region = z.string().max(40).regex(REGION, 'must be a region, such as eu-central-1');

export const SIGNING_FIELDS = {
  /** The signer of every request to the API, in the place of `token_header` and `token_query`. */
  signer: z.enum(SIGNERS).optional(),
  /** The service of an AWS signature (`s3`, `execute-api`); left out: the one that the host of the API names. */
  signer_service: z
    .string()
    .regex(/^[a-z0-9-]{1,64}$/, 'must be the name of a service as its signature has it')
    .optional(),
  /** Regions that a credential may name; left out: the one that the host of the API names, or any. */
  signer_regions: z.array(Region).min(1).max(60).optional(),
};
