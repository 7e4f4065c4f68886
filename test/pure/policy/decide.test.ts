import { describe, expect, it } from 'vitest';
import type { Rule } from '#contract/agents/policy.ts';
import { decideAtDoor1, decideAtDoor2 } from '#policy/decide.ts';
import { reachesAccount } from '#policy/reach.ts';
import type { Use } from '#policy/request.ts';
import { coverage } from '#policy/scopes.ts';
import { AGENT_ID, agentWith, cases, decideCase, grantsOf, requestFor } from './cases.ts';

describe('coverage', () => {
  it.each(cases.coverage.map((given) => [given.name, given] as const))(
    'is right for: %s',
    (_, { granted, allowed, asked, kind, to }) => {
      expect(coverage({ granted, allowed, asked })).toEqual(to ? { kind, to } : { kind });
    },
  );
});

describe('decide', () => {
  it.each(cases.decisions.map((given) => [given.name, given] as const))('%s', (_, given) => {
    expect(decideCase(given)).toMatchObject(given.expect);
  });

  it('says at door 1 which rule, and at door 2 which rule and which grant', () => {
    const agent = agentWith([{ connection: 'slack' }, { connection: 'hubspot', scopes: ['a'] }]);
    const request = requestFor({ connection: 'hubspot' });
    expect(decideAtDoor1(agent, request)).toEqual({ allowed: true, rule: 1, approval: null });
    const grants = grantsOf([['a', 'b'], ['a']]);
    expect(decideAtDoor2(agent, request, { asked: null, grants, canNarrow: false })).toEqual({
      allowed: true,
      rule: 1,
      approval: null,
      grant: grants[1],
      scopes: ['a'],
      narrowTo: null,
    });
    const stranger = requestFor({ connection: 'stripe' });
    const refused = { allowed: false, reason: 'connection_not_allowed', rule: null };
    expect(decideAtDoor1(agent, stranger)).toEqual(refused);
    expect(decideAtDoor2(agent, stranger, { asked: null, grants, canNarrow: false })).toEqual({
      ...refused,
      allowedScopes: null,
      grantedScopes: null,
    });
  });

  it('hands out no grant of an account that has none', () => {
    const agent = agentWith([{ connection: 'hubspot' }]);
    const account = { asked: null, grants: [], canNarrow: true };
    expect(decideAtDoor2(agent, requestFor({ connection: 'hubspot' }), account)).toMatchObject({
      allowed: false,
      reason: 'missing_scopes',
      grantedScopes: [],
    });
  });

  it.each<Partial<Use>>([
    { action: 'token' },
    { action: 'proxy', method: 'GET', path: '/crm/v3/objects' },
    { action: 'tool', tool: 'hubspot_list_contacts' },
    { action: 'mcp', tool: 'linear__search' },
  ])('lets a rule that names no use allow this one: %j', (use) => {
    const agent = agentWith([{ connection: 'hubspot', scopes: ['a'] }]);
    const request = { ...requestFor({ connection: 'hubspot' }), ...use };
    expect(decideAtDoor1(agent, request)).toEqual({ allowed: true, rule: 0, approval: null });
    const account = { asked: null, grants: grantsOf([['a']]), canNarrow: false };
    expect(decideAtDoor2(agent, request, account)).toMatchObject({ allowed: true, rule: 0 });
    const broader = { ...account, grants: grantsOf([['a', 'b']]) };
    expect(decideAtDoor2(agent, request, broader)).toMatchObject({ reason: 'cannot_downscope' });
  });

  it('refuses an agent of a status that it does not know', () => {
    const status = 'paused' as 'active';
    const given = {
      policy: { allowed_credentials: ['hubspot'] },
      request: { connection: 'hubspot' },
      status,
    };
    expect(decideCase({ ...given })).toMatchObject({ allowed: false, reason: 'agent_suspended' });
  });

  it('allows nothing by a rule with a field that it does not evaluate', () => {
    const ofLaterVersion = { connection: 'hubspot', tomorrow: { weather: 'fair' } } as Rule;
    const given = { request: { connection: 'hubspot' }, grants: [['a']] };
    expect(decideCase({ ...given, policy: { rules: [ofLaterVersion] } })).toMatchObject({
      allowed: false,
      reason: 'action_not_allowed',
    });
    const policy = { rules: [ofLaterVersion, { connection: 'hubspot' }] };
    expect(decideCase({ ...given, policy })).toMatchObject({ allowed: true, rule: 1 });
  });

  it('changes none of its arguments', () => {
    const freeze = <T>(value: T): T => {
      if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(freeze);
      return value;
    };
    const agent = freeze(agentWith([{ connection: '*', scopes: ['b', 'a', 'a'] }]));
    const grants = freeze(
      grantsOf([
        ['c', 'a', 'b'],
        ['b', 'a'],
      ]),
    );
    const account = freeze({ asked: ['a', 'a'], grants, canNarrow: true });
    const request = freeze(requestFor({ connection: 'hubspot', identifier: 'default' }));
    expect(decideAtDoor1(agent, request)).toEqual({ allowed: true, rule: 0, approval: null });
    expect(decideAtDoor2(agent, request, account)).toEqual({
      allowed: true,
      rule: 0,
      approval: null,
      scopes: ['b', 'a'],
      narrowTo: ['a'],
      grant: grants[1],
    });
  });
});

describe('reach', () => {
  const agent = agentWith([
    { connection: 'hubspot', identifiers: ['user_*'], scopes: [] },
    { connection: 'google-*' },
    { connection: 'slack', identifiers: [AGENT_ID] },
  ]);

  it.each([
    ['hubspot', 'user_1', true],
    ['hubspot', 'default', false],
    ['hubspot', AGENT_ID, false],
    ['google-mail', 'default', true],
    ['google-mail', AGENT_ID, true],
    ['google-mail', 'user_1', false],
    ['slack', AGENT_ID, true],
    ['slack', 'default', false],
    ['stripe', 'default', false],
  ])('of %s and %s is %s, whatever the rule allows there', (connection, identifier, reached) => {
    expect(reachesAccount(agent, { connection, identifier, organization: '' })).toBe(reached);
  });
});
