/** Wire shapes of `policy/check`: an imagined request, and what its agent would be told. */

import { z } from '@hono/zod-openapi';
import { ScopeText } from '../accounts/connected-accounts.ts';
import { Identifier, Name, Organization } from '../ids.ts';
import { ActionName, HttpMethod, MAX_PURPOSE_CHARS, NotAfter } from '../rules/fields.ts';
import { pathProblem } from '../rules/paths.ts';

const Path = z.string().superRefine((path, context) => {
  const problem = pathProblem(path);
  if (problem !== null) context.addIssue({ code: 'custom', message: problem });
});

/** What the credential is imagined to be wanted for. All of it may be left out: the token itself, now. */
export const IMAGINED_USE = {
  scope: ScopeText.nullish().openapi({
    description: 'Asks for less: scopes separated by spaces.',
    example: 'crm.objects.contacts.read',
  }),
  action: ActionName.nullish().openapi({
    description: 'Left out: `tool` where a tool is named, `proxy` where a method or a path is, else `token`.',
    example: 'token',
  }),
  tool: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be the name of a tool')
    .nullish()
    .openapi({ description: 'Name of the tool.', example: 'hubspot_list_contacts' }),
  method: HttpMethod.nullish().openapi({ description: 'Of the request to the API.', example: 'GET' }),
  path: Path.nullish().openapi({
    description: "Behind the API's base URL, as it would leave.",
    example: '/crm/v3/objects/contacts',
  }),
  purpose: z
    .string()
    .max(MAX_PURPOSE_CHARS)
    .nullish()
    .openapi({ description: 'What `X-Valetkey-Purpose` would say.', example: 'ticket 4711' }),
  at: NotAfter.nullish().openapi({
    description: 'When it would come. Left out: now.',
    example: '2026-11-21T10:29:00Z',
  }),
};

export type ImaginedUse = z.infer<z.ZodObject<typeof IMAGINED_USE>>;

export const PolicyCheck = z
  .strictObject({
    connection: Name,
    identifier: Identifier,
    organization: Organization.nullish(),
    ...IMAGINED_USE,
  })
  .openapi('PolicyCheck', { example: { connection: 'hubspot', identifier: 'user_123' } });

/** The rule that lets the request through once a person has said yes to it. */
export const DemandedApproval = z
  .object({
    rule: z.number().int().openapi({ description: 'Index of the rule.' }),
    reason: z.string().nullable(),
    ttl_s: z.number().int(),
  })
  .openapi('DemandedApproval', {
    description: 'Of `approval_required`: the rule that would let it through after a yes. Else null.',
    example: { rule: 0, reason: 'deletes customer data', ttl_s: 3600 },
  });
export type DemandedApproval = z.infer<typeof DemandedApproval>;

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
    approval: DemandedApproval.nullable(),
  })
  .openapi('PolicyVerdict', { example: { allowed: true, reason: null, rule: 0, approval: null } });
