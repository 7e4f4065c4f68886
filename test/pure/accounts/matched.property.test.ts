/** What a cut-off ends: by age of a grant and by the names of its account, over all selectors. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutOf, isMatched, isOld, revokedRefusal, wasBefore, withoutCut } from '#accounts/ending/matched.ts';
import type { AccountRow, GrantRow } from '#accounts/rows.ts';
import type { Revoked } from '#directory/revocations/cut-offs.ts';
import { selectorText, type Selector } from '#directory/revocations/selector.ts';

const word = fc.constantFrom('a', 'b', 'c');
const maybe = fc.option(word, { nil: null });
const nothing: Selector = {
  agent: null,
  connection: null,
  identifier: null,
  subject: null,
  organization: null,
};
const selector: fc.Arbitrary<Selector> = fc
  .tuple(
    fc.oneof(
      fc.record({ agent: word }),
      fc.record({ connection: word }),
      fc.record({ identifier: word }),
      fc.record({ subject: fc.record({ connection: word, subject: word }) }),
      fc.constant({}),
    ),
    fc.option(fc.constantFrom('', 'a', 'b'), { nil: null }),
  )
  .map(([one, organization]) => ({ ...nothing, ...one, organization }));
const cutOff: fc.Arbitrary<Revoked> = fc.record({
  id: fc.constant('rev_1'),
  selector,
  atMs: fc.integer({ min: 0, max: 20 }),
  atProvider: fc.boolean(),
});
const account = fc.record({
  organization: fc.constantFrom('', 'a', 'b'),
  connection: word,
  identifier: word,
  subject: maybe,
  status: fc.constantFrom('pending', 'active', 'reauth_required', 'disabled', 'revoked'),
  createdAtMs: fc.integer({ min: 0, max: 20 }),
}) as fc.Arbitrary<AccountRow>;
const grants = fc.array(fc.record({ grantedAtMs: fc.integer({ min: 0, max: 20 }) }), {
  maxLength: 4,
}) as fc.Arbitrary<GrantRow[]>;
const list = (revoked: readonly Revoked[]) => ({ proxyOnly: [], deleted: [], revoked });

describe('a cut-off', () => {
  it('ends what was obtained or said until its own millisecond, and nothing of the next one', () => {
    const one = { organization: '', connection: 'a', identifier: 'a', subject: null };
    const cut: Revoked = {
      id: 'rev_1',
      selector: { ...nothing, connection: 'a' },
      atMs: 10,
      atProvider: false,
    };
    const other = { ...cut, selector: { ...nothing, connection: 'b' }, atMs: 20 };
    for (const [atMs, isOver] of [
      [9, true],
      [10, true],
      [11, false],
    ] as const) {
      expect(isOld({ grantedAtMs: atMs }, cut)).toBe(isOver);
      expect(wasBefore(atMs, one, list([other, cut]))).toBe(isOver);
    }
    expect(wasBefore(9, one, null)).toBe(false);
  });

  it('of an agent, and of another organization, is about no account', () => {
    fc.assert(
      fc.property(account, cutOff, (one, cut) => {
        const { agent, organization } = cut.selector;
        if (agent !== null || (organization !== null && organization !== one.organization))
          expect(isMatched(one, cut)).toBe(false);
      }),
    );
  });

  it('is about an account exactly where each name that it gives is the account’s', () => {
    fc.assert(
      fc.property(account, cutOff, (one, cut) => {
        const { agent, connection, identifier, subject, organization } = cut.selector;
        const pairs = [
          [connection, one.connection],
          [identifier, one.identifier],
          [subject?.connection ?? null, one.connection],
          [subject?.subject ?? null, one.subject],
          [organization, one.organization],
        ];
        const fits = agent === null && pairs.every(([wanted, own]) => wanted === null || wanted === own);
        expect(isMatched(one, cut)).toBe(fits);
      }),
    );
  });

  it('leaves every grant that is younger, and no other', () => {
    fc.assert(
      fc.property(account, grants, fc.array(cutOff, { maxLength: 4 }), (one, held, cuts) => {
        const state = { account: one, grants: held };
        const left = withoutCut(state, list(cuts)).grants;
        const dead = (grant: GrantRow) => cuts.some((cut) => isMatched(one, cut) && isOld(grant, cut));
        expect(left).toEqual(held.filter((grant) => !dead(grant)));
        if (left.length === held.length) expect(withoutCut(state, list(cuts))).toBe(state);
      }),
    );
  });

  it('refuses an account exactly where nothing is left of it', () => {
    fc.assert(
      fc.property(account, grants, cutOff, (one, held, cut) => {
        const refused = revokedRefusal(one, held, list([cut])) !== null;
        const isAll = isMatched(one, cut) && cutOf(one, held, cut) === 'all';
        expect(refused).toBe(isAll);
        if (held.length > 0)
          expect(refused).toBe(withoutCut({ account: one, grants: held }, list([cut])).grants.length === 0);
      }),
    );
  });

  it('that comes later ends no less', () => {
    fc.assert(
      fc.property(account, grants, cutOff, (one, held, cut) => {
        const later = { ...cut, atMs: cut.atMs + 1 };
        const before = withoutCut({ account: one, grants: held }, list([cut])).grants;
        const after = withoutCut({ account: one, grants: held }, list([later])).grants;
        expect(after.every((grant) => before.includes(grant))).toBe(true);
      }),
    );
  });
});

it('a list of an older version, or none, ends nothing', () => {
  fc.assert(
    fc.property(account, grants, (one, held) => {
      for (const none of [null, undefined, { proxyOnly: [], deleted: [] }]) {
        expect(revokedRefusal(one, held, none)).toBe(null);
        expect(withoutCut({ account: one, grants: held }, none).grants).toBe(held);
      }
    }),
  );
});

it('two selectors have one text only where they are the same', () => {
  fc.assert(
    fc.property(selector, selector, (one, other) => {
      expect(selectorText(one) === selectorText(other)).toBe(JSON.stringify(one) === JSON.stringify(other));
    }),
  );
});
