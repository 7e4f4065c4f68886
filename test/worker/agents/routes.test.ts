/** The routes of agents, as an operator sees them. */

import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { env, exports } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '#api/app.ts';
import { Agent, AgentKeys, CreatedAgent, CreatedAgentKey } from '#contract/agents/agents.ts';
import { ProblemDocument } from '#contract/problem.ts';
import { applyMigrations } from '#directory/migrate.ts';
import { actions, config, freshId, tables, UNKNOWN_KID, WRONG_KEY } from './world.ts';

const app = createApp();
const adminKey = config.adminKey ?? '';

interface Call {
  readonly body?: unknown;
  readonly key?: string | null;
  readonly settings?: Record<string, string | undefined>;
}

async function call(method: string, path: string, { body, key = adminKey, settings = {} }: Call = {}) {
  const headers = new Headers(key === null ? {} : { authorization: `Bearer ${key}` });
  if (body !== undefined) headers.set('content-type', 'application/json');
  const request = new Request(`https://broker.test${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const execution = createExecutionContext();
  const bindings = Object.keys(settings).length === 0 ? (env as object) : { ...(env as object), ...settings };
  const answer = await app.fetch(request, bindings, execution);
  const text = await answer.text();
  await waitOnExecutionContext(execution);
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(answer.headers.get('x-correlation-id')).toBeTruthy();
  const json = text === '' ? null : JSON.parse(text);
  if (answer.status >= 400) {
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    ProblemDocument.parse(json);
  }
  return { status: answer.status, json, headers: answer.headers };
}

async function created(body: Record<string, unknown> = {}) {
  const id = freshId();
  const answer = await call('POST', '/v1/agents', { body: { id, key: true, ...body } });
  expect(answer.status).toBe(201);
  return { id, path: `/v1/agents/${id}`, agent: CreatedAgent.strict().parse(answer.json) };
}

beforeAll(async () => {
  await applyMigrations(config.directory);
  await created();
});

describe('POST /v1/agents', () => {
  it('answers the whole agent, and the key only where one was asked for', async () => {
    const id = freshId();
    const { status, json } = await call('POST', '/v1/agents', { body: { id } });
    expect(status).toBe(201);
    expect(json).toEqual({
      id,
      name: null,
      organization: null,
      status: 'active',
      policy: { rules: [] },
      jwks: null,
      jwks_uri: null,
      oidc: null,
      certificate_thumbprint: null,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      updated_at: json.created_at,
    });
    const { agent, path } = await created({ name: 'CRM', organization: 'acme' });
    expect(agent).toMatchObject({ name: 'CRM', organization: 'acme' });
    expect(agent.key).toMatch(/^vk_agent_/);
    const again = await call('GET', path);
    expect(again.json).toEqual(Agent.strict().parse(again.json));
    expect(JSON.stringify(again.json)).not.toContain('vk_agent');
  });

  it('refuses an id that is taken, also by another organization', async () => {
    const { id } = await created({ organization: 'acme' });
    for (const organization of ['acme', 'other', null]) {
      const answer = await call('POST', '/v1/agents', { body: { id, organization } });
      expect(answer).toMatchObject({ status: 409, json: { code: 'already_exists' } });
    }
  });

  it.each([
    [{ id: 'Upper' }, 'id'],
    [{ id: 'a'.repeat(65) }, 'id'],
    [{ id: 'a/b' }, 'id'],
    [{}, 'id'],
    [{ id: 'a', organization: 'A' }, 'organization'],
    [{ id: 'a', name: '' }, 'name'],
    [{ id: 'a', name: 'x'.repeat(257) }, 'name'],
    [{ id: 'a', name: 'a\u0007' }, 'name'],
    [{ id: 'a', name: '\ud800' }, 'name'],
    [{ id: 'a', key: 'yes' }, 'key'],
    [{ id: 'a', unknown: 1 }, 'unknown'],
    [{ id: 'a', policy: { rules: [{ connection: 'Hub' }] } }, 'policy.rules.0.connection'],
    [{ id: 'a', policy: { rules: [], allowed_credentials: [] } }, 'policy.allowed_credentials'],
    [{ id: 'a', jwks: { keys: [] } }, 'jwks.keys'],
    [{ id: 'a', jwks_uri: 'https://10.0.0.1/jwks' }, 'jwks_uri'],
    [{ id: 'a', oidc: { issuer: 'https://a.test' } }, 'oidc.subject'],
    [{ id: 'a', certificate_thumbprint: 'ab' }, 'certificate_thumbprint'],
  ])('refuses %j at its path, and stores nothing', async (body, path) => {
    const answer = await call('POST', '/v1/agents', { body });
    expect(answer).toMatchObject({ status: 400, json: { code: 'invalid_request' } });
    expect(answer.json.errors.map((error: { path: string }) => error.path)).toContain(path);
    expect(await tables('a')).toEqual([]);
  });

  it.each([
    ['missing', ''],
    ['wrong', WRONG_KEY],
    ['another', UNKNOWN_KID],
  ])('writes nothing while the vault is locked by a ring that is %s', async (_, ring) => {
    const id = freshId();
    const answer = await call('POST', '/v1/agents', {
      body: { id, key: true },
      settings: { MASTER_KEYS: ring },
    });
    expect(answer).toMatchObject({ status: 503, json: { code: 'vault_locked' } });
    expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    expect(await tables(id)).toEqual([]);
  });
});

describe('an agent', () => {
  it('is changed by PATCH: what is left out stays, null removes', async () => {
    const { path } = await created({ name: 'A', policy: { allowed_credentials: ['slack'] } });
    const named = await call('PATCH', path, { body: { name: 'B' } });
    expect(named).toMatchObject({
      status: 200,
      json: { name: 'B', policy: { rules: [{ connection: 'slack' }] } },
    });
    const cleared = await call('PATCH', path, { body: { name: null, policy: null } });
    expect(cleared.json).toMatchObject({ name: null, policy: { rules: [] } });
    expect((await call('PATCH', path, { body: {} })).status).toBe(200);
    for (const body of [{ organization: 'x' }, { id: 'x' }, { status: 'active' }, { jwks: {} }]) {
      expect((await call('PATCH', path, { body })).status).toBe(400);
    }
  });

  it('is suspended and resumed, twice with one record', async () => {
    const { id, path } = await created();
    for (const [action, status] of [
      ['suspend', 'suspended'],
      ['resume', 'active'],
    ]) {
      for (let n = 0; n < 2; n += 1) {
        const answer = await call('POST', `${path}/${action}`);
        expect(answer).toMatchObject({ status: 200, json: { id, status } });
        Agent.strict().parse(answer.json);
      }
    }
    expect((await actions(id)).slice(2)).toEqual(['agent.suspend', 'agent.resume']);
  });

  it('is gone after DELETE, and its name is free', async () => {
    const { id, path } = await created();
    expect(await call('DELETE', path)).toMatchObject({ status: 204, json: null });
    for (const [method, rest] of [
      ['GET', ''],
      ['DELETE', ''],
      ['POST', '/suspend'],
      ['POST', '/resume'],
      ['POST', '/keys'],
      ['GET', '/keys'],
      ['DELETE', '/keys/abc'],
      ['GET', '/policy'],
    ] as const) {
      expect(await call(method, path + rest)).toMatchObject({ status: 404, json: { code: 'not_found' } });
    }
    expect((await call('PATCH', path, { body: {} })).status).toBe(404);
    expect((await call('PUT', `${path}/policy`, { body: { rules: [] } })).status).toBe(404);
    expect((await call('POST', '/v1/agents', { body: { id } })).status).toBe(201);
  });

  it('is not found under a name that none may have', async () => {
    for (const id of ['UPPER', 'a%2Fb', 'revocation:x', 'a'.repeat(65), '%00']) {
      expect((await call('GET', `/v1/agents/${id}`)).status).toBe(404);
    }
  });
});

describe('its keys', () => {
  it('are made, listed newest first and deleted', async () => {
    const { agent, path } = await created();
    const made = await call('POST', `${path}/keys`);
    expect(made.status).toBe(201);
    const key = CreatedAgentKey.strict().parse(made.json);
    expect(key.key).not.toBe(agent.key);
    const listed = await call('GET', `${path}/keys`);
    const { data, next_cursor } = AgentKeys.strict().parse(listed.json);
    expect(next_cursor).toBeNull();
    expect(data.map(({ id }) => id)[0]).toBe(key.id);
    expect(data).toHaveLength(2);
    expect(Object.keys(data[0]!)).toEqual(['id', 'created_at', 'last_used_at', 'expires_at']);
    expect((await call('DELETE', `${path}/keys/${key.id}`)).status).toBe(204);
    expect((await call('DELETE', `${path}/keys/${key.id}`)).status).toBe(404);
  });

  it('are at most twenty', async () => {
    const { path } = await created();
    for (let n = 1; n < 20; n += 1) expect((await call('POST', `${path}/keys`)).status).toBe(201);
    expect(await call('POST', `${path}/keys`)).toMatchObject({ status: 409, json: { code: 'conflict' } });
  });
});

describe('its policy', () => {
  it('goes in as shorthand and comes out in full form, the same on every way', async () => {
    const short = {
      allowed_credentials: ['slack:read', 'google-calendar:events.readonly', 'slack:write', 'hubspot'],
    };
    const full = {
      rules: [
        { connection: 'slack', scopes: ['read', 'write'] },
        { connection: 'google-calendar', scopes: ['events.readonly'] },
        { connection: 'hubspot' },
      ],
    };
    const { agent, path } = await created({ policy: short });
    expect(agent.policy).toEqual(full);
    expect((await call('GET', `${path}/policy`)).json).toEqual(full);
    await call('PUT', `${path}/policy`, { body: { rules: [] } });
    expect(await call('PUT', `${path}/policy`, { body: short })).toMatchObject({ status: 200, json: full });
    expect(await call('PUT', `${path}/policy`, { body: full })).toMatchObject({ status: 200, json: full });
    expect((await call('GET', path)).json.policy).toEqual(full);
  });
});

describe('requests that come together', () => {
  const broker = (exports as unknown as { default: Fetcher }).default;

  it('are all answered, also when the first one to ask hangs up', async () => {
    const { id, agent } = await created({ policy: { allowed_credentials: ['hubspot'] } });
    const url = `https://broker.test/v1/agents/${id}/credentials/hubspot`;
    const headers = { authorization: `Bearer ${agent.key}` };
    const impatient = new AbortController();
    const first = broker.fetch(url, { headers, signal: impatient.signal }).catch(() => null);
    const others = Array.from({ length: 40 }, () => broker.fetch(url, { headers }));
    impatient.abort();
    const statuses = await Promise.all(others.map(async (answer) => (await answer).status));
    expect(new Set(statuses)).toEqual(new Set([404]));
    await first;
  });
});

describe('the guard', () => {
  it('asks everyone for a proof before anything else', async () => {
    const { path, agent } = await created();
    for (const [method, rest] of [
      ['POST', '/v1/agents'],
      ['GET', path],
      ['PATCH', path],
      ['DELETE', path],
      ['POST', `${path}/suspend`],
      ['POST', `${path}/keys`],
      ['DELETE', `${path}/keys/x`],
      ['PUT', `${path}/policy`],
      ['GET', '/v1/agents/never-created'],
    ] as const) {
      const none = await call(method, rest, { key: null });
      expect(none).toMatchObject({ status: 401, json: { code: 'unauthenticated' } });
      expect(none.headers.get('www-authenticate')).toBe('Bearer');
      const foreign = await call(method, rest, { key: agent.key ?? '' });
      expect(foreign).toMatchObject({ status: 403, json: { code: 'forbidden' } });
    }
    expect((await call('GET', path)).json.status).toBe('active');
  });

  it('says when there is no ADMIN_KEY', async () => {
    const answer = await call('GET', '/v1/agents/x', { settings: { ADMIN_KEY: 'short' } });
    expect(answer.status).toBe(401);
    expect(answer.json.detail).toContain('ADMIN_KEY');
  });

  it('keeps operators out of the token plane, and refuses a suspended agent there within a second', async () => {
    const { id, path, agent } = await created({ policy: { allowed_credentials: ['hubspot'] } });
    const token = `/v1/agents/${id}/credentials/hubspot`;
    const key = agent.key ?? '';
    expect(await call('GET', token)).toMatchObject({ status: 403, json: { code: 'forbidden' } });
    expect(await call('GET', token, { key })).toMatchObject({ status: 404, json: { code: 'not_found' } });
    await call('POST', `${path}/suspend`);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(await call('GET', token, { key })).toMatchObject({
      status: 403,
      json: { code: 'policy_denied', reason: 'agent_suspended' },
    });
    expect((await actions(id)).slice(-2)).toEqual(['agent.suspend', 'token.issue']);
  });
});
