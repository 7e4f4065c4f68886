/** `Idempotency-Key` over HTTP: what is repeated creates once, is answered again, and leaves no secret behind. */

import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { SHOWN_ONCE } from '../../src/contract/idempotency.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { client, type Client, type Reply } from '../support/callers.ts';
import { Canaries } from '../support/canary.ts';
import { PATIENCE } from '../support/patience.ts';
import { expectRefusal } from '../support/refusals.ts';
import { name } from '../support/world.ts';

let broker: TestBroker;
let admin: Client;
/** Answers nobody until a test does. */
let slow: Server;
const answers: ServerResponse[] = [];
let connection: string;

const custom = { provider: 'custom', provider_config: { auth_type: 'api_key' } };
const under = (key: string) => ({ 'idempotency-key': key });

beforeAll(async () => {
  broker = await startBroker();
  admin = client(broker.url, broker.adminKey);
  slow = createServer({ keepAliveTimeout: 600_000 }, (_, answer) => void answers.push(answer));
  await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve));
  connection = name('conn');
  expect((await admin.post('/v1/connections', { id: connection, ...custom })).status).toBe(201);
});
afterAll(async () => {
  slow.close();
  await broker.dispose();
});

/** An account that a browser could connect. */
async function toConnect(): Promise<string> {
  const oauth = { id: name('conn'), provider: 'hubspot', client_id: 'x', client_secret: 'y' };
  const made = await admin.post('/v1/connections', { ...oauth, return_urls: ['https://app.example/done'] });
  expect(made.status, made.text).toBe(201);
  const account = await admin.post('/v1/connected-accounts', {
    connection: oauth.id,
    identifier: name('user'),
  });
  return String(account.body.id);
}

/** Every route that creates and is built, with a body of its own each time. */
async function creations(): Promise<[route: string, path: string, body: unknown][]> {
  const agent = (await admin.post('/v1/agents', { id: name('agent') })).body.id;
  const account = await toConnect();
  return [
    ['POST /v1/connections', '/v1/connections', { id: name('conn'), ...custom }],
    ['POST /v1/agents', '/v1/agents', { id: name('agent'), key: true }],
    ['POST /v1/agents/{id}/keys', `/v1/agents/${agent}/keys`, undefined],
    ['POST /v1/connected-accounts', '/v1/connected-accounts', { connection, identifier: name('user') }],
    [
      'POST /v1/connected-accounts/{id}/connect-link',
      `/v1/connected-accounts/${account}/connect-link`,
      { return_url: 'https://app.example/done' },
    ],
    ['POST /v1/webhook-endpoints', '/v1/webhook-endpoints', { url: 'http://127.0.0.1:9/hook' }],
    ['POST /v1/admin-keys', '/v1/admin-keys', { role: 'auditor' }],
    ['POST /v1/revocations', '/v1/revocations', { identifier: name('nobody') }],
  ];
}

function without({ body }: Reply, fields: readonly string[]): unknown {
  return Object.fromEntries(Object.entries(body).filter(([field]) => !fields.includes(field)));
}

describe('a repeated request', () => {
  it('is answered with what the first one created, secrets null, on every route that creates', async () => {
    for (const [route, path, body] of await creations()) {
      const secrets = SHOWN_ONCE[route] ?? [];
      const key = name('order');
      const first = await admin.post(path, body, under(key));
      expect(first.status, `${route}: ${first.text}`).toBe(route === 'POST /v1/revocations' ? 202 : 201);
      expect(first.headers).not.toHaveProperty('idempotent-replayed');
      const again = await admin.post(path, body, under(key));
      expect(again.status, `${route}: ${again.text}`).toBe(first.status);
      expect(again.headers['idempotent-replayed']).toBe('true');
      expect(again.headers['content-type']).toBe('application/json');
      expect(again.headers['cache-control']).toBe('no-store');
      expect(without(again, secrets)).toEqual(without(first, secrets));
      for (const field of secrets) {
        expect(first.body[field], route).toEqual(expect.any(String));
        expect(again.body[field], route).toBeNull();
      }
    }
  });

  it('names every route that takes the header', async () => {
    expect((await creations()).map(([route]) => route).toSorted()).toEqual(
      Object.keys(SHOWN_ONCE).toSorted(),
    );
    const { body: document } = await admin.get('/openapi.json');
    for (const route of Object.keys(SHOWN_ONCE)) {
      const [method = '', path = ''] = route.split(' ');
      const { responses } = document.paths[path][method.toLowerCase()];
      expect(responses['422']?.description, route).toContain('idempotency_mismatch');
      expect(responses['409']?.description, route).toContain('conflict');
    }
  });

  it('of a link opens no second session, and the link is nowhere but in the first answer', async () => {
    const path = `/v1/connected-accounts/${await toConnect()}/connect-link`;
    const key = name('order');
    const first = await admin.post(path, {}, under(key));
    expect(first.body.url).toContain(`${broker.url}/connect/`);
    for (let n = 0; n < 7; n += 1) {
      const again = await admin.post(path, {}, under(key));
      expect(again.headers['idempotent-replayed']).toBe('true');
      expect(again.body).toEqual({ ...first.body, url: null });
    }
    const other = await admin.post(path, { allow_subject_change: true }, under(key));
    expectRefusal(other, { status: 422, code: 'idempotency_mismatch' });
    // Seven of its own would have ended it: an account keeps five.
    const session = await admin.get(`/v1/connect-sessions/${first.body.session_id}`);
    expect(session.body).toMatchObject({ status: 'created' });
    const link = String(first.body.url).split('/').at(-1) ?? '';
    expect(broker.output()).not.toContain(link);
  });

  it('creates one thing when fifty come at once, and each is answered or told to wait', async () => {
    const key = name('order');
    const before = (await admin.get('/v1/admin-keys?limit=100')).body.data.length;
    const replies = await Promise.all(
      Array.from({ length: 50 }, () => admin.post('/v1/admin-keys', { role: 'auditor' }, under(key))),
    );
    expect((await admin.get('/v1/admin-keys?limit=100')).body.data).toHaveLength(before + 1);
    expect(new Set(replies.map(({ status }) => status))).toEqual(
      new Set([201, 409].filter((status) => replies.some((reply) => reply.status === status))),
    );
    expect(replies.filter(({ status, body }) => status === 201 && body.key !== null)).toHaveLength(1);
    for (const reply of replies.filter(({ status }) => status === 409)) {
      expectRefusal(reply, { status: 409, code: 'conflict' });
      expect(Number(reply.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    }
  });

  it('is 409 while the first one runs, and runs itself where that one created nothing', async () => {
    const { port } = slow.address() as AddressInfo;
    const key = name('order');
    const body = {
      id: name('conn'),
      provider: 'custom',
      client_id: 'x',
      provider_config: { issuer: `http://127.0.0.1:${port}` },
    };
    const first = admin.post('/v1/connections', body, under(key));
    // The first one is under way when its question has reached the issuer.
    await vi.waitFor(() => expect(answers).not.toEqual([]), PATIENCE);
    const other = await admin.post('/v1/connections', { ...body, client_id: 'y' }, under(key));
    expect(other.status).toBe(422);
    expectRefusal(await admin.post('/v1/connections', body, under(key)), { status: 409, code: 'conflict' });
    const answering = setInterval(() => answers.splice(0).forEach((one) => one.writeHead(500).end()), 20);
    expect((await first).status).toBe(502);
    clearInterval(answering);
    const valid = { id: body.id, ...custom };
    expect((await admin.post('/v1/connections', valid, under(key))).status).toBe(201);
  });

  it('with another body or path is 422, with the same in another order is not', async () => {
    const key = name('order');
    const body = { id: name('agent'), name: 'first', key: false };
    expect((await admin.post('/v1/agents', body, under(key))).status).toBe(201);
    const other = await admin.post('/v1/agents', { ...body, name: 'second' }, under(key));
    expectRefusal(other, { status: 422, code: 'idempotency_mismatch' });
    const { key: _, ...rest } = body;
    expect((await admin.post('/v1/agents', { key: false, ...rest }, under(key))).status).toBe(201);
    const second = (await admin.post('/v1/agents', { id: name('agent') })).body.id;
    const keys = name('order');
    expect((await admin.post(`/v1/agents/${body.id}/keys`, undefined, under(keys))).status).toBe(201);
    const elsewhere = await admin.post(`/v1/agents/${second}/keys`, undefined, under(keys));
    expectRefusal(elsewhere, { status: 422, code: 'idempotency_mismatch' });
  });

  it('of another operator is another request', async () => {
    const key = name('order');
    const made = await Promise.all(
      [null, 'acme'].map((organization) => admin.post('/v1/admin-keys', { role: 'admin', organization })),
    );
    const ids = [];
    for (const { body } of made) {
      const reply = await client(broker.url, body.key).post(
        '/v1/admin-keys',
        { role: 'auditor' },
        under(key),
      );
      expect(reply.status).toBe(201);
      expect(reply.headers).not.toHaveProperty('idempotent-replayed');
      ids.push(reply.body.id);
    }
    expect(new Set(ids).size).toBe(2);
  });

  it('is refused before anything is reserved where the caller may not, or the header is of another form', async () => {
    const key = name('order');
    const { body: auditor } = await admin.post('/v1/admin-keys', { role: 'auditor' });
    const refused = await client(broker.url, auditor.key).post(
      '/v1/agents',
      { id: name('agent') },
      under(key),
    );
    expectRefusal(refused, { status: 403, code: 'forbidden' });
    for (const wrong of ['', 'two words', 'x'.repeat(256)]) {
      const reply = await admin.post('/v1/agents', { id: name('agent') }, under(wrong));
      expectRefusal(reply, { status: 400, code: 'invalid_request' });
      expect(reply.body.errors[0].path).toBe('Idempotency-Key');
    }
  });

  it('may be mended under the same key where the first was refused', async () => {
    const key = name('order');
    expect((await admin.post('/v1/agents', { id: 'No!' }, under(key))).status).toBe(400);
    expect((await admin.post('/v1/agents', { id: name('agent') }, under(key))).status).toBe(201);
  });
});

describe('what is kept', () => {
  it('outlives a kill, and holds no secret, neither of the answer nor of the request', async () => {
    const canaries = new Canaries();
    const clientSecret = canaries.makePlain('client secret');
    const key = canaries.makePlain('idempotency key');
    const agent = { id: name('agent'), key: true };
    const first = await admin.post('/v1/agents', agent, under(key));
    canaries.plant('agent key', first.body.key.slice(-49, -6));
    const endpoint = await admin.post(
      '/v1/webhook-endpoints',
      { url: 'http://127.0.0.1:9/hook' },
      under(key),
    );
    canaries.plant('webhook secret', endpoint.body.secret.slice(6, -1));
    const adminKey = await admin.post('/v1/admin-keys', { role: 'admin' }, under(key));
    canaries.plant('admin key', adminKey.body.key.slice(19, -6));
    const made = await admin.post(
      '/v1/connections',
      { id: name('conn'), provider: 'hubspot', client_id: 'x', client_secret: clientSecret },
      under(key),
    );
    expect(made.status).toBe(201);
    const path = `/v1/connected-accounts/${await toConnect()}/connect-link`;
    const link = await admin.post(path, {}, under(key.slice(1)));
    canaries.plant('connect link', String(link.body.url).slice(-30, -6));
    await broker.kill();
    expect(await canaries.huntFolder(broker.folder)).toEqual([]);
    expect(canaries.hunt('the log', broker.output())).toEqual([]);
    await broker.restart();
    const again = await admin.post('/v1/agents', agent, under(key));
    expect(again.status).toBe(201);
    expect(again.body).toMatchObject({ id: agent.id, key: null });
  });
});
