/** What `webhooks/incident.ts` is asked about one event of an account, found in the account's events. Pure. */

import type { AccountEventType } from '#webhooks/event.ts';
import { decideSuppression, endsIncident, type Suppression } from '#webhooks/incident.ts';
import type { ToldEvent } from './tables/rows.ts';

const DEGRADED: AccountEventType = 'connected_account.degraded';
const RECOVERED: AccountEventType = 'connected_account.recovered';
const REAUTH: AccountEventType = 'agent.auth.reauth_required';

/** Whether an event may turn out not to be worth sending. */
export function canBeSuppressed({ type }: ToldEvent): boolean {
  return type === DEGRADED || type === REAUTH || type === RECOVERED;
}

/** The first event after `opening` that ends the incident it opened; null: it lasts, or opened none. */
function endOf(opening: ToldEvent, told: readonly ToldEvent[]): ToldEvent | null {
  const type = opening.type as AccountEventType;
  return (
    told.find((later) => later.n > opening.n && endsIncident(type, later.type as AccountEventType)) ?? null
  );
}

/**
 * Whether `event`, which has not left for any endpoint yet, may leave now.
 *
 * @param told events of the account, oldest first, `event` among them; all from the opening of its incident on
 */
export function suppressionOf(event: ToldEvent, told: readonly ToldEvent[], nowMs: number): Suppression {
  const openings = told.filter(({ type, n }) => type === DEGRADED && n < event.n);
  const ofItsIncident = openings.filter((opening) => endOf(opening, told)?.n === event.n);
  return decideSuppression({
    type: event.type as AccountEventType,
    nowMs,
    endedAtMs: endOf(event, told)?.atMs ?? null,
    openingSuppressed: ofItsIncident.length > 0 && ofItsIncident.every(({ suppressed }) => suppressed),
    sentReauthAtMs: told.flatMap(({ type, leftAtMs }) =>
      type === REAUTH && leftAtMs !== null ? [leftAtMs] : [],
    ),
  });
}
