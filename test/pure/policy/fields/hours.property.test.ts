import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DAYS, type Hours } from '#contract/rules/fields.ts';
import { isWithinHours } from '#policy/fields/hours.ts';

const ZONES = [
  'Europe/Berlin',
  'America/New_York',
  'America/Santiago',
  'America/St_Johns',
  'Australia/Lord_Howe',
  'Africa/Cairo',
  'Asia/Jerusalem',
  'Pacific/Auckland',
  'Pacific/Chatham',
  'Asia/Kolkata',
  'UTC',
] as const;
const HOUR = 3_600_000;
const MINUTE = 60_000;
const DAY_MINUTES = 1440;
const FROM = Date.UTC(2026, 0, 1);
const UNTIL = Date.UTC(2029, 0, 1);

const offsets = new Map(
  ZONES.map((zone) => [
    zone,
    new Intl.DateTimeFormat('en-GB', { timeZone: zone, timeZoneName: 'longOffset' }),
  ]),
);

/** Minutes east of UTC, read from the name of the offset. */
function offsetAt(zone: (typeof ZONES)[number], atMs: number): number {
  const parts = offsets.get(zone)?.formatToParts(atMs) ?? [];
  const told = parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
  const [, sign, hours, minutes] = /^GMT(?:([+-])(\d\d):(\d\d))?$/.exec(told) ?? [];
  if (sign === undefined) return 0;
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}

/** Every minute at which the offset of the zone changes, to the minute. */
function changesOf(zone: (typeof ZONES)[number]): number[] {
  const found: number[] = [];
  for (let at = FROM; at < UNTIL; at += 12 * HOUR) {
    if (offsetAt(zone, at) === offsetAt(zone, at + 12 * HOUR)) continue;
    let [low, high] = [at, at + 12 * HOUR];
    while (high - low > MINUTE) {
      const middle = low + Math.floor((high - low) / 2 / MINUTE) * MINUTE;
      if (offsetAt(zone, middle) === offsetAt(zone, low)) low = middle;
      else high = middle;
    }
    found.push(high);
  }
  return found;
}

const changes = new Map(ZONES.map((zone) => [zone, changesOf(zone)]));

const minutesOf = (time: string) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));

/** The same by calendar arithmetic: the windows of the day and of the day before, as spans of wall-clock minutes. */
function expected({ timezone, days, from = '00:00', to = '24:00' }: Hours, atMs: number): boolean {
  const wall = Math.floor(atMs / MINUTE) + offsetAt(timezone as (typeof ZONES)[number], atMs);
  const today = Math.floor(wall / DAY_MINUTES);
  const begin = minutesOf(from);
  const length = (minutesOf(to) - begin + DAY_MINUTES) % DAY_MINUTES || DAY_MINUTES;
  return [today - 1, today].some((date) => {
    // The first day of the epoch was a Thursday.
    const day = DAYS[(((date + 3) % 7) + 7) % 7];
    const start = date * DAY_MINUTES + begin;
    return (
      (days === undefined || (day !== undefined && days.includes(day))) &&
      wall >= start &&
      wall < start + length
    );
  });
}

const two = (value: number) => String(value).padStart(2, '0');
const time = fc
  .nat({ max: DAY_MINUTES - 1 })
  .map((minute) => `${two(Math.floor(minute / 60))}:${two(minute % 60)}`);
const hours: fc.Arbitrary<Hours> = fc
  .record(
    {
      timezone: fc.constantFrom(...ZONES),
      days: fc.uniqueArray(fc.constantFrom(...DAYS), { minLength: 1 }),
      from: time,
      to: fc.oneof({ weight: 6, arbitrary: time }, { weight: 1, arbitrary: fc.constant('24:00') }),
    },
    { requiredKeys: ['timezone'] },
  )
  .filter(({ from = '00:00', to = '24:00' }) => from !== to);

describe('hours', () => {
  it('know every change of 2026 to 2028 that the tests are about', () => {
    for (const zone of ZONES) {
      const count = zone === 'Asia/Kolkata' || zone === 'UTC' ? 0 : 6;
      expect([zone, changes.get(zone)?.length]).toEqual([zone, count]);
    }
  });

  it('agree with calendar arithmetic at any minute', () => {
    fc.assert(
      fc.property(hours, fc.integer({ min: FROM, max: UNTIL }), (given, atMs) => {
        expect(isWithinHours(given, atMs)).toBe(expected(given, atMs));
      }),
      { numRuns: 3000 },
    );
  });

  it.each(ZONES)('agree with it around each change of %s', (zone) => {
    for (const change of changes.get(zone) ?? []) {
      fc.assert(
        fc.property(hours, fc.integer({ min: -26 * 60, max: 26 * 60 }), (given, minutes) => {
          const there = { ...given, timezone: zone };
          const atMs = change + minutes * MINUTE;
          expect(isWithinHours(there, atMs)).toBe(expected(there, atMs));
        }),
        { numRuns: 150 },
      );
    }
  });

  it('are inside twice in a minute that occurs twice, and never in one that does not occur', () => {
    const inside = (given: Hours, start: number, hoursLong: number) => {
      let count = 0;
      for (let at = start; at < start + hoursLong * HOUR; at += MINUTE)
        if (isWithinHours(given, at)) count += 1;
      return count;
    };
    const night: Hours = { timezone: 'Europe/Berlin', from: '02:00', to: '03:00' };
    expect(inside(night, Date.UTC(2026, 9, 24, 22), 25)).toBe(120);
    expect(inside(night, Date.UTC(2026, 2, 28, 23), 23)).toBe(0);
    expect(inside(night, Date.UTC(2026, 5, 9, 22), 24)).toBe(60);
  });

  it('begin with their first millisecond and end before their last minute', () => {
    const day: Hours = { timezone: 'Europe/Berlin', days: ['mon'], from: '09:00', to: '18:00' };
    const monday = Date.UTC(2026, 5, 8);
    const at = (hour: number, minute: number, more = 0) =>
      monday + ((hour - 2) * 60 + minute) * MINUTE + more;
    expect(
      [at(9, 0, -1), at(9, 0), at(17, 59, 59_999), at(18, 0)].map((one) => isWithinHours(day, one)),
    ).toEqual([false, true, true, false]);
  });

  it('give a night to the day on which it began', () => {
    const night: Hours = { timezone: 'UTC', days: ['fri'], from: '22:00', to: '06:00' };
    const friday = Date.UTC(2026, 5, 12);
    const at = (hour: number) => isWithinHours(night, friday + hour * HOUR);
    expect([at(1), at(21), at(22), at(24), at(29), at(30), at(46)]).toEqual([
      false,
      false,
      true,
      true,
      true,
      false,
      false,
    ]);
  });

  it('allow nothing in a zone that the platform does not know', () => {
    expect(isWithinHours({ timezone: 'Mars/Olympus' }, FROM)).toBe(false);
  });
});
