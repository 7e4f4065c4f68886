/** A grant that the provider has ended: said once, with its reason, asked about no more, and repaired by an import. */

import { describe, expect, it, vi } from 'vitest';
import { GRACE, refreshScene, STATIC, type Account } from './refresh-scene.ts';
import { PATIENCE_MS } from '../support/patience.ts';

const scene = refreshScene();

async function revoked(account: Account): Promise<void> {
  await scene.provider.revokeGrant(account.grantId);
  await account.expire();
}

describe('a grant that the user revoked at the provider', () => {
  it.each([
    ['rotating, strict', {}],
    ['rotating, with grace', GRACE],
    ['static', STATIC],
  ])('is 409 reauth_required with its reason, once and for all (%s)', async (_kind, config) => {
    const account = await scene.connect({ config });
    await revoked(account);
    const before = await account.records();
    const startedAtMs = Date.now();
    const replies = await account.herd(50);
    for (const reply of replies) {
      expect(reply.status, reply.text).toBe(409);
      expect(reply.headers['content-type']).toBe('application/problem+json');
      expect(reply.body).toMatchObject({
        code: 'reauth_required',
        reason: 'grant_revoked',
        provider_error: 'invalid_grant',
        connected_account_id: account.id,
        reauth_url: expect.stringMatching(/\/connect\/rp\.ca_g/),
      });
      expect(Math.abs(Date.parse(reply.body.since) - startedAtMs)).toBeLessThan(15_000);
    }
    expect(new Set(replies.map((reply) => reply.body.since)).size).toBe(1);
    await account.records();
    // The refresh, the change of status, and a refusal for each who asked.
    expect(await account.requestsSince(before)).toEqual({
      'token.refresh failed': 1,
      'account.status ok': 1,
      'token.issue refused': 50,
    });
    expect(await account.show()).toMatchObject({
      status: 'reauth_required',
      status_reason: 'grant_revoked',
      status_since: replies[0]?.body.since,
      next_refresh_at: null,
      degraded_since: null,
      in_doubt_since: null,
    });
    expect((await account.show()).last_attempt).toMatchObject({
      outcome: 'grant_dead',
      reason: 'grant_revoked',
      provider_error: 'invalid_grant',
    });
  });

  it('stays so without another call to the provider, whoever asks and however', async () => {
    const account = await scene.connect();
    await revoked(account);
    const first = await account.fetch();
    expect(first.status).toBe(409);
    expect(account.calls()).toHaveLength(1);
    for (const query of ['', '?min_ttl=3600', '?min_ttl=0', '?rejected=abcdefgh12345678']) {
      const reply = await account.fetch(query);
      expect([reply.status, reply.body.since]).toEqual([409, first.body.since]);
    }
    const forced = await account.act('refresh');
    expect([forced.status, forced.body.code]).toEqual([409, 'conflict']);
    expect((await account.act('expire')).status).toBe(200);
    expect((await account.fetch()).status).toBe(409);
    expect(account.calls()).toHaveLength(1);
  });

  it('comes back with a new import, and starts with a clean slate', async () => {
    const account = await scene.connect();
    await revoked(account);
    expect((await account.fetch()).status).toBe(409);
    const grant = await scene.provider.grant();
    await scene.w.account(account.connection, account.identifier, {
      refresh_token: grant.refreshToken,
      access_token: grant.accessToken,
      expires_in: 3600,
    });
    expect(await account.show()).toMatchObject({ status: 'active', status_reason: null });
    expect((await account.fetch()).body.access_token).toBe(grant.accessToken);
    await account.expire();
    const reply = await account.fetch();
    expect(reply.status, reply.text).toBe(200);
    const calls = scene.provider.calls.filter((call) => call.grantId === grant.grantId);
    expect(calls).toMatchObject([{ refreshToken: grant.refreshToken, verdict: 'fresh' }]);
    await account.records();
  });

  it('is the same incident after the account was disabled and enabled again', async () => {
    const account = await scene.connect();
    await revoked(account);
    const first = await account.fetch();
    const disabled = await account.act('disable');
    expect(disabled.body).toMatchObject({ status: 'disabled', status_reason: 'operator' });
    expect((await account.fetch()).body.code).toBe('account_disabled');
    const enabled = await account.act('enable');
    expect(enabled.body).toMatchObject({
      status: 'reauth_required',
      status_reason: 'grant_revoked',
      status_since: first.body.since,
    });
    const { reason, provider_error, since } = (await account.fetch()).body;
    expect({ reason, provider_error, since }).toEqual({
      reason: 'grant_revoked',
      provider_error: 'invalid_grant',
      since: first.body.since,
    });
    expect(account.calls()).toHaveLength(1);
  });

  it('is found by a refresh while the access token lives, which is not served any more', async () => {
    const account = await scene.connect();
    await scene.provider.revokeGrant(account.grantId);
    const forced = await account.act('refresh');
    expect(forced.status).toBe(200);
    expect(forced.body).toMatchObject({ status: 'reauth_required', status_reason: 'grant_revoked' });
    const reply = await account.fetch();
    expect([reply.status, reply.body.reason]).toEqual([409, 'grant_revoked']);
  });

  it('is told to everybody who waits for the refresh that finds it', async () => {
    const account = await scene.connect();
    await revoked(account);
    account.meets({ delayBeforeMs: 500 });
    const waiting = account.herd(20);
    await vi.waitFor(() => expect(account.calls()).toHaveLength(1), { timeout: PATIENCE_MS });
    for (const reply of [...(await waiting), await account.fetch()]) {
      expect([reply.status, reply.body.reason]).toEqual([409, 'grant_revoked']);
    }
    expect(account.calls()).toHaveLength(1);
  });

  it('says no_refresh_token at the end of an access token that nothing renews, asked or not', async () => {
    const [asked, silent] = await Promise.all([
      scene.connect({ renewable: false, ttlS: 8 }),
      scene.connect({ renewable: false, ttlS: 8 }),
    ]);
    const living = await asked.fetch();
    expect([living.status, living.body.access_token]).toEqual([200, asked.accessToken]);
    expect(living.body.expires_in).toBeLessThanOrEqual(8);
    const ended = await vi.waitFor(
      async () => {
        const reply = await asked.fetch();
        expect(reply.status).toBe(409);
        return reply;
      },
      { timeout: PATIENCE_MS, interval: 100 },
    );
    expect(ended.body).toMatchObject({
      code: 'reauth_required',
      reason: 'no_refresh_token',
      reauth_url: expect.stringMatching(/\/connect\/rp\.ca_g/),
    });
    await vi.waitFor(
      async () =>
        expect(await silent.show()).toMatchObject({
          status: 'reauth_required',
          status_reason: 'no_refresh_token',
          next_refresh_at: null,
        }),
      { timeout: PATIENCE_MS, interval: 100 },
    );
    expect([...asked.calls(), ...silent.calls()]).toEqual([]);
  });

  it('says no_refresh_token when the provider refuses the access token that nothing renews', async () => {
    const account = await scene.connect({ renewable: false });
    const { fingerprint } = (await account.fetch()).body;
    const other = await account.fetch('?rejected=another-fingerprint');
    expect([other.status, other.body.access_token]).toEqual([200, account.accessToken]);
    await scene.provider.revokeGrant(account.grantId);
    const reply = await account.fetch(`?rejected=${fingerprint}`);
    expect([reply.status, reply.body.reason]).toEqual([409, 'no_refresh_token']);
    expect((await account.fetch()).status).toBe(409);
  });
});
