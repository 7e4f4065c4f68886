/** Wire shapes of agents and their keys. A key is in the answer that made it and in no other. */

import { z } from '@hono/zod-openapi';
import { PROOF_FIELDS, SHOWN_PROOFS } from '../callers/agent-proofs.ts';
import { Name, Organization } from '../ids.ts';
import { Policy, PolicyInput } from './policy.ts';
import { IsoTime, NullableIsoTime } from '../time.ts';

const MAX_NAME_CODE_POINTS = 256;

const DisplayName = z
  .string()
  .refine((text) => text !== '' && [...text].length <= MAX_NAME_CODE_POINTS, {
    error: `must have 1 to ${MAX_NAME_CODE_POINTS} characters`,
  })
  .refine((text) => text.isWellFormed() && !/\p{Cc}/u.test(text), {
    error: 'must be well-formed and without control characters',
  })
  .openapi({ description: 'For people to read.', example: 'CRM assistant' });

/** An agent publishes its keys or gives them, not both. */
function eitherKeys(
  { jwks, jwks_uri }: { jwks?: unknown; jwks_uri?: unknown },
  context: z.RefinementCtx,
): void {
  if (jwks == null || jwks_uri == null) return;
  context.addIssue({ code: 'custom', path: ['jwks_uri'], message: 'must not be given together with `jwks`' });
}

const PolicyField = PolicyInput.openapi({
  description: 'Either form. None, or one without a rule, denies all.',
});

export const CreateAgent = z
  .strictObject({
    id: Name.openapi({
      description: 'Chosen by you; stands in its keys and in routes.',
      example: 'crm-agent',
    }),
    name: DisplayName.nullish(),
    organization: Organization.nullish(),
    policy: PolicyField.nullish(),
    ...PROOF_FIELDS,
    key: z
      .boolean()
      .optional()
      .openapi({ description: 'Also makes the first key and answers it once, in `key`.' }),
  })
  .superRefine(eitherKeys)
  .openapi('CreateAgent');

/** A field that is left out stays; null removes. `id` and `organization` never change. */
export const PatchAgent = z
  .strictObject({ name: DisplayName.nullish(), policy: PolicyField.nullish(), ...PROOF_FIELDS })
  .superRefine(eitherKeys)
  .openapi('PatchAgent');

export const Agent = z
  .object({
    id: z.string().openapi({ example: 'crm-agent' }),
    name: z.string().nullable(),
    organization: z.string().nullable(),
    status: z.enum(['active', 'suspended']),
    policy: Policy,
    ...SHOWN_PROOFS,
    created_at: IsoTime,
    updated_at: IsoTime,
  })
  .openapi('Agent');
export type Agent = z.infer<typeof Agent>;

/** An agent in a list: as it was when its row was written. */
export const ListedAgent = Agent.extend({
  indexed_at: IsoTime.openapi({ description: 'How fresh this is; `GET` of one agent is live.' }),
}).openapi('ListedAgent');
export type ListedAgent = z.infer<typeof ListedAgent>;

const ShownKey = z.string().nullable().openapi({
  description: 'Shown in this answer only; null where the answer is repeated under an `Idempotency-Key`.',
  example: 'vk_agent_crm-agent_…',
});

const Warnings = z.array(z.string()).optional().openapi({
  description: 'Of the policy that was given; left out where there is nothing to say.',
});

export const ChangedAgent = Agent.extend({ warnings: Warnings }).openapi('ChangedAgent');

export const CreatedAgent = Agent.extend({ key: ShownKey.optional(), warnings: Warnings }).openapi(
  'CreatedAgent',
);
export type CreatedAgent = z.infer<typeof CreatedAgent>;

/** A minute to a year. */
const KEY_SECONDS = { least: 60, most: 31_536_000 } as const;

export const KeyLife = z.number().int().min(KEY_SECONDS.least).max(KEY_SECONDS.most).nullish().openapi({
  description: 'Seconds until the key ends: 60 to a year. Left out: it has no end.',
  example: 2_592_000,
});

const KeyEnd = NullableIsoTime.openapi({
  description: 'From then on, within a second, the key is refused everywhere; null: it has no end.',
});

export const CreateAgentKey = z.strictObject({ expires_in: KeyLife }).openapi('CreateAgentKey');

const keyId = z.string().openapi({ example: '4nB2xQ9ZkT' });

export const CreatedAgentKey = z
  .object({ id: keyId, key: ShownKey, created_at: IsoTime, expires_at: KeyEnd })
  .openapi('CreatedAgentKey');
export type CreatedAgentKey = z.infer<typeof CreatedAgentKey>;

const AgentKey = z
  .object({
    id: keyId,
    created_at: IsoTime,
    last_used_at: NullableIsoTime.openapi({ description: 'Up to an hour behind.' }),
    expires_at: KeyEnd,
  })
  .openapi('AgentKey');
type AgentKey = z.infer<typeof AgentKey>;

/** At most twenty, so there is one page. */
export const AgentKeys = z.object({ data: z.array(AgentKey), next_cursor: z.null() }).openapi('AgentKeys');
export type AgentKeys = z.infer<typeof AgentKeys>;
