/** The operator's two levers: `expire` moves a time and calls nobody, `refresh` calls now and says what came of it. */

import { describe, expect, it, vi } from 'vitest';
import { name } from '../support/world.ts';
import { refreshScene, retryAfterS, STATIC } from './refresh-scene.ts';
import { PATIENCE_MS } from '../support/patience.ts';

const scene = refreshScene();

describe('expire', () => {
  it('moves the expiry and nothing else: nobody is called', async () => {
    const account = await scene.connect();
    const before = await account.show();
    const startedAtMs = Date.now();
    const expired = await account.act('expire');
    expect(expired.status).toBe(200);
    expect(Math.abs(Date.parse(expired.body.expires_at) - startedAtMs)).toBeLessThan(10_000);
    const { expires_at: _before, updated_at: _updated, ...rest } = before;
    expect(expired.body).toMatchObject(rest);
    expect(account.calls()).toEqual([]);
  });

  it('twice is as good as once', async () => {
    const account = await scene.connect();
    await account.expire();
    await account.expire();
    expect((await account.fetch()).status).toBe(200);
    expect(account.calls()).toHaveLength(1);
  });

  it('rehearses the recovery from an outage: refused meanwhile, whole afterwards', async () => {
    const account = await scene.connect({ config: STATIC });
    await scene.provider.down();
    await account.expire();
    expect((await account.fetch()).status).toBe(503);
    await scene.provider.up();
    await vi.waitFor(async () => expect((await account.fetch()).status).toBe(200), {
      timeout: PATIENCE_MS,
      interval: 200,
    });
  });
});

describe('refresh', () => {
  it('renews a living token at once and answers with the attempt', async () => {
    const account = await scene.connect();
    const startedAtMs = Date.now();
    const forced = await account.act('refresh');
    expect(forced.status, forced.text).toBe(200);
    expect(forced.body).toMatchObject({ id: account.id, status: 'active' });
    expect(forced.body.last_attempt).toMatchObject({
      id: expect.stringMatching(/^rfa_[0-9A-Za-z]{22}$/),
      trigger: 'forced',
      outcome: 'refreshed',
      reason: null,
      provider_error: null,
    });
    const { started_at, ended_at } = forced.body.last_attempt;
    expect(Date.parse(started_at)).toBeGreaterThanOrEqual(startedAtMs - 1000);
    expect(Date.parse(ended_at)).toBeGreaterThanOrEqual(Date.parse(started_at));
    expect(Date.parse(forced.body.last_refreshed_at)).toBeGreaterThanOrEqual(startedAtMs - 1000);
    const token = account.calls()[0]?.accessToken ?? 'none';
    expect(forced.text).not.toContain(token);
    expect((await account.fetch()).body.access_token).toBe(token);
  });

  it('answers 200 whatever the provider said', async () => {
    const account = await scene.connect({ config: STATIC });
    account.meets({ html: true, status: 502 });
    const forced = await account.act('refresh');
    expect(forced.status).toBe(200);
    expect(forced.body.last_attempt).toMatchObject({ outcome: 'transient', provider_error: null });
  });

  it('within 30 s of the last is 503 with Retry-After, and calls nobody', async () => {
    const account = await scene.connect();
    expect((await account.act('refresh')).status).toBe(200);
    const again = await account.act('refresh');
    expect([again.status, again.body.code]).toEqual([503, 'provider_unavailable']);
    expect(retryAfterS(again)).toBeGreaterThanOrEqual(20);
    expect(retryAfterS(again)).toBeLessThanOrEqual(30);
    expect(account.calls()).toHaveLength(1);
  });

  it('beside fetches of an expired token is one call', async () => {
    const account = await scene.connect();
    await account.expire();
    account.meets({ delayBeforeMs: 500 });
    const [forced, ...replies] = await Promise.all([
      account.act('refresh'),
      account.fetch(),
      account.fetch(),
      account.fetch(),
    ]);
    expect(forced.status).toBe(200);
    expect(forced.body.last_attempt.outcome).toBe('refreshed');
    expect(replies.map((reply) => reply.status)).toEqual([200, 200, 200]);
    expect(account.calls()).toHaveLength(1);
  });

  it('does not wait for ever for a provider that hangs, and a fetch still gets the living token', async () => {
    const account = await scene.connect({ config: STATIC });
    scene.leavesHanging(account);
    account.meets({ delayBeforeMs: Infinity });
    const forced = account.act('refresh');
    await vi.waitFor(() => expect(account.calls()).toHaveLength(1), { timeout: PATIENCE_MS });
    const reply = await account.fetch();
    expect([reply.status, reply.body.access_token]).toEqual([200, account.accessToken]);
    expect((await forced).status).toBe(200);
  });
});

describe('without a grant that could be renewed', () => {
  const both = async (path: string) => [
    await scene.operator.post(`${path}/refresh`),
    await scene.operator.post(`${path}/expire`),
  ];

  it('both are 409 conflict on a static credential', async () => {
    const connection = name('keys');
    await scene.operator.post('/v1/connections', {
      id: connection,
      provider: 'custom',
      provider_config: { auth_type: 'api_key' },
    });
    const id = await scene.w.account(connection, 'robot', { api_key: 'sk_0123456789' });
    for (const reply of await both(`/v1/connected-accounts/${id}`)) {
      expect([reply.status, reply.body.code]).toEqual([409, 'conflict']);
    }
  });

  it('both are 409 conflict on an account that was never connected', async () => {
    const connection = await scene.w.connection();
    const made = await scene.operator.post('/v1/connected-accounts', { connection, identifier: 'nobody' });
    expect(made.status).toBe(201);
    for (const reply of await both(`/v1/connected-accounts/${made.body.id}`)) {
      expect([reply.status, reply.body.code]).toEqual([409, 'conflict']);
    }
  });

  it('both are 409 conflict on a revoked account', async () => {
    const account = await scene.connect();
    expect((await account.act('revoke')).body.status).toBe('revoked');
    for (const reply of await both(`/v1/connected-accounts/${account.id}`)) {
      expect([reply.status, reply.body.code]).toEqual([409, 'conflict']);
    }
    expect(account.calls()).toEqual([]);
  });

  it('refresh is 409 conflict on an access token alone, and expire ends it', async () => {
    const account = await scene.connect({ renewable: false });
    const forced = await account.act('refresh');
    expect([forced.status, forced.body.code]).toEqual([409, 'conflict']);
    await account.expire();
    const reply = await account.fetch();
    expect([reply.status, reply.body.reason]).toEqual([409, 'no_refresh_token']);
  });

  it('both are 404 for an account that does not exist', async () => {
    for (const reply of await both(`/v1/connected-accounts/ca_g${'a'.repeat(26)}`)) {
      expect([reply.status, reply.body.code]).toEqual([404, 'not_found']);
    }
  });
});
