/** What becomes of a grant that a browser brought home. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeArrival, replacedBy, sameAddress } from '../../../src/accounts/flows/arrival.ts';
import type { GrantRow } from '../../../src/accounts/rows.ts';

const LINK = {
  verification: 'confirm',
  expectedSubject: null,
  expectedEmail: null,
  allowSubjectChange: false,
} as const;
const ADA = { subject: 'ada', label: 'Ada', email: 'ada@example.com', emailVerified: true };
const NOBODY = { subject: null, label: null, email: null, emailVerified: false };

const text = fc.constantFrom(null, 'ada', 'bob');
const link = fc.record({
  verification: fc.constantFrom('confirm' as const, 'subject' as const, 'none' as const),
  expectedSubject: text,
  expectedEmail: fc.constantFrom(null, 'ada@example.com'),
  allowSubjectChange: fc.boolean(),
});
const identity = fc.record({
  subject: text,
  label: fc.constant(null),
  email: fc.constantFrom(null, 'ada@example.com', 'bob@example.com'),
  emailVerified: fc.boolean(),
});

describe('an arrival', () => {
  it('is used unconfirmed only for the same subject, one that the link named, or where that is openly allowed', () => {
    fc.assert(
      fc.property(link, text, identity, fc.boolean(), (session, known, who, unverified) => {
        if (judgeArrival(session, known, who, unverified).kind !== 'promote') return;
        const same = known !== null && who.subject === known;
        const named =
          session.verification === 'subject' &&
          (session.expectedSubject !== null || session.expectedEmail !== null) &&
          (session.expectedSubject === null || session.expectedSubject === who.subject) &&
          (session.expectedEmail === null || (session.expectedEmail === who.email && who.emailVerified));
        expect(same || named || (unverified && session.verification === 'none')).toBe(true);
      }),
    );
  });

  it('of another subject is refused whatever else holds, unless the link allows the change', () => {
    fc.assert(
      fc.property(link, identity, fc.boolean(), (session, who, unverified) => {
        fc.pre(who.subject !== null && !session.allowSubjectChange);
        expect(judgeArrival(session, 'carol', who, unverified).kind).toBe('mismatch');
      }),
    );
  });

  it('of nobody in particular has to be confirmed, also where somebody is known', () => {
    expect(judgeArrival(LINK, 'ada', NOBODY, false)).toEqual({ kind: 'confirm' });
    expect(judgeArrival({ ...LINK, verification: 'subject' }, 'ada', NOBODY, false)).toEqual({
      kind: 'confirm',
    });
    expect(judgeArrival(LINK, null, ADA, false)).toEqual({ kind: 'confirm' });
  });

  it('is refused where the provider does not vouch for the address that the link named', () => {
    const session = { ...LINK, verification: 'subject', expectedEmail: 'ada@example.com' } as const;
    expect(judgeArrival(session, null, { ...ADA, emailVerified: false }, false)).toEqual({
      kind: 'mismatch',
      reason: 'email_unverified',
    });
    expect(judgeArrival(session, null, { ...ADA, email: null }, false)).toMatchObject({
      reason: 'subject_unknown',
    });
    expect(judgeArrival(session, null, ADA, false)).toEqual({ kind: 'promote' });
  });

  it('compares hosts of addresses without case, and what stands before the sign as it is', () => {
    expect(sameAddress('ada@EXAMPLE.com', 'ada@example.COM')).toBe(true);
    expect(sameAddress('Ada@example.com', 'ada@example.com')).toBe(false);
  });
});

const scopes = fc.option(fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1 }), { nil: null });
function grant(
  generation: number,
  names: readonly string[] | null,
  fields: Partial<GrantRow> = {},
): GrantRow {
  return {
    id: generation,
    generation,
    scopes: names,
    hasAccessToken: true,
    hasRefreshToken: true,
    accessExpiresAtMs: null,
    lastFailure: null,
    ...fields,
  } as GrantRow;
}

describe('a new grant', () => {
  it('never takes the place of a later one, and grants of two subjects never stand side by side', () => {
    fc.assert(
      fc.property(
        scopes,
        fc.array(fc.tuple(fc.integer({ min: 1, max: 9 }), scopes), { maxLength: 4 }),
        fc.boolean(),
        (own, others, changed) => {
          const rows = others
            .filter(([generation]) => generation !== 5)
            .map(([generation, names]) => grant(generation, names));
          const replaced = replacedBy(grant(5, own), rows, changed, 0);
          if (replaced === null) {
            expect(rows.some(({ generation }) => generation > 5)).toBe(true);
            return;
          }
          expect(replaced.every(({ generation }) => generation < 5)).toBe(true);
          if (changed) expect(replaced).toHaveLength(rows.length);
        },
      ),
    );
  });

  it('takes the place of what it covers, of dead ones and of those whose scopes nobody knows', () => {
    const narrow = grant(1, ['a']);
    const other = grant(2, ['c']);
    const dead = grant(3, ['c'], { lastFailure: 'grant_dead' });
    const ended = grant(4, ['c'], { hasRefreshToken: false, accessExpiresAtMs: 5 });
    const unknown = grant(6, null);
    const rows = [narrow, other, dead, ended, unknown];
    expect(replacedBy(grant(7, ['a', 'b']), rows, false, 10)).toEqual([narrow, dead, ended, unknown]);
  });
});
