/**
 * What an outbox hands to the Deliverer, and what comes back: the types of a call between two rooms of the same floor.
 * Ciphertexts and the wrapped key that opens them; nothing plain but the event crosses RPC.
 */

import type { AttemptAnswer } from './retry.ts';

/** The object that holds the delivery and is told how its attempt ended. */
export interface DeliveryHolder {
  readonly kind: 'account' | 'agent';
  readonly id: string;
}

export interface DeliveryRequest {
  readonly source: DeliveryHolder;
  readonly deliveryId: string;
  /** Number of this attempt, from 1; tells a late report from a present one. */
  readonly attempt: number;
  readonly eventId: string;
  /** The exact text that is signed and sent. */
  readonly body: string;
  /** `we_…`: part of the place of its secrets. */
  readonly endpoint: string;
  readonly url: string;
  /** Ciphertexts of the secrets in force, newest first. */
  readonly secrets: readonly string[];
  /** Wrapped data key of the endpoints' secrets. */
  readonly dataKey: string;
}

/** `unsent`: nothing left, by the broker's own fault; the receiver is not to blame. */
export type DeliveryOutcome = AttemptAnswer | { readonly kind: 'unsent'; readonly reason: string };

/** How an attempt ended. May come late, and twice. */
export interface DeliveryReport {
  readonly deliveryId: string;
  readonly attempt: number;
  readonly result: DeliveryOutcome;
  readonly durationMs: number;
}
