/** What an outbox is given by the object that it lives in. */

import type { Now, Random } from '#lib/clock.ts';
import type { DeliveryHolder, DeliveryRequest } from '#webhooks/delivery-request.ts';
import type { OutboxDirectory } from './directory.ts';

export interface OutboxPowers {
  /** Whose outbox it is. */
  readonly source: DeliveryHolder;
  readonly sql: SqlStorage;
  /** One atomic write, with the object's schema applied before it; awaits nothing. */
  readonly transaction: <T>(write: () => T) => T;
  /** Which of its tables are there: a name that was never created gets none. `need` makes one, inside a write. */
  readonly tables: { has(table: string): boolean; need(table: string): void };
  /** Sets the object's alarm for the outbox, or takes it away. Inside a transaction. */
  readonly wake: (atMs: number | null) => void;
  /** Hands one attempt to the Deliverer, which reports to `settled`. Not awaited by the outbox. */
  readonly deliver: (request: DeliveryRequest) => Promise<unknown>;
  readonly directory: OutboxDirectory;
  /**
   * Runs `step` with the MAC key of the present life, or of the next one where there is none: nothing is awaited between
   * the look at the key and the step. Null: no key opens, `step` did not run.
   */
  readonly withKey: <T>(step: (mac: Uint8Array) => T) => Promise<T | null>;
  /** Keeps the object alive until the work is done. */
  readonly waitUntil: (work: Promise<unknown>) => void;
  readonly now: Now;
  readonly random: Random;
}
