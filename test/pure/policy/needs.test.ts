/** What a tool needs of a grant, under rules and grants of every width. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Rule } from '#contract/agents/policy.ts';
import { decideForNeeds, needsOf, serves } from '#policy/needs.ts';
import type { PolicyAgent, PolicyRequest } from '#policy/request.ts';

const request: PolicyRequest = {
  action: 'tool',
  tool: 'hubspot_search_contacts',
  method: 'POST',
  path: null,
  purpose: null,
  connection: 'hubspot',
  identifier: 'u1',
  organization: '',
  nowMs: 0,
};
const agent = (...rules: Partial<Rule>[]): PolicyAgent => ({
  id: 'a',
  organization: '',
  status: 'active',
  policy: { rules: rules.map((rule) => ({ connection: 'hubspot', identifiers: ['*'], ...rule })) },
});
const granted = (scopes: string[] | null, narrowable = true) => ({
  scopes,
  narrowable,
  resolve: (names: string[]) => names,
});
const decided = (who: PolicyAgent, scopes: string[] | null, needs: string[][] | null, canNarrow = false) =>
  decideForNeeds(who, request, { asked: null, grants: [granted(scopes)], canNarrow }, needs);

describe('a tool', () => {
  it('goes through with a wider grant than its rule allows: what leaves is the call alone', () => {
    expect(decided(agent({ scopes: ['read'] }), ['read', 'write'], [['read']])).toMatchObject({
      allowed: true,
      narrowTo: null,
    });
  });

  it('is made with no more than it needs, where the provider narrows', () => {
    expect(decided(agent({}), ['read', 'write'], [['read']], true)).toMatchObject({
      allowed: true,
      narrowTo: ['read'],
    });
    expect(decided(agent({}), ['read'], [['read']], true)).toMatchObject({ allowed: true, narrowTo: null });
  });

  it('takes the first alternative that rule and grant have', () => {
    const needs = [['read'], ['admin'], ['write']];
    expect(decided(agent({ scopes: ['write'] }), ['read', 'write'], needs, true)).toMatchObject({
      allowed: true,
      narrowTo: ['write'],
    });
  });

  it.each([
    [['write'], ['read', 'write'], 'scope_not_allowed'],
    [['read'], ['write'], 'missing_scopes'],
    [undefined, ['write'], 'missing_scopes'],
    [['other'], ['write'], 'scope_not_allowed'],
  ])('is refused under a rule for %j with a grant of %j: %s', (scopes, held, reason) => {
    const rule = scopes === undefined ? {} : { scopes };
    expect(decided(agent(rule), held, [['read']])).toMatchObject({ allowed: false, reason });
  });

  it('is decided by its provider where nobody knows what was granted', () => {
    expect(decided(agent({ scopes: ['read'] }), null, [['read']])).toMatchObject({
      allowed: true,
      narrowTo: null,
    });
    expect(decided(agent({ scopes: ['write'] }), null, [['read']])).toMatchObject({
      reason: 'scope_not_allowed',
    });
  });

  it('without needs is decided as a request that names no scope', () => {
    expect(decided(agent({}), ['read', 'write'], null)).toMatchObject({ allowed: true });
    expect(decided(agent({ scopes: ['read'] }), ['read', 'write'], null)).toMatchObject({
      reason: 'cannot_downscope',
    });
    expect(decided(agent({ scopes: ['read'] }), null, null)).toMatchObject({ reason: 'cannot_downscope' });
  });

  it('never goes through with less than it needs, nor beyond its rule', () => {
    const scope = fc.constantFrom<string>('a', 'b', 'c', 'd');
    const scopes = fc.uniqueArray(scope, { minLength: 1 });
    const needs = fc.array(scopes, { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(scopes, scopes, needs, fc.boolean(), (allowed, held, alternatives, canNarrow) => {
        const decision = decided(agent({ scopes: allowed }), held, alternatives, canNarrow);
        const isAble = (one: string[]) => one.every((name) => held.includes(name) && allowed.includes(name));
        expect(decision.allowed).toBe(alternatives.some(isAble));
        if (decision.allowed && decision.narrowTo !== null)
          expect(alternatives.find(isAble)).toEqual(decision.narrowTo);
      }),
    );
  });
});

it('is for accounts of its providers, or of its one connection', () => {
  const account = { connection: 'my-hubspot', provider: 'hubspot' };
  expect(serves({ providers: ['hubspot'], connection: null }, account)).toBe(true);
  expect(serves({ providers: ['slack'], connection: null }, account)).toBe(false);
  expect(serves({ providers: [], connection: 'my-hubspot' }, account)).toBe(true);
  expect(serves({ providers: [], connection: 'other' }, account)).toBe(false);
});

it('grants that do not name such scopes are not compared with them', () => {
  const demand = { scopesAny: [['repo']], unscoped: ['github-app-user'] };
  expect(needsOf(demand, 'github')).toEqual([['repo']]);
  expect(needsOf(demand, 'github-app-user')).toBeNull();
  expect(needsOf({ scopesAny: [[]], unscoped: [] }, 'notion')).toBeNull();
});
