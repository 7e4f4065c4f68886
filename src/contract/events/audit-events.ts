/** Wire shape of an audit record, and how records are asked for. Names are those that are stored. */

import { z } from '@hono/zod-openapi';
import { ACCOUNT_ID_PATTERN, Name } from '../ids.ts';
import { pageQuery } from '../lists.ts';
import { IsoTime } from '../time.ts';

const Text = z.string().nullable();

export const AuditEvent = z
  .object({
    id: z.string().openapi({
      description: '`{source}/{seq}`: whose chain it is in, and its number there.',
      example: 'account:ca_gw3kq7zv2m5x4y6a2b3c4d5e6f/17',
    }),
    at: IsoTime,
    seq: z.number().int().openapi({ description: 'Rises by one in each chain, from 1.' }),
    actor: z.object({
      type: z.enum(['agent', 'operator', 'system']),
      id: Text,
      method: Text.openapi({ description: 'How it proved itself.', example: 'agent_key' }),
      key_id: Text,
      chain: z.array(z.string()).nullable().openapi({
        description: 'Through whom its token was handed on (`actor_label`), the newest first.',
      }),
    }),
    action: z.string().openapi({ example: 'token.issue' }),
    outcome: z.enum(['started', 'ok', 'refused', 'failed', 'unknown']),
    reason: Text,
    connected_account_id: Text,
    connection: Text,
    identifier: Text,
    organization: Text,
    scopes: z.array(z.string()).nullable(),
    tool: Text,
    method: Text,
    path: Text,
    upstream_status: z.number().int().nullable(),
    began: z
      .number()
      .int()
      .nullable()
      .openapi({ description: 'Of the end of a call: `seq` of the record that began it.' }),
    token_fingerprint: Text.openapi({
      description: 'Matches within the account, and says nothing about the token.',
    }),
    correlation_id: Text,
    tool_call_id: Text,
    purpose: Text.openapi({ description: 'Why, as the agent said it in `X-Valetkey-Purpose`.' }),
    client: z.object({ ip: Text, country: Text, colo: Text, user_agent: Text }),
    duration_ms: z.number().nullable(),
    evidence: z.array(z.string()).nullable().openapi({ description: 'Facts that the outcome rests on.' }),
    prev_hash: z.string(),
    hash: z.string(),
  })
  .openapi('AuditEvent', {
    example: {
      id: 'account:ca_gq2w5mhx3nb7zkcv4ryjt6a2dpe/17',
      at: '2026-11-21T09:59:00.000Z',
      seq: 17,
      actor: { type: 'agent', id: 'crm-agent', method: 'agent_key', key_id: 'b7QpX2mZ1k', chain: null },
      action: 'token.issue',
      outcome: 'ok',
      reason: null,
      connected_account_id: 'ca_gq2w5mhx3nb7zkcv4ryjt6a2dpe',
      connection: 'hubspot',
      identifier: 'user_123',
      organization: null,
      scopes: ['crm.objects.contacts.read'],
      tool: null,
      method: null,
      path: null,
      upstream_status: null,
      began: null,
      token_fingerprint: 'q3v8Zb1cYl0pXr7TnKd2Wg',
      correlation_id: '6f1c0a52-2f6a-4c1e-9d7e-3a7d2a9f1b11',
      tool_call_id: null,
      purpose: null,
      client: { ip: '198.51.100.7', country: 'DE', colo: 'FRA', user_agent: 'python-requests/2.31.0' },
      duration_ms: 3,
      evidence: null,
      prev_hash: 'mJ0Z3Yk1r8vQx2bT5nWc7dLfA9sHg4uEoKpRiVtNw6E',
      hash: 'uQ4xV8c2LzN1bR7yT0mKj5sGd3fHpWa9eXoIiZvYt6M',
    },
  });
export type AuditEvent = z.infer<typeof AuditEvent>;

export const AuditEventQuery = z.object({
  connected_account_id: z
    .string()
    .regex(ACCOUNT_ID_PATTERN, 'is no id of an account')
    .optional()
    .openapi({ description: 'The chain of this account, also of a deleted one.' }),
  agent: Name.optional().openapi({
    description: "The agent's own chain: its changes and refusals. What it was given is in the accounts'.",
  }),
  ...pageQuery,
});
