/** Whose trouble a refused client is: one account's, whose grant is of another client, or the connection's. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  afterSuccess,
  judgeRefusal,
  standingOf,
  type ClientStanding,
} from '#refresh/standing/client-standing.ts';
import {
  afterReport,
  gateOf,
  healthyFrom,
  withoutCloser,
  type ConnectionHealth,
  type HealthNews,
  type HealthReport,
} from '#refresh/standing/connection-health.ts';
import { HOUR, MINUTE, NOW, SECOND } from './given.ts';

const NEW = standingOf(null, 'client');
const proved = (...accounts: string[]): ClientStanding =>
  accounts.reduceRight((standing, account) => afterSuccess(standing, account, NOW - HOUR), NEW);
const judge = (standing: ClientStanding, account: string, more: { nowMs?: number; unable?: string[] } = {}) =>
  judgeRefusal(standing, { account, nowMs: more.nowMs ?? NOW, unable: more.unable ?? [] });
/** The standing after this account was refused and another is being asked. */
function doubted(standing: ClientStanding, account: string): ClientStanding {
  const judged = judge(standing, account);
  if (judged.kind !== 'ask') throw new Error(`expected a question, got ${judged.kind}`);
  return judged.standing;
}

describe('a refused client', () => {
  it('is the connection’s where nobody else has refreshed with it', () => {
    expect(judge(NEW, 'x')).toEqual({ kind: 'connection', by: ['x'] });
    expect(judge(proved('x'), 'x')).toEqual({ kind: 'connection', by: ['x'] });
    expect(judge(standingOf(proved('a'), 'another client'), 'x')).toMatchObject({ kind: 'connection' });
  });
  it('has the account asked that has refreshed last', () => {
    expect(judge(proved('a', 'b'), 'x')).toMatchObject({ kind: 'ask', whom: 'a' });
    expect(judge(proved('x', 'b'), 'x')).toMatchObject({ kind: 'ask', whom: 'b' });
    expect(judge(proved('a', 'b'), 'x', { unable: ['a'] })).toMatchObject({ kind: 'ask', whom: 'b' });
    expect(judge(proved('a', 'b'), 'x', { unable: ['a', 'b'] })).toMatchObject({ kind: 'connection' });
  });
  it('is the connection’s where that one is refused too', () => {
    expect(judge(doubted(proved('a'), 'x'), 'a')).toEqual({ kind: 'connection', by: ['x', 'a'] });
  });
  it('is nobody else’s where a second one is refused that never had refreshed', () => {
    expect(judge(doubted(proved('a'), 'x'), 'y').kind).toBe('alone');
  });
  it('closes nothing by grants that were brought unproven, whatever their accounts had refreshed before', () => {
    const refusal = (standing: ClientStanding, account: string, unable: string[] = []) =>
      judgeRefusal(standing, { account, nowMs: NOW, unable, untried: true });
    const doubt = refusal(proved('a', 'x', 'y'), 'x');
    expect(doubt).toMatchObject({ kind: 'ask', whom: 'a' });
    if (doubt.kind !== 'ask') throw new Error('unreachable');
    expect(refusal(doubt.standing, 'y').kind).toBe('alone');
    expect(refusal(proved('a', 'x'), 'x', ['a']).kind).toBe('alone');
    // Nobody has ever refreshed with this client: then it is the likelier fault.
    expect(refusal(NEW, 'x').kind).toBe('connection');
    expect(refusal(proved('x'), 'x').kind).toBe('connection');
  });
  it('is this account’s own where the other one went on, and nobody is asked about it again', () => {
    const cleared = afterSuccess(doubted(proved('a'), 'x'), 'a', NOW);
    expect(cleared).toMatchObject({ doubt: null, alone: ['x'] });
    for (const nowMs of [NOW, NOW + HOUR, NOW + 30 * 24 * HOUR])
      expect(judge(cleared, 'x', { nowMs }).kind).toBe('alone');
    expect(afterSuccess(cleared, 'x', NOW).alone).toEqual([]);
  });
  it('costs one refresh of another in half a minute, however many are refused', () => {
    let standing = afterSuccess(doubted(proved('a'), 'x'), 'a', NOW);
    for (const account of ['y', 'z']) {
      const judged = judge(standing, account, { nowMs: NOW + SECOND });
      expect(judged.kind).toBe('alone');
      if (judged.kind === 'alone') standing = judged.standing;
    }
    expect(judge(standing, 'w', { nowMs: NOW + 31 * SECOND }).kind).toBe('ask');
  });
  it('of which a question was not answered is asked about again', () => {
    const standing = doubted(proved('a'), 'x');
    expect(judge(standing, 'x', { nowMs: NOW + 59 * SECOND }).kind).toBe('alone');
    expect(judge(standing, 'x', { nowMs: NOW + MINUTE }).kind).toBe('ask');
  });
  it('writes few successes down', () => {
    const three = proved('a', 'b', 'c');
    expect(three.proved.map(({ account }) => account)).toEqual(['a', 'b', 'c']);
    for (const account of ['a', 'b', 'c', 'd']) expect(afterSuccess(three, account, NOW)).toBe(three);
    expect(afterSuccess(three, 'd', NOW + 5 * HOUR).proved).toHaveLength(3);
    expect(afterSuccess(three, 'd', NOW + 5 * HOUR).proved[0]?.account).toBe('d');
  });
});

const input = (nowMs: number) => ({ nowMs, version: 1, client: 'client', accounts: 10, perSecond: null });
const refused = (account: string): HealthReport => ({
  kind: 'client_rejected',
  account,
  version: 1,
  reason: 'invalid_client',
});
const succeeded = (account: string): HealthReport => ({ kind: 'succeeded', account });

function play(reports: readonly HealthReport[]): { health: ConnectionHealth; news: HealthNews[] } {
  const news: HealthNews[] = [];
  let health = healthyFrom(NOW - HOUR);
  for (const report of reports) {
    const after = afterReport(health, report, input(NOW));
    health = after.health;
    if (after.news !== null) news.push(after.news);
  }
  return { health, news };
}

describe('a connection', () => {
  it('is closed by no account whose grant is of another client, however often it is refused', () => {
    const { health, news } = play([succeeded('a'), refused('x'), succeeded('a'), refused('x'), refused('x')]);
    expect([health.state, news]).toEqual(['ok', []]);
  });
  it('is closed where a second account that had refreshed is refused too', () => {
    const { health, news } = play([succeeded('a'), refused('x'), refused('a')]);
    expect(news).toEqual(['connection.misconfigured']);
    expect(health).toMatchObject({ state: 'misconfigured', closedBy: ['x', 'a'] });
  });
  it('is probed by none of those that closed it while another could, for half an hour', () => {
    const { health } = play([refused('x')]);
    const gate = (account: string, nowMs: number, othersCanProbe = true) =>
      gateOf(health, {
        nowMs,
        version: 1,
        account,
        othersCanProbe,
        probedInVain: false,
        share: 0,
        tokenEndsAtMs: 0,
      }).kind;
    const due = NOW + 5 * MINUTE;
    expect([gate('x', due), gate('b', due), gate('x', due, false)]).toEqual(['wait', 'probe', 'probe']);
    expect([gate('x', due + 29 * MINUTE), gate('x', due + 30 * MINUTE)]).toEqual(['wait', 'probe']);
  });
  it('is probed by one whose probe was refused when the others have had a minute to', () => {
    const { health } = play([refused('x'), refused('y')]);
    expect(health.closedBy).toEqual(['x']);
    const gate = (nowMs: number, probedInVain: boolean, othersCanProbe = true) => {
      const asked = {
        nowMs,
        version: 1,
        account: 'y',
        othersCanProbe,
        probedInVain,
        share: 0,
        tokenEndsAtMs: 0,
      };
      return gateOf(health, asked).kind;
    };
    const due = NOW + 5 * MINUTE;
    expect([gate(due, true), gate(due + MINUTE, true), gate(due, false), gate(due, true, false)]).toEqual([
      'wait',
      'probe',
      'probe',
      'probe',
    ]);
  });
  it('is probed at once when the account that closed it has left', () => {
    const { health } = play([refused('x')]);
    expect(withoutCloser(health, 'x', NOW + SECOND)).toMatchObject({
      closedBy: [],
      nextProbeAtMs: NOW + SECOND,
    });
    expect(withoutCloser(health, 'b', NOW + SECOND)).toBeNull();
    expect(withoutCloser(healthyFrom(NOW), 'x', NOW)).toBeNull();
  });
  it('is closed by accounts that never refreshed only where none has', () => {
    const step = fc.record({
      foreign: fc.boolean(),
      account: fc.integer({ min: 0, max: 4 }),
      waitMs: fc.constantFrom(0, SECOND, 31 * SECOND, 6 * MINUTE, 7 * HOUR),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        let health = healthyFrom(NOW);
        let nowMs = NOW;
        let good = false;
        for (const { foreign, account, waitMs } of steps) {
          nowMs += waitMs;
          // Grants of another client are refused for ever, those of ours never.
          const report = foreign ? refused(`foreign-${account}`) : succeeded(`own-${account}`);
          if (!foreign) good = true;
          const after = afterReport(health, report, input(nowMs));
          if (good) expect(after.news).not.toBe('connection.misconfigured');
          if (after.ask !== undefined) expect(after.ask).toMatch(/^own-/);
          health = after.health;
        }
        if (steps.at(-1)?.foreign === false) expect(health.state).toBe('ok');
      }),
    );
  });
});
