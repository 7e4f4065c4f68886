import { beforeAll, describe, expect, it } from 'vitest';
import { DAY, HOUR, MINUTE, SECOND } from './given.ts';
import { playOutage, type Told } from './outage.ts';

const lastMs = (told: Told) => Math.max(...told.delivered.values());

/** The most requests in any of the windows that follow one another from `fromMs` on. */
function busiest(told: Told, fromMs: number, windowMs: number): number {
  const counts = new Map<number, number>();
  for (const { atMs } of told.requests) {
    if (atMs < fromMs) continue;
    const window = Math.floor((atMs - fromMs) / windowMs);
    counts.set(window, (counts.get(window) ?? 0) + 1);
  }
  return Math.max(...counts.values());
}

describe.each([
  { accounts: 400, hangs: false, probes: 6 * 23 },
  { accounts: 40, hangs: true, probes: 6 * 23 },
])(
  'an endpoint that is down for a day, $accounts accounts, hanging: $hangs',
  ({ accounts, hangs, probes }) => {
    let told: Told;

    beforeAll(() => {
      const events = { eventsEach: 25, eventsForMs: DAY };
      told = playOutage({ accounts, ...events, downForMs: DAY, hangs, untilMs: 2 * DAY });
    }, 60_000);

    it('gets each delivery once, within half an hour of its return', () => {
      expect(told.most.waiting).toBeGreaterThan(accounts * 24);
      expect(told.delivered.size).toBe(accounts * 25);
      expect(told.failed).toEqual([]);
      expect(lastMs(told)).toBeLessThan(DAY + 30 * MINUTE);
    });

    it('is not flooded when it returns: ten a second, all accounts together', () => {
      expect(busiest(told, DAY, MINUTE)).toBeLessThanOrEqual(601);
      expect(busiest(told, DAY, SECOND)).toBeLessThanOrEqual(10);
    });

    it('is asked every ten minutes by all accounts together while it is down', () => {
      const whileDown = told.requests.filter(({ atMs }) => atMs > HOUR && atMs < DAY);
      expect(whileDown.length).toBeGreaterThanOrEqual(probes - 1);
      expect(whileDown.length).toBeLessThanOrEqual(probes + 5);
    });
  },
);

it('one delivery alone is there ten minutes after the endpoint, not when the table would try it', () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const only = {
      accounts: 1,
      eventsEach: 1,
      eventsForMs: 1,
      downForMs: DAY,
      hangs: true,
      untilMs: 2 * DAY,
    };
    const told = playOutage(only, seed);
    expect(told.delivered.size).toBe(1);
    expect(lastMs(told)).toBeLessThanOrEqual(DAY + 11 * MINUTE);
  }
});

it('an outage that outlasts the table fails what it held, and lets the rest through', () => {
  const told = playOutage({
    accounts: 3,
    eventsEach: 10,
    eventsForMs: 6 * DAY,
    downForMs: 6 * DAY,
    hangs: false,
    untilMs: 8 * DAY,
  });
  expect(told.failed.length).toBeGreaterThan(3);
  expect(told.delivered.size + told.failed.length).toBe(30);
  expect(told.delivered.size).toBeGreaterThan(9);
});

it('a delivery that its receiver cannot digest keeps no other from arriving within an hour', () => {
  const told = playOutage({
    accounts: 1,
    eventsEach: 200,
    eventsForMs: DAY,
    downForMs: 0,
    hangs: false,
    poisoned: (id) => id.endsWith('7'),
    untilMs: 6 * DAY,
  });
  expect(told.delivered.size).toBe(180);
  expect(told.failed).toHaveLength(20);
  expect(lastMs(told)).toBeLessThan(DAY + HOUR);
});
