/** What an attempt says of its connection, and what an account keeps to itself. */
import { describe, expect, it } from 'vitest';
import { healthReportOf, type EndedAttempt } from '#refresh/standing/health-report.ts';
import type { OutcomeSummary } from '#refresh/exchange/settle-plan.ts';
import { MINUTE, NOW, SECOND } from './given.ts';

const attempt = (outcome: string, agoMs = 0, reason: string | null = null): EndedAttempt => ({
  outcome,
  reason,
  endedAtMs: NOW - agoMs,
});

function reportOf(
  summary: Partial<OutcomeSummary>,
  more: {
    recent?: EndedAttempt[];
    narrowedTo?: string[];
    evidence?: string[];
    unsent?: boolean;
  } = {},
) {
  const { recent = [attempt('transient'), attempt('transient', SECOND)], ...rest } = more;
  return healthReportOf(
    {
      summary: {
        outcome: 'transient',
        doubt: true,
        retryAfterMs: null,
        providerError: null,
        reason: null,
        ...summary,
      },
      narrowedTo: null,
      evidence: [],
      connectionVersion: 4,
      ...rest,
    },
    { nowMs: NOW, account: 'ca_one', recent },
  );
}

describe('a failure', () => {
  it('is kept to itself when it is the first', () => {
    expect(reportOf({}, { recent: [attempt('transient')] })).toBeNull();
    expect(reportOf({}, { recent: [attempt('transient'), attempt('refreshed', SECOND)] })).toBeNull();
    expect(reportOf({}, { recent: [attempt('transient'), attempt('transient', 2 * MINUTE)] })).toBeNull();
  });

  it('brings the first along when it is the second, and later tells of itself alone', () => {
    expect(reportOf({})).toEqual({ kind: 'failed', atMs: [NOW, NOW - SECOND] });
    const third = [attempt('malformed'), attempt('transient', SECOND), attempt('transient', 2 * SECOND)];
    expect(reportOf({ outcome: 'malformed' }, { recent: third })).toEqual({ kind: 'failed', atMs: [NOW] });
  });

  it('says nothing where the request never left, or nobody knows how it ended', () => {
    expect(reportOf({ doubt: false }, { unsent: true })).toBeNull();
    expect(reportOf({ outcome: 'unknown' })).toBeNull();
  });
});

describe('an answer', () => {
  it.each([
    ['refreshed', { outcome: 'refreshed' }, 'succeeded'],
    ['a dead grant', { outcome: 'grant_dead', reason: 'grant_revoked' }, 'answered'],
    ['429', { outcome: 'throttled' }, 'answered'],
    ['a refusal with a code in no table', { doubt: false, providerError: 'odd' }, 'answered'],
  ] as const)('shows that the provider is there: %s', (_name, summary, kind) => {
    expect(reportOf(summary)?.kind).toBe(kind);
  });

  it('is a failure where its own code says that the provider is unwell', () => {
    const summary = { doubt: false, providerError: 'temporarily_unavailable', reason: 'listed_transient' };
    expect(reportOf(summary)).toMatchObject({ kind: 'failed' });
  });
});

describe('a refusal of ours', () => {
  it('names the settings that were used and the provider’s code', () => {
    expect(reportOf({ outcome: 'client_rejected', doubt: false, providerError: 'invalid_client' })).toEqual({
      kind: 'client_rejected',
      account: 'ca_one',
      version: 4,
      reason: 'invalid_client',
    });
    const wrong = { doubt: false, reason: 'fix_request', providerError: 'invalid_request' };
    expect(reportOf(wrong)).toEqual({
      kind: 'request_rejected',
      account: 'ca_one',
      version: 4,
      reason: 'invalid_request',
    });
  });

  it('is nobody else’s matter where the request was narrowed for one caller', () => {
    const wrong = { doubt: false, reason: 'fix_request', providerError: 'invalid_request' };
    expect(reportOf(wrong, { narrowedTo: ['read'] })).toEqual({ kind: 'answered' });
    const client = {
      outcome: 'client_rejected',
      doubt: false,
      providerError: 'unauthorized_client',
    } as const;
    expect(reportOf(client, { narrowedTo: ['read'] })).toEqual({ kind: 'answered' });
  });
});
