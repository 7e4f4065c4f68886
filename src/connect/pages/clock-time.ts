/** Instants as pages show them. Pure. */

/**
 * `14:32 UTC` of an ISO-8601 instant in UTC. Without a script a page does not know the user's zone, and one that is named
 * is better than one that is guessed. What is no instant is given back as it is.
 */
export function clockTime(iso: string): string {
  const [, time] = /^\d{4}-\d\d-\d\dT(\d\d:\d\d):\d\d(?:\.\d+)?Z$/.exec(iso) ?? [];
  return time === undefined ? iso : `${time} UTC`;
}
