/** The routes of webhook endpoints, as an operator sees them. */

import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createApp } from '#api/app.ts';
import type { TestOutcome, WebhookSenders } from '#api/senders/webhook-senders.ts';
import { WebhookEndpoint, WebhookEndpointWithSecret, WebhookTest } from '#contract/events/webhooks.ts';
import { recordEndpointResult } from '#directory/webhooks/webhook-health.ts';
import { callerOf, config, refusal, type Answer } from './world.ts';

const base = '/v1/webhook-endpoints';
const url = 'https://app.example.com/hooks';
const db = config.directory;

let tested: { id: string; outcome: TestOutcome }[] = [];
const senders: WebhookSenders = {
  sendTest: async (_, id) => {
    const outcome = {
      eventId: 'evt_test',
      delivered: tested.length === 0,
      status: tested.length === 0 ? 204 : null,
    };
    tested.push({ id, outcome });
    return outcome;
  },
  redeliver: async () => null,
};
const call = callerOf(createApp(senders));

async function created(body: Record<string, unknown> = {}): Promise<Answer> {
  const answer = await call('POST', base, { body: { url, ...body } });
  expect(answer.status).toBe(201);
  WebhookEndpointWithSecret.strict().parse(answer.json);
  return answer;
}

const count = async () => db.prepare('SELECT count(*) AS n FROM webhook_endpoint').first<number>('n');

beforeAll(async () => {
  // The first operator's request brings what every later one finds.
  await call('GET', base);
});

beforeEach(async () => {
  tested = [];
  await db.prepare('DELETE FROM webhook_endpoint').run();
});

describe('POST /v1/webhook-endpoints', () => {
  it('answers the whole endpoint with its secret, and no other answer shows it', async () => {
    const { json } = await created();
    expect(json).toEqual({
      id: expect.stringMatching(/^we_[0-9A-Za-z]{22}$/),
      url,
      events: ['*'],
      description: null,
      organization: null,
      status: 'active',
      status_reason: null,
      previous_secret_expires_at: null,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      updated_at: json.created_at,
      secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
    });
    const { secret, ...shown } = json;
    const one = await call('GET', `${base}/${json.id}`);
    const all = await call('GET', base);
    const patched = await call('PATCH', `${base}/${json.id}`, { body: {} });
    expect(one.json).toEqual(WebhookEndpoint.strict().parse(shown));
    expect(all.json).toEqual({ data: [shown], next_cursor: null });
    for (const { text } of [one, all, patched]) expect(text).not.toContain(secret.slice(6, 20));
  });

  it('takes filters, a description and an organization', async () => {
    const body = {
      events: ['agent.auth.*', 'connected_account.refreshed'],
      description: 'x',
      organization: 'acme',
    };
    expect((await created(body)).json).toMatchObject(body);
    expect((await created({ events: null, description: null, organization: null })).json).toMatchObject({
      events: ['*'],
      description: null,
      organization: null,
    });
  });

  it.each([
    ['nothing', {}, 'url'],
    ['an http URL', { url: 'http://app.example.com/' }, 'url'],
    ['an address', { url: 'https://0x0a000001/' }, 'url'],
    ['another port', { url: 'https://app.example.com:8443/' }, 'url'],
    ['a user in the URL', { url: 'https://u:p@app.example.com/' }, 'url'],
    ['a private name', { url: 'https://hooks.internal/' }, 'url'],
    ['the broker itself', { url: 'http://127.0.0.1:8787/v1/events' }, 'url'],
    ['a long URL', { url: `https://app.example.com/${'a'.repeat(2048)}` }, 'url'],
    ['an unknown type', { url, events: ['*', 'agent.auth.nothing'] }, 'events.1'],
    ['a prefix of nothing', { url, events: ['nothing.*'] }, 'events.0'],
    ['no type', { url, events: [] }, 'events'],
    ['a type that is no text', { url, events: [1] }, 'events.0'],
    ['an empty description', { url, description: '' }, 'description'],
    ['a control character', { url, description: 'a\u0007' }, 'description'],
    ['an organization that is none', { url, organization: 'A' }, 'organization'],
    ['an unknown field', { url, secret: 'whsec_mine' }, 'secret'],
  ])('refuses %s at its path, and stores nothing', async (_, body, path) => {
    expect(refusal(await call('POST', base, { body }))).toEqual([400, 'invalid_request', path]);
    expect(await count()).toBe(0);
  });

  it('names every field that is wrong', async () => {
    const answer = await call('POST', base, {
      body: { url: 'ftp://a.example.com/', events: ['x', '*', 'y'] },
    });
    expect(refusal(answer)).toEqual([400, 'invalid_request', 'url', 'events.0', 'events.2']);
  });

  it('refuses the twenty-first of an organization', async () => {
    await Promise.all(Array.from({ length: 20 }, () => created({ organization: 'acme' })));
    const answer = await call('POST', base, { body: { url, organization: 'acme' } });
    expect(refusal(answer)).toEqual([409, 'conflict']);
    await created();
    expect(await count()).toBe(21);
  });

  it('writes nothing while the vault is locked', async () => {
    const answer = await call('POST', base, { body: { url }, settings: { MASTER_KEYS: '' } });
    expect(refusal(answer)).toEqual([503, 'vault_locked']);
    expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    expect(await count()).toBe(0);
  });
});

describe('one endpoint', () => {
  it('is changed by PATCH: what is left out stays, null removes', async () => {
    const { json } = await created({ events: ['connection.*'], description: 'x' });
    const path = `${base}/${json.id}`;
    const moved = await call('PATCH', path, { body: { url: 'https://b.example.com/' } });
    expect(moved).toMatchObject({
      status: 200,
      json: { url: 'https://b.example.com/', events: ['connection.*'], description: 'x' },
    });
    const cleared = await call('PATCH', path, { body: { events: null, description: null } });
    expect(cleared.json).toMatchObject({ events: ['*'], description: null });
    expect((await call('GET', path)).json).toEqual(WebhookEndpoint.strict().parse(cleared.json));
  });

  it.each([
    [{ url: null }, 'url'],
    [{ url: 'https://localhost.local/' }, 'url'],
    [{ events: ['agent'] }, 'events.0'],
    [{ status: 'failing' }, 'status'],
    [{ organization: 'other' }, 'organization'],
    [{ id: 'we_x' }, 'id'],
  ])('refuses the change %j at its path', async (body, path) => {
    const { json } = await created();
    expect(refusal(await call('PATCH', `${base}/${json.id}`, { body }))).toEqual([
      400,
      'invalid_request',
      path,
    ]);
    const { secret: _, ...before } = json;
    expect((await call('GET', `${base}/${json.id}`)).json).toEqual(before);
  });

  it('that answered 410 says so, and is enabled by its operator', async () => {
    const { json } = await created();
    await recordEndpointResult(db, json.id, 'gone', Date.now());
    const path = `${base}/${json.id}`;
    expect((await call('GET', path)).json).toMatchObject({ status: 'disabled', status_reason: 'gone' });
    const on = await call('PATCH', path, { body: { status: 'active' } });
    expect(on.json).toMatchObject({ status: 'active', status_reason: null });
    const off = await call('PATCH', path, { body: { status: 'disabled' } });
    expect(off.json).toMatchObject({ status: 'disabled', status_reason: 'operator' });
  });

  it('gets a new secret, which is shown once, and says how long the old one signs', async () => {
    const { json } = await created();
    const rotated = await call('POST', `${base}/${json.id}/rotate-secret`);
    expect(rotated.status).toBe(200);
    const {
      secret,
      previous_secret_expires_at: endsAt,
      ...rest
    } = WebhookEndpointWithSecret.strict().parse(rotated.json);
    expect(secret).not.toBe(json.secret);
    const leftMs = Date.parse(endsAt ?? '') - Date.now();
    expect(leftMs).toBeGreaterThan(23.9 * 3_600_000);
    expect(leftMs).toBeLessThanOrEqual(24 * 3_600_000);
    expect((await call('GET', `${base}/${json.id}`)).json).toEqual({
      ...rest,
      previous_secret_expires_at: endsAt,
    });
  });

  it('is tested at once, and what came back is told', async () => {
    const { json } = await created();
    const first = await call('POST', `${base}/${json.id}/test`);
    expect(first).toMatchObject({
      status: 200,
      json: { event_id: 'evt_test', delivered: true, status: 204 },
    });
    const second = await call('POST', `${base}/${json.id}/test`);
    expect(second).toMatchObject({ status: 200, json: { delivered: false, status: null } });
    for (const answer of [first, second]) WebhookTest.strict().parse(answer.json);
    expect(tested.map(({ id }) => id)).toEqual([json.id, json.id]);
  });

  it('is deleted once, and then unknown everywhere', async () => {
    const { json } = await created();
    const path = `${base}/${json.id}`;
    expect((await call('DELETE', path)).status).toBe(204);
    for (const [method, at, body] of [
      ['DELETE', path],
      ['GET', path],
      ['PATCH', path, {}],
      ['POST', `${path}/rotate-secret`],
      ['POST', `${path}/test`],
    ] as const) {
      expect(refusal(await call(method, at, { body }))).toEqual([404, 'not_found']);
    }
    expect(refusal(await call('GET', `${base}/not-an-id`))).toEqual([404, 'not_found']);
    expect(tested).toEqual([]);
  });

  it('is nobody’s without an operator’s key', async () => {
    const { json } = await created();
    for (const [method, at] of [
      ['GET', base],
      ['POST', base],
      ['GET', `${base}/${json.id}`],
      ['PATCH', `${base}/${json.id}`],
      ['DELETE', `${base}/${json.id}`],
      ['POST', `${base}/${json.id}/rotate-secret`],
      ['POST', `${base}/${json.id}/test`],
      ['GET', '/v1/events'],
      ['GET', '/v1/webhook-deliveries'],
      ['POST', '/v1/webhook-deliveries/wd_0000000000000000000000/redeliver'],
    ] as const) {
      expect(refusal(await call(method, at, { key: null }))).toEqual([401, 'unauthenticated']);
    }
    expect(await count()).toBe(1);
  });
});

describe('the list', () => {
  it('is newest first and goes on with its cursor', async () => {
    const made = [];
    for (let n = 0; n < 3; n += 1) made.push((await created({ description: `${n}` })).json.id);
    await db.prepare(`UPDATE webhook_endpoint SET created_at_ms = 1000 + CAST(description AS INTEGER)`).run();
    const first = await call('GET', `${base}?limit=2`);
    expect(first.json.data.map(({ id }: { id: string }) => id)).toEqual([made[2], made[1]]);
    const second = await call('GET', `${base}?limit=2&cursor=${first.json.next_cursor}`);
    expect(second.json.data.map(({ id }: { id: string }) => id)).toEqual([made[0]]);
    expect(second.json.next_cursor).toBeNull();
    expect(refusal(await call('GET', `${base}?cursor=abc`))).toEqual([400, 'invalid_request', 'cursor']);
  });
});

describe('an app that delivers nothing', () => {
  it('says so when a test is asked for', async () => {
    const { json } = await created();
    const answer = await callerOf(createApp())('POST', `${base}/${json.id}/test`);
    expect(refusal(answer)).toEqual([503, 'unavailable']);
    expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
  });
});
