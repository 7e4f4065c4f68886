/** Which endpoints an event goes to. Pure. */

import type { WebhookEndpointRow } from '#directory/webhooks/webhook-endpoint-row.ts';
import { matchesFilters } from '#webhooks/event.ts';
import type { OutgoingEvent } from './tables/rows.ts';

type Receiver = Pick<WebhookEndpointRow, 'organization' | 'events' | 'createdAtMs' | 'health'>;

/**
 * An endpoint of an organization gets the events of that organization and no other. One of none was made by an unbound
 * operator, who sees all organizations. It gets the events of all, and those of connections, which belong to the
 * deployment: the deployment's own backend listens with it.
 */
export function hears(endpoint: Pick<Receiver, 'organization'>, organization: string): boolean {
  return endpoint.organization === '' || endpoint.organization === organization;
}

/** The endpoints that get this event: not disabled, there when it happened, of its organization, and asking for it. */
export function receiversOf<T extends Receiver>(
  event: Pick<OutgoingEvent, 'type' | 'organization' | 'atMs'>,
  endpoints: readonly T[],
): T[] {
  return endpoints.filter(
    (endpoint) =>
      endpoint.health.status !== 'disabled' &&
      endpoint.createdAtMs <= event.atMs &&
      hears(endpoint, event.organization) &&
      matchesFilters(endpoint.events, event.type),
  );
}

/** Whether any of them asks for plain refreshes of this organization's accounts. */
export function anyWantsRefreshed(endpoints: readonly Receiver[], organization: string): boolean {
  return endpoints.some(
    (endpoint) =>
      endpoint.health.status !== 'disabled' &&
      hears(endpoint, organization) &&
      matchesFilters(endpoint.events, 'connected_account.refreshed'),
  );
}

/** Whose endpoints can hear events of these organizations. */
export function organizationsHeard(organizations: Iterable<string>): string[] {
  return [...new Set(['', ...organizations])].toSorted();
}
