/** What the tests of webhook endpoints share: endpoints of fresh organizations, their secrets opened, their rows changed. */

import { expect } from 'vitest';
import { decryptText, openDataKey } from '#crypto/envelope.ts';
import { openKeyring } from '#crypto/keyring.ts';
import { webhookSecretPlace, WEBHOOKS_OWNER } from '#crypto/places.ts';
import type { DeliveryRow } from '#directory/webhooks/deliveries.ts';
import { secretsInForce, type WebhookEndpointRow } from '#directory/webhooks/webhook-endpoint-row.ts';
import { createEndpoint, type EndpointDraft } from '#directory/webhooks/webhook-endpoints.ts';
import type { Config } from '#env.ts';
import { db } from './world.ts';

export const NOW = 1_800_000_000_000;

export function endpointDraft(changed: Partial<EndpointDraft> = {}): EndpointDraft {
  return {
    organization: '',
    url: 'https://app.example.com/hooks',
    events: ['*'],
    description: null,
    ...changed,
  };
}

/** A new endpoint, where there is room for one. */
export async function newEndpoint(
  config: Config,
  changed: Partial<EndpointDraft> = {},
  nowMs: number = NOW,
): Promise<{ endpoint: WebhookEndpointRow; secret: string }> {
  const made = await createEndpoint(config, endpointDraft(changed), nowMs);
  if (made === null) throw new Error('expected room for an endpoint');
  return made;
}

/** The secrets that sign now, as whoever delivers opens them: with the ring and the wrapped key alone. */
export async function openedSecrets(
  masterKeys: string,
  endpoint: WebhookEndpointRow,
  nowMs: number,
): Promise<string[]> {
  const ring = await openKeyring(masterKeys);
  if (!ring.ok) throw new Error('the ring of this test does not open');
  const wrapped = await db
    .prepare(`SELECT wrapped FROM data_key WHERE purpose = 'webhook'`)
    .first<string>('wrapped');
  const key = await openDataKey(ring.value, WEBHOOKS_OWNER, wrapped ?? '');
  if (!key.ok) throw new Error(key.error.code);
  const texts = await Promise.all(
    secretsInForce(endpoint, nowMs).map((stored, index) =>
      decryptText(key.value, webhookSecretPlace(endpoint.id, index), stored),
    ),
  );
  return texts.map((text) => (text.ok ? text.value : text.error.code));
}

/** Changes the row behind the broker's back. */
export async function tamper(id: string, change: string): Promise<void> {
  const { meta } = await db.prepare(`UPDATE webhook_endpoint SET ${change} WHERE id = ?`).bind(id).run();
  expect(meta.changes).toBe(1);
}

export function waitingDelivery(id: string, endpoint: string): DeliveryRow {
  return {
    id,
    eventId: `evt_of_${id}`,
    type: 'agent.auth.succeeded',
    endpoint,
    organization: '',
    connectedAccountId: 'ca_1',
    source: 'account:ca_1',
    status: 'waiting',
    attempts: 1,
    lastStatus: 500,
    lastFailure: null,
    nextAttemptAtMs: NOW,
    createdAtMs: NOW,
    deliveredAtMs: null,
    updatedAtMs: NOW,
  };
}
