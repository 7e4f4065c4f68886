/**
 * Turns the texts in which servers write moments into epoch milliseconds, by arithmetic alone.
 * It refuses to know what time it is: this floor has no clock, so the platform's date type stays unused even for parsing.
 *
 * Sources: RFC 9110 section 5.6.7 (HTTP-date, all three forms), ISO 8601 / RFC 3339.
 */

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAY_MS = 86_400_000;
/** An HTTP-date is 29 characters and an ISO instant about 30; longer is something else. */
const MAX_TEXT = 64;
/** Above this a number of epoch seconds would lie beyond the year 5100, so it counts milliseconds. */
const EPOCH_SECONDS_LIMIT = 1e11;

/** Days from 1970-01-01 in the proleptic Gregorian calendar (years that begin in March put the leap day last). */
function daysFromCivil(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

interface Civil {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
}

function toEpochMs({ year, month, day, hour, minute, second }: Civil): number | null {
  const sane =
    year >= 1970 &&
    year <= 9999 &&
    month >= 1 &&
    month <= 12 &&
    day >= 1 &&
    day <= 31 &&
    hour <= 23 &&
    minute <= 59 &&
    second <= 60;
  if (!sane) return null;
  return daysFromCivil(year, month, day) * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1000;
}

const monthNumber = (name: string | undefined): number => MONTHS.indexOf((name ?? '').toLowerCase()) + 1;

function civil(year: number, month: number, rest: (string | undefined)[]): number | null {
  const [day, hour, minute, second] = rest.map(Number);
  return toEpochMs({
    year,
    month,
    day: day ?? 0,
    hour: hour ?? 99,
    minute: minute ?? 99,
    second: second ?? 99,
  });
}

/**
 * An HTTP-date in epoch milliseconds, or null where the text is none.
 *
 * A two-digit year (the obsolete RFC 850 form) below 70 is of this century.
 */
export function parseHttpDate(text: string): number | null {
  const value = text.trim();
  if (value.length > MAX_TEXT) return null;
  const fixed = /^[A-Za-z]{3}, (\d{1,2}) ([A-Za-z]{3}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) (?:GMT|UTC)$/.exec(
    value,
  );
  if (fixed) return civil(Number(fixed[3]), monthNumber(fixed[2]), [fixed[1], fixed[4], fixed[5], fixed[6]]);
  const old = /^[A-Za-z]{6,9}, (\d{2})-([A-Za-z]{3})-(\d{2}) (\d{2}):(\d{2}):(\d{2}) GMT$/.exec(value);
  if (old) {
    const short = Number(old[3]);
    return civil(short + (short < 70 ? 2000 : 1900), monthNumber(old[2]), [old[1], old[4], old[5], old[6]]);
  }
  const c = /^[A-Za-z]{3} ([A-Za-z]{3}) {1,2}(\d{1,2}) (\d{2}):(\d{2}):(\d{2}) (\d{4})$/.exec(value);
  if (c) return civil(Number(c[6]), monthNumber(c[1]), [c[2], c[3], c[4], c[5]]);
  return null;
}

/** An ISO 8601 instant in epoch milliseconds, or null; without a zone it is read as UTC, what servers mean by it. */
export function parseIsoInstant(text: string): number | null {
  const value = text.trim();
  if (value.length > MAX_TEXT) return null;
  const iso =
    /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)? ?(Z|z|UTC|[+-]\d{2}:?\d{2})?$/.exec(
      value,
    );
  if (!iso) return null;
  const atUtc = civil(Number(iso[1]), Number(iso[2]), [iso[3], iso[4], iso[5], iso[6] ?? '0']);
  if (atUtc === null) return null;
  const fractionMs = iso[7] === undefined ? 0 : Math.floor(Number(`0.${iso[7]}`) * 1000);
  const zone = /^([+-])(\d{2}):?(\d{2})$/.exec(iso[8] ?? '');
  const offsetMinutes = zone ? (Number(zone[2]) * 60 + Number(zone[3])) * (zone[1] === '-' ? -1 : 1) : 0;
  return atUtc + fractionMs - offsetMinutes * 60_000;
}

/**
 * An absolute moment as providers write it in an answer: epoch seconds, epoch milliseconds (as number or text) or ISO.
 *
 * @returns epoch milliseconds, never NaN, or null where it is none of these.
 */
export function parseInstant(value: unknown): number | null {
  const number =
    typeof value === 'number'
      ? value
      : typeof value === 'string' && /^\d{1,15}(\.\d{1,9})?$/.test(value.trim())
        ? Number(value)
        : null;
  if (number !== null) {
    if (!Number.isFinite(number) || number <= 0) return null;
    return Math.floor(number > EPOCH_SECONDS_LIMIT ? number : number * 1000);
  }
  return typeof value === 'string' ? parseIsoInstant(value) : null;
}

/** No `Retry-After` holds an account back longer than this: a typo in a header must not cost a day. */
const RETRY_AFTER_LIMIT_MS = 3_600_000;

/**
 * `Retry-After` in milliseconds from `nowMs`, between zero and one hour, or null where there is none that makes sense.
 *
 * Source: RFC 9110 section 10.2.3 (seconds or HTTP-date); fractions of seconds are seen in the wild and rounded up.
 */
export function parseRetryAfterMs(value: string | undefined, nowMs: number): number | null {
  const text = value?.trim() ?? '';
  let waitMs: number;
  if (/^\d{1,15}(\.\d{1,9})?$/.test(text)) waitMs = Math.ceil(Number(text) * 1000);
  else {
    const atMs = parseHttpDate(text);
    if (atMs === null) return null;
    waitMs = atMs - nowMs;
  }
  return Number.isFinite(waitMs) ? Math.min(Math.max(waitMs, 0), RETRY_AFTER_LIMIT_MS) : null;
}
