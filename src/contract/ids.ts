/** The shapes of names and ids on the wire. Deriving and drawing them is `crypto`'s. */

import { z } from '@hono/zod-openapi';

/**
 * Agents, connections and organizations: chosen by the operator, names of the deployment. `.` and `..` are segments of a
 * path that URL parsers take away (WHATWG URL, 4.4): nothing could reach what is called so.
 */
export const NAME_PATTERN = /^(?!\.{1,2}$)[a-z0-9._-]{1,64}$/;
export const NAME_RULE = '1 to 64 characters of a-z, 0-9, ".", "_" and "-", and not "." or ".."';
/**
 * What shows as nothing or turns the text around it: format characters, marks that fonts leave out, separators of lines.
 * Two identifiers that look alike would be two accounts. The joiners (U+200C, U+200D) are among them although some
 * scripts and emoji need them in prose: an identifier is a key, and one with a joiner looks like one without.
 */
const UNSEEN = /[\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/u;
/** Connected accounts: derived, see `crypto/digest.ts`. */
export const ACCOUNT_ID_PATTERN = /^ca_[a-z][a-z2-7]{26}$/;
/** `X-Correlation-Id` that is taken over; anything else gets a new one. */
export const CORRELATION_PATTERN = /^[A-Za-z0-9._-]{1,128}$/;

export const Name = z.string().regex(NAME_PATTERN, NAME_RULE);
export const Organization = z.string().regex(NAME_PATTERN, NAME_RULE).openapi({
  description: 'The tenant; absent means none, which is an identity of its own.',
  example: 'acme',
});

/** Null when the identifier keeps the rule, else what is wrong. It is refused, never repaired. */
export function identifierProblem(text: string): string | null {
  const length = [...text].length;
  if (length < 1 || length > 256) return 'must be 1 to 256 characters';
  if (text !== text.normalize('NFC')) return 'must be in Unicode normal form C';
  if (/\p{Cc}|\p{Cs}/u.test(text)) return 'must not contain control characters';
  if (UNSEEN.test(text)) return 'must not contain invisible or bidirectional characters';
  if (text !== text.trim()) return 'must not begin or end with space';
  return null;
}

export const Identifier = z
  .string()
  .superRefine((text, context) => {
    const problem = identifierProblem(text);
    if (problem !== null) context.addIssue({ code: 'custom', message: problem });
  })
  .openapi({
    description: 'Whose account: 1 to 256 code points, NFC, compared byte for byte.',
    example: 'user_123',
  });
