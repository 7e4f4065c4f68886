/** Wire shapes of the kill switch: what is to end, and a receipt of each account that has. */

import { z } from '@hono/zod-openapi';
import { Identifier, Name, Organization } from '../ids.ts';
import { pageOf, pageQuery } from '../lists.ts';
import { IsoTime } from '../time.ts';

export const REVOCATION_ID_PATTERN = /^rev_[0-9A-Za-z]{22}$/;
/** An account's subject is the provider's text. */
const MAX_SUBJECT = 512;

const SELECTORS = ['agent', 'connection', 'organization', 'identifier', 'subject', 'all'] as const;

const Subject = z
  .strictObject({
    connection: Name,
    subject: z
      .string()
      .min(1)
      .max(MAX_SUBJECT)
      .refine((text) => text.isWellFormed(), { error: 'must be well-formed' })
      .openapi({ description: 'As the account shows it.', example: '1234567' }),
  })
  .openapi('RevocationSubject', { example: { connection: 'hubspot', subject: '1234567' } });

const selectors = {
  agent: Name.optional().openapi({
    description:
      'Suspends the agent, and ends for good every key and token issued to it until now: after a resume it needs new ones. No account changes.',
    example: 'crm-agent',
  }),
  connection: Name.optional().openapi({ description: 'All accounts of the connection.', example: 'hubspot' }),
  organization: Organization.optional().openapi({
    description: 'All accounts of the organization.',
    example: 'acme',
  }),
  identifier: Identifier.optional().openapi({
    description: 'All accounts of the identifier, on every connection.',
    example: 'user_123',
  }),
  subject: Subject.optional(),
  all: z.literal(true).optional().openapi({ description: 'Every account.' }),
};

export const CreateRevocation = z
  .strictObject({
    ...selectors,
    at_provider: z.boolean().default(false).openapi({
      description:
        'Has the grants ended at the provider as well, where that harms no grant of another account. Without it they are erased here alone: a later request cannot end them there any more.',
      example: true,
    }),
    dry_run: z.boolean().default(false).openapi({
      description: 'Says how many accounts would be matched, and changes nothing.',
      example: false,
    }),
  })
  .superRefine((body, context) => {
    const given = SELECTORS.filter((name) => body[name] !== undefined);
    if (given.length === 1) return;
    const message = `give exactly one of ${SELECTORS.join(', ')}`;
    // Two or more: said at the second. None: at the whole.
    context.addIssue({ code: 'custom', path: given.slice(1, 2), message });
  })
  .openapi('CreateRevocation', { example: { identifier: 'user_123', at_provider: true } });
export type CreateRevocation = z.infer<typeof CreateRevocation>;

const Matched = z.number().int().openapi({
  description:
    'Accounts that the selector matches, as the directory knows them; of `agent` the agent alone. Of a complete revocation: receipts.',
  example: 3,
});

export const DryRun = z.object({ matched: Matched }).openapi('RevocationDryRun', { example: { matched: 3 } });

const Id = z.string().openapi({ example: 'rev_4nB2xQ9ZkT7c0LmRw3sVdy' });

export const StartedRevocation = z.object({ id: Id, matched: Matched }).openapi('StartedRevocation');

export const RECEIPT_STATUSES = [
  'revoked',
  'skipped_shared_grant',
  'unsupported',
  'failed',
  'retrying',
] as const;
export type ReceiptStatus = (typeof RECEIPT_STATUSES)[number];

const Status = z.enum(RECEIPT_STATUSES).openapi({
  description:
    '`revoked`: it has ended, at the provider too where `at_provider` says so. Of a revocation with `at_provider` also: `skipped_shared_grant`: ended here alone, because another account may hold the same grant · `unsupported`: here alone, because the provider takes no such call, or the credential is a static one · `failed`: the provider never said that it did it, or the account could not be read · `retrying`: not done yet.',
  example: 'revoked',
});

const Receipt = z
  .object({
    connected_account_id: z.string(),
    status: Status,
    at_provider: z.boolean().openapi({ description: 'Whether its grants have ended at the provider too.' }),
    at: IsoTime,
  })
  .openapi('RevocationReceipt');

const count = z.number().int().openapi({ example: 1 });
const Counts = z
  .object(
    Object.fromEntries(RECEIPT_STATUSES.map((name) => [name, count])) as Record<ReceiptStatus, typeof count>,
  )
  .openapi('RevocationCounts');

const Shown = z
  .object({
    agent: z.string().optional(),
    connection: z.string().optional(),
    organization: z.string().optional(),
    identifier: z.string().optional(),
    subject: Subject.optional(),
    all: z.literal(true).optional(),
  })
  .openapi('RevocationSelector', {
    description: 'As it was given.',
    example: { connection: 'hubspot' },
  });

export type GivenSelector = z.infer<typeof Shown>;

export const Revocation = z
  .object({
    id: Id,
    status: z.enum(['running', 'complete']),
    selector: Shown,
    at_provider: z.boolean(),
    created_at: IsoTime.openapi({ description: 'What was obtained at or before that time is dead.' }),
    matched: Matched,
    counts: Counts,
    receipts: pageOf(Receipt).openapi('RevocationReceiptList'),
  })
  .openapi('Revocation');
export type Revocation = z.infer<typeof Revocation>;

export const ReceiptQuery = z.object(pageQuery);
