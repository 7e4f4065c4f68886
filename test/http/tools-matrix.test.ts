/**
 * Every built-in tool against its API as the simulator plays it: a good call, an empty result, an error of the provider, a
 * token that has expired, a scope that is missing. Generated from the tools themselves; none is left out.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSimulator } from '#dev/simulator/simulator.ts';
import type { Simulator } from '#dev/simulator/world.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { client } from '../support/callers.ts';
import { requiredOf } from '../support/tool-samples.ts';
import { toolScene, type ToolScene } from './tools-scene.ts';

let broker: TestBroker;
let simulator: Simulator;

beforeAll(async () => {
  [broker, simulator] = await Promise.all([startBroker(), startSimulator()]);
});
afterAll(async () => {
  await broker.dispose();
  await simulator.close();
});

/** An entry whose API has the tools, how many they are, and how its provider refuses for a missing permission. */
const PROVIDERS: readonly (readonly [string, number, number, object, string | null])[] = [
  [
    'hubspot',
    12,
    403,
    { status: 'error', message: 'no scope', category: 'MISSING_SCOPES' },
    'MISSING_SCOPES',
  ],
  ['slack', 7, 200, { ok: false, error: 'missing_scope', needed: 'x', provided: 'y' }, 'missing_scope'],
  ['slack-user', 8, 200, { ok: false, error: 'missing_scope', needed: 'x', provided: 'y' }, 'missing_scope'],
  ['github', 11, 403, { message: 'Resource not accessible' }, null],
  [
    'google-gmail',
    6,
    403,
    { error: { code: 403, message: 'no', errors: [{ reason: 'insufficientPermissions' }] } },
    'insufficientPermissions',
  ],
  [
    'google-calendar',
    5,
    403,
    { error: { message: 'no', errors: [{ reason: 'insufficientPermissions' }] } },
    'insufficientPermissions',
  ],
  [
    'google-drive',
    4,
    403,
    { error: { message: 'no', errors: [{ reason: 'insufficientPermissions' }] } },
    'insufficientPermissions',
  ],
  [
    'google-sheets',
    2,
    403,
    { error: { message: 'no', details: [{ reason: 'ACCESS_TOKEN_SCOPE_INSUFFICIENT' }] } },
    'ACCESS_TOKEN_SCOPE_INSUFFICIENT',
  ],
  ['notion', 8, 403, { object: 'error', code: 'restricted_resource', message: 'no' }, 'restricted_resource'],
  ['jira', 9, 403, { errorMessages: ['no'], errors: {} }, null],
  [
    'linear',
    7,
    200,
    { errors: [{ message: 'no', extensions: { code: 'FORBIDDEN' } }], data: null },
    'FORBIDDEN',
  ],
  ['salesforce', 6, 403, [{ errorCode: 'INSUFFICIENT_ACCESS', message: 'no' }], 'INSUFFICIENT_ACCESS'],
  ['outlook', 4, 403, { error: { code: 'ErrorAccessDenied', message: 'no' } }, 'ErrorAccessDenied'],
  ['outlook-calendar', 3, 403, { error: { code: 'ErrorAccessDenied', message: 'no' } }, 'ErrorAccessDenied'],
  [
    'stripe-app',
    7,
    403,
    { error: { type: 'invalid_request_error', code: 'more_permissions_required', message: 'no' } },
    'more_permissions_required',
  ],
];

interface Definition {
  readonly name: string;
  readonly parameters: Record<string, unknown>;
  readonly scopes_any: readonly (readonly string[])[];
  readonly unscoped?: readonly string[];
  readonly pagination?: object;
  readonly result_type: string;
  readonly annotations: { readonly readOnlyHint: boolean };
}

/** The provider's tools, with all that operators see of them. */
async function definitions(provider: string, scene: ToolScene): Promise<Definition[]> {
  const { body } = await scene.agent.get(`/v1/tools?provider=${provider}`);
  const operator = client(broker.url, broker.adminKey);
  const names = (body.data as { name: string }[]).map(({ name }) => name);
  return Promise.all(names.map(async (name) => (await operator.get(`/v1/tools/${name}`)).body as Definition));
}

const needed = (tools: readonly Definition[]): string[] => [
  ...new Set(tools.flatMap(({ scopes_any: any }) => any[0] ?? [])),
];

it('each of the ninety-two tools is played by one of these', () => {
  const counted = PROVIDERS.filter(([provider]) => provider !== 'slack').map(([, count]) => count);
  expect(counted.reduce((sum, one) => sum + one, 0)).toBe(92);
});

describe.each(PROVIDERS)('the tools of %s', (provider, count, status, refusal, code) => {
  let tools: Definition[];
  let scene: ToolScene;

  beforeAll(async () => {
    tools = await definitions(provider, await toolScene(broker, simulator, provider));
    scene = await toolScene(broker, simulator, provider, { scopes: needed(tools) });
  });

  it(`are ${count}, and each answers a good call`, async () => {
    expect(tools).toHaveLength(count);
    for (const tool of tools) {
      const reply = await scene.execute(tool.name, requiredOf(tool.parameters));
      expect([tool.name, reply.status, reply.text]).toEqual([tool.name, 200, reply.text]);
      expect(reply.body).toMatchObject({
        tool: tool.name,
        tool_call_id: expect.any(String),
        connected_account_id: scene.accountId,
        status: 'ok',
      });
      expect(reply.text).not.toContain(scene.token);
      if (tool.pagination !== undefined) {
        expect(reply.body.data.length, tool.name).toBeGreaterThan(0);
        const small = await scene.execute(tool.name, requiredOf(tool.parameters), {
          page_size: 3,
          max_items: 3,
        });
        expect([tool.name, small.body.data?.length, typeof small.body.next_page]).toEqual([
          tool.name,
          3,
          'string',
        ]);
        const rest = await scene.execute(tool.name, requiredOf(tool.parameters), {
          page_size: 3,
          max_items: 100,
          cursor: small.body.next_page,
        });
        expect([tool.name, rest.status, rest.body.next_page]).toEqual([tool.name, 200, undefined]);
        const all = [...small.body.data, ...rest.body.data].map((item: unknown) => JSON.stringify(item));
        expect([tool.name, new Set(all).size, all.length]).toEqual([tool.name, 5, 5]);
      }
    }
  });

  it('tell a list that is empty from everything else', async () => {
    scene.api.memory.isEmpty = true;
    for (const tool of tools.filter(({ result_type: type }) => type === 'array')) {
      const reply = await scene.execute(tool.name, requiredOf(tool.parameters));
      expect([tool.name, reply.status, reply.body.status, reply.body.data]).toEqual([
        tool.name,
        200,
        'ok',
        [],
      ]);
      expect(reply.body.next_page).toBeUndefined();
    }
    scene.api.memory.isEmpty = false;
  });

  it('tell what the provider refused, and why', async () => {
    for (const tool of tools) {
      scene.api.instead.push({ status, body: refusal });
      const refused = await scene.execute(tool.name, requiredOf(tool.parameters));
      expect([tool.name, refused.status, refused.body.code]).toEqual([tool.name, 502, 'provider_error']);
      expect(refused.body.upstream).toEqual({ status, code, message: expect.any(String) });
      expect(refused.body).not.toHaveProperty('data');
      scene.api.instead.push({ status: 500, body: {} });
      const failed = await scene.execute(tool.name, requiredOf(tool.parameters));
      expect([tool.name, failed.status, failed.body.code]).toEqual([tool.name, 503, 'provider_unavailable']);
      expect(failed.headers['retry-after']).toBeDefined();
      scene.api.instead.push({ status: 429, headers: { 'retry-after': '3' }, body: {} });
      const limited = await scene.execute(tool.name, requiredOf(tool.parameters));
      expect([tool.name, limited.status, limited.body.code, limited.headers['retry-after']]).toEqual([
        tool.name,
        429,
        'rate_limited',
        '3',
      ]);
    }
  });

  it('go on with a new token where the old one has expired in mid-call', async () => {
    for (const tool of tools) {
      // A token that is refused twice within a moment is held back: each tool has an account of its own.
      const { account, accountId } = await scene.another();
      account.family.endAccess();
      const reply = await scene.execute(tool.name, requiredOf(tool.parameters), {
        connected_account_id: accountId,
      });
      expect([tool.name, reply.status, reply.body.status]).toEqual([tool.name, 200, 'ok']);
    }
  });

  it('are refused where their scope was not granted, and then named as missing', async () => {
    const bare = await toolScene(broker, simulator, provider, { scopes: ['none.of.these'] });
    const { body } = await bare.agent.get('/v1/tools');
    const listed = (body.data as { name: string }[]).map(({ name }) => name);
    const before = bare.api.seen.length;
    for (const tool of tools) {
      const isScoped =
        !(tool.unscoped ?? []).includes(provider) && tool.scopes_any.every((one) => one.length > 0);
      expect([tool.name, listed.includes(tool.name)]).toEqual([tool.name, !isScoped]);
      if (!isScoped) continue;
      expect(body.missing).toContainEqual({ tool: tool.name, scopes: tool.scopes_any[0] });
      const reply = await bare.execute(tool.name, requiredOf(tool.parameters));
      expect([tool.name, reply.status, reply.body.code, reply.body.reason]).toEqual([
        tool.name,
        403,
        'policy_denied',
        'missing_scopes',
      ]);
    }
    expect(bare.api.seen.length).toBe(before);
  });
});
