/** Names of time zones: those of IANA that the platform knows. */

/** A name begins with a letter: an offset, which `Intl` takes as well, knows no daylight-saving time. */
const ZONE_NAME = /^[A-Za-z][A-Za-z0-9_+\-/]{0,63}$/;

/** Is this a zone that wall-clock times can be told in? */
export function isTimeZone(name: string): boolean {
  if (!ZONE_NAME.test(name)) return false;
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
