/**
 * Credentials that nobody renews: their declared end, the scopes that rules compare, and values that lie in a secret of
 * the deployment.
 */

import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { call, client, type Client } from '../support/callers.ts';
import { PATIENCE } from '../support/patience.ts';
import { name } from '../support/world.ts';
import { customConnection, proxied, workerOf } from './signed-scene.ts';

const SECRET = 'the-value-of-the-secret-0123456789';
const FIELDS = { app_id: 'app-0123456789', app_key: 'key-0123456789' };

let broker: TestBroker;
let operator: Client;
let agent: Client;
let key: string;
let api: Server;
let base: string;
const sent: (string | undefined)[] = [];

beforeAll(async () => {
  api = createServer((request, response) => {
    sent.push(request.headers.authorization);
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}');
  }).listen(0, '127.0.0.1');
  await once(api, 'listening');
  base = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
  broker = await startBroker({
    alone: true,
    settings: {
      CREDENTIAL_PINECONE: `${SECRET}\n`,
      CREDENTIAL_FIELDS: JSON.stringify(FIELDS),
      CREDENTIAL_EMPTY: ' ',
      CREDENTIAL_BROKEN: 'two\u0007bells',
      OTHER_SECRET: 'not-for-accounts',
    },
  });
  operator = client(broker.url, broker.adminKey);
  ({ agent, key } = await workerOf(broker, operator));
});
afterAll(async () => {
  await broker.dispose();
  api.closeAllConnections();
  api.close();
});

const inMs = (ms: number): string => new Date(Date.now() + ms).toISOString();
const token = (id: string) => agent.get(`/v1/connected-accounts/${id}/token`);
const shown = async (id: string) => (await operator.get(`/v1/connected-accounts/${id}`)).body;

const DAY_MS = 86_400_000;

/** One of each kind, in the words of its import. */
const KINDS: Readonly<Record<string, { config: object; credential: object }>> = {
  api_key: { config: { auth_type: 'api_key' }, credential: { type: 'api_key', api_key: 'key-0123456789' } },
  basic: {
    config: { auth_type: 'basic' },
    credential: { type: 'basic', username: 'robot', password: 'password-0123' },
  },
  custom: {
    config: { auth_type: 'custom', token_header: 'X-Id: {app_id}; X-Key: {app_key}' },
    credential: { type: 'custom', fields: FIELDS },
  },
  oauth1: {
    config: { auth_type: 'oauth1' },
    credential: { type: 'oauth1', token: 'token-0123', token_secret: 'secret-0123' },
  },
  aws: {
    config: { auth_type: 'aws', signer_service: 's3' },
    credential: {
      type: 'aws',
      access_key_id: 'AKIAEXAMPLE',
      secret_access_key: 'secret-0123456789',
      region: 'eu-west-1',
    },
  },
};

async function account(kind: string, more: object = {}): Promise<string> {
  const { config, credential } = KINDS[kind] ?? KINDS['api_key'] ?? { config: {}, credential: {} };
  const fields = kind === 'oauth1' ? { client_id: 'consumer', client_secret: 'consumer-secret' } : {};
  const connection = await customConnection(operator, { ...config, api_base_urls: [base] }, fields);
  const put = await operator.put(`/v1/credentials/${connection}?identifier=u`, { ...credential, ...more });
  expect(put.status, put.text).toBe(201);
  return String(put.body.id);
}

const events = async (id: string, type: string) =>
  (await operator.get(`/v1/events?connected_account_id=${id}&type=${type}&limit=100`)).body.data as {
    data: Record<string, unknown>;
  }[];

describe.each(Object.keys(KINDS))('a credential of the kind %s', (kind) => {
  it('with an end is shown and warned of like a grant, and served no longer', async () => {
    const soon = inMs(5 * DAY_MS);
    const id = await account(kind, { expires_at: soon });
    expect(await shown(id)).toMatchObject({ status: 'active', expires_at: soon, reauth_due_at: soon });
    // Nearer than the first warning of the calendar: told when it comes.
    await expect
      .poll(() => events(id, 'connected_account.expiring'), PATIENCE)
      .toMatchObject([{ data: { reauth_due_at: soon } }]);
    const { credential } = KINDS[kind] ?? { credential: {} };
    const end = inMs(1500);
    const put = await operator.put(`/v1/connected-accounts/${id}/credential`, {
      ...credential,
      expires_at: end,
    });
    expect(put.status, put.text).toBe(200);
    await expect.poll(async () => (await shown(id)).status, PATIENCE).toBe('reauth_required');
    expect(Date.now()).toBeGreaterThan(Date.parse(end) - 1000);
    const over = await shown(id);
    expect([over.status_reason, over.next_refresh_at]).toEqual(['no_refresh_token', null]);
    const refused = await proxied(broker, id, key);
    expect([refused.status, refused.body.code]).toEqual([409, 'reauth_required']);
    expect((await operator.get(`/v1/connected-accounts/${id}/explain`)).body.evidence).toContain(
      'declared_end',
    );
    expect(await events(id, 'agent.auth.reauth_required')).toHaveLength(1);
    // Another one repairs it.
    const next = await operator.put(`/v1/connected-accounts/${id}/credential`, credential);
    expect([next.status, next.body.status, next.body.expires_at]).toEqual([200, 'active', null]);
  });

  it('without one has none, and no timer', async () => {
    const id = await account(kind);
    expect(await shown(id)).toMatchObject({ expires_at: null, reauth_due_at: null, next_refresh_at: null });
  });

  it('is used through the proxy', async () => {
    const id = await account(kind);
    const answer = await proxied(broker, id, key);
    expect([answer.status, answer.body]).toEqual([200, { ok: true }]);
  });

  it('may declare what it is good for, and a rule is held to it', async () => {
    const id = await account(kind, { scope: 'read' });
    const { connection, scopes } = await shown(id);
    expect(scopes).toEqual(['read']);
    const reply = async (scope: string) => {
      const policy = { rules: [{ connection, identifiers: ['*'], scopes: [scope] }] };
      const made = await operator.post('/v1/agents', { id: name('scoped'), key: true, policy });
      return proxied(broker, id, made.body.key);
    };
    expect((await reply('read')).status).toBe(200);
    const refused = await reply('write');
    expect([refused.status, refused.body.reason]).toEqual([403, 'cannot_downscope']);
  });

  it.each([
    ['2020-01-01T00:00:00Z', 'past'],
    ['2999-01-01T00:00:00Z', 'ten years'],
    ['tomorrow', ''],
    ['2027-01-01', ''],
  ])('is refused with the end %s', async (expires_at, why) => {
    const { config, credential } = KINDS[kind] ?? { config: {}, credential: {} };
    const fields = kind === 'oauth1' ? { client_id: 'consumer', client_secret: 'consumer-secret' } : {};
    const connection = await customConnection(operator, config as Record<string, unknown>, fields);
    const put = await operator.put(`/v1/credentials/${connection}`, { ...credential, expires_at });
    expect([put.status, put.body.errors?.[0]?.path]).toEqual([400, 'expires_at']);
    expect(put.body.errors[0].message).toContain(why);
  });
});

describe('a key that is served with its end', () => {
  it('says it to the agent', async () => {
    const end = inMs(DAY_MS);
    const reply = await token(await account('api_key', { expires_at: end }));
    expect(reply.body).toMatchObject({ type: 'api_key', expires_at: end, expires_in: expect.any(Number) });
    expect(reply.body.expires_in).toBeLessThanOrEqual(DAY_MS / 1000);
  });

  it('is no more than the connection of the same name allows: pinecone:read as a rule', async () => {
    const id = name('vectors');
    const put = await operator.put(`/v1/credentials/${id}`, { api_key: 'key-0123456789', scope: 'read' });
    expect(put.status, put.text).toBe(201);
    const asked = async (allowed: string) => {
      const body = { id: name('short'), key: true, policy: { allowed_credentials: [allowed] } };
      const made = await operator.post('/v1/agents', body);
      return call('GET', `${broker.url}/v1/agents/self/credentials/${id}`, { key: made.body.key });
    };
    expect((await asked(`${id}:read`)).status).toBe(200);
    expect((await asked(`${id}:write`)).status).toBe(403);
    expect((await asked(id)).status).toBe(200);
  });
});

describe('a credential that lies in a secret of the deployment', () => {
  const source = 'env:CREDENTIAL_PINECONE';

  it('is read at use, and stored nowhere', async () => {
    const connection = name('pinecone');
    const put = await operator.put(`/v1/credentials/${connection}`, { source, scope: 'read' });
    expect(put.status, put.text).toBe(201);
    expect(put.text).not.toContain(SECRET);
    const reply = await token(put.body.id);
    expect([reply.body.type, reply.body.api_key]).toEqual(['api_key', SECRET]);
    const api = await customConnection(operator, { auth_type: 'api_key', api_base_urls: [base] });
    const named = await operator.put(`/v1/credentials/${api}`, { source });
    await proxied(broker, named.body.id, key);
    expect(sent.at(-1)).toBe(`Bearer ${SECRET}`);
  });

  it('may be the password of a user, or fields of one’s own', async () => {
    const basic = await operator.put(`/v1/credentials/${name('basic')}`, { username: 'robot', source });
    expect(basic.status, basic.text).toBe(201);
    expect((await token(basic.body.id)).body).toMatchObject({ username: 'robot', password: SECRET });
    const custom = await customConnection(operator, { auth_type: 'custom' });
    const fields = { type: 'custom', source: 'env:CREDENTIAL_FIELDS' };
    const put = await operator.put(`/v1/credentials/${custom}`, fields);
    expect((await token(put.body.id)).body.fields).toEqual(FIELDS);
  });

  it('names no other secret of the deployment', async () => {
    for (const other of [
      'env:MASTER_KEYS',
      'env:ADMIN_KEY',
      'env:OTHER_SECRET',
      'env:credential_pinecone',
      'env:CREDENTIAL_',
      'env:CREDENTIAL_X/../ADMIN_KEY',
      'secrets-store:ADMIN_KEY',
      'file:CREDENTIAL_PINECONE',
      'CREDENTIAL_PINECONE',
      'env:__proto__',
    ]) {
      const connection = name('named');
      const put = await operator.put(`/v1/credentials/${connection}`, { type: 'api_key', source: other });
      expect([other, put.status, put.body.errors?.[0]?.path]).toEqual([other, 400, 'source']);
      // A refusal makes nothing.
      expect((await operator.get(`/v1/connections/${connection}`)).status).toBe(404);
    }
  });

  it('that is not there, or is no credential, is refused at the write', async () => {
    for (const absent of [
      'env:CREDENTIAL_MISSING',
      'secrets-store:CREDENTIAL_PINECONE',
      'env:CREDENTIAL_EMPTY',
      'env:CREDENTIAL_BROKEN',
    ]) {
      const put = await operator.put(`/v1/credentials/${name('absent')}`, {
        type: 'api_key',
        source: absent,
      });
      expect([absent, put.status, put.body.errors?.[0]?.path]).toEqual([absent, 400, 'source']);
      expect(put.text).not.toContain('bells');
    }
    const custom = await customConnection(operator, { auth_type: 'custom' });
    const put = await operator.put(`/v1/credentials/${custom}`, { type: 'custom', source });
    expect([put.status, put.body.errors[0].message]).toEqual([400, expect.stringContaining('JSON object')]);
  });

  it('takes the place of the value, and does not stand beside it', async () => {
    const put = await operator.put(`/v1/credentials/${name('both')}`, { api_key: 'key-0123456789', source });
    expect([put.status, put.body.errors[0].path]).toEqual([400, 'source']);
    const neither = await operator.put(`/v1/credentials/${name('none')}`, { type: 'api_key' });
    expect([neither.status, neither.body.errors[0].path]).toEqual([400, 'api_key']);
  });

  it('is named by operators of the whole deployment alone', async () => {
    const made = await operator.post('/v1/admin-keys', { role: 'admin', organization: 'acme' });
    const bound = client(broker.url, made.body.key);
    const connection = await customConnection(operator, { auth_type: 'api_key' });
    const put = await bound.put(`/v1/credentials/${connection}`, { type: 'api_key', source });
    expect([put.status, put.body.code]).toEqual([403, 'forbidden']);
    const line = { connection, identifier: 'x', credential: { type: 'api_key', source } };
    const bulk = await call('POST', `${broker.url}/v1/credentials/import`, {
      key: made.body.key,
      raw: `${JSON.stringify(line)}\n`,
      headers: { 'content-type': 'application/x-ndjson' },
    });
    expect(JSON.parse(bulk.text.trim())).toMatchObject({ status: 403, code: 'forbidden' });
  });

  it('that is gone later is its own refusal, and comes back by itself', async () => {
    const put = await operator.put(`/v1/credentials/${name('later')}`, { source });
    await broker.stop();
    await broker.restart({ CREDENTIAL_PINECONE: '' });
    const gone = await token(put.body.id);
    expect([gone.status, gone.body.code]).toEqual([409, 'conflict']);
    expect(gone.body.detail).toContain(source);
    expect((await shown(put.body.id)).status).toBe('active');
    await broker.stop();
    await broker.restart({ CREDENTIAL_PINECONE: `${SECRET}-replaced` });
    expect((await token(put.body.id)).body.api_key).toBe(`${SECRET}-replaced`);
  });
});
