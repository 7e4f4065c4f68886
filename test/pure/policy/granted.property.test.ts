import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Rule } from '#contract/agents/policy.ts';
import { decideAtDoor1, decideAtDoor2, WALLS, type Door2Decision } from '#policy/decide.ts';
import { arrivedAgent, sentAgent } from '#policy/granted.ts';
import { pickGrant } from '#policy/pick-grant.ts';
import { mayConnect, reachesAccount } from '#policy/reach.ts';
import type { PolicyAgent, PolicyRequest } from '#policy/request.ts';
import { agentWith } from './cases.ts';
import { anyAccount, anyRequest, anyRule, anyRules, FIELDS, include, resolve } from './rule-trees.ts';

const REQUEST: PolicyRequest = {
  connection: 'hubspot',
  identifier: 'default',
  organization: '',
  action: 'token',
  tool: null,
  method: null,
  path: null,
  purpose: null,
  nowMs: Date.UTC(2026, 0, 1, 12),
};

const RUNS = { numRuns: 1_000 };
/** A key that makes its own smaller token, and three times that it is narrowed again. */
const lists = fc.array(anyRules, { maxLength: 4 });
/** Rules that differ in their scopes alone, so that lists meet in them. */
const scopeRules = fc.array(
  fc
    .option(FIELDS.scopes, { nil: undefined, freq: 4 })
    .map((scopes): Rule => (scopes === undefined ? { connection: '*' } : { connection: '*', scopes })),
  { minLength: 1, maxLength: 3 },
);
const world = fc.oneof(
  fc.record({ rules: anyRules, lists, request: anyRequest, account: anyAccount }),
  fc.record({
    rules: scopeRules,
    lists: fc.array(scopeRules, { minLength: 1, maxLength: 4 }),
    request: fc.constant(REQUEST),
    account: anyAccount.map((account) => ({ ...account, asked: null })),
  }),
);

function narrowed(rules: Rule[], grantedRules: Rule[][]): PolicyAgent {
  return { ...agentWith(rules), grantedRules };
}

/** The scopes of the token that would leave; null: they are not known. */
const leaving = ({ narrowTo, grant }: Door2Decision & { allowed: true }) => narrowTo ?? grant.scopes;

/** By trying every rule of every list beside every other. */
function isPossible(
  all: readonly Rule[][],
  request: PolicyRequest,
  account: Parameters<typeof decideAtDoor2>[2],
): boolean {
  const allowing = all.map((rules) =>
    rules.filter((rule) => decideAtDoor1(agentWith([rule]), request).allowed),
  );
  const limits = allowing.reduce<(readonly string[] | null)[]>(
    (before, rules) =>
      before.flatMap((limit) =>
        rules.map(({ scopes }) => {
          const own = scopes === undefined ? null : include(resolve(scopes));
          if (limit === null || own === null) return limit ?? own;
          return limit.filter((scope) => own.includes(scope));
        }),
      ),
    [null],
  );
  return limits.some((limit) => {
    const rule: Rule = { connection: '*', ...(limit === null ? {} : { scopes: [...limit] }) };
    return pickGrant({ rule, ...account }).picked;
  });
}

describe('a token that was narrowed, up to four times,', () => {
  it('never allows more than the policy, nor than any of its lists, at either door', () => {
    let allowed = 0;
    fc.assert(
      fc.property(world, ({ rules, lists: granted, request, account }) => {
        const agent = narrowed(rules, granted);
        const first = decideAtDoor1(agent, request);
        const second = decideAtDoor2(agent, request, account);
        const alone = [rules, ...granted].map((list) => agentWith(list));
        for (const one of alone) {
          if (first.allowed) expect(decideAtDoor1(one, request).allowed).toBe(true);
          if (second.allowed) expect(decideAtDoor2(one, request, account).allowed).toBe(true);
        }
        if (!second.allowed) return;
        allowed += 1;
        expect(first.allowed).toBe(true);
        const token = leaving(second);
        for (const one of alone) {
          const isWithin = one.policy.rules.some(
            (rule) =>
              decideAtDoor1(agentWith([rule]), request).allowed &&
              (rule.scopes === undefined ||
                (token !== null &&
                  token.every((scope) => include(resolve(rule.scopes ?? [])).includes(scope)))),
          );
          expect(isWithin).toBe(true);
        }
        const { asked } = account;
        if (asked !== null) expect(include(asked)).toEqual(expect.arrayContaining(token ?? ['unknown']));
      }),
      RUNS,
    );
    expect(allowed).toBeGreaterThan(RUNS.numRuns / 30);
  });

  it('loses power with each list and wins none, whatever the list', () => {
    fc.assert(
      fc.property(world, anyRules, ({ rules, lists: granted, request, account }, more) => {
        const [before, after] = [narrowed(rules, granted), narrowed(rules, [more, ...granted])];
        if (decideAtDoor1(after, request).allowed) expect(decideAtDoor1(before, request).allowed).toBe(true);
        if (decideAtDoor2(after, request, account).allowed)
          expect(decideAtDoor2(before, request, account).allowed).toBe(true);
        if (reachesAccount(after, request)) expect(reachesAccount(before, request)).toBe(true);
        if (mayConnect(after, request)) expect(mayConnect(before, request)).toBe(true);
      }),
      RUNS,
    );
  });

  it('allows all that a rule of each list allows together', () => {
    fc.assert(
      fc.property(world, ({ rules, lists: granted, request, account }) => {
        // A limit that names a wider scope alone asks for no narrower one, in a policy as in a token.
        fc.pre(!JSON.stringify([rules, granted, account]).includes('wide'));
        expect(decideAtDoor2(narrowed(rules, granted), request, account).allowed).toBe(
          isPossible([rules, ...granted], request, account),
        );
      }),
      RUNS,
    );
  });

  it('is worth what the policy is, where it carries what the policy says, or no list', () => {
    fc.assert(
      fc.property(world, ({ rules, request, account }) => {
        const plain = agentWith(rules);
        for (const granted of [[], [rules]]) {
          const agent = narrowed(rules, granted);
          expect(decideAtDoor1(agent, request)).toEqual(decideAtDoor1(plain, request));
          const [one, other] = [agent, plain].map((asking) => decideAtDoor2(asking, request, account));
          expect(one?.allowed).toBe(other?.allowed);
        }
      }),
      RUNS,
    );
  });

  it('is stopped by a wall of any list as by one of the policy, and by the first in the order of all', () => {
    fc.assert(
      fc.property(world, ({ rules, lists: granted, request, account }) => {
        const agent = narrowed(rules, granted);
        const isWalled = [rules, ...granted].some((list) => {
          const decision = decideAtDoor1(agentWith(list), request);
          return !decision.allowed && WALLS.has(decision.reason);
        });
        for (const decision of [decideAtDoor1(agent, request), decideAtDoor2(agent, request, account)])
          expect(!decision.allowed && WALLS.has(decision.reason)).toBe(isWalled);
      }),
      RUNS,
    );
  });

  it('knows the rates of the policy alone, and allows nothing by a rule that brings its own', () => {
    const request = { ...REQUEST, spent: [0] };
    const open: Rule = { connection: '*' };
    const counted: Rule = { ...open, rate: { limit: 1, per: 'hour' } };
    expect(decideAtDoor1(narrowed([counted, open], [[open]]), request)).toMatchObject({ rule: 1 });
    expect(decideAtDoor1(narrowed([counted], [[open]]), request)).toMatchObject({ reason: 'rate_limited' });
    expect(decideAtDoor1(narrowed([open], [[counted]]), REQUEST)).toMatchObject({ allowed: false });
  });

  it('takes a person’s yes where a rule of any list that decides takes one', () => {
    const asks = { ttl_s: 600 };
    const account = (asked: string[] | null) => ({
      asked,
      grants: [{ scopes: ['a', 'b'], resolve, include }],
      canNarrow: true,
    });
    const open: Rule = { connection: '*' };
    const [of, ofB] = [
      { ...open, approval: asks },
      { ...open, scopes: ['b'] },
    ];
    const approvalOf = (agent: PolicyAgent, asked: string[] | null) => {
      const decision = decideAtDoor2(agent, REQUEST, account(asked));
      return decision.allowed ? decision.approval : 'refused';
    };
    for (const asked of [null, ['a']]) {
      expect(approvalOf(narrowed([open], [[of], [open]]), asked)).toEqual(asks);
      expect(approvalOf(narrowed([of], [[open]]), asked)).toEqual(asks);
      expect(approvalOf(narrowed([open], [[open]]), asked)).toBeNull();
      const both = narrowed([{ ...open, approval: { ttl_s: 60, reason: 'payroll' } }], [[of]]);
      expect(approvalOf(both, asked)).toEqual({ ttl_s: 60, reason: 'payroll' });
    }
    expect(decideAtDoor1(narrowed([open], [[of]]), REQUEST)).toMatchObject({ approval: asks });
    // The list alone would let the scope of its first rule leave; the policy leaves it the second alone.
    const second = narrowed(
      [ofB],
      [
        [
          { ...open, scopes: ['a'] },
          { ...ofB, approval: asks },
        ],
      ],
    );
    expect(approvalOf(second, null)).toEqual(asks);
    expect(approvalOf(second, ['b'])).toEqual(asks);
  });

  it('says of two narrow limits that share no scope that nothing may leave', () => {
    const account = {
      asked: null,
      grants: [{ scopes: ['a', 'b'], resolve, include }],
      canNarrow: true,
    };
    const agent = narrowed([{ connection: '*', scopes: ['a'] }], [[{ connection: '*', scopes: ['b'] }]]);
    expect(decideAtDoor2(agent, REQUEST, account)).toMatchObject({
      allowed: false,
      reason: 'cannot_downscope',
      allowedScopes: [],
    });
  });

  it('costs no more by many rules: what lies beyond is refused, never allowed', () => {
    const names = Array.from({ length: 16 }, (_, index) => `s${index}`);
    const list = (step: number): Rule[] =>
      names.map((_, at) => ({
        connection: '*',
        scopes: names.filter((_name, index) => (index * step + at) % 3 > 0),
      }));
    const account = { asked: null, grants: [{ scopes: names, resolve }], canNarrow: true };
    const decision = decideAtDoor2(
      narrowed([{ connection: '*' }], [1, 2, 4, 5, 7].map(list)),
      REQUEST,
      account,
    );
    const most = decision.allowed ? (leaving(decision)?.length ?? names.length) : 0;
    expect(most).toBeLessThan(names.length);
  });

  it('arrives at the account as it was sent, and opens nothing at one that cannot narrow', () => {
    fc.assert(
      fc.property(world, ({ rules, lists: granted, request, account }) => {
        const agent = narrowed(rules, granted);
        const sent = sentAgent(agent);
        const arrived = arrivedAgent(structuredClone(sent));
        expect(decideAtDoor2(arrived, request, account)).toEqual(decideAtDoor2(agent, request, account));
        if (granted.length > 0) expect(decideAtDoor2(sent, request, account).allowed).toBe(false);
      }),
      { numRuns: 500 },
    );
  });
});

describe('one more field', () => {
  it.each(Object.keys(FIELDS).filter((name) => name !== 'organizations'))(
    'never lets a rule allow more: %s',
    (name) => {
      const value = FIELDS[name as keyof typeof FIELDS] as fc.Arbitrary<unknown>;
      fc.assert(
        fc.property(anyRule, value, anyRequest, anyAccount, (rule, added, request, account) => {
          const { [name as keyof Rule]: _absent, ...bare } = rule;
          const [less, more] = [agentWith([bare as Rule]), agentWith([{ ...bare, [name]: added } as Rule])];
          if (decideAtDoor1(more, request).allowed) expect(decideAtDoor1(less, request).allowed).toBe(true);
          const limited = decideAtDoor2(more, request, account);
          if (!limited.allowed) return;
          // Without its scopes a rule hands out all that was granted; with them it may only be less.
          const open = decideAtDoor2(less, request, account);
          expect(open.allowed).toBe(true);
        }),
        { numRuns: 500 },
      );
    },
  );
});
