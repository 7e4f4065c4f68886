/** When a provider counts as away or a client as refused, who may call meanwhile, and how those who waited come back. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  afterReport,
  gateOf,
  healthyFrom,
  isOver,
  lookAgainAtMs,
  shareOf,
  spreadMs,
  takeProbe,
  type ConnectionHealth,
  type Gate,
  type HealthNews,
  type HealthReport,
} from '#refresh/standing/connection-health.ts';
import { HOUR, MINUTE, NOW, SECOND } from './given.ts';

const OK = healthyFrom(NOW - HOUR);
const at = (nowMs: number, version = 1, accounts = 10) => ({
  nowMs,
  version,
  client: `client-${version}`,
  accounts,
  perSecond: null,
});
const failed = (...atMs: number[]): HealthReport => ({ kind: 'failed', atMs });
const refused = (version = 1, account = 'ca_closer'): HealthReport => ({
  kind: 'client_rejected',
  account,
  version,
  reason: 'invalid_client',
});
const wrong = (account: string, version = 1): HealthReport => ({
  kind: 'request_rejected',
  account,
  version,
  reason: 'invalid_request',
});

/** One report after the other, with the events that they were worth. */
function play(
  reports: readonly (readonly [HealthReport, ReturnType<typeof at>])[],
  from: ConnectionHealth = OK,
): { health: ConnectionHealth; news: HealthNews[] } {
  let health = from;
  const news: HealthNews[] = [];
  for (const [report, input] of reports) {
    const after = afterReport(health, report, input);
    health = after.health;
    if (after.news !== null) news.push(after.news);
  }
  return { health, news };
}

const outage = (nowMs = NOW, accounts = 10): ConnectionHealth =>
  play([[failed(nowMs, nowMs, nowMs, nowMs, nowMs), at(nowMs, 1, accounts)]]).health;
const misconfigured = (nowMs = NOW, version = 1): ConnectionHealth =>
  play([[refused(version), at(nowMs, version)]]).health;

const asked = (nowMs: number, changes: Partial<Parameters<typeof gateOf>[1]> = {}) => ({
  nowMs,
  version: 1,
  account: 'ca_one',
  othersCanProbe: false,
  probedInVain: false,
  share: 0.5,
  tokenEndsAtMs: null,
  ...changes,
});

describe('an outage', () => {
  it('opens with the fifth failure within a minute, and not with the fourth', () => {
    const four = play([0, 10, 20, 30].map((s) => [failed(NOW + s * SECOND), at(NOW + s * SECOND)]));
    expect([four.health.state, four.news]).toEqual(['ok', []]);
    const five = play([[failed(NOW + 40 * SECOND), at(NOW + 40 * SECOND)]], four.health);
    expect(five.news).toEqual(['connection.outage']);
    expect(five.health).toMatchObject({
      state: 'outage',
      reason: 'provider_unavailable',
      sinceMs: NOW + 40 * SECOND,
      accounts: 10,
    });
  });

  it('does not open for failures that lie further apart than a minute', () => {
    const slow = play([0, 20, 40, 61, 82, 103].map((s) => [failed(NOW + s * SECOND), at(NOW + s * SECOND)]));
    expect([slow.health.state, slow.news]).toEqual(['ok', []]);
  });

  it.each([{ kind: 'succeeded', account: 'ca_one' }, { kind: 'answered' }] as const)(
    'does not open over an answer in between ($kind)',
    (between) => {
      const { health } = play([
        [failed(NOW, NOW, NOW, NOW), at(NOW)],
        [between, at(NOW)],
        [failed(NOW, NOW, NOW, NOW), at(NOW)],
      ]);
      expect(health.state).toBe('ok');
    },
  );

  it('lets one probe through every 30 seconds, and tells the others when the next one is', () => {
    const open = outage();
    expect(gateOf(open, asked(NOW + 10 * SECOND))).toEqual({
      kind: 'wait',
      why: 'outage',
      untilMs: NOW + 30 * SECOND,
    });
    expect(takeProbe(open, NOW + 29 * SECOND)).toBeNull();
    const dueMs = NOW + 30 * SECOND;
    expect(gateOf(open, asked(dueMs))).toEqual({ kind: 'probe' });
    const taken = takeProbe(open, dueMs);
    expect(taken?.nextProbeAtMs).toBe(dueMs + 30 * SECOND);
    expect(takeProbe(taken ?? open, dueMs)).toBeNull();
  });

  it('is told once, however many fail on', () => {
    const open = outage();
    const after = afterReport(open, failed(NOW, NOW, NOW, NOW, NOW), at(NOW));
    expect(after).toEqual({ health: open, news: null });
  });

  it('ends with the first success and with nothing less', () => {
    const open = outage();
    expect(afterReport(open, { kind: 'answered' }, at(NOW)).health).toBe(open);
    const closed = afterReport(open, { kind: 'succeeded', account: 'ca_one' }, at(NOW + HOUR, 1, 500));
    expect(closed.news).toBe('connection.recovered');
    expect(closed.health).toMatchObject({ state: 'ok', reason: null, sinceMs: NOW + HOUR });
  });

  it.each([
    [0, null, MINUTE],
    [500, null, MINUTE],
    [10_000, null, 200 * SECOND],
    [10_000, 10, 1000 * SECOND],
    [60, 0.5, 120 * SECOND],
  ])('brings %d accounts back at %s a second over %d ms', (accounts, perSecond, overMs) => {
    const nowMs = NOW + HOUR;
    const { health } = afterReport(
      outage(),
      { kind: 'succeeded', account: 'ca_one' },
      { nowMs, version: 1, client: 'client-1', accounts, perSecond },
    );
    expect(health.spreadUntilMs).toBe(nowMs + overMs);
  });

  it('is found by another when the lease of a probe lies too far ahead to be one', () => {
    const wild = { ...outage(), nextProbeAtMs: NOW + HOUR };
    expect(gateOf(wild, asked(NOW))).toEqual({ kind: 'probe' });
  });
});

describe('the way back', () => {
  const endMs = NOW + HOUR;
  const back = afterReport(outage(), { kind: 'succeeded', account: 'ca_one' }, at(endMs, 1, 10_000)).health;

  it('gives each account that waited its own instant, and lets it go from then on', () => {
    const untilMs = endMs + 100 * SECOND;
    const waited = { tokenEndsAtMs: NOW };
    expect(gateOf(back, asked(endMs, waited))).toEqual({ kind: 'wait', why: 'recovering', untilMs });
    expect(gateOf(back, asked(untilMs, waited))).toEqual({ kind: 'call' });
    expect(gateOf(back, asked(endMs + 200 * SECOND, { ...waited, share: 0.999 }))).toEqual({ kind: 'call' });
  });

  it('holds nobody whose token ends between the recovery and that instant', () => {
    expect(gateOf(back, asked(endMs + SECOND, { tokenEndsAtMs: endMs + SECOND }))).toEqual({ kind: 'call' });
    const living = asked(endMs + SECOND, { tokenEndsAtMs: endMs + HOUR });
    expect(gateOf(back, living).kind).toBe('wait');
  });

  it('has a place for every account, uniform over accounts and another one in each recovery', () => {
    const ids = Array.from({ length: 2_000 }, (_, n) => {
      let rest = (n * 2_654_435_761) >>> 0;
      let id = '';
      for (let letter = 0; letter < 8; letter += 1) {
        id += 'abcdefghijklmnopqrstuvwxyz234567'[rest % 32] ?? 'a';
        rest = (Math.imul(rest, 1_664_525) + 1_013_904_223) >>> 0;
      }
      return `ca_g${'a'.repeat(18)}${id}`;
    });
    const counts = new Array<number>(10).fill(0);
    for (const id of ids) {
      const share = shareOf(id, NOW);
      expect(share).toBeGreaterThanOrEqual(0);
      expect(share).toBeLessThan(1);
      counts[Math.floor(share * 10)] = (counts[Math.floor(share * 10)] ?? 0) + 1;
    }
    expect(Math.min(...counts)).toBeGreaterThan(100);
    const [first = ''] = ids;
    expect(shareOf(first, NOW + 1)).not.toBe(shareOf(first, NOW));
  });
});

describe('a client that is refused', () => {
  it('is told once for all accounts, and names what the provider said', () => {
    const { health, news } = play([
      [refused(), at(NOW)],
      [refused(), at(NOW + SECOND)],
    ]);
    expect(news).toEqual(['connection.misconfigured']);
    expect(health).toMatchObject({
      state: 'misconfigured',
      reason: 'invalid_client',
      sinceMs: NOW,
      version: 1,
    });
  });

  it('says nothing of settings that are newer than those it used', () => {
    expect(afterReport(OK, refused(1), at(NOW, 2))).toEqual({ health: OK, news: null });
  });

  it('is probed every five minutes while the settings stay as they are', () => {
    const health = misconfigured();
    expect(gateOf(health, asked(NOW + MINUTE))).toEqual({
      kind: 'wait',
      why: 'misconfigured',
      untilMs: NOW + 5 * MINUTE,
    });
    expect(gateOf(health, asked(NOW + 5 * MINUTE))).toEqual({ kind: 'probe' });
    expect(takeProbe(health, NOW + 5 * MINUTE)?.nextProbeAtMs).toBe(NOW + 10 * MINUTE);
  });

  it('holds nobody back who has newer settings, and has recovered with the first success', () => {
    const health = misconfigured();
    expect(isOver(health, 2)).toBe(true);
    expect(gateOf(health, asked(NOW + SECOND, { version: 2 }))).toEqual({ kind: 'call' });
    const { news, health: after } = play(
      [[{ kind: 'succeeded', account: 'ca_one' }, at(NOW + SECOND, 2, 50)]],
      health,
    );
    expect(news).toEqual(['connection.recovered']);
    // Nobody has to spare a provider that was there all the time: a second for fifty accounts.
    expect([after.state, after.spreadUntilMs]).toEqual(['ok', NOW + 2 * SECOND]);
  });

  it('goes on as the same incident where newer settings are refused too', () => {
    const { news, health } = play([[refused(2), at(NOW + MINUTE, 2)]], misconfigured());
    expect(news).toEqual([]);
    expect(health).toMatchObject({ state: 'misconfigured', version: 2, sinceMs: NOW });
    expect(isOver(health, 2)).toBe(false);
  });
});

describe('a request that the provider calls wrong', () => {
  it('is the connection’s matter when two accounts meet it within ten minutes', () => {
    const { news, health } = play([
      [wrong('a'), at(NOW)],
      [wrong('a'), at(NOW + MINUTE)],
      [wrong('b'), at(NOW + 9 * MINUTE)],
    ]);
    expect(news).toEqual(['connection.misconfigured']);
    expect(health).toMatchObject({ state: 'misconfigured', reason: 'invalid_request' });
  });

  it('is one account’s matter when it comes alone, later, or of other settings', () => {
    const { news } = play([
      [wrong('a'), at(NOW)],
      [wrong('b'), at(NOW + 11 * MINUTE)],
      [wrong('c', 2), at(NOW + 12 * MINUTE, 2)],
    ]);
    expect(news).toEqual([]);
  });
});

it('looks again spread by the number of accounts, and never later than a minute after the probe', () => {
  const wait: Extract<Gate, { kind: 'wait' }> = { kind: 'wait', why: 'outage', untilMs: NOW };
  expect(lookAgainAtMs(outage(NOW, 1), wait, () => 0.99)).toBeLessThan(NOW + SECOND);
  expect(lookAgainAtMs(outage(NOW, 500), wait, () => 0.5)).toBe(NOW + 12_500);
  expect(lookAgainAtMs(outage(NOW, 100_000), wait, () => 0.5)).toBe(NOW + 30_000);
  expect(spreadMs(-1, null)).toBe(0);
});

describe('whatever accounts tell, in whatever order', () => {
  const report: fc.Arbitrary<HealthReport> = fc.oneof(
    fc.constant<HealthReport>({ kind: 'succeeded', account: 'ca_one' }),
    fc.constant<HealthReport>({ kind: 'answered' }),
    fc.array(fc.integer({ min: -90, max: 5 }), { minLength: 1, maxLength: 2 }).map((list) => ({
      kind: 'failed' as const,
      atMs: list.map((s) => NOW + s * SECOND),
    })),
    fc.integer({ min: 1, max: 3 }).map(refused),
    fc.tuple(fc.constantFrom('a', 'b'), fc.integer({ min: 1, max: 3 })).map(([a, v]) => wrong(a, v)),
  );
  const step = fc.record({ report, waitMs: fc.nat(4 * MINUTE), patched: fc.nat(9).map((n) => n === 0) });

  it('every incident is told once and ended once, and a gate that is closed opens', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let [health, nowMs, version] = [OK, NOW, 1];
        let told: 'ok' | 'outage' | 'misconfigured' = 'ok';
        for (const { report: told1, waitMs, patched } of steps) {
          nowMs += waitMs;
          if (patched) version += 1;
          const shifted: HealthReport =
            told1.kind === 'failed' ? { ...told1, atMs: told1.atMs.map((t) => t - NOW + nowMs) } : told1;
          const after = afterReport(health, shifted, at(nowMs, version, 100));
          if (after.news === null) expect(after.health.state).toBe(health.state);
          else if (after.news === 'connection.recovered') {
            expect(told).not.toBe('ok');
            expect(after.health.state).toBe('ok');
          } else {
            expect(after.news).toBe(`connection.${after.health.state}`);
            expect(told).not.toBe(after.health.state);
          }
          health = after.health;
          told = health.state;
          expect(health.failedAtMs.length).toBeLessThan(5);
          const gate = gateOf(health, asked(nowMs, { version, share: 0.999 }));
          if (gate.kind === 'wait') {
            expect(gate.untilMs).toBeGreaterThan(nowMs);
            expect(gate.untilMs - nowMs).toBeLessThanOrEqual(5 * MINUTE);
            expect(gateOf(health, asked(gate.untilMs, { version, share: 0.999 })).kind).not.toBe('wait');
          }
        }
      }),
    );
  });
});
