import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Rule } from '#contract/agents/policy.ts';
import { decideAtDoor1, decideAtDoor2 } from '#policy/decide.ts';
import { mayConnect, reachesAccount } from '#policy/reach.ts';
import { AGENT_ID, agentWith, grantsOf, requestFor } from './cases.ts';

const TENANTS = ['', 'acme', 'acme-eu', 'beta'] as const;
const tenant = fc.constantFrom(...TENANTS);
const patterns = fc.uniqueArray(fc.constantFrom('acme', 'acme*', 'beta', '*'), {
  minLength: 1,
  maxLength: 2,
});
const rule: fc.Arbitrary<Rule> = fc.record(
  {
    connection: fc.constantFrom('hubspot', '*', 'slack'),
    identifiers: fc.constantFrom(['*'], ['user_1'], ['agent-1']),
    scopes: fc.uniqueArray(fc.constantFrom('a', 'b'), { maxLength: 2 }),
    organizations: patterns,
    connect: fc.boolean(),
  },
  { requiredKeys: ['connection'] },
);
const given = fc.record({
  own: tenant,
  rules: fc.array(rule, { maxLength: 4 }),
  request: fc.record({
    connection: fc.constantFrom('hubspot', 'slack'),
    identifier: fc.constantFrom('user_1', AGENT_ID, 'default'),
    organization: tenant,
  }),
  scopes: fc.option(fc.uniqueArray(fc.constantFrom('a', 'b'), { maxLength: 2 })),
  grants: fc.array(fc.uniqueArray(fc.constantFrom('a', 'b'), { maxLength: 2 }), { maxLength: 2 }),
});
type Given = typeof given extends fc.Arbitrary<infer T> ? T : never;

const RUNS = { numRuns: 3000 };

const agentOf = (own: string, rules: Rule[]) => agentWith(rules, { organization: own });

function asked({ own, rules, request, scopes, grants }: Given) {
  const account = { asked: scopes, grants: grantsOf(grants), canNarrow: false };
  return decideAtDoor2(agentOf(own, rules), requestFor(request), account);
}

/** What a rule's `organizations` mean, without the code under test. */
function names(rules: readonly Rule[], organization: string): boolean {
  return rules.some(({ organizations = [] }) =>
    organizations.some(
      (one) => one === '*' || one === organization || (one === 'acme*' && organization.startsWith('acme')),
    ),
  );
}

describe('whatever the rules, the agent and the request,', () => {
  it('an agent of one organization never reaches another, nor one of none', () => {
    fc.assert(
      fc.property(given, (world) => {
        const { own, rules, request } = world;
        if (own === '' || request.organization === own) return;
        expect(asked(world).allowed).toBe(false);
        expect(reachesAccount(agentOf(own, rules), request)).toBe(false);
        expect(mayConnect(agentOf(own, rules), requestFor(request))).toBe(false);
      }),
      RUNS,
    );
  });

  it('an agent of none reaches a tenant by a rule that names it and by no other, and none is no tenant', () => {
    fc.assert(
      fc.property(given, (world) => {
        const { request, rules } = world;
        const decision = asked({ ...world, own: '' });
        if (!decision.allowed) return;
        if (request.organization !== '') expect(names(rules, request.organization)).toBe(true);
        expect(rules[decision.rule]?.organizations === undefined).toBe(request.organization === '');
      }),
      RUNS,
    );
  });

  it('one more field never lets a rule allow more, but that tenants are reached by their names alone', () => {
    fc.assert(
      fc.property(
        given,
        rule,
        fc.uniqueArray(fc.constantFrom('a', 'b'), { maxLength: 2 }),
        patterns,
        (world, base, scopes, tenants) => {
          const { scopes: _scopes, organizations: _tenants, ...bare } = base;
          const before = asked({ ...world, rules: [bare] });
          const limited = asked({ ...world, rules: [{ ...bare, scopes }] });
          if (limited.allowed) expect(before.allowed).toBe(true);
          const moved = asked({ ...world, rules: [{ ...bare, organizations: tenants }] });
          if (moved.allowed && world.request.organization === world.own) expect(before.allowed).toBe(true);
          // What only a later version evaluates allows nothing at all.
          const unknown = { ...bare, tomorrow: true } as Rule;
          expect(asked({ ...world, rules: [unknown] }).allowed).toBe(false);
          expect(asked({ ...world, rules: [{ ...bare, connect: true }] }).allowed).toBe(before.allowed);
        },
      ),
      RUNS,
    );
  });

  it('a tenant that no rule names is refused as such, once the connection fits', () => {
    const rules: Rule[] = [{ connection: 'hubspot', identifiers: ['*'], organizations: ['acme'] }];
    const ask = (connection: string, organization: string) =>
      decideAtDoor1(agentOf('', rules), requestFor({ connection, identifier: 'user_1', organization }));
    expect(ask('hubspot', 'beta')).toMatchObject({ allowed: false, reason: 'organization_not_allowed' });
    expect(ask('hubspot', '')).toMatchObject({ allowed: false, reason: 'organization_not_allowed' });
    expect(ask('slack', 'acme')).toMatchObject({ allowed: false, reason: 'connection_not_allowed' });
    expect(ask('hubspot', 'acme')).toMatchObject({ allowed: true, rule: 0 });
  });
});
