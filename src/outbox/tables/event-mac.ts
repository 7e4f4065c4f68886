/**
 * The MAC over an event as it was made. Its text is signed for the receivers later, long after the change: an attacker
 * that can only write to the object's rows must not get a text of their own under the broker's signature, nor an event
 * of one organization before the endpoints of another.
 */

import { equalSecrets, rowMac } from '#crypto/digest.ts';
import type { OutgoingEvent } from './rows.ts';

/** The fields of an event that are fixed when it is made. */
export type EventSubstance = Pick<
  OutgoingEvent,
  'id' | 'type' | 'sequence' | 'atMs' | 'organization' | 'body'
>;

/** @param macKey of the present life of the account or agent. The order of the parts is part of the format. */
export function eventMac(macKey: Uint8Array, event: EventSubstance): string {
  const { id, type, sequence, atMs, organization, body } = event;
  return rowMac(macKey, 'event', [id, type, sequence, atMs, organization, body]);
}

/** Whether the event is as the broker made it. To be asked before its text is signed. */
export function isAuthentic(macKey: Uint8Array, event: EventSubstance & Pick<OutgoingEvent, 'mac'>): boolean {
  return event.mac !== null && equalSecrets(eventMac(macKey, event), event.mac);
}
