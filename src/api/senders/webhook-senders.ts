/**
 * What the webhook routes need of the sender of deliveries. Routes ask for it and do not know how: deliveries belong to
 * the objects that hold the events, and the one way out is `egress`.
 */

import type { Context } from 'hono';
import { ProblemError } from '#contract/problem.ts';
import type { DeliveryRow } from '#directory/webhooks/deliveries.ts';
import type { AppEnv } from '../context.ts';

/** How a test ended. */
export interface TestOutcome {
  readonly eventId: string;
  /** Whether a 2xx came in time. */
  readonly delivered: boolean;
  /** The endpoint's status; null: it did not answer. */
  readonly status: number | null;
}

export interface WebhookSenders {
  /**
   * Sends a `webhook.test` event to this endpoint now, regardless of its filters and status, and appends it to the
   * events; by its row as the broker wrote it, or not at all.
   * Resolves when the one attempt has ended; it is not retried and leaves the endpoint's health as it is.
   * @throws ProblemError `vault_locked`, `unavailable`, `record_corrupt`
   */
  sendTest(c: Context<AppEnv>, endpointId: string): Promise<TestOutcome>;
  /**
   * Makes the object that holds the delivery (`delivery.source`) send it again, regardless of its status: due now, with
   * a new table of retries. The delivery as it is then; null: the object does not hold it any more.
   * @throws ProblemError `vault_locked`, `unavailable`, `record_corrupt`
   */
  redeliver(c: Context<AppEnv>, delivery: DeliveryRow): Promise<DeliveryRow | null>;
}

const RETRY_AFTER_S = 60;

function nobody(): Promise<never> {
  throw new ProblemError('unavailable', {
    detail: 'this deployment does not deliver webhooks',
    retryAfterS: RETRY_AFTER_S,
  });
}

/** For an app without deliveries: both say so. */
export const NO_SENDERS: WebhookSenders = { sendTest: nobody, redeliver: nobody };
