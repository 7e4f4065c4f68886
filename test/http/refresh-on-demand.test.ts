/** A token that is wanting is renewed when somebody asks, once, however many ask; who hangs up cancels nothing. */

import { connect as openSocket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { refreshScene, STATIC, statuses, tokensIn, type Account } from './refresh-scene.ts';
import { PATIENCE_MS } from '../support/patience.ts';

const scene = refreshScene({ server: { accessTokenTtlS: 3600 } });

describe('a refresh on demand', () => {
  it('serves the imported token while it lives, and calls nobody', async () => {
    const account = await scene.connect();
    const reply = await account.fetch();
    expect(reply.status, reply.text).toBe(200);
    expect(reply.body).toMatchObject({ type: 'oauth2', access_token: account.accessToken });
    expect(reply.body.expires_in).toBeGreaterThan(3590);
    expect(account.calls()).toEqual([]);
  });

  it('renews an expired token before it answers, and the new one works at the API', async () => {
    const account = await scene.connect();
    await account.expire();
    const reply = await account.fetch();
    expect(reply.status, reply.text).toBe(200);
    expect(reply.body.access_token).not.toBe(account.accessToken);
    expect(reply.body.expires_in).toBeGreaterThan(3590);
    const api = await fetch(scene.provider.apiUrl, { headers: reply.body.headers });
    expect(api.status).toBe(200);
    expect(account.calls()).toMatchObject([{ verdict: 'fresh', refreshToken: account.refreshToken }]);
    expect((await account.show()).last_attempt).toMatchObject({
      trigger: 'on_demand',
      outcome: 'refreshed',
      reason: null,
      provider_error: null,
    });
  });

  it('goes through a chain of six rotations and presents every refresh token once', async () => {
    const account = await scene.connect();
    const served: string[] = [];
    for (let round = 0; round < 6; round += 1) {
      await account.expire();
      const reply = await account.fetch();
      expect(reply.status, reply.text).toBe(200);
      served.push(reply.body.access_token);
    }
    const calls = account.calls();
    expect(calls.map((call) => call.verdict)).toEqual(Array.from({ length: 6 }, () => 'fresh'));
    expect(new Set(calls.map((call) => call.refreshToken)).size).toBe(6);
    expect(served).toEqual(calls.map((call) => call.accessToken));
    // Each presents what the one before was given.
    expect(calls.slice(1).map((call) => call.refreshToken)).toEqual(
      calls.slice(0, -1).map((call) => call.newRefreshToken),
    );
    const { alive, liveRefreshTokens } = await scene.provider.state(account.grantId);
    expect([alive, liveRefreshTokens]).toEqual([true, [calls.at(-1)?.newRefreshToken]]);
  });

  it('renews once for an account that was imported without an access token', async () => {
    const account = await scene.connect({ ttlS: null });
    expect((await account.fetch()).status).toBe(200);
    expect((await account.fetch()).status).toBe(200);
    expect(account.calls()).toHaveLength(1);
  });
});

describe('a herd', () => {
  it('of 1,000 on an expired token costs one call, gets one token and leaves 1,000 records in a whole chain', async () => {
    const account = await scene.connect();
    await account.expire();
    const before = await account.records();
    const replies = await account.herd(1000);
    expect(statuses(replies)).toEqual({ 200: 1000 });
    expect(tokensIn(replies)).toEqual([account.calls()[0]?.accessToken]);
    expect(account.calls()).toHaveLength(1);
    await account.records();
    expect(await account.requestsSince(before)).toEqual({ 'token.refresh ok': 1, 'token.issue ok': 1000 });
  });

  it('of 500 right after a connect without access token costs one call, and the second wave none', async () => {
    const account = await scene.connect({ ttlS: null });
    scene.provider.faults.when((call) => call.grantId === account.grantId, { delayBeforeMs: 300 });
    const first = account.herd(500);
    await vi.waitFor(() => expect(account.calls()).toHaveLength(1), { timeout: PATIENCE_MS });
    const [early, late] = [await first, await account.herd(500)];
    expect(statuses([...early, ...late])).toEqual({ 200: 1000 });
    expect(tokensIn([...early, ...late])).toHaveLength(1);
    expect(account.calls()).toHaveLength(1);
  });

  it('that arrives while a refresh is in flight joins it', async () => {
    const account = await scene.connect();
    await account.expire();
    const { promise, resolve } = Promise.withResolvers<void>();
    account.meets({ heldAfter: promise });
    const first = account.fetch();
    await vi.waitFor(() => expect(account.calls()[0]?.processed).toBe(true), { timeout: PATIENCE_MS });
    expect(account.calls()[0]?.answered).toBe(false);
    const others = [account.fetch(), account.herd(100)];
    // They arrive meanwhile; one that comes later is served all the same.
    await sleep(300);
    resolve();
    const replies = (await Promise.all([first, ...others])).flat();
    expect(statuses(replies)).toEqual({ 200: 102 });
    expect(tokensIn(replies)).toHaveLength(1);
    expect(account.calls()).toHaveLength(1);
  });

  it.each([
    ['a throttle', { status: 429, headers: { 'Retry-After': '600' } }],
    ['a server error', { status: 503, headers: { 'Retry-After': '600' } }],
  ])(
    'of 500 that comes before, with and after %s costs one call: nobody tries again behind the answer',
    async (_what, fault) => {
      const account = await scene.connect({ config: STATIC });
      await account.expire();
      scene.provider.faults.when((call) => call.grantId === account.grantId, {
        delayBeforeMs: 300,
        ...fault,
      });
      const waves = Array.from({ length: 50 }, async (_, wave) => {
        await sleep(wave * 15);
        return account.herd(10);
      });
      const replies = (await Promise.all(waves)).flat();
      expect(statuses(replies)).toEqual({ 503: 500 });
      expect(new Set(replies.map((reply) => reply.body.code))).toEqual(new Set(['provider_unavailable']));
      expect(account.calls()).toHaveLength(1);
    },
  );
});

/** Asks for a token over a socket of its own and destroys that as soon as the provider has the request. */
async function hangUpDuring(account: Account): Promise<void> {
  const { hostname, port } = new URL(scene.broker.url);
  const socket = openSocket(Number(port), hostname);
  const answered = vi.fn();
  socket.on('data', answered);
  socket.on('error', () => undefined);
  socket.write(
    `GET /v1/connected-accounts/${account.id}/token HTTP/1.1\r\nHost: ${hostname}:${port}\r\n` +
      `Authorization: Bearer ${scene.agent.key}\r\n\r\n`,
  );
  await vi.waitFor(() => expect(account.calls()).toHaveLength(1), { timeout: PATIENCE_MS });
  socket.destroy();
  expect(answered).not.toHaveBeenCalled();
}

describe('a client that hangs up in the middle of a refresh', () => {
  it.each([
    ['before the provider rotates', 'heldBefore'],
    ['after the provider has rotated', 'heldAfter'],
  ])('cancels nothing: %s', async (_when, moment) => {
    const account = await scene.connect();
    await account.expire();
    const { promise, resolve } = Promise.withResolvers<void>();
    account.meets({ [moment]: promise });
    await hangUpDuring(account);
    resolve();
    await vi.waitFor(
      async () => expect((await account.show()).last_attempt).toMatchObject({ outcome: 'refreshed' }),
      { timeout: PATIENCE_MS, interval: 100 },
    );
    const reply = await account.fetch();
    expect(reply.body.access_token).toBe(account.calls()[0]?.accessToken);
    expect(account.calls()).toMatchObject([{ verdict: 'fresh', answered: true }]);
    expect((await account.show()).in_doubt_since).toBeNull();
  });
});
