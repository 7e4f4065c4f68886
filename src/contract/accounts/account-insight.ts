/** Wire shapes of `explain` and `wait`. */

import { z } from '@hono/zod-openapi';
import { DENY_REASONS } from '../codes.ts';
import { Attempt, ConnectedAccount } from './connected-accounts.ts';
import { Name } from '../ids.ts';
import { DemandedApproval, IMAGINED_USE } from '../agents/policy-check.ts';
import { IsoTime } from '../time.ts';

const Next = z.object({
  what: z.string().openapi({ example: 'refresh before the token expires' }),
  at: IsoTime,
});

export const Explanation = z
  .object({
    status: z.string().openapi({ example: 'active' }),
    since: IsoTime,
    why: z.string().openapi({
      description:
        'In words: what keeps its token from everybody (a seal, the connection and its health), and how the account stands.',
      example: 'all is well',
    }),
    attempts: z.array(Attempt).openapi({ description: 'The newest first.' }),
    next: z.array(Next).openapi({ description: 'What happens by itself, earliest first.' }),
    evidence: z.array(z.string()).openapi({
      description:
        'Short stable names and codes behind `why`, such as `connection_outage` or `account_sealed`.',
    }),
    agent: z
      .object({
        id: z.string().openapi({ example: 'crm-agent' }),
        allowed: z.boolean(),
        reason: z.enum([...DENY_REASONS, 'rate_limited', 'not_found']).nullable(),
        rule: z
          .number()
          .int()
          .nullable()
          .openapi({ description: 'Index of the rule that decides; null where none allows it.' }),
        approval: DemandedApproval.nullable(),
        scopes: z.array(z.string()).nullable().openapi({ description: 'Null: whatever was granted.' }),
        why: z.string().openapi({
          description: 'In words: the rule that decides, or the one that comes closest and what it lacks.',
          example: 'rule 0 allows it',
        }),
      })
      .optional(),
  })
  .openapi('Explanation');

export type Explanation = z.infer<typeof Explanation>;

/** What the agent would ask for, as in `policy/check`. */
export const ExplainQuery = z.object({ agent: Name.optional(), ...IMAGINED_USE });

export const WaitQuery = z.object({
  status: ConnectedAccount.shape.status.default('active'),
  timeout_s: z
    .string()
    .regex(/^\d{1,2}$/, 'must be whole seconds')
    .transform(Number)
    .refine((value) => value <= 25, 'must be 0 to 25')
    .default(25)
    .openapi({ type: 'integer', description: 'Seconds to wait at most; ask again to wait on.' }),
});
