/** Looking at agents over HTTP: the list, and what a policy says before anybody asks for a token. */

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { client, type Client, type Reply } from '../support/callers.ts';
import { name } from '../support/world.ts';
import { PATIENCE_MS } from '../support/patience.ts';

const DEADLINE = { timeout: PATIENCE_MS, interval: 50 };

let broker: TestBroker;
let operator: Client;

beforeAll(async () => {
  broker = await startBroker();
  operator = client(broker.url, broker.adminKey);
});

afterAll(() => broker.dispose());

const refusal = ({ status, body }: Reply): unknown[] => [
  status,
  body.code,
  ...(body.errors ?? []).map((error: { path: string }) => error.path),
];

async function made(changed: Record<string, unknown> = {}): Promise<Reply['body']> {
  const reply = await operator.post('/v1/agents', { id: name('agent'), ...changed });
  expect(reply.status).toBe(201);
  return reply.body;
}

describe('the list of agents', () => {
  it('shows each as it is, newest first, of one organization or of all', async () => {
    const organization = name('org');
    const first = await made({ organization, name: 'First', policy: { rules: [{ connection: 'crm' }] } });
    const second = await made({ organization });
    await operator.post(`/v1/agents/${second.id}/suspend`);
    await vi.waitFor(async () => {
      const { body } = await operator.get(`/v1/agents?organization=${organization}`);
      const seen = body.data.map((one: Reply['body']) => ({ ...one, indexed_at: undefined }));
      const suspended = (await operator.get(`/v1/agents/${second.id}`)).body;
      expect(seen).toEqual([suspended, first]);
      expect(suspended.status).toBe('suspended');
    }, DEADLINE);
    const all = await operator.get('/v1/agents?limit=100');
    expect(all.body.data.map(({ id }: { id: string }) => id)).toEqual(
      expect.arrayContaining([first.id, second.id]),
    );
  });

  it('is walked whole, and its cursor is bound to the organization', async () => {
    const organization = name('org');
    const ids: string[] = [];
    for (let n = 0; n < 3; n += 1) ids.push((await made({ organization })).id);
    const pageAt = (cursor: string | null): Promise<Reply> =>
      operator.get(
        `/v1/agents?organization=${organization}&limit=2${cursor === null ? '' : `&cursor=${cursor}`}`,
      );
    await vi.waitFor(async () => {
      const first = (await pageAt(null)).body;
      const rest = (await pageAt(first.next_cursor)).body;
      expect([...first.data, ...rest.data].map(({ id }) => id)).toEqual(ids.toReversed());
      expect(rest.next_cursor).toBeNull();
    }, DEADLINE);
    const { next_cursor: cursor } = (await pageAt(null)).body;
    for (const query of [`cursor=${cursor}`, `organization=other&cursor=${cursor}`, `cursor=${cursor}x`]) {
      expect(refusal(await operator.get(`/v1/agents?limit=2&${query}`))).toEqual([
        400,
        'invalid_request',
        'cursor',
      ]);
    }
  });

  it('loses an agent that is deleted, and is for operators', async () => {
    const organization = name('org');
    const { id, key } = await made({ organization, key: true });
    const count = async () =>
      (await operator.get(`/v1/agents?organization=${organization}`)).body.data.length;
    await vi.waitFor(async () => expect(await count()).toBe(1), DEADLINE);
    expect((await client(broker.url, key).get('/v1/agents')).status).toBe(403);
    await operator.delete(`/v1/agents/${id}`);
    await vi.waitFor(async () => expect(await count()).toBe(0), DEADLINE);
  });
});

describe('asking a policy', () => {
  const policy = {
    rules: [
      { connection: 'crm', identifiers: ['user_*'], scopes: ['read'] },
      { connection: 'mail', identifiers: ['user_1'] },
      { connection: 'crm', identifiers: ['user_1'], scopes: ['read', 'write'] },
    ],
  };
  let id = '';
  const check = (body: unknown, of = id): Promise<Reply> =>
    operator.post(`/v1/agents/${of}/policy/check`, body);

  beforeAll(async () => {
    id = (await made({ policy })).id;
  });

  it.each([
    [{ connection: 'crm', identifier: 'user_9' }, true, null, 0],
    [{ connection: 'crm', identifier: 'user_9', scope: 'read' }, true, null, 0],
    [{ connection: 'crm', identifier: 'user_9', scope: 'write' }, false, 'scope_not_allowed', null],
    [{ connection: 'crm', identifier: 'user_1', scope: 'read write' }, true, null, 2],
    [{ connection: 'mail', identifier: 'user_1', scope: 'anything', action: 'token' }, true, null, 1],
    [{ connection: 'mail', identifier: 'user_2' }, false, 'identifier_not_allowed', null],
    [{ connection: 'other', identifier: 'user_1' }, false, 'connection_not_allowed', null],
  ])('%j', async (asked, allowed, reason, rule) => {
    expect(await check(asked)).toMatchObject({ status: 200, body: { allowed, reason, rule } });
  });

  it('refuses everything to a suspended agent', async () => {
    const suspended = await made({ policy });
    await operator.post(`/v1/agents/${suspended.id}/suspend`);
    const { body } = await check({ connection: 'crm', identifier: 'user_1' }, suspended.id);
    expect(body).toEqual({ allowed: false, reason: 'agent_suspended', rule: null, approval: null });
  });

  it.each([
    ['identifier', { connection: 'crm' }],
    ['connection', { identifier: 'user_1' }],
    ['connection', { connection: 'Not A Name', identifier: 'user_1' }],
    ['identifier', { connection: 'crm', identifier: ' x' }],
    ['scope', { connection: 'crm', identifier: 'user_1', scope: '' }],
    ['action', { connection: 'crm', identifier: 'user_1', action: 'read' }],
    ['path', { connection: 'crm', identifier: 'user_1', path: 'x' }],
    ['surprise', { connection: 'crm', identifier: 'user_1', surprise: 1 }],
  ])('refuses a wrong body at its path: %s', async (path, body) => {
    expect(refusal(await check(body))).toEqual([400, 'invalid_request', path]);
  });

  it('of an agent that does not exist is 404', async () => {
    expect(refusal(await check({ connection: 'crm', identifier: 'user_1' }, 'none'))).toEqual([
      404,
      'not_found',
    ]);
  });
});
