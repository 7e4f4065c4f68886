/** Instants as pages show them. Pure. */

import { jsx, type Child } from 'hono/jsx';
import { cspHash } from '#crypto/digest.ts';

/** A time in a sentence: words where no script runs, and what a script makes the reader's own time of. */
export function timeValue(iso: string): string | { readonly markup: Child; readonly text: string } {
  const text = clockTime(iso);
  return text === iso ? iso : { markup: jsx('time', { datetime: iso }, text), text };
}

/**
 * Puts every time of the page into the reader's zone and language, with the day where it is not today. It reads what the
 * page says and loads nothing; the policy allows this text and no other script.
 */
export const TIME_SCRIPT =
  'for(const t of document.querySelectorAll("time")){const d=new Date(t.dateTime);' +
  'if(!isNaN(d))t.textContent=new Intl.DateTimeFormat(document.documentElement.lang,' +
  '{...(d.toDateString()===new Date().toDateString()?{}:{weekday:"short",day:"numeric",month:"short"}),' +
  'hour:"numeric",minute:"2-digit"}).format(d)}';
export const TIME_SCRIPT_SOURCE = cspHash(TIME_SCRIPT);

/**
 * `14:32 UTC` of an ISO-8601 instant in UTC. Without a script a page does not know the user's zone, and one that is named
 * is better than one that is guessed. A text that is no instant is given back as it is.
 */
export function clockTime(iso: string): string {
  const [, time] = /^\d{4}-\d\d-\d\dT(\d\d:\d\d):\d\d(?:\.\d+)?Z$/.exec(iso) ?? [];
  return time === undefined ? iso : `${time} UTC`;
}
