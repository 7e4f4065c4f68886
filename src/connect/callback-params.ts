/**
 * Reads what a provider's redirect brought. Every parameter once, none longer than it can need: a second `code` or
 * `state` means that a stranger wrote a part of the URL. Pure.
 *
 * Sources: RFC 6749 sections 3.1 and 4.1.2, OpenID Connect Core 1.0 section 3.1.2.6, RFC 9207.
 */

const MAX_PARAMS = 40;
const LIMITS: Readonly<Record<string, number>> = { state: 128, iss: 2048, error: 128 };
const MAX_OTHER = 4096;
const MAX_CODE = 4096;
const MAX_TOGETHER = 12_288;

/** Codes that have a meaning; any other is the provider's own text. */
const REGISTERED: ReadonlySet<string> = new Set([
  'invalid_request',
  'unauthorized_client',
  'access_denied',
  'unsupported_response_type',
  'invalid_scope',
  'server_error',
  'temporarily_unavailable',
  'interaction_required',
  'login_required',
  'account_selection_required',
  'consent_required',
  'invalid_request_uri',
  'invalid_request_object',
  'request_not_supported',
  'request_uri_not_supported',
  'registration_not_supported',
]);
/** What some providers say where a user says no. */
const DENIALS: ReadonlySet<string> = new Set([
  'user_denied',
  'user_cancelled_login',
  'user_cancelled_authorize',
  'consent_denied',
]);
export const OTHER_ERROR = 'other';

export interface CallbackParams {
  readonly state: string;
  readonly issuer: string | null;
  /** A registered error code, or `other`. */
  readonly error: string | null;
  readonly all: Readonly<Record<string, string>>;
}

/** Null for what is no answer to anything that we asked. */
export function readCallback(query: URLSearchParams): CallbackParams | null {
  const entries = [...query];
  const names = new Set(entries.map(([name]) => name));
  if (entries.length > MAX_PARAMS || names.size !== entries.length) return null;
  if (entries.reduce((sum, [name, value]) => sum + name.length + value.length, 0) > MAX_TOGETHER) return null;
  if (entries.some(([name, value]) => value.length > (LIMITS[name] ?? MAX_OTHER))) return null;
  const state = query.get('state');
  // Some servers send every parameter that they know: an empty one says nothing.
  const error = query.get('error') === '' ? null : query.get('error');
  // A signed answer (JARM) was not asked for, and what it says is not read.
  if (state === null || query.has('response')) return null;
  return {
    state,
    issuer: query.get('iss'),
    error: error === null ? null : errorOf(error),
    all: Object.fromEntries(entries.filter(([name]) => name !== '__proto__')),
  };
}

/** The code under the name that the provider gives it; null where there is none that could be one. */
export function codeIn({ all }: CallbackParams, name: string): string | null {
  const code = Object.hasOwn(all, name) ? all[name] : undefined;
  return code !== undefined && code.length <= MAX_CODE && /^[\x20-\x7e]+$/.test(code) ? code : null;
}

function errorOf(error: string): string {
  if (DENIALS.has(error)) return 'access_denied';
  return REGISTERED.has(error) ? error : OTHER_ERROR;
}
