/** Wire shape of what an agent may use: names and statuses, no secrets. */

import { z } from '@hono/zod-openapi';
import { ConnectedAccount } from '../accounts/connected-accounts.ts';
import { pageOf, pageQuery } from '../lists.ts';
import { ActionName } from '../rules/fields.ts';

export const UsableCredential = z
  .object({
    connection: z.string().openapi({ example: 'hubspot' }),
    identifier: z.string().openapi({ example: 'user_123' }),
    organization: z.string().nullable().openapi({ example: 'acme' }),
    connected_account_id: z.string().openapi({ example: 'ca_gabcdefghijklmnopqrstuvwxyz' }),
    type: ConnectedAccount.shape.credential_type,
    status: ConnectedAccount.shape.status,
    scopes: z
      .array(z.string())
      .openapi({ description: 'What was granted.', example: ['crm.objects.contacts.read'] }),
    actions: z.array(z.enum(['token'])).openapi({
      description: 'What the rule lets the agent do; none where the account hands nothing out.',
    }),
    rule: z.number().int().openapi({ description: 'Index of the rule that decides.' }),
    reauth_url: z.string().nullable().optional().openapi({
      description: 'Of an account that needs its user; null: no browser can repair it.',
      example: 'https://broker.example.com/connect/rp.ca_gabc…',
    }),
  })
  .openapi('UsableCredential');
export type UsableCredential = z.infer<typeof UsableCredential>;

export const UsableCredentialQuery = z.object(pageQuery);
export const UsableCredentials = pageOf(UsableCredential).openapi('UsableCredentialList');

/** An account that an agent reaches now, for those who review what it may. */
export const EffectiveAccess = UsableCredential.pick({
  connected_account_id: true,
  connection: true,
  identifier: true,
  organization: true,
  status: true,
})
  .extend({
    actions: z.array(ActionName).openapi({
      description:
        'What some rule lets the agent do with it now, for some tool, method and path; none where the account hands nothing out and is used for nothing.',
      example: ['token', 'proxy', 'tool', 'mcp'],
    }),
    approval_required: z.array(ActionName).openapi({
      description:
        'Those of `actions` that go through after a yes alone, whatever the tool, method and path.',
      example: [],
    }),
    rule: z.number().int().openapi({ description: 'Index of the first rule that allows one of them.' }),
  })
  .openapi('EffectiveAccess');
export type EffectiveAccess = z.infer<typeof EffectiveAccess>;
export const EffectiveAccessList = pageOf(EffectiveAccess).openapi('EffectiveAccessList');
