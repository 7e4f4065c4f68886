/** The rows of an outbox as the room speaks of them. All `…Ms` are epoch milliseconds. */

import type { EventType } from '#webhooks/event.ts';

export type SqlValue = string | number | null;
export type SqlRow = Record<string, SqlValue>;

export interface OutgoingEvent {
  /** Order of making in this object. */
  readonly n: number;
  /** `evt_…`, the `webhook-id` of every attempt. */
  readonly id: string;
  readonly type: EventType;
  /** Null for what is no event of an account. */
  readonly sequence: number | null;
  readonly atMs: number;
  /** Empty for none. */
  readonly organization: string;
  /** The exact text that is signed and sent. */
  readonly body: string;
  /** When its first attempt to any endpoint started; null: it has not left. */
  readonly leftAtMs: number | null;
  /** Not to be delivered, for good or until there is room. */
  readonly suppressed: boolean;
  /** What the directory's log says of `suppressed`. */
  readonly marked: boolean;
  /** Stands in the directory's log. */
  readonly shipped: boolean;
  /** Its deliveries have been made. */
  readonly fannedOut: boolean;
  /** See `event-mac.ts`; null: made before events had one. */
  readonly mac: string | null;
}

/** An event without its text: what decisions about it need. */
export type ToldEvent = Pick<OutgoingEvent, 'n' | 'type' | 'sequence' | 'atMs' | 'leftAtMs' | 'suppressed'>;

export interface Delivery {
  /** `wd_…` */
  readonly id: string;
  readonly eventN: number;
  /** `we_…` */
  readonly endpoint: string;
  /** Of the endpoint; empty for none. */
  readonly organization: string;
  readonly status: 'waiting' | 'delivered' | 'failed';
  /** All that were started; the number of the present one while it is in flight. */
  readonly attempts: number;
  /** Those of them that the table of retries counts: probes of a failing endpoint are not. */
  readonly tries: number;
  /** Null unless it waits. */
  readonly nextAttemptAtMs: number | null;
  /** HTTP status of the last attempt; null: none was made, or none was answered. */
  readonly lastStatus: number | null;
  /** Short code of why the last attempt was not answered; null: it was, or none was made. */
  readonly lastFailure: string | null;
  readonly createdAtMs: number;
  /** When it was made, or asked for again by an operator. */
  readonly askedAtMs: number;
  readonly deliveredAtMs: number | null;
  /** Null unless an attempt is in flight; after this time its end has been lost. */
  readonly inFlightUntilMs: number | null;
  /** The present attempt, or the last one, is a probe. */
  readonly probing: boolean;
  /** When it was last refused as a probe. */
  readonly probedAtMs: number | null;
  /** Kept back by a failing endpoint, and to come back spread with the others. */
  readonly held: boolean;
  /** The directory's index has the row as it is. */
  readonly indexed: boolean;
  readonly updatedAtMs: number;
}
