/**
 * The picture in `src/refresh/README.md`: 10,000 accounts that connected within one minute, by the schedule that runs.
 * The same numbers each time, so that a change of the schedule shows as a change of the picture.
 */

import { planRefresh } from '#refresh/schedule.ts';

const ACCOUNTS = 10_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const HOURS = 6;
/** Minutes behind each mark. */
const MARK = 2;
const MARKS = ' ▁▂▃▄▅▆▇█';
const START_MS = 1_795_255_200_000;

/** mulberry32: uniform in [0, 1), the same for the same seed. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Refreshes in each minute after the cohort began to connect. */
function refreshesPerMinute(): number[] {
  const random = seeded(11);
  const minutes = new Array<number>(HOURS * 60).fill(0);
  for (let account = 0; account < ACCOUNTS; account += 1) {
    let nowMs = START_MS + Math.floor(random() * MINUTE_MS);
    for (let cycle = 0; ; cycle += 1) {
      const grant = {
        hasAccessToken: true,
        hasRefreshToken: true,
        accessExpiresAtMs: nowMs + HOUR_MS,
        tokenAtMs: nowMs,
        lifetimeMs: HOUR_MS,
        cycle,
        refreshExpiresAtMs: null,
        refreshIdleExpiresAtMs: null,
        nextAttemptAtMs: null,
        lastAttemptStartedAtMs: nowMs,
        doubtSinceMs: null,
      };
      const facts = { nowMs, grant, lastUsedAtMs: nowMs, createdAtMs: START_MS, defaultLifetimeMs: HOUR_MS };
      const planned = planRefresh({ ...facts, mode: { kind: 'proactive' }, random });
      nowMs = planned?.dueAtMs ?? Infinity;
      const minute = Math.floor((nowMs - START_MS) / MINUTE_MS);
      if (minute >= minutes.length) break;
      minutes[minute] = (minutes[minute] ?? 0) + 1;
    }
  }
  return minutes;
}

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);

/** One line per hour, one mark per two minutes, as high as the refreshes a minute in them. */
export function cohortChart(): string {
  const minutes = refreshesPerMinute();
  const most = Math.max(...minutes);
  const lines = Array.from({ length: HOURS }, (_, hour) => {
    const ofHour = minutes.slice(hour * 60, (hour + 1) * 60);
    const marks = Array.from({ length: 60 / MARK }, (_unused, n) => {
      const perMinute = sum(ofHour.slice(n * MARK, (n + 1) * MARK)) / MARK;
      return MARKS[perMinute === 0 ? 0 : Math.max(1, Math.round((perMinute / most) * (MARKS.length - 1)))];
    });
    const mean = Math.round(sum(ofHour) / 60);
    return `${hour}:00  |${marks.join('')}|  ${String(mean).padStart(4)}  ${String(Math.max(...ofHour)).padStart(4)}`;
  });
  return ['```text', `hour   ${'refreshes a minute'.padEnd(60 / MARK + 4)}mean   max`, ...lines, '```'].join(
    '\n',
  );
}
