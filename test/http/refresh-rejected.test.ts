/** An agent's word that an API refused a token: worth one refresh, of the token that it names, and not a pump. */

import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import type { Reply } from '../support/callers.ts';
import { name } from '../support/world.ts';
import { refreshScene, retryAfterS, statuses, STATIC, tokensIn } from './refresh-scene.ts';
import { PATIENCE_MS } from '../support/patience.ts';

const scene = refreshScene();

const about = (reply: Reply) => `?rejected=${reply.body.fingerprint}`;

describe('a rejected token', () => {
  it('that is the current one is renewed, and the answer is the new one', async () => {
    const account = await scene.connect();
    const first = await account.fetch();
    const second = await account.fetch(about(first));
    expect(second.status, second.text).toBe(200);
    expect(second.body.access_token).toBe(account.calls()[0]?.accessToken);
    expect(second.body.fingerprint).not.toBe(first.body.fingerprint);
    expect(account.calls()).toMatchObject([{ verdict: 'fresh' }]);
    expect((await account.show()).last_attempt).toMatchObject({ trigger: 'rejected', outcome: 'refreshed' });
  });

  it('that is another than the current one costs no call: the current one is the answer', async () => {
    const account = await scene.connect();
    const first = await account.fetch();
    await account.expire();
    const second = await account.fetch();
    expect(account.calls()).toHaveLength(1);
    for (const query of [about(first), '?rejected=never-issued-by-us']) {
      const reply = await account.fetch(query);
      expect([reply.status, reply.body.access_token]).toEqual([200, second.body.access_token]);
    }
    expect(account.calls()).toHaveLength(1);
  });

  it('that is another account’s costs no call either', async () => {
    const [account, other] = await Promise.all([scene.connect(), scene.connect()]);
    const foreign = await other.fetch();
    const reply = await account.fetch(about(foreign));
    expect([reply.status, reply.body.access_token]).toEqual([200, account.accessToken]);
    expect([...account.calls(), ...other.calls()]).toEqual([]);
  });

  it('reported by 100 at once costs one call, and all get the new one', async () => {
    const account = await scene.connect();
    const first = await account.fetch();
    const replies = await account.herd(100, about(first));
    expect(statuses(replies)).toEqual({ 200: 100 });
    expect(tokensIn(replies)).toEqual([account.calls()[0]?.accessToken]);
    expect(account.calls()).toHaveLength(1);
  });

  it('reported by 100 while the refresh for the first report is in flight is joined by them all', async () => {
    const account = await scene.connect();
    const first = await account.fetch();
    const { promise, resolve } = Promise.withResolvers<void>();
    account.meets({ heldBefore: promise });
    const early = account.fetch(about(first));
    await vi.waitFor(() => expect(account.calls()).toHaveLength(1), { timeout: PATIENCE_MS });
    const herd = account.herd(100, about(first));
    // They arrive meanwhile; one that comes later is served all the same.
    await sleep(300);
    resolve();
    const replies = [...(await herd), await early];
    expect(statuses(replies)).toEqual({ 200: 101 });
    expect(tokensIn(replies)).toEqual([account.calls()[0]?.accessToken]);
    expect(account.calls()).toHaveLength(1);
  });

  it('is joined to a refresh that an operator has just forced', async () => {
    const account = await scene.connect();
    const first = await account.fetch();
    const { promise, resolve } = Promise.withResolvers<void>();
    account.meets({ heldBefore: promise });
    const forced = account.act('refresh');
    await vi.waitFor(() => expect(account.calls()).toHaveLength(1), { timeout: PATIENCE_MS });
    const joining = account.fetch(about(first));
    await sleep(300);
    resolve();
    const reply = await joining;
    expect([reply.status, reply.body.access_token]).toEqual([200, account.calls()[0]?.accessToken]);
    expect((await forced).status).toBe(200);
    expect(account.calls()).toHaveLength(1);
  });

  it('rejected again within 30 s is 503 with Retry-After, while others are still served', async () => {
    const account = await scene.connect();
    const second = await account.fetch(about(await account.fetch()));
    const third = await account.fetch(about(second));
    expect([third.status, third.body.code]).toEqual([503, 'provider_unavailable']);
    expect(retryAfterS(third)).toBeGreaterThanOrEqual(20);
    expect(retryAfterS(third)).toBeLessThanOrEqual(30);
    const other = await account.fetch();
    expect([other.status, other.body.access_token]).toEqual([200, second.body.access_token]);
    expect(account.calls()).toHaveLength(1);
  });

  it('is renewed right after a refresh on demand: only rejected and forced ones make it wait', async () => {
    const account = await scene.connect();
    await account.expire();
    const second = await account.fetch();
    const third = await account.fetch(about(second));
    expect([third.status, third.body.access_token]).toEqual([200, account.calls()[1]?.accessToken]);
    expect(account.calls().map((call) => call.verdict)).toEqual(['fresh', 'fresh']);
  });

  it('within 30 s of a forced refresh is 503 with Retry-After', async () => {
    const account = await scene.connect();
    expect((await account.act('refresh')).status).toBe(200);
    const reply = await account.fetch(about(await account.fetch()));
    expect(reply.status).toBe(503);
    expect(retryAfterS(reply)).toBeLessThanOrEqual(30);
    expect(account.calls()).toHaveLength(1);
  });

  it('whose renewal fails is a refusal for who rejected it, and still served to the others', async () => {
    const account = await scene.connect({ config: STATIC });
    const first = await account.fetch();
    scene.provider.faults.when((call) => call.grantId === account.grantId, { status: 503 });
    const reply = await account.fetch(about(first));
    expect([reply.status, reply.body.code]).toEqual([503, 'provider_unavailable']);
    expect(retryAfterS(reply)).toBeGreaterThanOrEqual(1);
    expect((await account.fetch()).body.access_token).toBe(account.accessToken);
    expect((await account.show()).status).toBe('active');
  });
});

describe('a rejected static credential', () => {
  it('is still served, since nothing renews it, and the account says that something is wrong', async () => {
    const connection = name('keys');
    const made = await scene.operator.post('/v1/connections', {
      id: connection,
      provider: 'custom',
      provider_config: { auth_type: 'api_key', token_header: 'X-Api-Key: {api_key}' },
    });
    expect(made.status, made.text).toBe(201);
    const id = await scene.w.account(connection, 'robot', { api_key: 'sk_0123456789' });
    const path = `/v1/connected-accounts/${id}`;
    const first = await scene.agent.client.get(`${path}/token`);
    expect(first.body).toMatchObject({ api_key: 'sk_0123456789', headers: { 'X-Api-Key': 'sk_0123456789' } });
    const other = await scene.agent.client.get(`${path}/token?rejected=another-fingerprint`);
    expect(other.status).toBe(200);
    expect((await scene.operator.get(path)).body.degraded_since).toBeNull();

    for (let round = 0; round < 2; round += 1) {
      const again = await scene.agent.client.get(`${path}/token${about(first)}`);
      expect([again.status, again.body.api_key]).toEqual([200, 'sk_0123456789']);
    }
    const shown = (await scene.operator.get(path)).body;
    expect(shown.status).toBe('active');
    expect(Math.abs(Date.parse(shown.degraded_since) - Date.now())).toBeLessThan(15_000);
    await scene.w.account(connection, 'robot', { api_key: 'sk_9876543210' });
    expect((await scene.operator.get(path)).body.degraded_since).toBeNull();
  });
});
