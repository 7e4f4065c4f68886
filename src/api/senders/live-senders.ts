/** The senders of this deployment: objects send their own deliveries again, a test goes out from here, once. */

import { accountStub } from '#accounts/stub.ts';
import { agentStub } from '#agents/stub.ts';
import { unwrap } from '#contract/answer.ts';
import { ProblemError } from '#contract/problem.ts';
import { newId } from '#crypto/api-keys.ts';
import type { DeliveryRow } from '#directory/webhooks/deliveries.ts';
import { appendEvents } from '#directory/webhooks/events.ts';
import { secretsInForce } from '#directory/webhooks/webhook-endpoint-row.ts';
import { trustedEndpoint } from '#directory/webhooks/webhook-endpoints.ts';
import { attempt } from '#egress/deliver.ts';
import { systemNow } from '#lib/clock.ts';
import { eventBody, testEventData } from '#webhooks/event.ts';
import { judgeAnswer } from '#webhooks/retry.ts';
import type { WebhookSenders } from './webhook-senders.ts';

export const LIVE_SENDERS: WebhookSenders = {
  async sendTest(c, id) {
    const config = c.get('config');
    const trusted = await trustedEndpoint(config, id);
    if (trusted === null) throw new ProblemError('not_found');
    const { endpoint, dataKey } = trusted;
    const atMs = systemNow();
    const eventId = newId('evt');
    const body = eventBody({ type: 'webhook.test', atMs, data: testEventData(endpoint.id) });
    await appendEvents(config.directory, [
      {
        id: eventId,
        type: 'webhook.test',
        atMs,
        organization: endpoint.organization,
        connectedAccountId: null,
        body,
        suppressed: false,
      },
    ]);
    const outcome = await attempt(config, {
      eventId,
      body,
      endpoint: endpoint.id,
      url: endpoint.url,
      secrets: secretsInForce(endpoint, atMs),
      dataKey,
    });
    if (outcome.kind === 'unsent') {
      const detail =
        outcome.reason === 'resolver_failed'
          ? 'DNS_RESOLVER does not answer'
          : 'the event could not be signed';
      throw new ProblemError('unavailable', { detail, retryAfterS: 30 });
    }
    return {
      eventId,
      delivered: judgeAnswer(outcome) === 'delivered',
      status: outcome.kind === 'response' ? outcome.status : null,
    };
  },

  async redeliver(c, delivery): Promise<DeliveryRow | null> {
    const config = c.get('config');
    const [kind, ...rest] = delivery.source.split(':');
    const id = rest.join(':');
    if (kind === 'account')
      return unwrap(await accountStub(config, id).redeliver({ deliveryId: delivery.id }));
    const told = await agentStub(config, id).redeliver({ deliveryId: delivery.id });
    if (!told.ok) throw new ProblemError('unavailable', { detail: told.detail, retryAfterS: 30 });
    return told.delivery;
  },
};
