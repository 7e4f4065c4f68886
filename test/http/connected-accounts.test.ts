/** The control plane of accounts over HTTP: lists with filters and cursors, changes, and actions that twice are once. */

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startOAuthServer, type OAuthServer } from '../../src/dev/oauth/server.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { type Client, type Reply } from '../support/callers.ts';
import { name, world, type World } from '../support/world.ts';
import { PATIENCE_MS } from '../support/patience.ts';

const DEADLINE = { timeout: PATIENCE_MS, interval: 50 };
const base = '/v1/connected-accounts';

let broker: TestBroker;
let provider: OAuthServer;
let given: World;
let operator: Client;

beforeAll(async () => {
  provider = await startOAuthServer();
  broker = await startBroker();
  given = world(broker, provider);
  operator = given.operator;
});

afterAll(async () => {
  await broker.dispose();
  await provider.close();
});

const refusal = ({ status, body }: Reply): unknown[] => [
  status,
  body.code,
  ...(body.errors ?? []).map((error: { path: string }) => error.path),
];

const patch = (id: string, body: unknown): Promise<Reply> => operator.patch(`${base}/${id}`, body);
const act = (id: string, action: string): Promise<Reply> => operator.post(`${base}/${id}/${action}`);
const audited = async (id: string): Promise<number> =>
  (await operator.get(`${base}/${id}/audit/verify`)).body.events;

async function eventsOf(id: string): Promise<string[]> {
  const { body } = await operator.get(`/v1/events?connected_account_id=${id}`);
  return body.data.map(({ type }: { type: string }) => type);
}

async function pending(connection: string, more: Record<string, unknown> = {}): Promise<Reply['body']> {
  const made = await operator.post(base, { connection, identifier: name('user'), ...more });
  expect(made.status).toBe(201);
  return made.body;
}

async function listed(query: string, n: number): Promise<Reply['body'][]> {
  return vi.waitFor(async () => {
    const { body } = await operator.get(`${base}?${query}`);
    expect(body.data).toHaveLength(n);
    return body.data;
  }, DEADLINE);
}

describe('the list of accounts', () => {
  it('shows each as it is, newest first, and says how fresh that is', async () => {
    const connection = await given.connection();
    const first = await pending(connection, { metadata: { plan: 'pro' } });
    const second = await pending(connection);
    const data = await listed(`connection=${connection}`, 2);
    expect(data.map(({ id }) => id)).toEqual([second.id, first.id]);
    const { indexed_at: indexedAt, ...rest } = data[1];
    expect(rest).toEqual(first);
    expect(Date.parse(indexedAt)).toBeGreaterThanOrEqual(Date.parse(first.created_at));
  });

  it('is narrowed by each filter, and by all together', async () => {
    const connection = await given.connection();
    const other = await given.connection();
    const one = await pending(connection, { identifier: 'shared', organization: 'acme' });
    await pending(connection, { identifier: 'shared' });
    await pending(other, { identifier: 'shared', organization: 'acme' });
    await act(one.id, 'disable');
    await listed(`connection=${connection}`, 2);
    await listed(`connection=${connection}&organization=acme`, 1);
    await listed(`connection=${connection}&identifier=shared`, 2);
    await listed(`connection=${connection}&status=disabled`, 1);
    await listed(`connection=${connection}&status=active`, 0);
    const [found] = await listed(
      `connection=${connection}&identifier=shared&organization=acme&status=disabled`,
      1,
    );
    expect(found).toMatchObject({ id: one.id, status: 'disabled', organization: 'acme' });
  });

  it('is walked whole and without repetition', async () => {
    const connection = await given.connection();
    const made = [];
    for (let n = 0; n < 5; n += 1) made.push((await pending(connection)).id);
    await listed(`connection=${connection}`, 5);
    const walked: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const page: Reply = await operator.get(
        `${base}?connection=${connection}&limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`,
      );
      walked.push(...page.body.data.map(({ id }: { id: string }) => id));
      cursor = page.body.next_cursor;
    }
    expect(walked).toEqual(made.toReversed());
  });

  it('refuses a cursor of other filters, an altered one and one of another list', async () => {
    const connection = await given.connection();
    await pending(connection);
    await pending(connection);
    await listed(`connection=${connection}`, 2);
    const { next_cursor: cursor } = (await operator.get(`${base}?connection=${connection}&limit=1`)).body;
    expect((await operator.get(`${base}?connection=${connection}&limit=1&cursor=${cursor}`)).status).toBe(
      200,
    );
    const foreign = (await operator.get('/v1/connections?limit=1')).body.next_cursor;
    for (const query of [
      `limit=1&cursor=${cursor}`,
      `connection=${connection}&status=pending&cursor=${cursor}`,
      `connection=${connection}&organization=acme&cursor=${cursor}`,
      `connection=${connection}&cursor=${cursor.slice(0, -1)}`,
      `connection=${connection}&cursor=${foreign}`,
      `connection=${connection}&cursor=`,
    ]) {
      expect(refusal(await operator.get(`${base}?${query}`))).toEqual([400, 'invalid_request', 'cursor']);
    }
  });

  it.each([
    ['limit', 'limit=0'],
    ['limit', 'limit=101'],
    ['status', 'status=gone'],
    ['connection', 'connection=Not%20A%20Name'],
    ['identifier', 'identifier=%20x'],
    ['identifier', `identifier=${'x'.repeat(257)}`],
    ['organization', 'organization='],
    ['status', 'status=active&status=pending'],
  ])('refuses a wrong parameter by its name: %s', async (path, query) => {
    expect(refusal(await operator.get(`${base}?${query}`))).toEqual([400, 'invalid_request', path]);
  });

  it('loses an account that is deleted', async () => {
    const connection = await given.connection();
    const { id } = await pending(connection);
    await listed(`connection=${connection}`, 1);
    expect((await operator.delete(`${base}/${id}`)).status).toBe(204);
    await listed(`connection=${connection}`, 0);
  });

  it('is for operators', async () => {
    const agent = await given.agent({ rules: [] });
    expect((await agent.client.get(base)).status).toBe(403);
  });
});

it('is made and served wherever its connection wants it kept', async () => {
  const connection = await given.connection();
  await operator.patch(`/v1/connections/${connection}`, { location: 'weur' });
  expect((await pending(connection)).status).toBe('pending');
  const { refreshToken } = await provider.grant();
  const account = await given.account(connection, 'user', { refresh_token: refreshToken });
  const agent = await given.agent({ rules: [{ connection, identifiers: ['*'] }] });
  expect((await agent.client.get(`${base}/${account}/token`)).status).toBe(200);
});

describe('a change of an account', () => {
  it('merges metadata by key, null removes, and rotation overrides the connection', async () => {
    const { id } = await pending(await given.connection(), { metadata: { a: 1, b: { c: 2, d: 3 } } });
    const changed = await patch(id, { metadata: { a: null, b: { d: null }, e: [1] }, rotation: 'on_demand' });
    expect(changed.status).toBe(200);
    expect(changed.body).toMatchObject({ metadata: { b: { c: 2 }, e: [1] }, rotation: 'on_demand' });
    expect((await operator.get(`${base}/${id}`)).body).toEqual(changed.body);
    const reset = await patch(id, { metadata: null, rotation: null });
    expect(reset.body).toMatchObject({ metadata: {}, rotation: 'idle_after:7d' });
  });

  it('moves the timer of a living grant at once', async () => {
    const { accountId } = await given.connected();
    const before = (await operator.get(`${base}/${accountId}`)).body;
    const after = (await patch(accountId, { rotation: 'on_demand' })).body;
    expect(Date.parse(after.next_refresh_at)).toBeGreaterThan(Date.parse(before.next_refresh_at));
  });

  it('is recorded once, and not at all where it changes nothing', async () => {
    const { id } = await pending(await given.connection());
    const before = await audited(id);
    await patch(id, { metadata: { a: 1 } });
    await patch(id, { metadata: { a: 1 } });
    await patch(id, {});
    expect(await audited(id)).toBe(before + 1);
  });

  it.each([
    ['metadata', { metadata: { big: 'x'.repeat(17_000) } }],
    ['metadata', { metadata: { a: { b: { c: { d: { e: { f: { g: { h: { i: 1 } } } } } } } } } }],
    ['metadata', { metadata: [] }],
    ['metadata', { metadata: 'text' }],
    ['rotation', { rotation: 'sometimes' }],
    ['rotation', { rotation: 5 }],
    ['status', { status: 'active' }],
    ['organization', { organization: 'acme' }],
    ['sealed', { sealed: false }],
  ])('that is wrong is refused at its path: %s', async (path, body) => {
    const before = await pending(await given.connection());
    expect(refusal(await patch(before.id, body))).toEqual([400, 'invalid_request', path]);
    expect((await operator.get(`${base}/${before.id}`)).body).toEqual(before);
  });

  it('does not let metadata grow past its limit by merging', async () => {
    const { id } = await pending(await given.connection(), { metadata: { a: 'x'.repeat(9_000) } });
    expect(refusal(await patch(id, { metadata: { b: 'x'.repeat(9_000) } }))).toEqual([
      400,
      'invalid_request',
      'metadata',
    ]);
  });

  it('of one that does not exist is 404', async () => {
    for (const id of [`ca_g${'a'.repeat(26)}`, 'ca_x', 'none']) {
      expect(refusal(await patch(id, { metadata: {} }))).toEqual([404, 'not_found']);
      expect(refusal(await act(id, 'seal'))).toEqual([404, 'not_found']);
    }
  });
});

describe('disable, enable and revoke', () => {
  it('twice are once: 200, one event, one record', async () => {
    const { accountId: id, fetchToken } = await given.connected();
    const before = await audited(id);
    for (const [action, status] of [
      ['disable', 'disabled'],
      ['enable', 'active'],
      ['revoke', 'revoked'],
    ] as const) {
      expect(await act(id, action)).toMatchObject({ status: 200, body: { status } });
      expect(await act(id, action)).toMatchObject({ status: 200, body: { status } });
    }
    // One each, and one of what became of the grant at the provider.
    await vi.waitFor(async () => expect(await audited(id)).toBe(before + 4), DEADLINE);
    expect(refusal(await fetchToken())).toEqual([409, 'account_revoked']);
    await vi.waitFor(async () => {
      const types = await eventsOf(id);
      expect(types.filter((type) => type === 'connected_account.disabled')).toHaveLength(1);
      expect(types.filter((type) => type === 'connected_account.revoked')).toHaveLength(1);
    }, DEADLINE);
  });

  it('enable on what is not disabled changes nothing; a revoked account is neither disabled nor enabled', async () => {
    const { accountId: id } = await given.connected();
    expect((await act(id, 'enable')).body.status).toBe('active');
    await act(id, 'revoke');
    expect(refusal(await act(id, 'disable'))).toEqual([409, 'conflict']);
    expect((await act(id, 'enable')).body.status).toBe('revoked');
  });
});

describe('a sealed account', () => {
  it('hands its credential to nobody from then on, however it is asked and whatever is done to it', async () => {
    const { accountId: id, connection, identifier, agent, fetchToken, accessToken } = await given.connected();
    expect((await fetchToken()).body.access_token).toBe(accessToken);
    const sealed = await act(id, 'seal');
    expect(sealed).toMatchObject({ status: 200, body: { sealed: true, status: 'active' } });
    const before = await audited(id);
    expect(await act(id, 'seal')).toMatchObject({ status: 200, body: { sealed: true } });
    expect(await audited(id)).toBe(before);
    const short = `/v1/agents/${agent.id}/credentials/${connection}?identifier=${identifier}`;
    const refuse = async () => {
      for (const answer of [
        await fetchToken(),
        await fetchToken('?min_ttl=3600'),
        await agent.client.get(short),
      ]) {
        expect(refusal(answer)).toEqual([409, 'account_sealed']);
        expect(answer.text).not.toContain(accessToken);
      }
    };
    await refuse();
    await act(id, 'disable');
    await act(id, 'enable');
    await given.account(connection, identifier, { refresh_token: (await provider.grant()).refreshToken });
    await refuse();
    expect((await operator.get(`${base}/${id}`)).body.sealed).toBe(true);
    expect(refusal(await patch(id, { sealed: false }))).toEqual([400, 'invalid_request', 'sealed']);
  });
});

describe('a connection whose credentials do not leave', () => {
  const access = (connection: string, value: string | null) =>
    operator.patch(`/v1/connections/${connection}`, { token_access: value });

  it('closes for tokens that are warm within a second, and opens again', async () => {
    const { connection, fetchToken } = await given.connected();
    expect((await fetchToken()).status).toBe(200);
    expect((await access(connection, 'proxy_only')).status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(refusal(await fetchToken())).toEqual([409, 'account_sealed']);
    expect((await access(connection, null)).status).toBe(200);
    await vi.waitFor(async () => expect((await fetchToken()).status).toBe(200), DEADLINE);
  });

  it('is closed from the start for an account that is made then, also a static one', async () => {
    const id = name('conn');
    await operator.post('/v1/connections', {
      id,
      provider: 'custom',
      provider_config: { auth_type: 'api_key' },
      token_access: 'proxy_only',
    });
    const account = await given.account(id, 'default', { api_key: 'planted-api-key-3Kz8' });
    const agent = await given.agent({ rules: [{ connection: id }] });
    const answer = await agent.client.get(`${base}/${account}/token`);
    expect(refusal(answer)).toEqual([409, 'account_sealed']);
    expect(answer.text).not.toContain('planted');
  });

  it('is told to nobody who may not know of the account', async () => {
    const { connection, accountId } = await given.connected();
    await access(connection, 'proxy_only');
    const stranger = await given.agent({ rules: [{ connection: 'elsewhere' }] });
    expect(refusal(await stranger.client.get(`${base}/${accountId}/token`))).toEqual([404, 'not_found']);
  });
});
