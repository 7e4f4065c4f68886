/** `policy/check` and `explain` say of an imagined request what the two doors say of the same real one. */

import { exports } from 'cloudflare:workers';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ReleaseRequest } from '#accounts/door/answer.ts';
import type { Rule } from '#contract/agents/policy.ts';
import { DAYS } from '#contract/rules/fields.ts';
import { connected, context, fresh, http, must, release, request, right, stub } from './world.ts';

const HOUR = 3_600_000;
const GRANTED = 'contacts.read contacts.write';

interface Target {
  readonly connection: string;
  readonly identifier: string;
}
const targets: Record<string, Target> = {};

/** A key, of which its importer says what it may do: nothing can make it less. */
async function withKey(connection: string): Promise<Target & { id: string }> {
  const identifier = fresh('user');
  const key = { type: 'api_key', api_key: 'key-of-the-account', scope: GRANTED };
  const { id } = await must(http('PUT', `/v1/credentials/${connection}?identifier=${identifier}`, key), 201);
  return { id, connection, identifier };
}

beforeAll(async () => {
  const connection = fresh('conn');
  const config = {
    auth_type: 'api_key',
    token_header: 'X-Key: {api_key}',
    api_base_urls: ['https://api.example.com/v1'],
  };
  await must(
    http('POST', '/v1/connections', { id: connection, provider: 'custom', provider_config: config }),
    201,
  );
  const active = await withKey(connection);
  const sealed = await withKey(connection);
  right(await stub(sealed.id).seal({ context }));
  const pending = { connection, identifier: fresh('user') };
  await must(http('POST', '/v1/connected-accounts', pending), 201);
  const oauth = await connected({ facts: { api_base_urls: ['https://api.example.com/v1'] } });
  const missing = { connection, identifier: fresh('user') };
  Object.assign(targets, { active, oauth, sealed, pending, missing });
});

const day = DAYS[(new Date().getUTCDay() + 6) % 7] ?? 'mon';
const otherDay = DAYS[(new Date().getUTCDay() + 2) % 7] ?? 'mon';
const rule = fc.record(
  {
    connection: fc.constantFrom('*', '*', 'nothing'),
    identifiers: fc.constantFrom(['*'], ['*'], ['someone']),
    scopes: fc.constantFrom(['contacts.read'], GRANTED.split(' '), ['nobody.granted']),
    actions: fc.uniqueArray(fc.constantFrom('token', 'proxy', 'tool', 'mcp'), { minLength: 1 }),
    tools: fc.constantFrom(['crm_*'], ['other_*']),
    requests: fc.constantFrom(
      [{ paths: ['/contacts/*'] }],
      [{ methods: ['GET'] }],
      [{ methods: ['POST'], paths: ['/a'] }],
    ),
    hours: fc.constantFrom({ timezone: 'UTC', days: [day] }, { timezone: 'UTC', days: [otherDay] }),
    not_after: fc.constantFrom('2020-01-01T00:00:00Z', '2090-01-01T00:00:00Z'),
    purpose: fc.constant('required'),
    approval: fc.constant({ ttl_s: 60 }),
    organizations: fc.constantFrom(['acme']),
    connect: fc.boolean(),
  },
  { requiredKeys: ['connection', 'identifiers'], noNullPrototype: true },
) as fc.Arbitrary<Rule>;
const use = fc.constantFrom(
  { action: 'token' },
  { action: 'proxy', method: 'GET', path: '/contacts/7' },
  { action: 'proxy', method: 'POST', path: '/a' },
  { action: 'proxy', method: 'DELETE', path: '/a' },
  { action: 'tool', tool: 'crm_list' },
  { action: 'mcp', tool: 'crm__list' },
) as fc.Arbitrary<NonNullable<ReleaseRequest['use']>>;
const asked = fc.record({
  target: fc.constantFrom('active', 'active', 'active', 'oauth', 'sealed', 'pending', 'missing'),
  use,
  purpose: fc.constantFrom(null, 'ticket 7'),
  scope: fc.constantFrom(null, null, 'contacts.read', 'nobody.granted'),
});

/** Compared in every run: what is allowed, what an action excludes, and what has ended. */
type Asked = typeof asked extends fc.Arbitrary<infer T> ? T : never;
const REQUESTS: Asked[] = (['token', 'proxy'] as const).map((action): Asked => ({
  target: 'active',
  use: action === 'proxy' ? { action, method: 'GET', path: '/contacts/7' } : { action },
  purpose: null,
  scope: null,
}));
const EVERYBODY = { connection: '*', identifiers: ['*'] };
const ALLOWED: [Rule[], Asked[]] = [[{ ...EVERYBODY, actions: ['token'] }], REQUESTS];
/** No rule allows the scope, whatever the account is able to answer. */
const OUTSIDE: [Rule[], Asked[]] = [
  [
    { ...EVERYBODY, scopes: ['nobody.granted'] },
    { ...EVERYBODY, organizations: ['acme'] },
  ],
  (['active', 'oauth', 'sealed', 'pending', 'missing'] as const).flatMap((target) =>
    ([null, 'contacts.read', 'nobody.granted'] as const).map((scope) => ({
      target,
      use: { action: 'token' as const },
      purpose: null,
      scope,
    })),
  ),
];
const ENDED: [Rule[], Asked[]] = [[{ ...EVERYBODY, not_after: '2020-01-01T00:00:00Z' }], REQUESTS];

async function agentWith(rules: readonly Rule[]): Promise<{ id: string; key: string }> {
  const made = await must(
    http('POST', '/v1/agents', { id: fresh('agent'), key: true, policy: { rules } }),
    201,
  );
  return { id: made.id, key: made.key };
}

/** A real request for a token, through the Worker. */
async function fetched(
  key: string,
  { connection, identifier }: Target,
  scope: string | null,
  purpose: string | null,
) {
  const main = (exports as unknown as { default: Fetcher }).default;
  const query = `identifier=${identifier}${scope === null ? '' : `&scope=${scope}`}`;
  const answer = await main.fetch(`http://localhost/v1/agents/self/credentials/${connection}?${query}`, {
    headers: {
      authorization: `Bearer ${key}`,
      ...(purpose === null ? {} : { 'x-valetkey-purpose': purpose }),
    },
  });
  return { status: answer.status, body: await answer.json<any>() };
}

/** What policy denies, by its reason; null: the policy is no obstacle, whatever else is one. */
const denied = (code: string, reason: unknown) =>
  code === 'policy_denied' ? reason : code === 'approval_required' ? code : null;

/** A person is not asked about a request that the account refuses whatever they say; the rule demands their yes even so. */
const toldOf = (code: string, reason: unknown, check: { reason: unknown }) =>
  code.startsWith('account_') && check.reason === 'approval_required' ? check.reason : denied(code, reason);

const CLOSED: [Rule[], Asked[]] = [
  [{ connection: '*', identifiers: ['*'], approval: { ttl_s: 60 } }],
  (['active', 'sealed', 'pending', 'oauth'] as const).flatMap((target) =>
    REQUESTS.map((one) => ({ ...one, target })),
  ),
];

describe('an imagined request', () => {
  it('is told what the same real one is told, for every field of a rule', async () => {
    const seen = new Set<unknown>();
    await fc.assert(
      fc.asyncProperty(
        fc.array(rule, { minLength: 1, maxLength: 3 }),
        fc.array(asked, { minLength: 4, maxLength: 4 }),
        async (rules, requests) => {
          const agent = await agentWith(rules);
          for (const one of requests) {
            const target = targets[one.target] as Target;
            const { connection, identifier } = target;
            const { scope, purpose } = one;
            const body = { connection, identifier, scope, purpose, ...one.use };
            const check = await must(http('POST', `/v1/agents/${agent.id}/policy/check`, body), 200);
            let told: unknown;
            if (one.use.action === 'token') {
              const real = await fetched(agent.key, target, scope, purpose);
              told = toldOf(real.body.code ?? 'ok', real.body.reason, check);
              // Of an account that is not there the rules alone decide, as far as they go; the fetch is 404.
              if (real.status === 404 && one.target === 'missing' && check.reason === 'scope_not_allowed')
                told = check.reason;
            } else if (one.target !== 'missing') {
              const { id } = await must(
                http('POST', '/v1/connected-accounts', { connection, identifier }),
                200,
              );
              const agentRecord = { ...request().agent, id: agent.id, policy: { rules: [...rules] } };
              const real = await release(id, {
                byId: false,
                agent: agentRecord,
                use: { ...one.use, purpose },
                scopes: scope?.split(' ') ?? null,
              });
              told = toldOf(real.code, real.refusal?.members?.reason, check);
              const query = new URLSearchParams(
                Object.entries({ agent: agent.id, scope, purpose, ...one.use }).flatMap(([name, value]) =>
                  value === null ? [] : [[name, String(value)]],
                ),
              );
              const explained = await must(http('GET', `/v1/connected-accounts/${id}/explain?${query}`), 200);
              expect(explained.agent).toMatchObject(check);
            } else continue;
            expect({ ...check, rules, one }).toMatchObject({ allowed: told === null, reason: told });
            expect(check.rule === null).toBe(told !== null);
            seen.add(told);
          }
        },
      ),
      { numRuns: 40, examples: [OUTSIDE, ALLOWED, ENDED, CLOSED] },
    );
    // Refusals of many kinds have been compared, those by rules and those by grants.
    expect(seen.size).toBeGreaterThan(7);
    expect([...seen]).toEqual(expect.arrayContaining([null, 'action_not_allowed', 'policy_expired']));
  }, 120_000);

  it('is judged at its own time', async () => {
    const at = Date.now() + 48 * HOUR;
    const { connection, identifier } = targets['active'] as Target;
    const agent = await agentWith([
      { connection, identifiers: ['*'], not_after: new Date(at).toISOString() },
    ]);
    const check = async (whenMs: number) =>
      must(
        http('POST', `/v1/agents/${agent.id}/policy/check`, {
          connection,
          identifier,
          at: new Date(whenMs).toISOString(),
        }),
        200,
      );
    expect(await check(at)).toEqual({ allowed: true, reason: null, rule: 0, approval: null });
    expect(await check(at + 1)).toEqual({
      allowed: false,
      reason: 'policy_expired',
      rule: null,
      approval: null,
    });
  });

  it('is a call where it names a tool or a path, and is refused where it is none that could be sent', async () => {
    const { connection, identifier } = targets['active'] as Target;
    const agent = await agentWith([
      { connection, identifiers: ['*'], tools: ['crm_*'], requests: [{ paths: ['/a/*'] }] },
    ]);
    const check = (more: object) =>
      http('POST', `/v1/agents/${agent.id}/policy/check`, { connection, identifier, ...more });
    const reason = async (more: object) => (await must(check(more), 200)).reason;
    expect(await reason({})).toBe('action_not_allowed');
    expect(await reason({ tool: 'crm_list' })).toBeNull();
    expect(await reason({ tool: 'erp_list' })).toBe('tool_not_allowed');
    expect(await reason({ method: 'GET', path: '/a/b' })).toBeNull();
    expect(await reason({ path: '/a/b' })).toBe('method_not_allowed');
    expect(await reason({ method: 'GET', path: '/b' })).toBe('path_not_allowed');
    for (const [field, value] of [
      ['path', '/a/../b'],
      ['path', 'a'],
      ['method', 'get'],
      ['tool', 'a b'],
      ['action', 'read'],
      ['at', 'now'],
      ['purpose', 'x'.repeat(201)],
    ] as const) {
      const refused = await must(check({ [field]: value }), 400);
      expect(refused.errors[0].path).toBe(field);
    }
  });
});

it('a refusal by a rule leaves its record: at door 1 with the agent, by account id with the account', async () => {
  const active = targets['active'] as Target & { id: string };
  const { connection } = active;
  const agent = await agentWith([{ connection, identifiers: ['*'], purpose: 'required' }]);
  expect((await fetched(agent.key, active, null, null)).body.reason).toBe('purpose_missing');
  expect((await fetched(agent.key, active, null, 'x'.repeat(201))).body.errors[0].path).toBe(
    'X-Valetkey-Purpose',
  );
  expect((await fetched(agent.key, active, null, 'ticket 4711')).status).toBe(200);
  const byId = await release(active.id, {
    agent: {
      ...request().agent,
      policy: { rules: [{ connection, identifiers: ['*'], actions: ['proxy'] }] },
    },
  });
  expect([byId.code, byId.refusal.members.reason]).toEqual(['policy_denied', 'action_not_allowed']);
  const events = async (query: string) => (await must(http('GET', `/v1/audit-events?${query}`), 200)).data;
  const own = await events(`agent=${agent.id}`);
  expect(own[0]).toMatchObject({ action: 'token.issue', outcome: 'refused', reason: 'purpose_missing' });
  const [refused, issued] = await events(`connected_account_id=${active.id}`);
  expect(refused).toMatchObject({ outcome: 'refused', reason: 'action_not_allowed' });
  expect(issued).toMatchObject({ outcome: 'ok', purpose: 'ticket 4711' });
});
