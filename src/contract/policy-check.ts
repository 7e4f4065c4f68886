/** Wire shapes of `policy/check`: an imagined request, and the policy's decision on it. */

import { z } from '@hono/zod-openapi';
import { ScopeText } from './connected-accounts.ts';
import { Identifier, Name, Organization } from './ids.ts';

/** What no rule evaluates yet: an answer that ignores it would be wrong. */
const LATER = { error: 'not supported yet' };

export const PolicyCheck = z
  .strictObject({
    connection: Name,
    identifier: Identifier,
    organization: Organization.nullish(),
    scope: ScopeText.optional(),
    action: z.literal('token', LATER).optional().openapi({ example: 'token' }),
    method: z.null(LATER).optional(),
    path: z.null(LATER).optional(),
    at: z.null(LATER).optional(),
  })
  .openapi('PolicyCheck', { example: { connection: 'hubspot', identifier: 'user_123' } });

export const PolicyVerdict = z
  .object({
    allowed: z.boolean(),
    reason: z
      .string()
      .nullable()
      .openapi({ description: 'Of the rule that got furthest; null where it is allowed.' }),
    rule: z
      .number()
      .int()
      .nullable()
      .openapi({ description: 'Index of the rule that decided; null where it is refused.' }),
  })
  .openapi('PolicyVerdict', { example: { allowed: true, reason: null, rule: 0 } });
