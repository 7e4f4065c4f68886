/**
 * Reads the tokens out of a successful answer of a token endpoint, by the descriptor's map.
 * It decides what is usable; it refuses to judge errors (classify.ts), to store, and to guess: of any body,
 * the result is a token set without NaN or null, because nothing in it can be used.
 */

import { isNothingWord } from '#contract/nothing-words.ts';
import type { Descriptor } from '../descriptor.ts';
import { alternativesOf, firstAt, valueAt } from '../reading/json-path.ts';
import { accessLifetimeMs, refreshLifetimeMs } from '../reading/lifetime.ts';

/** What one answer gave. Plain strings; the caller wraps and encrypts them. */
export interface TokenSet {
  accessToken: string;
  /** Null: the answer carried none, so the stored one stays. */
  refreshToken: string | null;
  /** A successor came along that cannot be kept (too long, no text): the stored refresh token may be spent. */
  refreshTokenUnusable: boolean;
  /**
   * As the provider calls it (`Bearer`, Slack's `bot`); `Bearer` where it says nothing. What to send is `token_header`.
   */
  tokenType: string;
  /** Counted from when the request was sent; null: never expires. */
  lifetimeMs: number | null;
  /** As the answer states it; null: it said nothing (see refreshTokenLifeOf in rotation.ts for what the facts say). */
  refreshLifetimeMs: number | null;
  /**
   * The scopes that were granted. Silence means those that were asked for (RFC 6749, 5.1). Null: silence, and nothing
   * was asked for; or a value that names no scope. An empty text is not silence, and no scope either, because one has
   * at least one name (RFC 6749, 3.3): what was granted is then not known.
   */
  scopes: string[] | null;
  /** Values of `capture_from_token_response` that are scalars, by their path (`team.id`, `instance_url`). */
  captured: Record<string, string>;
}

/** How the answer was asked for. */
export interface AnswerContext {
  /** When the request was sent. */
  readonly nowMs: number;
  /** The scopes that the request named; left out: it named none. */
  readonly requestedScopes?: readonly string[] | undefined;
  /**
   * The answer makes a grant: a token that it does not bring does not exist. Left out: it renews one, whose refresh
   * token stays.
   */
  readonly isFirst?: boolean;
  /** The life of an access token as an operator has set it; null or left out: not set. */
  readonly setLifetimeS?: number | null;
}

/** Tokens above 16 KiB are refused: they fit neither a header nor the store. */
const MAX_TOKEN = 16_384;
const MAX_SCOPES = 500;
const MAX_SCOPE = 512;
const MAX_CAPTURED = 2048;
const MAX_TOKEN_TYPE = 64;

/** A map's fields; one that it leaves out stands beside the access token under its usual name. */
type Field =
  | 'access_token'
  | 'refresh_token'
  | 'token_type'
  | 'expires_in'
  | 'expires_at'
  | 'scope'
  // In no RFC, but the name that providers give it.
  | 'refresh_token_expires_in';

/** An absolute time is looked for only where the map names it: as `expires_at` it means other things elsewhere. */
const UNMAPPED: Readonly<Partial<Record<Field, null>>> = { expires_at: null };

type FieldMap = Readonly<Partial<Record<Field, string | null | undefined>>>;

const mapOf = (descriptor: Descriptor): FieldMap => ({
  ...UNMAPPED,
  ...descriptor.token_response_map,
});

/** A text that says that there is none. */
const isNoToken = (value: unknown): boolean =>
  typeof value === 'string' && value.length <= MAX_TOKEN && isNothingWord(value);

/** RFC 6749 allows printable ASCII; a space or a line break would end or split the header that it goes into. */
const isAccessToken = (value: unknown): value is string =>
  typeof value === 'string' &&
  value.length <= MAX_TOKEN &&
  /^[\x21-\x7e]+$/.test(value) &&
  !isNothingWord(value);

/** A refresh token only travels form-encoded, so any text is taken that survives it; losing a successor is worse. */
const isRefreshToken = (value: unknown): value is string =>
  typeof value === 'string' &&
  value.length <= MAX_TOKEN &&
  !isNothingWord(value) &&
  // eslint-disable-next-line no-control-regex
  !/[\u0000-\u001f\u007f]/.test(value) &&
  value.isWellFormed();

/**
 * The token set of a parsed body, or null where it holds no usable access token or the descriptor's success check
 * fails.
 */
export function readTokens(descriptor: Descriptor, body: unknown, context: AnswerContext): TokenSet | null {
  if (!passesSuccessCheck(descriptor, body)) return null;
  const at = readerOf(mapOf(descriptor), body);
  const accessToken = at('access_token');
  if (!isAccessToken(accessToken)) return null;
  const refreshToken = at('refresh_token');
  const tokenType = at('token_type');
  const scope = at('scope');
  return {
    accessToken,
    refreshToken: isRefreshToken(refreshToken) ? refreshToken : null,
    refreshTokenUnusable: isUnusableSuccessor(refreshToken),
    tokenType: isTokenType(tokenType) ? tokenType : 'Bearer',
    lifetimeMs: accessLifetimeMs(
      descriptor,
      {
        accessToken,
        expiresIn: at('expires_in'),
        expiresAt: at('expires_at'),
        renewable: context.isFirst !== true || isRefreshToken(refreshToken),
      },
      context.nowMs,
      context.setLifetimeS,
    ),
    refreshLifetimeMs: refreshLifetimeMs(at('refresh_token_expires_in')),
    scopes:
      scope === undefined || scope === null
        ? context.requestedScopes
          ? [...context.requestedScopes]
          : null
        : scopesOf(scope, descriptor.scope_separator),
    captured: capture(descriptor.capture_from_token_response, body),
  };
}

/**
 * Something is there that is no refresh token; null, nothing, a blank text and a word for nothing say that there is
 * none.
 */
const isUnusableSuccessor = (value: unknown): boolean =>
  value !== undefined && value !== null && !isNoToken(value) && !isRefreshToken(value);

/** The successor of an answer whose access token cannot be used, or null where it has none. */
export function readSuccessor(descriptor: Descriptor, body: unknown): string | null {
  if (!passesSuccessCheck(descriptor, body)) return null;
  const token = readerOf(mapOf(descriptor), body)('refresh_token');
  return isRefreshToken(token) ? token : null;
}

const isTokenType = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= MAX_TOKEN_TYPE && /^[A-Za-z0-9_.:/-]+$/.test(value);

/** Whether the body says that it is a success, where the provider needs more than the status to say so. */
export function passesSuccessCheck(descriptor: Descriptor, body: unknown): boolean {
  const check = descriptor.token_response_success_check;
  if (check === null) return true;
  if ('absent' in check) return firstAt(body, check.absent) === undefined;
  if ('present' in check) return firstAt(body, check.present) !== undefined;
  return valueAt(body, check.path) === check.equals;
}

/** The path of what holds a path's last step: `body` of `body.access_token`, nothing of `access_token`. */
const parentOf = (path: string): string => path.split('.').slice(0, -1).join('.');

const beside = (parent: string, field: Field): string => (parent === '' ? field : `${parent}.${field}`);

/**
 * Looks up a field. Where the access token has alternatives (`authed_user.x | x`), all fields are taken from the one
 * that holds it: the user's token and the bot's refresh token are not a pair. A field that the map leaves out stands
 * beside the token, or at the top where no other token stands there.
 */
function readerOf(map: FieldMap, body: unknown): (field: Field) => unknown {
  const places = alternativesOf(map.access_token ?? 'access_token');
  const chosen = places.findIndex((path) => isAccessToken(valueAt(body, path)));
  const own = places[chosen];
  const parents = own === undefined ? places.map(parentOf) : [parentOf(own)];
  const others = isAccessToken(valueAt(body, 'access_token')) && own !== 'access_token';
  const usual = (field: Field): unknown => {
    const paths = [...parents, ...(others ? [] : [''])].map((parent) => beside(parent, field));
    return firstAt(body, [...new Set(paths)].join(' | '));
  };
  return (field) => {
    const expression = map[field];
    if (expression === undefined) return usual(field);
    // The facts say that none is sent; a lifetime that is sent after all is still believed.
    if (expression === null) return field === 'expires_in' ? usual(field) : undefined;
    const paths = alternativesOf(expression);
    const path =
      own === undefined
        ? undefined
        : paths.length === places.length
          ? paths[chosen]
          : paths.find((one) => paths.length > 1 && parentOf(one) === parentOf(own));
    if (path === undefined) return firstAt(body, expression);
    return valueAt(body, path) ?? (field === 'expires_in' ? usual(field) : undefined);
  };
}

/** Scopes from a text in any of the usual separators or from an array; null where the answer names none. */
function scopesOf(value: unknown, separator: string): string[] | null {
  const texts =
    typeof value === 'string'
      ? [value]
      : Array.isArray(value)
        ? value.filter((one) => typeof one === 'string')
        : [];
  const names = texts
    .flatMap((text) => text.slice(0, MAX_TOKEN).split(separator))
    .flatMap((text) => text.split(/[\s,]+/))
    .filter((name) => name !== '' && name.length <= MAX_SCOPE);
  return names.length === 0 ? null : [...new Set(names)].slice(0, MAX_SCOPES);
}

function capture(paths: readonly string[], body: unknown): Record<string, string> {
  const captured: Record<string, string> = {};
  for (const path of paths) {
    const value = valueAt(body, path);
    // Objects stay out: a webhook's URL or a profile is not what URLs and headers are made of.
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') continue;
    const text = String(value);
    // eslint-disable-next-line no-control-regex
    if (text !== '' && text.length <= MAX_CAPTURED && !/[\u0000-\u001f\u007f]/.test(text))
      captured[path] = text;
  }
  return captured;
}
