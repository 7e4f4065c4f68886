/**
 * Every event on the wire: its type, and what stands in its `data`. `webhooks/event.ts` makes them; that
 * both name the same types and fields is held by `test/pure/webhooks/event-shapes.test.ts`.
 */

import { z } from '@hono/zod-openapi';
import { ActionName } from '../rules/fields.ts';
import { IsoTime, NullableIsoTime } from '../time.ts';

/** What every event of an account says of it. */
const account = {
  connected_account_id: z.string().openapi({ example: 'ca_gabcdefghijklmnopqrstuvwxyz' }),
  connection: z.string(),
  provider: z.string(),
  identifier: z.string(),
  organization: z.string().nullable(),
  sequence: z.number().int().openapi({
    description: 'Rises by one per account: the order of its events. Deliveries may overtake each other.',
  }),
};

const connection = {
  connection: z.string(),
  provider: z.string(),
  health_reason: z.string().nullable().openapi({ description: 'Null once it has recovered.' }),
  organization: z
    .string()
    .optional()
    .openapi({ description: "Whose own client it is about; left out: it is the connection's." }),
};

const agent = { agent: z.string(), organization: z.string().nullable() };

/** `data` by type; what each event means in one sentence. */
export const EVENT_DATA = {
  'agent.auth.reauth_required': {
    says: 'A grant is dead: only the user can repair the account. Each incident makes exactly one.',
    data: z.object({
      ...account,
      reason: z.string().openapi({ example: 'grant_revoked' }),
      provider_error: z
        .string()
        .nullable()
        .openapi({ description: "The provider's code or null, never its text." }),
      evidence: z.array(z.string()),
      subject_label: z.string().nullable(),
      reauth_url: z.string().nullable().openapi({
        description: 'Where the user repairs it; null where no browser can.',
        example: 'https://broker.example.com/connect/rl_9xT…',
      }),
      since: IsoTime,
      last_refreshed_at: NullableIsoTime,
    }),
  },
  'agent.auth.succeeded': {
    says: 'An account was connected, imported or reconnected.',
    data: z.object({ ...account, reconnected: z.boolean() }),
  },
  'agent.auth.confirmation_required': {
    says: "A user has finished a connect flow, and an operator's backend has to say that it was the right one.",
    data: z.object({
      ...account,
      session_id: z.string().openapi({ example: 'cs_4fT2kQ9sLw8ZbX1cVn7RmA' }),
      subject_label: z.string().nullable(),
    }),
  },
  'agent.approval_required': {
    says: 'An agent asks for what a rule with `approval` lets through after a yes alone. Each question makes exactly one.',
    data: z.object({
      ...account,
      agent: z.string().openapi({ example: 'crm-agent' }),
      approval_id: z.string().openapi({ example: 'apr_4nB2xQ9ZkT7c0LmRw3sVdy' }),
      approval_url: z.string().nullable().openapi({
        description:
          'The page on which a person answers, without an account here: whoever holds the link decides. Null where the deployment has no `BASE_URL`, and in lists for roles that may not decide.',
        example: 'https://broker.example.com/approve/ap.ca_gabc…',
      }),
      action: ActionName,
      tool: z.string().nullable(),
      method: z.string().nullable(),
      path: z.string().nullable(),
      purpose: z.string().nullable().openapi({ description: 'Why, in the words of the agent.' }),
      reason: z.string().nullable().openapi({ description: 'Why the rule asks.' }),
      expires_at: IsoTime.openapi({ description: 'Until when it can be answered.' }),
    }),
  },
  'agent.approval_decided': {
    says: 'Such a question is over: a person has said yes or no, or nobody did in time. Each question makes exactly one, but for those that are deleted with their account.',
    data: z.object({
      ...account,
      agent: z.string().openapi({ example: 'crm-agent' }),
      approval_id: z.string().openapi({ example: 'apr_4nB2xQ9ZkT7c0LmRw3sVdy' }),
      status: z.enum(['approved', 'denied', 'expired']),
      decided_by: z.string().nullable().openapi({
        description: 'The operator that decided; `link`: a holder of the link. Null: nobody did.',
        example: 'link',
      }),
    }),
  },
  'connected_account.refreshed': {
    says: 'A token was renewed. Sent only to endpoints that name this type.',
    data: z.object(account),
  },
  'connected_account.degraded': {
    says: 'The account still serves, and something is wrong.',
    data: z.object({
      ...account,
      cause: z.enum(['provider_unavailable', 'refresh_in_doubt', 'token_refused_by_api']),
    }),
  },
  'connected_account.recovered': { says: 'What degraded it is over.', data: z.object(account) },
  'connected_account.expiring': {
    says: 'The grant ends soon, and nothing but the user renews it.',
    data: z.object({ ...account, reauth_due_at: IsoTime }),
  },
  'connected_account.disabled': { says: 'An operator has disabled it.', data: z.object(account) },
  'connected_account.revoked': { says: 'An operator has revoked it.', data: z.object(account) },
  'connected_account.deleted': { says: 'It is gone; its records stay.', data: z.object(account) },
  'connection.misconfigured': {
    says: 'The provider rejects the client id or secret of this connection.',
    data: z.object(connection),
  },
  'connection.outage': { says: 'The provider does not answer.', data: z.object(connection) },
  'connection.recovered': { says: 'The connection works again.', data: z.object(connection) },
  'agent.suspended': { says: 'An operator has suspended this agent.', data: z.object(agent) },
  'agent.anomaly': {
    says: 'An agent met what it never had before: `tool_changed`, a tool of an MCP server is no longer what it was when it was first seen.',
    data: z.object({
      ...agent,
      kind: z.enum(['tool_changed']),
      observed: z
        .string()
        .openapi({ description: 'Digest of the tool as it is now, which can be accepted.' }),
      expected: z.array(z.string()).openapi({ description: 'Digests of what was accepted before.' }),
      evidence: z
        .record(z.string(), z.string())
        .openapi({ example: { connection: 'notes', tool: 'search' } }),
    }),
  },
  'webhook.test': {
    says: '`POST /v1/webhook-endpoints/{id}/test` was asked for.',
    data: z.object({ endpoint: z.string() }),
  },
} as const satisfies Record<string, { says: string; data: z.ZodObject }>;

/** `agent.auth.succeeded` → `AgentAuthSucceeded`. */
export function eventName(type: string): string {
  const words = type.split(/[._]/);
  return words.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join('');
}

/** The body of a delivery. */
export function eventSchema(type: keyof typeof EVENT_DATA) {
  return z
    .object({
      type: z.literal(type),
      timestamp: IsoTime.openapi({ description: 'When it happened; the same on every retry.' }),
      data: EVENT_DATA[type].data,
    })
    .openapi(`${eventName(type)}Event`);
}
