import { describe, expect, it } from 'vitest';
import type { Rule } from '#contract/policy.ts';
import { decide } from '#policy/decide.ts';
import { reachesIdentifier } from '#policy/reach.ts';
import { coverage } from '#policy/scopes.ts';
import { AGENT_ID, cases, decideCase } from './cases.ts';

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
    const decision = decideCase(given);
    expect(decision).toMatchObject(given.expect);
  });

  it('names a grant only where it was given grants', () => {
    const given = {
      name: '',
      policy: { allowed_credentials: ['hubspot'] },
      request: { connection: 'hubspot' },
    };
    expect(decideCase(given)).not.toHaveProperty('grant');
    expect(decideCase({ ...given, grants: [['a']] })).toHaveProperty('grant', 0);
    expect(decideCase({ ...given, grants: [] })).not.toHaveProperty('grant');
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
    const ofLaterVersion = { connection: 'hubspot', hours: { timezone: 'Europe/Berlin' } } as Rule;
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
    const input = freeze({
      agent: {
        id: AGENT_ID,
        status: 'active' as const,
        policy: { rules: [{ connection: '*', scopes: ['b', 'a', 'a'] }] },
      },
      request: { action: 'token' as const, connection: 'hubspot', identifier: 'default', scopes: ['a', 'a'] },
      granted: [
        { scopes: ['c', 'a', 'b'], resolve: (names: string[]) => names },
        { scopes: ['b', 'a'], resolve: (names: string[]) => names },
      ],
      canNarrow: true,
    });
    expect(decide(input)).toEqual({ allowed: true, rule: 0, scopes: ['b', 'a'], narrowTo: ['a'], grant: 1 });
  });
});

describe('reach', () => {
  const agent = {
    id: AGENT_ID,
    policy: {
      rules: [
        { connection: 'hubspot', identifiers: ['user_*'], scopes: [] },
        { connection: 'google-*' },
        { connection: 'slack', identifiers: [AGENT_ID] },
      ],
    },
  };

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
    expect(reachesIdentifier(agent, connection, identifier)).toBe(reached);
  });
});
