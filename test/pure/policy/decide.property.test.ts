import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Rule } from '#contract/agents/policy.ts';
import { decideAtDoor1, decideAtDoor2, type Door2Decision } from '#policy/decide.ts';
import { reachesAccount } from '#policy/reach.ts';
import { AGENT_ID, agentWith, grantsOf, requestFor } from './cases.ts';

/** Few names, so that rules, requests and grants meet often; `s` is an alias of two of the scopes. */
const ALIASES: Record<string, string[]> = { s: ['a', 'b'] };
const scopes = fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { maxLength: 3 });
const ruleScopes = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 's'), { maxLength: 3 });
const identifierGlobs = fc.uniqueArray(fc.constantFrom('user_*', 'user_1', '*', AGENT_ID), {
  minLength: 1,
  maxLength: 2,
});

const rule: fc.Arbitrary<Rule> = fc.record(
  {
    connection: fc.constantFrom('hubspot', 'hub*', 'slack', '*'),
    identifiers: identifierGlobs,
    scopes: ruleScopes,
  },
  { requiredKeys: ['connection'] },
);
const rules = fc.array(rule, { maxLength: 4 });
const request = fc.record({
  connection: fc.constantFrom('hubspot', 'slack'),
  identifier: fc.constantFrom(AGENT_ID, 'default', 'user_1', 'user_2'),
});
const grants = fc.array(fc.option(scopes, { freq: 5 }), { maxLength: 3 });
const world = fc.record({ rules, request, scopes: fc.option(scopes), grants, canNarrow: fc.boolean() });
type World = typeof world extends fc.Arbitrary<infer T> ? T : never;

const NUM_RUNS = { numRuns: 2000 };

type Doors = Pick<World, 'rules' | 'request' | 'scopes' | 'grants' | 'canNarrow'>;

function atDoor1(given: Doors, agent = agentWith(given.rules)) {
  return decideAtDoor1(agent, requestFor(given.request));
}

function atDoor2(given: Doors, agent = agentWith(given.rules)) {
  const grants = grantsOf(given.grants, ALIASES);
  const account = { asked: given.scopes, grants, canNarrow: given.canNarrow };
  return decideAtDoor2(agent, requestFor(given.request), account);
}

/** The scopes of the token that would leave; null where they are not known. */
function leaving(decision: Door2Decision): string[] | null {
  if (!decision.allowed) throw new Error('nothing leaves');
  return decision.narrowTo ?? decision.grant.scopes;
}

function within(part: readonly string[], whole: readonly string[]): boolean {
  return part.every((scope) => whole.includes(scope));
}

/** What a rule's `scopes` mean, without the code under test. */
function meaningOf(names: readonly string[]): string[] {
  return names.flatMap((name) => ALIASES[name] ?? [name]);
}

describe('decide, for any policy, request and grants,', () => {
  it('denies where there is no rule, and where the agent is suspended', () => {
    fc.assert(
      fc.property(world, (given) => {
        const suspended = agentWith(given.rules, { status: 'suspended' });
        for (const door of [atDoor1, atDoor2]) {
          const without = { allowed: false, reason: 'connection_not_allowed', rule: null };
          expect(door({ ...given, rules: [] })).toMatchObject(without);
          const refused = { allowed: false, reason: 'agent_suspended', rule: null };
          expect(door(given, suspended)).toMatchObject(refused);
        }
      }),
    );
  });

  it('allows exactly what some rule and some grant allow together', () => {
    fc.assert(
      fc.property(world, (given) => {
        const { scopes: asked } = given;
        const possible = given.rules.some((one) => {
          if (!reachesAccount(agentWith([one]), requestFor(given.request))) return false;
          const allowed = one.scopes ? meaningOf(one.scopes) : null;
          return given.grants.some((granted) => {
            if (allowed === null && asked === null) return true;
            if (granted === null) return false;
            const wanted = asked ?? granted.filter((scope) => allowed?.includes(scope));
            const exact = within(granted, wanted);
            return (
              within(wanted, granted) &&
              within(wanted, allowed ?? wanted) &&
              (exact || (given.canNarrow && wanted.length > 0))
            );
          });
        });
        expect(atDoor2(given).allowed).toBe(possible);
      }),
      NUM_RUNS,
    );
  });

  it('lets no token leave with more than the deciding rule allows or the request asks for', () => {
    let handedOut = 0;
    fc.assert(
      fc.property(world, (given) => {
        const decision = atDoor2(given);
        if (!decision.allowed) return;
        const { scopes: limit } = given.rules[decision.rule] ?? {};
        const token = leaving(decision);
        if (limit) expect(meaningOf(limit)).toEqual(expect.arrayContaining(token ?? ['unknown']));
        if (given.scopes) expect(new Set(token)).toEqual(new Set(given.scopes));
        if (decision.narrowTo) {
          expect(given.canNarrow).toBe(true);
          expect(decision.narrowTo).not.toEqual([]);
          expect(decision.grant.scopes).toEqual(expect.arrayContaining(decision.narrowTo));
        }
        handedOut += 1;
      }),
      NUM_RUNS,
    );
    expect(handedOut).toBeGreaterThan(NUM_RUNS.numRuns / 20);
  });

  it('takes nothing away when a rule is added, wherever it stands', () => {
    fc.assert(
      fc.property(world, rule, fc.nat(), (given, added, place) => {
        const more = given.rules.toSpliced(place % (given.rules.length + 1), 0, added);
        if (atDoor1(given).allowed) expect(atDoor1({ ...given, rules: more }).allowed).toBe(true);
        if (atDoor2(given).allowed) expect(atDoor2({ ...given, rules: more }).allowed).toBe(true);
      }),
      NUM_RUNS,
    );
  });

  it('lets the earliest rule that would allow it alone decide', () => {
    fc.assert(
      fc.property(world, (given) => {
        for (const door of [atDoor1, atDoor2]) {
          const alone = given.rules.findIndex((one) => door({ ...given, rules: [one] }).allowed);
          expect(door(given).rule).toBe(alone < 0 ? null : alone);
        }
      }),
      NUM_RUNS,
    );
  });

  it('refuses at door 1 only what door 2 refuses too, and for the same reason', () => {
    fc.assert(
      fc.property(world, (given) => {
        const first = atDoor1(given);
        const second = atDoor2(given);
        if (!first.allowed) expect(second).toMatchObject(first);
        else if (!second.allowed) {
          expect(['scope_not_allowed', 'missing_scopes', 'cannot_downscope']).toContain(second.reason);
        }
      }),
      NUM_RUNS,
    );
  });

  it('agrees with reach on which accounts an agent knows', () => {
    fc.assert(
      fc.property(world, (given) => {
        expect(reachesAccount(agentWith(given.rules), requestFor(given.request))).toBe(
          atDoor1(given).allowed,
        );
      }),
      NUM_RUNS,
    );
  });

  it('allows no more when the request asks for less, nor less when the provider narrows', () => {
    fc.assert(
      fc.property(world, (given) => {
        if (atDoor2({ ...given, canNarrow: false }).allowed) {
          expect(atDoor2({ ...given, canNarrow: true }).allowed).toBe(true);
        }
        const [dropped, ...fewer] = given.scopes ?? [];
        if (dropped === undefined || fewer.length === 0) return;
        const less = { ...given, canNarrow: true, scopes: fewer };
        if (atDoor2({ ...given, canNarrow: true }).allowed) expect(atDoor2(less).allowed).toBe(true);
      }),
      NUM_RUNS,
    );
  });

  it('lets nothing through by a rule with `approval` that it would not let through without, and says that it asks', () => {
    let asking = 0;
    fc.assert(
      fc.property(world, fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), (given, marks) => {
        const marked = given.rules.map((one, index) =>
          marks[index] === true ? { ...one, approval: { ttl_s: 60 } } : one,
        );
        for (const door of [atDoor1, atDoor2]) {
          const without = door(given);
          const decided = door({ ...given, rules: marked });
          // The same decision by the same rule: what is behind it opens nothing that it holds back.
          const asks = without.allowed && marked[without.rule]?.approval !== undefined;
          const told = ({ grant: _grant, approval: _approval, ...rest }: Record<string, unknown>) => rest;
          expect(told({ ...decided })).toEqual(told({ ...without }));
          if (decided.allowed) expect(decided.approval).toEqual(asks ? { ttl_s: 60 } : null);
          if (asks) asking += 1;
        }
      }),
      NUM_RUNS,
    );
    expect(asking).toBeGreaterThan(NUM_RUNS.numRuns / 20);
  });
});
