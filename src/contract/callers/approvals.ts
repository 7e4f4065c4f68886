/** Wire shapes of approvals: requests that go through after a person's yes alone. */

import { z } from '@hono/zod-openapi';
import { WaitQuery } from '../accounts/account-insight.ts';
import { pageOf, pageQuery } from '../lists.ts';
import { ActionName } from '../rules/fields.ts';
import { IsoTime, NullableIsoTime } from '../time.ts';

/** An id of another form is not looked up. */
export const APPROVAL_ID_PATTERN = /^apr_[0-9A-Za-z]{22}$/;

const ApprovalStatus = z.enum(['pending', 'approved', 'denied', 'used', 'expired']).openapi({
  description:
    '`pending`: it waits for an answer. `approved`: it may go through once, until `expires_at`. `used`: it has. `denied`: it is refused until `expires_at`. `expired`: nobody answered in time, or the yes was not used in time.',
});

export const ListedApproval = z
  .object({
    id: z.string().openapi({ example: 'apr_4nB2xQ9ZkT7c0LmRw3sVdy' }),
    status: ApprovalStatus,
    agent: z.string().openapi({ description: 'The agent that asks.', example: 'crm-agent' }),
    connected_account_id: z.string(),
    connection: z.string(),
    identifier: z.string(),
    organization: z.string().nullable(),
    action: ActionName,
    tool: z.string().nullable().openapi({ example: null }),
    method: z.string().nullable().openapi({ example: 'DELETE' }),
    path: z.string().nullable().openapi({ example: '/crm/v3/objects/contacts/7' }),
    digest: z.string().nullable().openapi({
      description: 'Of all else that is sent: parameters, or query, headers and body. Null for a token.',
      example: null,
    }),
    purpose: z
      .string()
      .nullable()
      .openapi({ description: 'Why, in the words of the agent.', example: 'ticket 4711' }),
    reason: z
      .string()
      .nullable()
      .openapi({ description: 'Why the rule asks.', example: 'deletes customer data' }),
    ttl_s: z.number().int().openapi({
      description: 'How long an answer holds, from the decision on.',
      example: 3600,
    }),
    created_at: IsoTime,
    expires_at: IsoTime.openapi({ description: 'When the question, or the answer, ends by itself.' }),
    decided_at: NullableIsoTime,
    used_at: NullableIsoTime,
    decided_by: z.string().nullable().optional().openapi({
      description: 'The operator that decided; `link`: a holder of the link. Not told to agents.',
      example: 'link',
    }),
    approval_url: z.string().nullable().optional().openapi({
      description:
        'The page for people without an account here, while it waits: whoever holds the link decides. For operators that may decide themselves.',
      example: 'https://broker.example.com/approve/ap.ca_gabc…',
    }),
    indexed_at: IsoTime.optional().openapi({ description: 'Of a list: as of when the row is.' }),
  })
  .openapi('ListedApproval');
export type ListedApproval = z.infer<typeof ListedApproval>;

/** One approval, as its account has it. */
export const Approval = ListedApproval.omit({ indexed_at: true })
  .extend({
    preview: z.string().nullable().openapi({
      description:
        'What is sent, for people to read. Of a call in the form of HTTP: the line of the request, headers, an empty line, the body. Null: nothing, or more than 2,000 characters.',
      example: null,
    }),
  })
  .openapi('Approval');
export type Approval = z.infer<typeof Approval>;

export const ApprovalQuery = z.object({ ...pageQuery, status: ApprovalStatus.optional() });
export const ApprovalList = pageOf(ListedApproval).openapi('ApprovalList');
export const ApprovalWaitQuery = WaitQuery.pick({ timeout_s: true });
