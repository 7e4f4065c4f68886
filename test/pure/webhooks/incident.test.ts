import { describe, expect, it } from 'vitest';
import type { AccountEventType } from '#webhooks/event.ts';
import { afterNews, decideSuppression, endsIncident, type News } from '#webhooks/incident.ts';
import { incidentOf, UNTROUBLED } from './incidents.ts';
import { HOUR, MINUTE, NOW } from './given.ts';

const told = (...news: (News | Exclude<News['kind'], 'trouble'>)[]): AccountEventType[] => {
  let standing = UNTROUBLED;
  return news.flatMap((one) => {
    const after = afterNews(standing, typeof one === 'string' ? { kind: one } : one);
    standing = after.standing;
    return after.event === null ? [] : [after.event];
  });
};
const trouble = (cause: 'provider_unavailable' | 'refresh_in_doubt' | 'token_refused_by_api'): News => ({
  kind: 'trouble',
  cause,
});
const OUTAGE = trouble('provider_unavailable');

describe('an incident', () => {
  it('is told once, however often the provider repeats it', () => {
    expect(told('grant_died', 'grant_died', 'connected')).toEqual([
      'agent.auth.reauth_required',
      'agent.auth.succeeded',
    ]);
    expect(told(OUTAGE, OUTAGE, 'recovered', 'recovered')).toEqual([
      'connected_account.degraded',
      'connected_account.recovered',
    ]);
  });

  it('is told again with a cause that says more, not with one that says less', () => {
    expect(
      told(OUTAGE, trouble('refresh_in_doubt'), OUTAGE, trouble('token_refused_by_api'), 'recovered'),
    ).toEqual(['connected_account.degraded', 'connected_account.degraded', 'connected_account.recovered']);
  });

  it('of a degraded account that dies goes on as a reauth, which no recovered closes', () => {
    expect(told(OUTAGE, 'grant_died', OUTAGE, 'recovered', 'connected')).toEqual([
      'connected_account.degraded',
      'agent.auth.reauth_required',
      'agent.auth.succeeded',
    ]);
  });

  it('of a disabled account is told when it is enabled, if it lasts', () => {
    expect(told('disabled', 'grant_died', OUTAGE, 'enabled')).toEqual([
      'connected_account.disabled',
      'agent.auth.reauth_required',
    ]);
    expect(told('disabled', 'grant_died', 'connected', 'enabled')).toEqual([
      'connected_account.disabled',
      'agent.auth.succeeded',
    ]);
  });

  it('of mere trouble is not told of a disabled account, which nobody uses', () => {
    expect(told('disabled', OUTAGE, 'enabled', OUTAGE)).toEqual([
      'connected_account.disabled',
      'connected_account.degraded',
    ]);
  });

  it('is the same one after the account was disabled meanwhile', () => {
    expect(told('grant_died', 'disabled', 'enabled')).toEqual([
      'agent.auth.reauth_required',
      'connected_account.disabled',
    ]);
  });

  it('ends with a revocation, after which only a new connect is news', () => {
    expect(told('grant_died', 'revoked', 'revoked', 'grant_died', OUTAGE, 'enabled', 'connected')).toEqual([
      'agent.auth.reauth_required',
      'connected_account.revoked',
      'agent.auth.succeeded',
    ]);
    expect(told('revoked', 'deleted', 'deleted', 'connected')).toEqual([
      'connected_account.revoked',
      'connected_account.deleted',
      'agent.auth.succeeded',
    ]);
  });

  it('is read from the events alone', () => {
    const events = told(OUTAGE, trouble('refresh_in_doubt'), 'grant_died').map((type, index) => ({
      type,
      sequence: index + 1,
    }));
    expect(incidentOf([])).toBeNull();
    expect(incidentOf(events.slice(0, 2))).toEqual({ type: 'connected_account.degraded', sequence: 1 });
    expect(incidentOf(events)).toEqual({ type: 'agent.auth.reauth_required', sequence: 3 });
    expect(incidentOf([...events, { type: 'agent.auth.succeeded', sequence: 4 }])).toBeNull();
  });

  it('is ended by what ends it, and by nothing else', () => {
    expect(endsIncident('agent.auth.reauth_required', 'connected_account.recovered')).toBe(false);
    expect(endsIncident('agent.auth.reauth_required', 'connected_account.disabled')).toBe(false);
    expect(endsIncident('connected_account.degraded', 'agent.auth.reauth_required')).toBe(true);
    expect(endsIncident('connected_account.disabled', 'agent.auth.succeeded')).toBe(false);
  });
});

const decide = (row: Partial<Parameters<typeof decideSuppression>[0]>) =>
  decideSuppression({
    type: 'agent.auth.reauth_required',
    nowMs: NOW,
    endedAtMs: null,
    openingSuppressed: false,
    sentReauthAtMs: [],
    ...row,
  });

describe('an event that is about to leave', () => {
  it('is sent, as a rule', () => {
    expect(decide({})).toEqual({ suppressed: false });
    expect(decide({ type: 'connected_account.degraded' })).toEqual({ suppressed: false });
    expect(decide({ type: 'connected_account.recovered' })).toEqual({ suppressed: false });
  });

  it('is not sent when its incident is over', () => {
    for (const type of ['agent.auth.reauth_required', 'connected_account.degraded'] as const)
      expect(decide({ type, endedAtMs: NOW - 1 })).toEqual({ suppressed: true, why: 'incident_ended' });
  });

  it('is not sent when it closes what was never told', () => {
    const recovered = { type: 'connected_account.recovered', openingSuppressed: true } as const;
    expect(decide(recovered)).toEqual({ suppressed: true, why: 'opening_suppressed' });
    // That somebody connected is news, whatever was told before.
    expect(decide({ type: 'agent.auth.succeeded', openingSuppressed: true })).toEqual({ suppressed: false });
  });

  it('waits for room when two reauth events have left within the hour', () => {
    const sent = [NOW - 50 * MINUTE, NOW - 10 * MINUTE];
    expect(decide({ sentReauthAtMs: sent.slice(1) })).toEqual({ suppressed: false });
    const held = { suppressed: true, why: 'flapping', againAtMs: NOW + 10 * MINUTE };
    expect(decide({ sentReauthAtMs: sent })).toEqual(held);
    expect(decide({ sentReauthAtMs: sent.toReversed() })).toEqual(held);
    expect(decide({ sentReauthAtMs: sent, nowMs: NOW + 10 * MINUTE })).toEqual({ suppressed: false });
    expect(decide({ sentReauthAtMs: sent, type: 'connected_account.degraded' })).toEqual({
      suppressed: false,
    });
  });

  it('waits at most an hour, also after the clock was set back', () => {
    const sent = [NOW + 5 * HOUR, NOW + 6 * HOUR];
    expect(decide({ sentReauthAtMs: sent })).toMatchObject({ why: 'flapping', againAtMs: NOW + HOUR });
  });
});
