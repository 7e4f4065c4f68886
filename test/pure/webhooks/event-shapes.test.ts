/** The events that are made, beside the shapes that are published for them. */

import { expect, it } from 'vitest';
import { EVENT_DATA } from '#contract/events/events.ts';
import {
  accountEventData,
  agentEventData,
  anomalyEventData,
  connectionEventData,
  EVENT_TYPES,
  testEventData,
  type AccountEvent,
  type EventData,
} from '#webhooks/event.ts';

const ACCOUNT = {
  accountId: `ca_g${'b'.repeat(26)}`,
  connection: 'hubspot',
  provider: 'hubspot',
  identifier: 'user_1',
  organization: null,
};
const AT_MS = 1_795_255_200_000;

/** Every event that an account can tell; a new one does not compile without its line. */
const ACCOUNT_EVENTS: { readonly [T in AccountEvent['type']]: Extract<AccountEvent, { type: T }> } = {
  'agent.auth.reauth_required': {
    type: 'agent.auth.reauth_required',
    reason: 'grant_revoked',
    providerError: 'invalid_grant',
    evidence: ['active->reauth_required'],
    subjectLabel: null,
    reauthUrl: null,
    sinceMs: AT_MS,
    lastRefreshedAtMs: null,
  },
  'agent.auth.succeeded': { type: 'agent.auth.succeeded', reconnected: true },
  'agent.auth.confirmation_required': {
    type: 'agent.auth.confirmation_required',
    sessionId: 'cs_4fT2kQ9sLw8ZbX1cVn7RmA',
    subjectLabel: 'somebody',
  },
  'agent.approval_required': {
    type: 'agent.approval_required',
    agent: 'crm-agent',
    approvalId: 'apr_4nB2xQ9ZkT7c0LmRw3sVdy',
    approvalUrl: null,
    action: 'proxy',
    tool: null,
    method: 'DELETE',
    path: '/contacts/7',
    purpose: null,
    reason: 'deletes customer data',
    expiresAtMs: AT_MS,
  },
  'agent.approval_decided': {
    type: 'agent.approval_decided',
    agent: 'crm-agent',
    approvalId: 'apr_4nB2xQ9ZkT7c0LmRw3sVdy',
    status: 'denied',
    decidedBy: 'link',
  },
  'connected_account.degraded': { type: 'connected_account.degraded', cause: 'provider_unavailable' },
  'connected_account.expiring': { type: 'connected_account.expiring', reauthDueAtMs: AT_MS },
  'connected_account.refreshed': { type: 'connected_account.refreshed' } as never,
  'connected_account.recovered': { type: 'connected_account.recovered' } as never,
  'connected_account.disabled': { type: 'connected_account.disabled' } as never,
  'connected_account.revoked': { type: 'connected_account.revoked' } as never,
  'connected_account.deleted': { type: 'connected_account.deleted' } as never,
};

const CONNECTION = connectionEventData({
  connection: 'hubspot',
  organization: 'acme',
  provider: 'hubspot',
  healthReason: null,
});
const AGENT = agentEventData({ agent: 'crm-agent', organization: '' });

const ANOMALY = anomalyEventData(
  { agent: 'crm-agent', organization: '' },
  { kind: 'tool_changed', observed: 'a', expected: ['b'], evidence: { connection: 'notes', tool: 'search' } },
);

function dataOf(type: string): EventData {
  if (type in ACCOUNT_EVENTS)
    return accountEventData(ACCOUNT, 7, ACCOUNT_EVENTS[type as AccountEvent['type']]);
  if (type === 'webhook.test') return testEventData('we_4nB2xQ9ZkT7c0LmRw3sVdy');
  if (type === 'agent.anomaly') return ANOMALY;
  return type.startsWith('connection.') ? CONNECTION : AGENT;
}

it('every event is published, and no other', () => {
  expect(Object.keys(EVENT_DATA).toSorted()).toEqual([...EVENT_TYPES].toSorted());
});

it.each([...EVENT_TYPES])('the data of %s are what is published: no field more, none less', (type) => {
  const { data: schema } = EVENT_DATA[type];
  const data = dataOf(type);
  expect(schema.safeParse(data).error?.issues ?? []).toEqual([]);
  expect(Object.keys(data).toSorted()).toEqual(Object.keys(schema.shape).toSorted());
});
