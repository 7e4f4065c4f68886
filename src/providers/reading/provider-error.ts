/**
 * The provider's own error code out of a body, in a form that may be stored, shown and sent to webhooks.
 * It refuses to pass on prose, and anything that looks more like a credential than like a code: a body is foreign text,
 * and some providers echo what they were sent.
 */

import { valueAt } from './json-path.ts';

const MAX_CODE = 100;
/** Where codes stand besides `error`, most telling first; texts such as `message` are not among them. */
const OTHER_PLACES = [
  'error.code',
  'error.type',
  'error.status',
  'errors[0].code',
  'errors[0].errorType',
  'errorType',
  'errorCode',
  'error_code',
  'code',
  'status',
];
/** Where texts stand that a descriptor's `description_contains` is compared with. Read, never passed on. */
const TEXT_PLACES = [
  'error_description',
  'message',
  'reason',
  'error.message',
  'errors[0].message',
  'error_message',
  'errorMessage',
  'description',
  'detail',
  'error',
];

/** Words and numbers of a code: `invalid_grant`, `AADSTS700082`, `4711`. Mixed runs such as hex or base62 are not. */
const WORD = /^(?:[A-Za-z]{1,24}\d{0,10}|\d{1,10})$/;

const scalarText = (value: unknown): string | null =>
  typeof value === 'string'
    ? value
    : typeof value === 'number' && Number.isFinite(value)
      ? String(value)
      : null;

/**
 * A code of at most 100 characters of `A-Za-z0-9_.:-`, or null where the value is not one.
 *
 * Spaces of a short name ("Access Denied") become `_`. A value any of whose words is long or mixes letters and digits
 * as random characters do is refused as a whole: better no code than a piece of a token.
 */
export function sanitizeCode(value: unknown): string | null {
  const text = scalarText(value)?.trim() ?? '';
  if (text === '' || text.length > 4 * MAX_CODE || text.split(/\s+/).length > 4) return null;
  const code = text.replace(/[:,.]? +/g, '_');
  if (!/^[A-Za-z0-9_.:-]+$/.test(code)) return null;
  const words = code.split(/[_.:-]+/).filter((word) => word !== '');
  if (words.length === 0 || words.length > 12 || !words.every((word) => WORD.test(word))) return null;
  return code.slice(0, MAX_CODE);
}

/**
 * The code of a parsed error body: RFC 6749's `error`, else where other dialects put theirs; null where there is none.
 * A bare word `error` in such a place says only that it is one.
 */
export function providerErrorOf(body: unknown): string | null {
  const standard = valueAt(body, 'error');
  if (scalarText(standard) !== null) return sanitizeCode(standard);
  for (const place of OTHER_PLACES) {
    const code = sanitizeCode(valueAt(body, place));
    if (code !== null && code !== 'error') return code;
  }
  return null;
}

/** All error texts of a body in one lower-case string, for comparison only. */
export function errorTextsOf(body: unknown): string {
  return TEXT_PLACES.map((place) => scalarText(valueAt(body, place)) ?? '')
    .join('\n')
    .toLowerCase();
}
