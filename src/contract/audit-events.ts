/** Wire shape of an audit record, and how records are asked for. Names are those that are stored. */

import { z } from '@hono/zod-openapi';
import { ACCOUNT_ID_PATTERN, Name } from './ids.ts';
import { pageQuery } from './lists.ts';
import { IsoTime } from './time.ts';

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
    token_fingerprint: Text.openapi({
      description: 'Matches within the account, and says nothing about the token.',
    }),
    correlation_id: Text,
    tool_call_id: Text,
    client: z.object({ ip: Text, country: Text, colo: Text, user_agent: Text }),
    duration_ms: z.number().nullable(),
    evidence: z.array(z.string()).nullable().openapi({ description: 'Facts that the outcome rests on.' }),
    prev_hash: z.string(),
    hash: z.string(),
  })
  .openapi('AuditEvent');
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
