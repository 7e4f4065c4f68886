/**
 * The part of a descriptor that says how a machine asks for its token: the JWT that it signs, and scopes that are no
 * text. Schemas alone; a descriptor has their names (descriptor.ts).
 */

import { z } from 'zod';

const Name = z.string().min(1).max(200);

/** Extra parameters of a request: literal values, or `{names}` that the sender fills in. */
export const ExtraParams = z
  .record(z.string().min(1).max(100), z.string().max(1000))
  .refine((params) => Object.keys(params).length <= 30, 'must have at most 30 entries');

/** With a private key alone: a shared secret is no proof that others may check. */
const ASSERTION_ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'ES256', 'ES384'] as const;

/** Claims and header fields that are left out where one of its `{names}` has no value. */
const Optional = z.array(z.string().min(1).max(100)).max(20).default([]);

/** A JWT that proves a machine (RFC 7523, section 3), as its provider wants it. */
export const Assertion = z.strictObject({
  alg: z.enum(ASSERTION_ALGORITHMS).default('RS256'),
  /**
   * Where it goes: the parameter `assertion` (RFC 7523, 2.1), `Authorization: Bearer` of the token request, or nowhere:
   * then it is itself what the API takes.
   */
  sent: z.enum(['assertion', 'authorization', 'access_token']).default('assertion'),
  /** Beside `iat` and `exp`. */
  claims: ExtraParams,
  /** Claims and header fields that are left out where a `{name}` in them has no value. */
  optional: Optional,
  header: ExtraParams.default({}),
  lifetime_s: z.int().min(10).max(3600).default(300),
  /** `iat` lies so far back, for a provider whose clock is behind ours. */
  backdated_s: z.int().min(0).max(300).default(0),
  /** With an identifier of its own (RFC 7519, 4.1.7). */
  jti: z.boolean().default(true),
});
export type Assertion = z.output<typeof Assertion>;

/** `contents:read` → `{permissions: {contents: "read"}}`; `repository:x` → `{repositories: ["x"]}`. */
export const ScopeObjects = z.strictObject({
  /** The object from a scope's name to its level, in the request and in the answer. */
  levels: Name,
  /** From a scope's first word to the list that it goes into; the answer's list holds objects with a `name`. */
  lists: z.record(z.string().regex(/^[a-z_]{1,40}$/), Name),
});
export type ScopeObjects = z.output<typeof ScopeObjects>;
