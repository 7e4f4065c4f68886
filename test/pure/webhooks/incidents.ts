/** What a receiver makes of the events of one account, told without the code that sends them. */

import type { AccountEventType } from '#webhooks/event.ts';
import { endsIncident, type Standing } from '#webhooks/incident.ts';

/** Created, or just connected. */
export const UNTROUBLED: Standing = { status: 'live', trouble: null };

type Opening = 'agent.auth.reauth_required' | 'connected_account.degraded';

interface OpenIncident {
  readonly type: Opening;
  /** Of the event that opened it. */
  readonly sequence: number;
}

const isOpening = (type: AccountEventType): type is Opening =>
  type === 'agent.auth.reauth_required' || type === 'connected_account.degraded';

/** The incident that is open after these events of one account, in their order. */
export function incidentOf(
  events: readonly { readonly type: AccountEventType; readonly sequence: number }[],
): OpenIncident | null {
  let open: OpenIncident | null = null;
  for (const { type, sequence } of events) {
    if (open !== null && endsIncident(open.type, type)) open = null;
    if (open === null && isOpening(type)) open = { type, sequence };
  }
  return open;
}
