/** The machine of a connect session, by its table and by random walks. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isOpen,
  lapsed,
  MAX_OPEN_REPAIRS,
  MAX_OPEN_SESSIONS,
  moved,
  nextDeadlineMs,
  roomForLink,
  roomForRepair,
  SESSION_MOVES,
  sessionAt,
  sessionMove,
  type SessionRow,
  type SessionSignal,
  type SessionStatus,
} from '../../../src/accounts/flows/sessions/session.ts';

const STATUSES = Object.keys(SESSION_MOVES) as SessionStatus[];
const SIGNALS: SessionSignal[] = ['begun', 'awaiting', 'promoted', 'refused', 'denied', 'failed', 'lapsed'];

function session(fields: Partial<SessionRow> = {}): SessionRow {
  return {
    id: 'cs_1',
    kind: 'link',
    status: 'created',
    reason: null,
    linkDigest: 'digest',
    scopes: [],
    verification: 'confirm',
    expectedSubject: null,
    expectedEmail: null,
    allowSubjectChange: false,
    returnUrl: null,
    createdAtMs: 0,
    startedAtMs: null,
    claimedAtMs: null,
    endedAtMs: null,
    deadlineMs: 600_000,
    browserDigest: null,
    verifier: null,
    frozen: null,
    generation: null,
    confirmDigest: null,
    subject: null,
    subjectLabel: null,
    granted: null,
    mismatch: null,
    reconnected: false,
    ...fields,
  };
}

const anySignal = fc.constantFrom(...SIGNALS);

describe('a session', () => {
  it('is used or waiting only after it was begun, and an end is an end', () => {
    fc.assert(
      fc.property(fc.array(anySignal, { maxLength: 12 }), (signals) => {
        let row = session({ verifier: 'v', confirmDigest: 'd' });
        const way: SessionStatus[] = [row.status];
        for (const signal of signals) {
          const next = moved(row, signal, { nowMs: 1, reason: null });
          if (!isOpen(row.status)) expect(next).toBeNull();
          if (next === null) continue;
          row = next;
          way.push(row.status);
        }
        for (const status of ['pending_confirmation', 'succeeded', 'denied'] as const)
          if (way.includes(status)) expect(way).toContain('started');
        if (!isOpen(row.status)) {
          expect(row).toMatchObject({ verifier: null, confirmDigest: null, endedAtMs: 1 });
        }
      }),
    );
  });

  it('can be refused, fail or lapse as long as it is open, and nothing else is open', () => {
    for (const status of STATUSES) {
      const ways = (['refused', 'failed', 'lapsed'] as const).map((signal) => sessionMove(status, signal));
      expect(ways).toEqual(isOpen(status) ? ['rejected', 'failed', 'expired'] : [null, null, null]);
    }
  });

  it('ends at its deadline whether or not a timer has said so', () => {
    const row = session({ status: 'pending_confirmation', deadlineMs: 100 });
    expect(sessionAt(row, 99)).toBe(row);
    expect(sessionAt(row, 100)).toMatchObject({ status: 'expired', endedAtMs: 100 });
    expect(lapsed([row, session()], 100)).toHaveLength(1);
  });

  it('that a callback took and never brought home has failed, so that nobody thinks it was not tried', () => {
    const row = session({ status: 'started', claimedAtMs: 5, deadlineMs: 100 });
    expect(sessionAt(row, 100)).toMatchObject({ status: 'failed', reason: 'interrupted' });
  });
});

describe('several sessions', () => {
  it('wake the object at the earliest of their deadlines', () => {
    const rows = [session({ deadlineMs: 9 }), session({ deadlineMs: 4, status: 'failed' })];
    expect(nextDeadlineMs(rows)).toBe(9);
    expect(nextDeadlineMs([])).toBeNull();
  });

  it('are at most five: the oldest that nobody has begun gives way, and a begun one does not', () => {
    const open = Array.from({ length: MAX_OPEN_SESSIONS }, (_, n) =>
      session({ id: `cs_${n}`, createdAtMs: n }),
    );
    expect(roomForLink(open.slice(1))).toBeNull();
    expect(roomForLink(open)).toBe(open[0]);
    const begun = open.map((row) => ({ ...row, status: 'started' as const }));
    expect(roomForLink([...begun.slice(0, 3), ...open.slice(3)])).toBe(open[3]);
    expect(roomForLink(begun)).toBe('full');
  });

  it('of links and of repairs keep each other out of nothing, and no browser ends what another has begun', () => {
    const kind = fc.constantFrom('link' as const, 'repair' as const);
    const status = fc.constantFrom(...STATUSES);
    const rows = fc.array(fc.tuple(kind, status, fc.constantFrom('a', 'b', 'c')), { maxLength: 200 });
    fc.assert(
      fc.property(rows, (drawn) => {
        const all = drawn.map(([of, is, browser], n) =>
          session({ id: `cs_${n}`, kind: of, status: is, browserDigest: browser, createdAtMs: n }),
        );
        const links = all.filter((row) => row.kind === 'link');
        const repairs = all.filter((row) => row.kind === 'repair');
        expect(roomForLink(all)).toEqual(roomForLink(links));
        expect(roomForRepair(all, 'a')).toEqual(roomForRepair(repairs, 'a'));
        const gone = [roomForLink(all), roomForRepair(all, 'a')];
        for (const row of gone) {
          if (row === null || row === 'full') continue;
          expect(row.status).not.toBe('started');
          if (row.kind === 'repair') expect(row.browserDigest).toBe('a');
        }
      }),
    );
  });

  it('of a repair link are bounded once they have come back', () => {
    const open = Array.from({ length: MAX_OPEN_REPAIRS }, (_, n) =>
      session({ id: `cs_${n}`, kind: 'repair', status: 'pending_confirmation', browserDigest: `b${n}` }),
    );
    expect(roomForRepair(open.slice(1), 'another')).toBeNull();
    expect(roomForRepair(open, 'another')).toBe('full');
    expect(roomForRepair(open, 'b7')).toBe(open[7]);
  });
});
