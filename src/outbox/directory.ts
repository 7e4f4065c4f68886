/** What an outbox asks of the directory, as one power: another may stand in for it. */

import { upsertDeliveries, type DeliveryRow } from '#directory/webhooks/deliveries.ts';
import { appendEvents, markSuppressed, type EventRow } from '#directory/webhooks/events.ts';
import {
  recordEndpointResult,
  takeDrainPlaces,
  takeProbe,
  type EndpointResult,
} from '#directory/webhooks/webhook-health.ts';
import {
  forgetEndpoints,
  loadEndpoints,
  type LoadedEndpoints,
} from '#directory/webhooks/webhook-settings.ts';

/** Everything but `endpoints` throws where the directory does not answer. */
export interface OutboxDirectory {
  /**
   * The endpoints of these organizations (empty for none). `fresh`: read after this call began, so that one made before
   * it is among them; else a few seconds old at most.
   */
  endpoints(ask: {
    readonly organizations: readonly string[];
    readonly fresh: boolean;
    readonly timeoutMs: number;
  }): Promise<LoadedEndpoints | 'unavailable'>;
  appendEvents(events: readonly EventRow[]): Promise<void>;
  markSuppressed(eventId: string, suppressed: boolean): Promise<void>;
  indexDeliveries(rows: readonly DeliveryRow[]): Promise<void>;
  recordResult(endpoint: string, result: EndpointResult, nowMs: number): Promise<void>;
  takeProbe(endpoint: string, nowMs: number): Promise<boolean>;
  /** When each of `own` deliveries that were kept back may leave; null: their endpoint does not answer after all. */
  takeDrainPlaces(endpoint: string, own: number, nowMs: number): Promise<readonly number[] | null>;
}

export function outboxDirectory(db: D1Database, masterKeys: string | null): OutboxDirectory {
  return {
    endpoints: ({ organizations, fresh, timeoutMs }) => {
      if (fresh) forgetEndpoints();
      return loadEndpoints(db, masterKeys, timeoutMs, organizations);
    },
    appendEvents: (events) => appendEvents(db, events),
    markSuppressed: (eventId, suppressed) => markSuppressed(db, eventId, suppressed),
    indexDeliveries: (rows) => upsertDeliveries(db, rows),
    recordResult: async (endpoint, result, nowMs) => {
      await recordEndpointResult(db, endpoint, result, nowMs);
    },
    takeProbe: (endpoint, nowMs) => takeProbe(db, endpoint, nowMs),
    takeDrainPlaces: (endpoint, own, nowMs) => takeDrainPlaces(db, endpoint, own, nowMs),
  };
}
