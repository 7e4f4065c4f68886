/** What a token may be narrowed to (RFC 9396): details of one type of ours, each a rule as a policy has it. */

import { z } from '@hono/zod-openapi';
import { Rule } from '../agents/policy.ts';

export const DETAIL_TYPE = 'valetkey_rule';
/** In one request. */
const MAX_DETAILS = 16;
/** Of the parameter, and of all rules that a token carries. */
export const MAX_DETAILS_BYTES = 4096;
/** How often a token may be handed on, from one to the next. */
export const MAX_EXCHANGES = 4;

export const AuthorizationDetail = z
  .strictObject({
    type: z.literal(DETAIL_TYPE),
    ...Rule.omit({ rate: true }).shape,
  })
  .openapi('AuthorizationDetail', {
    description:
      'RFC 9396. A rule as in a policy, without `rate`; a field that is left out means what it means there.',
  });
export type AuthorizationDetail = z.infer<typeof AuthorizationDetail>;

export const AuthorizationDetails = z.array(AuthorizationDetail).min(1).max(MAX_DETAILS);
