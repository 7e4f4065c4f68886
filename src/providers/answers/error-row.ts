/**
 * One row of a descriptor's error tables: its schema, and whether an answer is the one that it describes.
 * It refuses to say what follows from a match: that is classify.ts.
 */

import { z } from 'zod';
import { valuesAt } from '../reading/json-path.ts';

/** What the facts recommend after an error. */
const RECOVERIES = [
  'reauthorize_user',
  'reread_latest_token_then_reauthorize_user',
  'contact_tenant_admin',
  'fix_client_credentials',
  'fix_request',
  'retry_with_backoff',
] as const;

/** Why a grant is dead, as the account shows it. */
const DEATH_REASONS = [
  'grant_revoked',
  'refresh_token_expired',
  'refresh_token_idle',
  'rotation_response_lost',
  'policy_changed',
  'admin_policy',
  'no_refresh_token',
  'unknown',
] as const;
export type DeathReason = (typeof DEATH_REASONS)[number];

const Short = z.string().min(1).max(200);
/** `a.b`, `a[0]`, `a[].b`: the paths of json-path.ts. */
export const JsonPath = z
  .string()
  .max(120)
  .regex(/^[A-Za-z0-9_$.[\]-]+$/, 'must be a path such as error.code or errors[].code');

/** An error as a provider writes it, and what it means. Keys are those of the facts; the last four are ours. */
export const ErrorRow = z.strictObject({
  /** Exact status; `5xx`; null for any. */
  status: z.union([z.int().min(100).max(599), z.literal('5xx'), z.null()]),
  /** The value of the error field; null for any body. */
  error: Short.nullable(),
  /** Where `error` stands; left out: in `error`. */
  field: JsonPath.optional(),
  /** A further place of the description. */
  field_alt: JsonPath.optional(),
  /** Part of the error's text, compared without regard to case. */
  description_contains: Short.nullable().default(null),
  /** Numbers of the body's `error_codes`; where the body has them they decide, not the text. */
  error_codes: z.array(z.int()).max(30).optional(),
  /** Value of the body's `error_subtype`; as good as the description. */
  error_subtype: Short.optional(),
  means: z.string().max(500).optional(),
  recovery: z.enum(RECOVERIES),
  /** Conditions that must hold besides (`errors[].resource` = `RefreshToken`). */
  also: z
    .array(z.strictObject({ path: JsonPath, equals: Short }))
    .max(4)
    .optional(),
  /** Answers the exchange of an authorization code only: no refresh is judged by it. */
  exchange_only: z.boolean().optional(),
  /** The provider's way to say "too many requests" without 429. */
  throttle: z.boolean().optional(),
  /** A more exact reason than the recovery gives. */
  reason: z.enum(DEATH_REASONS).optional(),
  /** Likely causes where one code has several: short stable names. */
  causes: z
    .array(z.string().regex(/^[a-z0-9_]{1,64}$/))
    .max(12)
    .optional(),
});
export type ErrorRow = z.output<typeof ErrorRow>;

/** What of an answer the rows are compared with. */
export interface ErrorSight {
  /** The answer's status, and those that it may stand for (a provider that answers its errors with 200). */
  readonly statuses: readonly number[];
  readonly body: Record<string, unknown> | unknown[];
  /** All error texts in lower case. */
  readonly texts: string;
}

const same = (value: unknown, expected: string): boolean =>
  (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') &&
  String(value) === expected;

function statusMatches(row: ErrorRow, statuses: readonly number[]): boolean {
  if (row.status === null) return true;
  if (row.status === '5xx') return statuses.some((status) => status >= 500);
  return statuses.includes(row.status);
}

/**
 * How exactly a row describes an answer: 0 not at all, 1 by status alone, 2 by its code, 3 by code and text,
 * 4 by code and the provider's own sub-code.
 */
function matchStrength(row: ErrorRow, sight: ErrorSight): 0 | 1 | 2 | 3 | 4 {
  const { error } = row;
  if (!statusMatches(row, sight.statuses)) return 0;
  if (error === null && row.status === null) return 0;
  if (error !== null && !valuesAt(sight.body, row.field ?? 'error').some((value) => same(value, error)))
    return 0;
  const also = row.also ?? [];
  if (!also.every(({ path, equals }) => valuesAt(sight.body, path).some((value) => same(value, equals))))
    return 0;

  const codes = valuesAt(sight.body, 'error_codes[]');
  if (row.error_codes !== undefined && codes.length > 0) {
    return row.error_codes.some((code) => codes.some((value) => same(value, String(code)))) ? 4 : 0;
  }
  const { error_subtype: subtype } = row;
  if (subtype !== undefined && valuesAt(sight.body, 'error_subtype').some((value) => same(value, subtype)))
    return 4;
  if (row.description_contains === null) {
    // A row that is known by its sub-code alone is not this one.
    if (row.error_codes !== undefined || subtype !== undefined) return 0;
    return error === null ? 1 : 2;
  }
  const alternative = row.field_alt === undefined ? [] : valuesAt(sight.body, row.field_alt);
  const texts = [
    sight.texts,
    ...alternative.filter((value) => typeof value === 'string').map((text) => text.toLowerCase()),
  ];
  return texts.some((text) => text.includes((row.description_contains ?? '').toLowerCase())) ? 3 : 0;
}

/** A row that matched, and the table it stands in. */
export interface MatchedRow {
  readonly row: ErrorRow;
  readonly table: 'terminal' | 'transient';
}

/**
 * The row that describes an answer best, or null.
 *
 * One with a description (or sub-code) wins over one without, then one with a code over one without, then transient
 * over terminal, then the sub-code over the text, then the longer text: `AADSTS700082` also contains `AADSTS70008`.
 */
export function bestRow(
  tables: { readonly terminal: readonly ErrorRow[]; readonly transient: readonly ErrorRow[] },
  sight: ErrorSight,
): MatchedRow | null {
  const candidates = [
    ...tables.transient.map((row) => ({ row, table: 'transient' as const })),
    ...tables.terminal.map((row) => ({ row, table: 'terminal' as const })),
  ];
  let best: { match: MatchedRow; rank: number[] } | null = null;
  for (const match of candidates) {
    if (match.row.exchange_only === true) continue;
    const strength = matchStrength(match.row, sight);
    if (strength === 0) continue;
    const rank = [
      Math.min(strength, 3),
      match.table === 'transient' ? 1 : 0,
      strength,
      match.row.description_contains?.length ?? 0,
    ];
    if (best === null || isHigher(rank, best.rank)) best = { match, rank };
  }
  return best?.match ?? null;
}

function isHigher(rank: readonly number[], than: readonly number[]): boolean {
  for (const [place, value] of rank.entries()) {
    const other = than[place] ?? 0;
    if (value !== other) return value > other;
  }
  return false;
}
