import { describe, expect, it } from 'vitest';
import { PolicyInput, type Rule } from '#contract/agents/policy.ts';
import { decideAtDoor1, decideAtDoor2 } from '#policy/decide.ts';
import { warningsOf } from '#policy/fields/never.ts';
import { mayConnect } from '#policy/reach.ts';
import type { PolicyRequest } from '#policy/request.ts';
import { agentWith, grantsOf, requestFor } from '../cases.ts';

/** A Thursday. */
const NOW = Date.UTC(2026, 0, 1, 12);
const CONNECTION = { connection: 'hubspot', identifiers: ['*'] };
const USES = {
  token: { action: 'token' },
  proxy: { action: 'proxy', method: 'GET', path: '/crm/contacts/7' },
  tool: { action: 'tool', tool: 'hubspot_list' },
  mcp: { action: 'mcp', tool: 'hubspot__search' },
} as const satisfies Record<string, Partial<PolicyRequest>>;

function decided(rule: Partial<Rule>, use: Partial<PolicyRequest>) {
  const agent = agentWith([{ ...CONNECTION, ...rule }]);
  const request = { ...requestFor({ connection: 'hubspot' }, NOW), ...use };
  const first = decideAtDoor1(agent, request);
  const second = decideAtDoor2(agent, request, { asked: null, grants: grantsOf([['a']]), canNarrow: false });
  expect(second.allowed).toBe(first.allowed);
  if (!first.allowed) expect(second).toMatchObject({ reason: first.reason });
  return first.allowed ? 'ok' : first.reason;
}

const WHATS: readonly (readonly [Partial<Rule>, readonly [string, string, string, string]])[] = [
  [{}, ['ok', 'ok', 'ok', 'ok']],
  [{ actions: ['token'] }, ['ok', 'action_not_allowed', 'action_not_allowed', 'action_not_allowed']],
  [{ actions: ['proxy', 'mcp'] }, ['action_not_allowed', 'ok', 'action_not_allowed', 'ok']],
  [{ tools: ['hubspot_list'] }, ['action_not_allowed', 'ok', 'ok', 'tool_not_allowed']],
  [{ tools: ['hubspot_*'] }, ['action_not_allowed', 'ok', 'ok', 'ok']],
  [{ tools: ['HUBSPOT_*'] }, ['action_not_allowed', 'ok', 'tool_not_allowed', 'tool_not_allowed']],
  [{ requests: [{ paths: ['/crm/*'] }] }, ['action_not_allowed', 'ok', 'ok', 'ok']],
  [{ requests: [{ methods: ['POST'] }] }, ['action_not_allowed', 'method_not_allowed', 'ok', 'ok']],
  [
    { requests: [{ methods: ['GET'], paths: ['/crm'] }] },
    ['action_not_allowed', 'path_not_allowed', 'ok', 'ok'],
  ],
  [
    { tools: ['x'], requests: [{ methods: ['GET'] }], actions: ['token', 'proxy'] },
    ['action_not_allowed', 'ok', 'action_not_allowed', 'action_not_allowed'],
  ],
];

describe('a rule', () => {
  it.each(WHATS)('with %j allows of token, proxy, tool and mcp: %j', (rule, told) => {
    expect(Object.values(USES).map((use) => decided(rule, use))).toEqual(told);
  });

  it.each([
    [{ hours: { timezone: 'UTC', days: ['thu'], from: '12:00', to: '12:01' } }, 'ok'],
    [{ hours: { timezone: 'UTC', days: ['fri'] } }, 'outside_hours'],
    [{ hours: { timezone: 'America/New_York', from: '12:00' } }, 'outside_hours'],
    [{ not_after: '2026-01-01T12:00:00Z' }, 'ok'],
    [{ not_after: '2026-01-01T11:59:59.999Z' }, 'policy_expired'],
    [{ not_after: '2026-01-01T13:00:00+02:00' }, 'policy_expired'],
    [{ not_after: 'soon' }, 'policy_expired'],
    [{ purpose: 'required' }, 'purpose_missing'],
  ] as const)('with %j says of every use: %s', (rule, told) => {
    for (const use of Object.values(USES)) expect(decided(rule as Partial<Rule>, use)).toBe(told);
  });

  it('with tools lets the list of an MCP server be seen, of which each tool is judged by itself', () => {
    const list = { action: 'mcp', tool: null } as const;
    expect(decided({ tools: ['hubspot__*'] }, list)).toBe('ok');
    expect(decided({ tools: ['hubspot__*'], actions: ['tool'] }, list)).toBe('action_not_allowed');
    expect(decided({ tools: ['hubspot__*'] }, { action: 'tool', tool: null })).toBe('tool_not_allowed');
  });

  it('that wants a purpose takes any, and no blank one', () => {
    const rule = { purpose: 'required' } as const;
    expect(decided(rule, { purpose: 'ticket 7' })).toBe('ok');
    for (const purpose of ['', ' ', '\u00A0']) expect(decided(rule, { purpose })).toBe('purpose_missing');
  });

  it('gives a link only while it allows the request itself', () => {
    const request = { ...requestFor({ connection: 'hubspot' }, NOW) };
    const ended = { ...CONNECTION, connect: true, not_after: '2025-01-01T00:00:00Z' };
    expect(mayConnect(agentWith([ended, CONNECTION]), request)).toBe(false);
    expect(mayConnect(agentWith([{ ...ended, not_after: '2027-01-01T00:00:00Z' }]), request)).toBe(true);
  });
});

describe('a body', () => {
  const pathsOf = (rule: object) =>
    (PolicyInput.safeParse({ rules: [{ connection: 'a', ...rule }] }).error?.issues ?? []).map(({ path }) =>
      path.join('.'),
    );

  it.each([
    [{ actions: [] }, 'actions'],
    [{ actions: ['read'] }, 'actions.0'],
    [{ actions: null }, 'actions'],
    [{ tools: [] }, 'tools'],
    [{ tools: ['a b'] }, 'tools.0'],
    [{ tools: [''] }, 'tools.0'],
    [{ requests: [] }, 'requests'],
    [{ requests: [{}] }, 'requests.0'],
    [{ requests: [{ methods: ['get'] }] }, 'requests.0.methods.0'],
    [{ requests: [{ methods: [] }] }, 'requests.0.methods'],
    [{ requests: [{ paths: ['crm'] }] }, 'requests.0.paths.0'],
    [{ requests: [{ paths: ['/a', '/crm*'] }] }, 'requests.0.paths.1'],
    [{ requests: [{ paths: ['/a/../b'] }] }, 'requests.0.paths.0'],
    [{ requests: [{ paths: ['/a?b'] }] }, 'requests.0.paths.0'],
    [{ requests: [{ paths: ['/ä'] }] }, 'requests.0.paths.0'],
    [{ requests: [{ paths: ['/a'], hosts: ['b'] }] }, 'requests.0'],
    [{ hours: {} }, 'hours.timezone'],
    [{ hours: { timezone: 'Europe/Atlantis' } }, 'hours.timezone'],
    [{ hours: { timezone: '+01:00' } }, 'hours.timezone'],
    [{ hours: { timezone: '-0300' } }, 'hours.timezone'],
    [{ hours: { timezone: 'UTC+1' } }, 'hours.timezone'],
    [{ hours: { timezone: '' } }, 'hours.timezone'],
    [{ hours: { timezone: 'UTC', days: [] } }, 'hours.days'],
    [{ hours: { timezone: 'UTC', days: ['Mon'] } }, 'hours.days.0'],
    [{ hours: { timezone: 'UTC', from: '9:00' } }, 'hours.from'],
    [{ hours: { timezone: 'UTC', from: '24:00', to: '06:00' } }, 'hours.from'],
    [{ hours: { timezone: 'UTC', to: '24:01' } }, 'hours.to'],
    [{ hours: { timezone: 'UTC', from: '09:00:30' } }, 'hours.from'],
    [{ hours: { timezone: 'UTC', from: '09:00', to: '09:00' } }, 'hours.to'],
    [{ hours: { timezone: 'UTC', to: '00:00' } }, 'hours.to'],
    [{ hours: { timezone: 'UTC', until: '09:00' } }, 'hours'],
    [{ not_after: '2027-02-30T00:00:00Z' }, 'not_after'],
    [{ not_after: '2027-01-01' }, 'not_after'],
    [{ not_after: '2027-01-01T00:00:00' }, 'not_after'],
    [{ not_after: 1_800_000_000 }, 'not_after'],
    [{ purpose: 'optional' }, 'purpose'],
    [{ purpose: true }, 'purpose'],
    [{ connect: 'yes' }, 'connect'],
    [{ organizations: [] }, 'organizations'],
  ])('with %j is refused at %s', (rule, where) => {
    expect(pathsOf(rule)).toEqual([`rules.0.${where}`]);
  });

  it('takes the rule that the contract shows', () => {
    expect(
      pathsOf({
        actions: ['token', 'proxy', 'tool'],
        tools: ['hubspot_*'],
        requests: [{ methods: ['GET'], paths: ['/crm/v3/objects/contacts', '/crm/v3/objects/contacts/*'] }],
        hours: { timezone: 'Europe/Berlin', days: ['mon', 'tue'], from: '22:00', to: '06:00' },
        not_after: '2027-01-01T00:00:00Z',
        organizations: ['acme'],
        connect: true,
        purpose: 'required',
      }),
    ).toEqual([]);
    expect(pathsOf({ hours: { timezone: 'America/Argentina/Buenos_Aires', to: '24:00' } })).toEqual([]);
  });
});

describe('what is worth a warning', () => {
  const warned = (rule: Partial<Rule>) =>
    warningsOf({ connection: 'a', ...rule }, NOW).map(({ field }) => field);

  it.each<[Partial<Rule>, string[]]>([
    [{}, []],
    [{ connection: '..' }, ['connection']],
    [{ identifiers: ['a\u200Bb*'] }, ['identifiers']],
    [{ identifiers: ['a\u200Bb*', 'user_*'] }, []],
    [{ organizations: ['.'] }, ['organizations']],
    [{ not_after: '2025-12-31T00:00:00Z' }, ['not_after']],
    [{ not_after: '2026-12-31T00:00:00Z' }, []],
    [{ actions: ['token'], tools: ['a'] }, ['actions']],
    [{ actions: ['token'], requests: [{ methods: ['GET'] }] }, ['actions']],
    [{ actions: ['token', 'tool'], tools: ['a'] }, []],
    [{ tools: ['a'] }, ['tools']],
    [{ requests: [{ methods: ['GET'] }] }, ['requests']],
    [{ tools: ['a'], requests: [{ methods: ['GET'] }] }, []],
  ])('of %j is at %j', (rule, fields) => {
    expect(warned(rule)).toEqual(fields);
  });
});
