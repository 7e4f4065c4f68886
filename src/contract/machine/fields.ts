/**
 * The parts of which credentials are made in requests: tokens, fields, scopes, and the wish to store one unproven. What a script
 * passes on when it got none is refused.
 */

import { z } from '@hono/zod-openapi';
import { isNothingWord } from '../nothing-words.ts';

const TOKEN_BYTES = 16 * 1024;
const SCOPE_BYTES = 4 * 1024;

/** What a script pipes on when it got nothing: a text that is still quoted, an unset variable. */
const QUOTED = /^(?:"[^]*"|'[^]*')$/;
const UNSET = /^(?:\$\{?[A-Za-z_][A-Za-z0-9_]*\}?|%[A-Za-z_][A-Za-z0-9_]*%)$/;
/** In a password or a field of the caller's own the exact words alone: somebody's password may be any other. */
const NOTHING_FIELDS: ReadonlySet<string> = new Set([
  'null',
  'undefined',
  'None',
  'nil',
  'NaN',
  '[object Object]',
]);

/** A whole document where a value is meant: an answer that was piped on, or a page. */
const isDocument = (text: string): boolean => /^\s*[[{<]/.test(text);

/** An error answer, which no field of a credential holds. */
function isErrorBody(text: string): boolean {
  if (!/^\s*\{/.test(text)) return /^\s*<(?:!doctype|html|\?xml)/i.test(text);
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && ('error' in value || 'errors' in value);
  } catch {
    return false;
  }
}

const RUBBISH = 'is not a credential: it is what a script passes on when it got none';

/** A credential as it can stand in a header: printable ASCII without space. */
export const Token = z
  .string()
  .min(1, 'must not be empty')
  .max(TOKEN_BYTES, 'must be at most 16 KiB')
  .regex(/^[\x21-\x7e]+$/, 'must be printable characters without space')
  .refine(
    (text) => !isNothingWord(text) && !QUOTED.test(text) && !UNSET.test(text) && !isDocument(text),
    RUBBISH,
  );

export const FieldValue = z
  .string()
  .max(TOKEN_BYTES, 'must be at most 16 KiB')
  // eslint-disable-next-line no-control-regex -- a control character could end a header
  .regex(/^[^\u0000-\u001f\u007f]*$/, 'must not contain control characters')
  .refine((text) => !NOTHING_FIELDS.has(text.trim()) && !isErrorBody(text), RUBBISH)
  .refine((text) => text === '' || text.trim() !== '', 'must not be blank');

export const ScopeText = z
  .string()
  .max(SCOPE_BYTES, 'must be at most 4 KiB')
  .regex(
    /^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/,
    'must be scopes separated by single spaces',
  );

/** Skips the proof, and nothing else: a text that is no credential at all is refused all the same. */
export const Verify = {
  verify: z.boolean().optional().openapi({
    description:
      'Left out or true: an OAuth import over a living grant, and one with a refresh token alone, is exchanged first, and so is every credential of a machine; an access token alone over a living one is shown to the userinfo endpoint, and 422 `credential_refused` changes nothing. Six times a minute over an account that has a credential, then 429. False: it is stored as it is.',
  }),
};
