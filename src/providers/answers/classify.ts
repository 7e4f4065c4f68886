/**
 * What the answer to a refresh means: the outcome, and whether it leaves the presented generation in doubt.
 * One pure function that never throws, for any answer of a provider, a gateway or an attacker on the way. It refuses to
 * decide what happens next (the refresh room), and to let a page, a 5xx or a 429 end a grant.
 */

import { passesSuccessCheck, readSuccessor, readTokens } from './answer.ts';
import type { AnswerContext, TokenSet } from './answer.ts';
import { parseBody, shapeOf, wholeMembers } from './body.ts';
import type { ParsedBody } from './body.ts';
import type { Descriptor } from '../descriptor.ts';
import { bestRow } from './error-row.ts';
import type { DeathReason, ErrorSight, MatchedRow } from './error-row.ts';
import { genericVerdict } from '../generic.ts';
import { parseRetryAfterMs } from '../reading/instant.ts';
import { valueAt } from '../reading/json-path.ts';
import { errorTextsOf, providerErrorOf, sanitizeCode } from '../reading/provider-error.ts';
import { rotationOf } from '../rotation.ts';

export type { DeathReason } from './error-row.ts';

/** Why a call was not made and nothing was sent: the guard refused it, or the address that the name points to. */
const UNSENT = ['blocked', 'forbidden_address', 'unresolved_name', 'resolver_failed'] as const;

/** The answer, or how the call failed. Header names in any case. */
export type Answer =
  | {
      kind: 'response';
      status: number;
      headers: Record<string, string>;
      body: string;
      /** Longer than what is read of it, or cut on the way. */
      truncated?: boolean;
      /** Longer than what is read of it: what was read is the server's own, and only its end is missing. */
      overlong?: boolean;
    }
  | { kind: 'failure'; failure: 'timeout' | 'network' | 'too_large' | (typeof UNSENT)[number] };

/**
 * The outcome. `doubt` is about this attempt alone: true when the provider may have used up the refresh token without
 * our reading its successor. `evidence` holds short stable names and codes, never text of the provider.
 */
export type Classified =
  /** `doubt`: a successor came along that cannot be kept. */
  | { outcome: 'refreshed'; doubt: boolean; tokens: TokenSet }
  | {
      outcome: 'grant_dead';
      doubt: false;
      reason: DeathReason;
      providerError: string | null;
      evidence: string[];
    }
  | {
      outcome: 'client_rejected';
      doubt: false;
      kind: 'credentials' | 'request';
      providerError: string | null;
      evidence: string[];
    }
  | { outcome: 'throttled'; doubt: false; retryAfterMs: number | null; providerError: string | null }
  | {
      outcome: 'transient';
      doubt: boolean;
      retryAfterMs: number | null;
      providerError: string | null;
      evidence: string[];
      /** A table knows this error as one that passes: no count of it ends a grant. */
      listed?: true;
    }
  | {
      outcome: 'malformed';
      /** False where a successor came along: what lives now is known. */
      doubt: boolean;
      /** The body's own error code, where it is an error that came with a status of success. */
      providerError: string | null;
      evidence: string[];
      /** A usable successor beside an unusable access token: it is what has to be presented next. */
      successor: string | null;
    };

export interface ClassifyContext extends AnswerContext {
  /** The generation that was presented was in doubt already. */
  inDoubt: boolean;
  /** The request asked for fewer scopes than were granted. */
  narrowed: boolean;
}

type Response = Extract<Answer, { kind: 'response' }>;

/**
 * @returns exactly one outcome. Only a 2xx with a usable access token is `refreshed`; only a parsed error (JSON, or the
 * form that a few providers answer) that the descriptor or the generic table names is `grant_dead`; every other error
 * is `transient` with its code as evidence.
 */
export function classify(descriptor: Descriptor, answer: Answer, context: ClassifyContext): Classified {
  if (answer.kind === 'failure') {
    return {
      outcome: 'transient',
      doubt: !(UNSENT as readonly string[]).includes(answer.failure),
      retryAfterMs: null,
      providerError: null,
      evidence: [answer.failure],
    };
  }
  const parsed = bodyOf(answer);
  const retryAfterMs = parseRetryAfterMs(headerOf(answer.headers, 'retry-after'), context.nowMs);
  const { status } = answer;
  if (status === 429) {
    return { outcome: 'throttled', doubt: false, retryAfterMs, providerError: codeOf(parsed) };
  }
  if (status >= 200 && status < 300)
    return classifySuccess(descriptor, answer, parsed, retryAfterMs, context);
  if (status >= 400 && status < 500 && status !== 408 && isSpoken(parsed)) {
    if (status !== 425) {
      const verdict = judgeError(descriptor, parsed.value, [status], { retryAfterMs, doubt: false }, context);
      if (verdict !== null) return verdict;
    }
    const providerError = providerErrorOf(parsed.value);
    return {
      outcome: 'transient',
      doubt: false,
      retryAfterMs,
      providerError,
      evidence: [providerError ?? httpName(status)],
    };
  }
  return {
    outcome: 'transient',
    doubt: !isRefusalPage(status, parsed),
    retryAfterMs,
    providerError: codeOf(parsed),
    evidence: [httpName(status), `body_${parsed.kind}`],
  };
}

/** What the provider itself has said, in either of the two ways in which token endpoints speak. */
const isSpoken = (parsed: ParsedBody): parsed is Extract<ParsedBody, { kind: 'json' | 'form' }> =>
  parsed.kind === 'json' || parsed.kind === 'form';

/**
 * JSON says itself where it ends, so a whole object in a cut answer is read; the end of a form or a text is not known.
 */
function bodyOf(answer: Response): ParsedBody {
  const parsed = parseBody(answer.body, headerOf(answer.headers, 'content-type') ?? null);
  return answer.truncated === true && (parsed.kind === 'form' || parsed.kind === 'text')
    ? { kind: 'truncated' }
    : parsed;
}

/** A firewall's 403 stands before the token endpoint: nothing was used up. */
const isRefusalPage = (status: number, parsed: ParsedBody): boolean =>
  status === 403 && (parsed.kind === 'html' || parsed.kind === 'text' || parsed.kind === 'empty');

function classifySuccess(
  descriptor: Descriptor,
  answer: Response,
  parsed: ParsedBody,
  retryAfterMs: number | null,
  context: ClassifyContext,
): Classified {
  if (isSpoken(parsed)) {
    const tokens = readTokens(descriptor, parsed.value, context);
    if (tokens !== null) return { outcome: 'refreshed', doubt: tokens.refreshTokenUnusable, tokens };
  }
  const begun = parsed.kind === 'truncated' && answer.overlong === true ? wholeMembers(answer.body) : null;
  if (begun !== null) {
    // The part that was cut off may have named scopes, so silence says nothing here. It may have held a refresh token,
    // so the part that was read has to hold one.
    const tokens = readTokens(descriptor, begun, { nowMs: context.nowMs });
    if (tokens !== null && tokens.refreshToken !== null)
      return { outcome: 'refreshed', doubt: false, tokens };
  }
  if (isSpoken(parsed) && descriptor.errors_with_http_200 && saysError(descriptor, parsed.value)) {
    // The body alone tells, so that a 400 of the tables and the same error under 200 mean the same.
    const statuses = [answer.status, 200, 400, 401];
    const verdict = judgeError(descriptor, parsed.value, statuses, { retryAfterMs, doubt: true }, context);
    if (verdict !== null) return verdict;
    const providerError = providerErrorOf(parsed.value);
    return {
      outcome: 'transient',
      doubt: true,
      retryAfterMs,
      providerError,
      evidence: [providerError ?? httpName(answer.status)],
    };
  }
  const readable = isSpoken(parsed) ? parsed.value : begun;
  const successor = readable === null ? null : readSuccessor(descriptor, readable);
  return {
    outcome: 'malformed',
    doubt: successor === null,
    providerError: isSpoken(parsed) && looksLikeError(parsed.value) ? providerErrorOf(parsed.value) : null,
    evidence: shapeOf(parsed, answer.body.length),
    successor,
  };
}

/** Fields that no success carries; `status`, `code` and `message` stand in many an answer that is none. */
const ERROR_FIELDS = [
  'error',
  'errors',
  'error_code',
  'errorCode',
  'errorType',
  'error_message',
  'errorMessage',
];

const looksLikeError = (body: unknown): boolean =>
  ERROR_FIELDS.some((field) => (valueAt(body, field) ?? null) !== null) ||
  valueAt(body, 'ok') === false ||
  valueAt(body, 'success') === false;

const saysError = (descriptor: Descriptor, body: unknown): boolean =>
  !passesSuccessCheck(descriptor, body) || (valueAt(body, 'error') ?? null) !== null;

/** An error body by the descriptor's rows, then by the generic table; null where neither names it. */
function judgeError(
  descriptor: Descriptor,
  body: ErrorSight['body'],
  statuses: readonly number[],
  otherwise: { readonly retryAfterMs: number | null; readonly doubt: boolean },
  context: ClassifyContext,
): Classified | null {
  const code = valueAt(body, 'error');
  if (context.narrowed && code === 'invalid_scope') {
    return {
      outcome: 'client_rejected',
      doubt: false,
      kind: 'request',
      providerError: code,
      evidence: ['narrowed'],
    };
  }
  const tables = {
    terminal: descriptor.terminal_refresh_errors,
    transient: descriptor.transient_refresh_errors,
  };
  const match = bestRow(tables, { statuses, body, texts: errorTextsOf(body) });
  if (match !== null) return fromRow(descriptor, match, body, otherwise, context);

  const providerError = providerErrorOf(body);
  const forbiddenCounts = tables.terminal.some((row) => row.status === 403 && row.error === 'invalid_grant');
  switch (genericVerdict(statuses, code, forbiddenCounts)) {
    case 'grant_dead':
      return grantDead(descriptor, 'grant_revoked', providerError, [], context);
    case 'credentials':
      return { outcome: 'client_rejected', doubt: false, kind: 'credentials', providerError, evidence: [] };
    case 'transient':
      return {
        outcome: 'transient',
        ...otherwise,
        providerError,
        evidence: [providerError ?? 'error'],
        listed: true,
      };
    case null:
      return null;
  }
}

function fromRow(
  descriptor: Descriptor,
  { row, table }: MatchedRow,
  body: ErrorSight['body'],
  otherwise: { readonly retryAfterMs: number | null; readonly doubt: boolean },
  context: ClassifyContext,
): Classified {
  const providerError = sanitizeCode(row.error) ?? providerErrorOf(body);
  const evidence = evidenceOf(row, body);
  const recovery = table === 'transient' ? 'retry_with_backoff' : row.recovery;
  switch (recovery) {
    case 'reauthorize_user':
    case 'reread_latest_token_then_reauthorize_user':
      return grantDead(descriptor, row.reason ?? 'grant_revoked', providerError, evidence, context);
    case 'contact_tenant_admin':
      return grantDead(descriptor, row.reason ?? 'admin_policy', providerError, evidence, context);
    case 'fix_client_credentials':
      return { outcome: 'client_rejected', doubt: false, kind: 'credentials', providerError, evidence };
    case 'fix_request':
      return { outcome: 'client_rejected', doubt: false, kind: 'request', providerError, evidence };
    case 'retry_with_backoff':
      if (row.throttle === true) {
        return { outcome: 'throttled', doubt: false, retryAfterMs: otherwise.retryAfterMs, providerError };
      }
      return {
        outcome: 'transient',
        ...otherwise,
        providerError,
        evidence: [providerError ?? 'error', ...evidence],
        listed: true,
      };
  }
}

/**
 * A terminal answer while a rotating generation is in doubt is most likely our own lost successor: the operator must
 * see that the user did nothing wrong. The evidence keeps what the answer would have meant otherwise.
 */
function grantDead(
  descriptor: Descriptor,
  reason: DeathReason,
  providerError: string | null,
  evidence: string[],
  context: ClassifyContext,
): Classified {
  const lost = context.inDoubt && rotationOf(descriptor).rotating;
  return {
    outcome: 'grant_dead',
    doubt: false,
    reason: lost ? 'rotation_response_lost' : reason,
    providerError,
    evidence: lost && reason !== 'grant_revoked' ? [...evidence, `otherwise_${reason}`] : evidence,
  };
}

/** Our names for the likely causes, and the sub-codes that the row itself lists: nothing is copied from the body. */
function evidenceOf(row: MatchedRow['row'], body: ErrorSight['body']): string[] {
  const answered = valueAt(body, 'error_codes');
  const codes = Array.isArray(answered)
    ? (row.error_codes ?? []).filter((code) => answered.map(String).includes(String(code)))
    : [];
  const subtype =
    row.error_subtype !== undefined && valueAt(body, 'error_subtype') === row.error_subtype
      ? [row.error_subtype]
      : [];
  return [...(row.causes ?? []), ...codes.map((code) => `error_code_${code}`), ...subtype];
}

const codeOf = (parsed: ParsedBody): string | null =>
  isSpoken(parsed) ? providerErrorOf(parsed.value) : null;

const httpName = (status: number): string => (Number.isInteger(status) ? `http_${status}` : 'http_unknown');

function headerOf(headers: Readonly<Record<string, string>>, name: string): string | undefined {
  for (const [key, value] of Object.entries(headers)) if (key.toLowerCase() === name) return value;
  return undefined;
}
