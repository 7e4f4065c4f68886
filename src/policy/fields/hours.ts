/**
 * Whether a moment lies in a rule's `hours`. The clock on the wall of the rule's zone decides: a minute that occurs twice
 * is inside twice, one that never occurs never is. Pure: the moment comes in as an argument.
 */

import { DAYS, type Hours } from '#contract/rules/fields.ts';
import { BoundedMap } from '#lib/bounded-map.ts';

const MINUTE_MS = 60_000;
const DAY_MINUTES = 24 * 60;
/** Making a formatter costs a hundred times what using it does. */
const REMEMBERED_ZONES = 100;

interface Wall {
  /** Index into `DAYS`. */
  readonly day: number;
  readonly minute: number;
}

interface Zone {
  readonly format: Intl.DateTimeFormat;
  /** The wall of the minute that was last asked for: requests of one minute share it. */
  last: { readonly minute: number; readonly wall: Wall } | null;
}

const zones = new BoundedMap<string, Zone>(REMEMBERED_ZONES);

/** What the clock on the wall shows at that moment; null: the platform does not know the zone. */
function wallAt(timeZone: string, nowMs: number): Wall | null {
  const zone = zones.get(timeZone) ?? zoneOf(timeZone);
  if (zone === null) return null;
  // Zones differ from UTC by whole minutes since 1972.
  const minute = Math.floor(nowMs / MINUTE_MS);
  if (zone.last?.minute !== minute) zone.last = { minute, wall: read(zone.format, minute * MINUTE_MS) };
  return zone.last.wall;
}

function zoneOf(timeZone: string): Zone | null {
  try {
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
    const zone: Zone = { format, last: null };
    zones.set(timeZone, zone);
    return zone;
  } catch {
    return null;
  }
}

function read(format: Intl.DateTimeFormat, atMs: number): Wall {
  const parts = new Map(format.formatToParts(atMs).map(({ type, value }) => [type, value]));
  const weekday = parts.get('weekday')?.toLowerCase();
  return {
    day: DAYS.findIndex((day) => day === weekday),
    minute: Number(parts.get('hour')) * 60 + Number(parts.get('minute')),
  };
}

/** Minutes since midnight. */
function minutesOf(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3));
}

/** False also where the platform does not know the zone: what cannot be told allows nothing. */
export function isWithinHours({ timezone, days, from, to }: Hours, nowMs: number): boolean {
  const wall = wallAt(timezone, nowMs);
  if (wall === null || wall.day < 0) return false;
  const isOn = (day: number) => days === undefined || days.some((one) => one === DAYS[day]);
  const begin = from === undefined ? 0 : minutesOf(from);
  const end = to === undefined ? DAY_MINUTES : minutesOf(to);
  const { day, minute } = wall;
  if (begin < end) return isOn(day) && minute >= begin && minute < end;
  const dayBefore = (day + DAYS.length - 1) % DAYS.length;
  return minute >= begin ? isOn(day) : minute < end && isOn(dayBefore);
}
