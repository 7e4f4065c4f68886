/** RFC 9457 problem documents: the one shape of every refusal, and the one error class for bad input. */

import { z } from '@hono/zod-openapi';
import { CODES, DENY_HELPS, DENY_REASONS, type Code, type DenyReason } from './codes.ts';
import { IsoTime } from './time.ts';

export interface FieldProblem {
  /** Dotted path of the field (`policy.rules.0.connection`); query and header fields by their names. */
  readonly path: string;
  readonly message: string;
}

/** A limit as the headers `RateLimit-Policy` and `RateLimit` tell it. */
export interface RateLimitPolicy {
  readonly name: string;
  /** How many in a window. */
  readonly quota: number;
  readonly windowS: number;
}

/** What a problem adds to its code. `retryAfterS` becomes the `Retry-After` header (whole seconds, at least 1). */
export interface ProblemDetails {
  readonly detail?: string;
  readonly retryAfterS?: number;
  /** Of a 429: the limit that was reached. */
  readonly policy?: RateLimitPolicy;
  /** Of a 401: the header `WWW-Authenticate`; left out: `Bearer`. */
  readonly challenge?: string;
  readonly errors?: readonly FieldProblem[];
  /** Further members of the document, e.g. `reason`, `granted`, `reauth_url`. */
  readonly members?: Readonly<Record<string, unknown>>;
}

/** Thrown at the edge for what the caller did wrong or what stands in the way; `api/http/problem.ts` turns it into an answer. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly code: Code;
  readonly details: ProblemDetails;

  constructor(code: Code, details: ProblemDetails = {}) {
    super(details.detail ?? CODES[code].title);
    this.code = code;
    this.details = details;
  }
}

/** How many fields a `detail` names; `errors` has them all. */
const FIELDS_IN_DETAIL = 3;

/**
 * The `detail` of a problem, wherever it is told: its own, else the fields that are wrong, the policy's reason, the code's
 * own help.
 */
export function detailOf(code: Code, { detail, errors, members }: ProblemDetails): string {
  if (detail !== undefined) return detail;
  const row: { title: string; helps?: string } = CODES[code];
  if (errors !== undefined && errors.length > 0) {
    const named = errors
      .slice(0, FIELDS_IN_DETAIL)
      .map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
    const more = errors.length - named.length;
    return named.join('; ') + (more > 0 ? `; and ${more} more` : '');
  }
  const helps = code === 'policy_denied' ? DENY_HELPS[members?.['reason'] as DenyReason] : undefined;
  return helps ?? row.helps ?? row.title;
}

export function invalid(path: string, message: string): ProblemError {
  return new ProblemError('invalid_request', { errors: [{ path, message }] });
}

const ScopesToldOf = (what: string) =>
  z
    .array(z.string())
    .nullable()
    .optional()
    .openapi({ description: `Of \`missing_scopes\` and \`cannot_downscope\`: ${what}` });

/** Every member that any code of ours adds, so that generated clients can read them. */
export const ProblemDocument = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    code: z.enum(Object.keys(CODES) as [Code, ...Code[]]),
    detail: z.string(),
    correlation_id: z.string(),
    errors: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .optional()
      .openapi({ description: 'Of `invalid_request`: each field that is wrong, by its dotted path.' }),
    reason: z
      .string()
      .optional()
      .openapi({
        description: `Of \`policy_denied\`: ${DENY_REASONS.join(', ')}. Of \`reauth_required\`: why the grant is dead.`,
      }),
    granted: ScopesToldOf('What the account was granted.'),
    allowed: ScopesToldOf('What the policy allows.'),
    variables: z.array(z.string()).optional().openapi({
      description:
        'Of `conflict`: what the URL or the headers of the API need and nobody has told. `PATCH` the account with `variables`.',
    }),
    connected_account_id: z
      .string()
      .optional()
      .openapi({ description: 'Of refusals that are about one account, where the caller may know it.' }),
    reauth_url: z.string().nullable().optional().openapi({
      description:
        'Of `reauth_required`: where the user repairs the account; null where no browser flow can.',
    }),
    connect_url: z.string().nullable().optional().openapi({
      description: 'Of `account_pending`: where the user connects the account.',
    }),
    since: IsoTime.nullable()
      .optional()
      .openapi({ description: 'Of `reauth_required`: when the grant died.' }),
    provider_error: z
      .string()
      .nullable()
      .optional()
      .openapi({ description: "The provider's error code, never its text." }),
    upstream: z
      .object({ status: z.number().int(), code: z.string().nullable(), message: z.string().nullable() })
      .optional()
      .openapi({ description: 'Of a tool: what its provider said, the text cut at 1 KiB.' }),
    approval_id: z.string().optional().openapi({ description: 'Of `approval_required`.' }),
    expires_at: IsoTime.optional().openapi({ description: 'Of `approval_required`.' }),
  })
  .openapi('Problem', {
    description: 'RFC 9457. `code` is the stable part.',
    example: {
      type: 'urn:valetkey:problem:not_found',
      title: 'Not found',
      status: 404,
      code: 'not_found',
      detail: 'nothing has this id, or this key may not see it',
      correlation_id: '6f1c0a52-2f6a-4c1e-9d7e-3a7d2a9f1b11',
    },
  });
