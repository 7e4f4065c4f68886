import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Rule } from '#contract/policy.ts';
import { decide } from '#policy/decide.ts';
import { reachesIdentifier } from '#policy/reach.ts';
import { AGENT_ID, grantsOf } from './cases.ts';

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
  action: fc.constant('token' as const),
  connection: fc.constantFrom('hubspot', 'slack'),
  identifier: fc.constantFrom(AGENT_ID, 'default', 'user_1', 'user_2'),
  scopes: fc.option(scopes),
});
const grants = fc.array(fc.option(scopes, { freq: 5 }), { maxLength: 3 });
const world = fc.record({ rules, request, grants, canNarrow: fc.boolean() });
type World = typeof world extends fc.Arbitrary<infer T> ? T : never;

const NUM_RUNS = { numRuns: 2000 };

function agentWith(ruleList: Rule[], status: 'active' | 'suspended' = 'active') {
  return { id: AGENT_ID, status, policy: { rules: ruleList } };
}

function atDoor1(given: World) {
  return decide({ agent: agentWith(given.rules), request: given.request });
}

function atDoor2(given: World) {
  const { request, canNarrow } = given;
  return decide({
    agent: agentWith(given.rules),
    request,
    granted: grantsOf(given.grants, ALIASES),
    canNarrow,
  });
}

/** The scopes of the token that would leave; null where they are not known. */
function leaving(given: World, decision: ReturnType<typeof decide>): string[] | null {
  if (!decision.allowed) throw new Error('nothing leaves');
  return decision.narrowTo ?? given.grants[decision.grant ?? -1] ?? null;
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
        const granted = grantsOf(given.grants, ALIASES);
        const without = decide({ ...given, agent: agentWith([]), granted });
        expect(without).toMatchObject({ allowed: false, reason: 'connection_not_allowed', rule: null });
        const suspended = decide({ ...given, agent: agentWith(given.rules, 'suspended'), granted });
        expect(suspended).toMatchObject({ allowed: false, reason: 'agent_suspended', rule: null });
      }),
    );
  });

  it('allows exactly what some rule and some grant allow together', () => {
    fc.assert(
      fc.property(world, (given) => {
        const { connection, identifier, scopes: asked } = given.request;
        const possible = given.rules.some((one) => {
          if (!reachesIdentifier({ id: AGENT_ID, policy: { rules: [one] } }, connection, identifier))
            return false;
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
        const token = leaving(given, decision);
        if (limit) expect(meaningOf(limit)).toEqual(expect.arrayContaining(token ?? ['unknown']));
        if (given.request.scopes) expect(new Set(token)).toEqual(new Set(given.request.scopes));
        if (decision.narrowTo) {
          expect(given.canNarrow).toBe(true);
          expect(decision.narrowTo).not.toEqual([]);
          expect(given.grants[decision.grant ?? -1]).toEqual(expect.arrayContaining(decision.narrowTo));
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
        if (!first.allowed) expect(second).toEqual(first);
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
        const { connection, identifier } = given.request;
        expect(reachesIdentifier(agentWith(given.rules), connection, identifier)).toBe(
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
        const [dropped, ...fewer] = given.request.scopes ?? [];
        if (dropped === undefined || fewer.length === 0) return;
        const less = { ...given, canNarrow: true, request: { ...given.request, scopes: fewer } };
        if (atDoor2({ ...given, canNarrow: true }).allowed) expect(atDoor2(less).allowed).toBe(true);
      }),
      NUM_RUNS,
    );
  });
});
