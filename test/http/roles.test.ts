/**
 * Every route of the control plane against every role, for keys of one organization and of none, with things of their
 * own organization, of another, and that do not exist. The routes are those that the broker publishes.
 */

import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { LEAST_ROLE, roleReaches, ROLES, type Role } from '../../src/contract/roles.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { call, client, type Client, type Reply } from '../support/callers.ts';
import { operationsOf, type Document, type Operation } from '../support/contract-document.ts';
import { PATIENCE } from '../support/patience.ts';
import { expectRefusal } from '../support/refusals.ts';
import { name } from '../support/world.ts';

const OWN = 'acme';
const FOREIGN = 'wholly-other';
const CONNECTION = 'shared';
/** Nobody listens there: a test of an endpoint ends at once. */
const RECEIVER = 'http://127.0.0.1:9/hook';

let broker: TestBroker;
let admin: Client;
let operations: readonly Operation[];

interface Key {
  readonly role: Role;
  readonly organization: string | null;
  readonly client: Client;
  readonly key: string;
}

/** Values of path parameters, by what stands before them. */
type Things = Readonly<Record<string, string>>;

const ABSENT: Things = {
  connections: 'absent',
  clients: 'absent',
  agents: 'absent',
  'connected-accounts': `ca_g${'a'.repeat(26)}`,
  'webhook-endpoints': `we_${'0'.repeat(22)}`,
  'webhook-deliveries': `wd_${'0'.repeat(22)}`,
  'connect-sessions': `cs_${'0'.repeat(22)}`,
  revocations: `rev_${'0'.repeat(22)}`,
  approvals: `apr_${'0'.repeat(22)}`,
  'admin-keys': '0000000000',
  providers: 'slack',
  tools: 'hubspot_search_contacts',
  credentials: CONNECTION,
  key_id: '0000000000',
};

async function must(reply: Promise<Reply>): Promise<any> {
  const { status, body, text } = await reply;
  if (status >= 300) throw new Error(`${status}: ${text}`);
  return body;
}

async function keyOf(role: Role, organization: string | null): Promise<Key> {
  const { key } = await must(admin.post('/v1/admin-keys', { role, organization, name: `${role} of a test` }));
  return { role, organization, key, client: client(broker.url, key) };
}

async function thingsOf(organization: string | null): Promise<Things> {
  const query = `identifier=${name('user')}${organization === null ? '' : `&organization=${organization}`}`;
  const account = await must(
    admin.put(`/v1/credentials/${CONNECTION}?${query}`, { api_key: 'a-static-key' }),
  );
  const agent = await must(admin.post('/v1/agents', { id: name('agent'), organization, key: true }));
  const endpoint = await must(admin.post('/v1/webhook-endpoints', { url: RECEIVER, organization }));
  const key = await must(admin.post('/v1/admin-keys', { role: 'auditor', organization }));
  return {
    ...ABSENT,
    'connected-accounts': account.id,
    agents: agent.id,
    'webhook-endpoints': endpoint.id,
    'admin-keys': key.id,
    connections: CONNECTION,
    clients: organization ?? OWN,
    key_id: agent.key.slice(-59, -49),
  };
}

const nameOf = ({ method, path }: Operation) => `${method} ${path}`;

function pathOf({ path }: Operation, things: Things): string {
  const filled = path.replace(/(?<=\/([^/{}]+)\/)\{(\w+)\}/g, (_, kind: string, parameter: string) => {
    const value = parameter === 'key_id' ? things['key_id'] : things[kind];
    if (value === undefined) throw new Error(`what stands in ${path}?`);
    return value;
  });
  // A chain is read by naming whose it is.
  if (path === '/v1/audit-events') return `${path}?agent=${things['agents'] ?? ''}`;
  if (path === '/v1/approvals/{id}/wait') return `${filled}?timeout_s=1`;
  return path.endsWith('/wait') ? `${filled}?status=active&timeout_s=1` : filled;
}

/** Bodies that do little; where none is named, the example of the document. */
const BODIES: Readonly<Record<string, () => unknown>> = {
  'POST /v1/connections': () => ({
    id: name('conn'),
    provider: 'custom',
    provider_config: { auth_type: 'api_key' },
  }),
  'PATCH /v1/connections/{id}': () => ({ rotation: 'on_demand' }),
  'POST /v1/agents': () => ({ id: name('agent') }),
  'PATCH /v1/agents/{id}': () => ({ name: name('renamed') }),
  'POST /v1/agents/{id}/policy/check': () => ({ connection: CONNECTION, identifier: 'x' }),
  'POST /v1/connected-accounts': () => ({ connection: CONNECTION, identifier: name('user') }),
  'PUT /v1/connected-accounts/{id}/credential': () => ({ type: 'api_key', api_key: 'another-static-key' }),
  'PUT /v1/credentials/{connection}': () => ({ api_key: 'another-static-key' }),
  'POST /v1/webhook-endpoints': () => ({ url: RECEIVER }),
  'POST /v1/admin-keys': () => ({ role: 'auditor' }),
};

function ask(operation: Operation, key: string, things: Things, extra: object = {}): Promise<Reply> {
  const example = operation.requestBody?.content['application/json']?.example;
  const own = BODIES[nameOf(operation)]?.() ?? example;
  const body = own === undefined ? {} : { body: { ...own, ...extra } };
  return call(operation.method, broker.url + pathOf(operation, things), { key, ...body });
}

function without({ status, body }: Reply): unknown {
  const { correlation_id: _, ...rest } = body ?? {};
  return { status, body: rest };
}

const reaching = (key: Key) =>
  operations.filter((operation) => roleReaches(key.role, LEAST_ROLE[nameOf(operation)] ?? 'admin'));

/** Made only by those who see the whole deployment. */
const isOfDeployment = (operation: Operation) =>
  /^\/v1\/(?:connections(?!.*\/clients\/)|signing-keys|tools)/.test(operation.path) &&
  operation.method !== 'GET';
/** There is none of these to be had here. */
const isUnmade = ({ path }: Operation) =>
  /connect-sessions|webhook-deliveries\/|revocations\/|approvals\/|clients\//.test(path);
const bodyIsOurs = (operation: Operation) =>
  operation.requestBody === undefined || nameOf(operation) in BODIES || operation.method === 'PUT';

/** An organization may have twenty endpoints, and a test makes a dozen. */
afterEach(async () => {
  const { data } = await must(admin.get('/v1/webhook-endpoints?limit=100'));
  for (const { id } of data) await admin.delete(`/v1/webhook-endpoints/${id}`);
});

beforeAll(async () => {
  broker = await startBroker();
  admin = client(broker.url, broker.adminKey);
  const document = (await call('GET', `${broker.url}/openapi.json`)).body as Document;
  operations = operationsOf(document).filter((operation) => nameOf(operation) in LEAST_ROLE);
  expect(operations.length).toBeGreaterThan(35);
  await must(
    admin.post('/v1/connections', {
      id: CONNECTION,
      provider: 'custom',
      provider_config: { auth_type: 'api_key' },
    }),
  );
});
afterAll(() => broker.dispose());

/** The endpoints of OAuth have a form of their own for it (RFC 6749). */
function expectForbidden(reply: Reply, what: string): void {
  if (!what.includes(' /oauth/')) expectRefusal(reply, { status: 403, code: 'forbidden' }, what);
  else
    expect(reply, what).toMatchObject({
      status: 403,
      body: { error: 'unauthorized_client', code: 'forbidden' },
    });
}

describe.each(ROLES)('the role %s', (role) => {
  it.each([null, OWN])(
    'is refused with 403 on every route that takes another (organization: %s)',
    async (bound) => {
      const key = await keyOf(role, bound);
      const own = await thingsOf(bound);
      const beyond = operations.filter((operation) => !reaching(key).includes(operation));
      if (role !== 'admin') expect(beyond.length).toBeGreaterThan(0);
      for (const operation of beyond) {
        for (const things of [own, ABSENT]) {
          const reply = await ask(operation, key.key, things);
          expectForbidden(reply, nameOf(operation));
        }
        const raw = await call(operation.method, broker.url + pathOf(operation, ABSENT), {
          key: key.key,
          raw: '{',
        });
        expectForbidden(raw, `${nameOf(operation)}, not JSON`);
      }
    },
  );

  it.each([null, OWN])('is let pass on every route that takes it (organization: %s)', async (bound) => {
    const key = await keyOf(role, bound);
    const shared = await thingsOf(bound);
    for (const operation of reaching(key)) {
      const things = operation.method === 'DELETE' ? await thingsOf(bound) : shared;
      // The connection that all of these tests share stays as it is.
      const at = isOfDeployment(operation) ? { ...things, connections: 'absent' } : things;
      const reply = await ask(operation, key.key, at);
      const what = `${nameOf(operation)}: ${reply.text}`;
      if (bound !== null && isOfDeployment(operation)) {
        expect(reply.status, what).toBe(403);
        continue;
      }
      expect([401, 403], what).not.toContain(reply.status);
      expect(reply.status, what).not.toBe(500);
      if (isUnmade(operation) || isOfDeployment(operation)) continue;
      expect(reply.status, what).not.toBe(404);
      if (bodyIsOurs(operation)) expect(reply.status, what).not.toBe(400);
    }
  });

  it('with an organization finds nothing of another one, which looks like what does not exist', async () => {
    const key = await keyOf(role, OWN);
    for (const whose of [FOREIGN, null]) {
      const foreign = await thingsOf(whose);
      const routes = reaching(key).filter(
        (operation) => /\{id\}/.test(operation.path) && !/providers|connections\//.test(operation.path),
      );
      for (const operation of routes) {
        const theirs = await ask(operation, key.key, foreign);
        const nobodys = await ask(operation, key.key, ABSENT);
        expect(without(theirs), nameOf(operation)).toEqual(without(nobodys));
        if (bodyIsOurs(operation)) expect(theirs.status, nameOf(operation)).toBe(404);
        expect(theirs.text).not.toContain(FOREIGN);
      }
      for (const path of ['connected-accounts', 'agents', 'webhook-endpoints', 'admin-keys']) {
        const still = await admin.get(`/v1/${path}/${foreign[path]}`);
        if (path !== 'admin-keys') expect(still.status, path).toBe(200);
      }
    }
  });

  it('with an organization is told of its own accounts alone how many a connection has', async () => {
    const organization = name('org');
    const key = await keyOf(role, organization);
    await thingsOf(FOREIGN);
    expect((await key.client.get(`/v1/connections/${CONNECTION}`)).body.accounts).toBe(0);
    const listed = (await key.client.get('/v1/connections?limit=100')).body.data;
    expect(new Set(listed.map(({ accounts }: { accounts: number }) => accounts))).toEqual(new Set([0]));
  });

  it('with an organization lists its own alone, and names no other', async () => {
    await thingsOf(FOREIGN);
    await thingsOf(null);
    const own = await thingsOf(OWN);
    const key = await keyOf(role, OWN);
    for (const operation of reaching(key)) {
      const isList = operation.method === 'GET' && !operation.path.includes('{');
      if (!isList || /providers|connections$/.test(operation.path)) continue;
      const reply = await ask(operation, key.key, own);
      expect(reply.status, reply.text).toBe(200);
      expect(reply.text, nameOf(operation)).not.toContain(FOREIGN);
      const organizations = (reply.body.data ?? []).map(
        (item: any) => item.organization ?? item.data?.organization ?? OWN,
      );
      expect(new Set(organizations), nameOf(operation)).toEqual(
        new Set(organizations.length > 0 ? [OWN] : []),
      );
    }
    for (const operation of reaching(key)) {
      const takes = operation.requestBody?.content['application/json']?.schema;
      if (operation.method !== 'POST' || takes === undefined || operation.path.includes('{')) continue;
      if (
        !['agents', 'connected-accounts', 'webhook-endpoints', 'admin-keys'].includes(operation.path.slice(4))
      )
        continue;
      const named = await ask(operation, key.key, own, { organization: FOREIGN });
      expectRefusal(named, { status: 400, code: 'invalid_request' }, nameOf(operation));
      expect(named.body.errors[0].path).toBe('organization');
      const made = await ask(operation, key.key, own);
      expect(made.status, made.text).toBe(201);
      expect(made.body.organization).toBe(OWN);
    }
    if (role === 'auditor' || role === 'connect') return;
    const put = await key.client.put(`/v1/credentials/${CONNECTION}?organization=${FOREIGN}`, {
      api_key: 'k',
    });
    expectRefusal(put, { status: 400, code: 'invalid_request' });
  });
});

describe('a field that takes the role admin', () => {
  it('is refused to an operator on a route that he may use', async () => {
    const { client: operator } = await keyOf('operator', null);
    const { agents } = await thingsOf(null);
    const refused: [string, string, unknown][] = [
      ['POST', '/v1/agents', { id: name('agent'), key: true }],
      ['POST', '/v1/agents', { id: name('agent'), policy: { rules: [] } }],
      ['PATCH', `/v1/agents/${agents}`, { policy: null }],
      [
        'POST',
        '/v1/connections',
        { id: name('conn'), provider: 'hubspot', client_id: 'x', client_secret: 'y' },
      ],
    ];
    for (const [method, path, body] of refused) {
      const send = method === 'POST' ? operator.post : operator.patch;
      expectRefusal(await send(path, body), { status: 403, code: 'forbidden' }, `${method} ${path}`);
    }
    expect((await operator.post('/v1/agents', { id: name('agent'), key: false })).status).toBe(201);
  });
});

describe('an admin key', () => {
  it('is shown once, counts as used, and is refused when it is deleted', async () => {
    const { body: made, status } = await admin.post('/v1/admin-keys', { role: 'auditor', name: 'once' });
    expect(status).toBe(201);
    expect(made).toMatchObject({ role: 'auditor', name: 'once', organization: null, last_used_at: null });
    expect(made.key).toMatch(/^vk_admin_[0-9A-Za-z]{59}$/);
    const holder = client(broker.url, made.key);
    const listed = await holder.get('/v1/admin-keys?limit=100');
    expect(listed.text).not.toContain(made.key.slice(19, -6));
    expect(listed.body.data.find(({ id }: { id: string }) => id === made.id)).not.toHaveProperty('key');
    await vi.waitFor(async () => {
      const { data } = (await admin.get('/v1/admin-keys?limit=100')).body;
      expect(data.find(({ id }: { id: string }) => id === made.id).last_used_at).not.toBeNull();
    }, PATIENCE);
    expect((await admin.delete(`/v1/admin-keys/${made.id}`)).status).toBe(204);
    expect((await admin.delete(`/v1/admin-keys/${made.id}`)).status).toBe(404);
    await vi.waitFor(async () => expect((await holder.get('/v1/providers')).status).toBe(401), PATIENCE);
    expect(broker.output()).not.toContain(made.key.slice(19, -6));
  });

  it('is bound where who makes it is bound, and found by nobody else', async () => {
    const bound = await keyOf('admin', OWN);
    const made = await must(bound.client.post('/v1/admin-keys', { role: 'admin' }));
    expect(made.organization).toBe(OWN);
    const other = await keyOf('admin', FOREIGN);
    expectRefusal(await other.client.delete(`/v1/admin-keys/${made.id}`), { status: 404, code: 'not_found' });
    expect((await bound.client.delete(`/v1/admin-keys/${made.id}`)).status).toBe(204);
  });

  it('takes a role of the four, a name and an organization, and nothing else', async () => {
    for (const body of [
      {},
      { role: 'root' },
      { role: 'admin', organization: 'No!' },
      { role: 'admin', name: '' },
    ]) {
      expectRefusal(await admin.post('/v1/admin-keys', body), { status: 400, code: 'invalid_request' });
    }
    const unknown = await admin.post('/v1/admin-keys', { role: 'admin', surprise: 1 });
    expect(unknown.body.errors[0].path).toBe('surprise');
  });

  it('is refused in every other place and form, and not repeated', async () => {
    const { key } = await keyOf('admin', null);
    const swapped = key.slice(0, -20) + (key.at(-20) === 'a' ? 'b' : 'a') + key.slice(-19);
    const wrong: [string, Record<string, string>, string][] = [
      ['no key', {}, ''],
      ['in the query', {}, `?access_token=${key}`],
      ['in the query beside the right one', { authorization: `Bearer ${key}` }, `?x=${key}`],
      ['as a name in the query', {}, `?${key}=1`],
      ['in a cookie', { cookie: `session=${key}` }, ''],
      ['in X-Api-Key', { 'x-api-key': key }, ''],
      ['in X-Api-Key beside the right one', { 'x-api-key': key, authorization: `Bearer ${key}` }, ''],
      ['in Idempotency-Key', { 'idempotency-key': key, authorization: `Bearer ${key}` }, ''],
      ['in X-Correlation-Id', { 'x-correlation-id': key, authorization: `Bearer ${key}` }, ''],
      ['as Basic', { authorization: `Basic ${Buffer.from(`${key}:`).toString('base64')}` }, ''],
      ['without a scheme', { authorization: key }, ''],
      ['as a list', { authorization: `Bearer ${key}, Bearer ${key}` }, ''],
      ['with something behind it', { authorization: `Bearer ${key} x` }, ''],
      ['cut', { authorization: `Bearer ${key.slice(0, -1)}` }, ''],
      ['longer', { authorization: `Bearer ${key}0` }, ''],
      ['in capitals', { authorization: `Bearer ${key.toUpperCase()}` }, ''],
      ['with a changed secret', { authorization: `Bearer ${swapped}` }, ''],
      ['of an agent that is not', { authorization: `Bearer ${key.replace('vk_admin_', 'vk_agent_x_')}` }, ''],
      ['as a mere prefix', { authorization: 'Bearer vk_admin_' }, ''],
    ];
    for (const [how, headers, query] of wrong) {
      const reply = await call('GET', `${broker.url}/v1/providers${query}`, { headers });
      expectRefusal(reply, { status: 401, code: 'unauthenticated' }, how);
      expect(reply.text + JSON.stringify(reply.headers), how).not.toContain(key.slice(19, -6));
    }
    expect((await call('GET', `${broker.url}/v1/providers`, { key })).status).toBe(200);
  });

  it('is a valid proof of the other plane at the routes of agents', async () => {
    const { client: holder } = await keyOf('admin', null);
    const { agents, 'connected-accounts': account } = await thingsOf(null);
    for (const path of [
      `/v1/connected-accounts/${account}/token`,
      `/v1/agents/${agents}/credentials/${CONNECTION}`,
    ]) {
      expectRefusal(await holder.get(path), { status: 403, code: 'forbidden' });
    }
  });
});
