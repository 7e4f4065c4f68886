/** The shapes of names and ids on the wire. Deriving and drawing them is `crypto`'s. */

import { z } from '@hono/zod-openapi';

/** Agents and connections: chosen by the operator, names of the deployment. */
export const NAME_PATTERN = /^[a-z0-9._-]{1,64}$/;
/** Connected accounts: derived, see `crypto/digest.ts`. */
export const ACCOUNT_ID_PATTERN = /^ca_[a-z][a-z2-7]{26}$/;
/** `X-Correlation-Id` that is taken over; anything else gets a new one. */
export const CORRELATION_PATTERN = /^[A-Za-z0-9._-]{1,128}$/;

export const Name = z.string().regex(NAME_PATTERN, '1 to 64 characters of a-z, 0-9, ".", "_" and "-"');
export const Organization = z
  .string()
  .regex(NAME_PATTERN, '1 to 64 characters of a-z, 0-9, ".", "_" and "-"')
  .openapi({
    description: 'The tenant; absent means none, which is an identity of its own.',
    example: 'acme',
  });

/** Null when the identifier keeps the rule, else what is wrong. It is refused, never repaired. */
function identifierProblem(text: string): string | null {
  const length = [...text].length;
  if (length < 1 || length > 256) return 'must be 1 to 256 characters';
  if (text !== text.normalize('NFC')) return 'must be in Unicode normal form C';
  if (/\p{Cc}|\p{Cs}/u.test(text)) return 'must not contain control characters';
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
