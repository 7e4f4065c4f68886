/** A provider that refuses our client: the operator's matter. No user has to do anything, and no grant is touched. */

import { describe, expect, it } from 'vitest';
import { refreshScene, retryAfterS } from './refresh-scene.ts';

const scene = refreshScene();

describe('a client secret that the provider refuses', () => {
  it('is 503 misconfigured_connection, and the account stays as it was', async () => {
    const account = await scene.connect({ connection: { client_secret: 'not-the-secret' } });
    const living = await account.fetch();
    expect([living.status, living.body.access_token]).toEqual([200, account.accessToken]);
    await account.expire();
    const replies = [await account.fetch(), ...(await account.herd(20))];
    for (const reply of replies) {
      expect(reply.status, reply.text).toBe(503);
      expect(reply.body.code).toBe('misconfigured_connection');
      expect(retryAfterS(reply)).toBeGreaterThanOrEqual(1);
      expect(reply.text).not.toContain('reauth');
    }
    expect(await account.show()).toMatchObject({
      status: 'active',
      status_reason: null,
      in_doubt_since: null,
    });
    expect((await account.show()).last_attempt).toMatchObject({
      outcome: 'client_rejected',
      provider_error: 'invalid_client',
    });
    // The refused client presented no grant: the server cannot tell whose token it was to be.
    expect(scene.provider.calls.filter((call) => call.refreshToken === account.refreshToken)).toHaveLength(1);
    expect(await scene.provider.state(account.grantId)).toEqual({
      alive: true,
      liveRefreshTokens: [account.refreshToken],
    });
  });

  it('leaves the living token served', async () => {
    const account = await scene.connect({ connection: { client_secret: 'not-the-secret' } });
    expect((await account.act('refresh')).body.last_attempt.outcome).toBe('client_rejected');
    const reply = await account.fetch();
    expect([reply.status, reply.body.access_token]).toEqual([200, account.accessToken]);
  });

  it('is no trouble of another connection at the same provider', async () => {
    const wrong = await scene.connect({ connection: { client_secret: 'not-the-secret' } });
    const right = await scene.connect();
    await Promise.all([wrong.expire(), right.expire()]);
    const [refused, renewed] = await Promise.all([wrong.fetch(), right.fetch()]);
    expect([refused.status, renewed.status]).toEqual([503, 200]);
  });

  it('ends with an import under a connection that is right, with the same refresh token', async () => {
    const wrong = await scene.connect({ connection: { client_secret: 'not-the-secret' } });
    await wrong.expire();
    expect((await wrong.fetch()).status).toBe(503);
    const connection = await scene.w.connection();
    const id = await scene.w.account(connection, 'moved', { refresh_token: wrong.refreshToken });
    const reply = await scene.agent.client.get(`/v1/connected-accounts/${id}/token`);
    expect(reply.status, reply.text).toBe(200);
  });
});

describe('two secrets on the connection while one is replaced', () => {
  it('tries the second where the first is refused, and the refresh token is used once', async () => {
    const { clientSecret } = scene.provider.client;
    const account = await scene.connect({ connection: { client_secret: ['not-the-secret', clientSecret] } });
    await account.expire();
    const replies = await account.herd(20);
    for (const reply of replies) expect(reply.status, reply.text).toBe(200);
    const presented = scene.provider.calls.filter((call) => call.refreshToken === account.refreshToken);
    expect(presented.map((call) => call.status)).toEqual([401, 200]);
    expect(presented.map((call) => call.verdict)).toEqual(['fresh', 'fresh']);
    expect((await account.show()).last_attempt.outcome).toBe('refreshed');
  });

  it('never tries the second where the first is right', async () => {
    const { clientSecret } = scene.provider.client;
    const account = await scene.connect({ connection: { client_secret: [clientSecret, 'not-the-secret'] } });
    await account.expire();
    expect((await account.fetch()).status).toBe(200);
    await scene.provider.revokeGrant(account.grantId);
    await account.expire();
    // A refused grant is no refused client.
    expect((await account.fetch()).status).toBe(409);
    expect(account.calls()).toHaveLength(2);
  });

  it('is misconfigured where both are refused', async () => {
    const account = await scene.connect({ connection: { client_secret: ['wrong-one', 'wrong-two'] } });
    await account.expire();
    const reply = await account.fetch();
    expect([reply.status, reply.body.code]).toEqual([503, 'misconfigured_connection']);
    expect((await account.show()).status).toBe('active');
  });
});
