/**
 * The answer that was on the wire and never arrived: with a grace nothing is lost, at a strict server the old token is
 * held back while the access token lives, and what is lost is never said to be the user's doing.
 */

import { describe, expect, it, vi } from 'vitest';
import type { Fault } from '../../src/dev/oauth/faults.ts';
import { GRACE, GRACE_S, refreshScene, retryAfterS, STATIC, type Account } from './refresh-scene.ts';
import { PATIENCE_MS } from '../support/patience.ts';

const scene = refreshScene({ settings: { EXCHANGE_BUDGET_MS: '3000' } });

/** The provider has rotated each time; what it answered does not arrive, or not whole. */
const LOST: readonly (readonly [string, Fault])[] = [
  ['the connection is cut before a byte', { dropAfter: true }],
  ['the body breaks off', { truncateAtByte: 40 }],
  ['the body is cut, and HTTP does not show it', { truncateAtByte: 40, truncateClean: true }],
  ['the answer comes after the time for it', { delayAfterMs: 2600 }],
  ['a gateway makes a 502 of it', { html: true, status: 502, process: true }],
  ['a gateway makes an empty 200 of it', { status: 200, body: '', process: true }],
  ['it drips', { dripMs: 200 }],
];

function lose(account: Account, fault: Fault): void {
  // The server is at it for a while after the broker has given up.
  if (fault.delayAfterMs !== undefined || fault.dripMs !== undefined) scene.leavesHanging(account);
  account.meets(fault);
}

async function served(account: Account): Promise<string> {
  return vi.waitFor(
    async () => {
      const reply = await account.fetch();
      expect(reply.status, reply.text).toBe(200);
      return String(reply.body.access_token);
    },
    { timeout: PATIENCE_MS, interval: 100 },
  );
}

const quiet = { status: 'active', in_doubt_since: null, degraded_since: null };

describe('with a grace', () => {
  it.each(LOST)('nothing is lost when %s: the next attempt gets the answer again', async (_what, fault) => {
    const account = await scene.connect({ config: GRACE });
    scene.provider.graceS = GRACE_S;
    lose(account, fault);
    await account.expire();
    const first = await account.fetch();
    expect([502, 503]).toContain(first.status);
    expect(retryAfterS(first)).toBeGreaterThanOrEqual(1);
    const token = await served(account);
    const [lost, again, ...more] = account.calls();
    expect(more).toEqual([]);
    expect(again).toMatchObject({ refreshToken: account.refreshToken, verdict: 'in_grace' });
    expect(token).toBe(lost?.accessToken);
    expect(await account.show()).toMatchObject(quiet);
    // The successor was read with it: the next refresh presents that.
    await account.expire();
    expect((await account.fetch()).status).toBe(200);
    expect(account.calls()[2]).toMatchObject({ refreshToken: lost?.newRefreshToken, verdict: 'fresh' });
  });

  it('is used by the account itself, soon, when nobody asks', async () => {
    const account = await scene.connect({ config: GRACE });
    scene.provider.graceS = GRACE_S;
    lose(account, { dropAfter: true });
    expect((await account.act('refresh')).body.last_attempt.outcome).toBe('transient');
    expect((await account.fetch()).body.access_token).toBe(account.accessToken);
    await vi.waitFor(() => expect(account.calls()).toHaveLength(2), { timeout: PATIENCE_MS });
    await vi.waitFor(
      async () => expect((await account.show()).last_attempt).toMatchObject({ outcome: 'refreshed' }),
      { timeout: PATIENCE_MS },
    );
    expect(account.calls()[1]).toMatchObject({ verdict: 'in_grace' });
    expect((await account.fetch()).body.access_token).toBe(account.calls()[0]?.accessToken);
    expect(await account.show()).toMatchObject(quiet);
  });
});

describe('at a strict server', () => {
  it.each(LOST)(
    'the old token is held back while the access token lives, and the deliberate attempt is one: %s',
    async (_what, fault) => {
      // The deliberate attempt is hours away: no shorter wait can stand in for the hold.
      const account = await scene.connect({ ttlS: 4 * 3600 });
      scene.provider.graceS = 0;
      lose(account, fault);
      const startedAtMs = Date.now();
      expect((await account.act('refresh')).status).toBe(200);
      const shown = await vi.waitFor(
        async () => {
          const one = await account.show();
          expect(one.in_doubt_since).not.toBeNull();
          return one;
        },
        { timeout: PATIENCE_MS },
      );
      expect(shown.status).toBe('active');
      expect(shown.degraded_since).not.toBeNull();
      expect(Math.abs(Date.parse(shown.in_doubt_since) - startedAtMs)).toBeLessThan(5000);

      // Whatever the trigger, nothing is sent while more than five minutes are left.
      const living = await account.fetch('?min_ttl=3600');
      expect([living.status, living.body.access_token]).toEqual([200, account.accessToken]);
      const rejected = await account.fetch(`?rejected=${living.body.fingerprint}`);
      expect([rejected.status, rejected.body.code]).toEqual([503, 'provider_unavailable']);
      const forced = await account.act('refresh');
      expect(forced.status).toBe(503);
      expect(Date.parse(shown.next_refresh_at)).toBeGreaterThan(Date.now() + 3 * 3600_000);
      expect(account.calls()).toHaveLength(1);

      await account.expire();
      const replies = await account.herd(10);
      for (const reply of replies) {
        expect(reply.status, reply.text).toBe(409);
        expect(reply.body).toMatchObject({
          code: 'reauth_required',
          reason: 'rotation_response_lost',
          provider_error: 'invalid_grant',
          connected_account_id: account.id,
        });
        expect(reply.text).not.toContain('grant_revoked');
      }
      expect(account.calls().map((call) => call.verdict)).toEqual(['fresh', 'reuse']);
      expect(await account.show()).toMatchObject({
        status: 'reauth_required',
        status_reason: 'rotation_response_lost',
        next_refresh_at: null,
      });
      expect((await account.fetch()).status).toBe(409);
      expect(account.calls()).toHaveLength(2);
    },
  );

  it('the deliberate attempt recovers where the provider had not rotated after all', async () => {
    const account = await scene.connect();
    scene.provider.graceS = 0;
    lose(account, { dropBefore: true });
    await account.act('refresh');
    expect((await account.show()).in_doubt_since).not.toBeNull();
    expect((await account.fetch()).body.access_token).toBe(account.accessToken);
    await account.expire();
    const reply = await account.fetch();
    expect(reply.status, reply.text).toBe(200);
    expect(account.calls().map((call) => call.verdict)).toEqual(['fresh', 'fresh']);
    expect(reply.body.access_token).toBe(account.calls()[1]?.accessToken);
    expect(await account.show()).toMatchObject(quiet);
  });

  it('a token with less than five minutes left is tried again by backoff, one at a time', async () => {
    const account = await scene.connect({ ttlS: 240 });
    scene.provider.graceS = 0;
    lose(account, { dropBefore: true });
    await account.act('refresh');
    const replies = await account.herd(20);
    expect(new Set(replies.map((reply) => reply.status))).toEqual(new Set([200]));
    await vi.waitFor(async () => expect(await account.show()).toMatchObject(quiet), { timeout: PATIENCE_MS });
    expect(account.calls()).toHaveLength(2);
  });

  it('a new import ends the doubt', async () => {
    const account = await scene.connect();
    scene.provider.graceS = 0;
    lose(account, { dropAfter: true });
    await account.act('refresh');
    expect((await account.show()).in_doubt_since).not.toBeNull();
    const grant = await scene.provider.grant();
    await scene.w.account(account.connection, account.identifier, { refresh_token: grant.refreshToken });
    const reply = await account.fetch();
    expect(reply.status, reply.text).toBe(200);
    expect(await account.show()).toMatchObject(quiet);
  });
});

describe('with a refresh token that does not rotate', () => {
  it.each(LOST)('a lost answer is tried again, and nothing is in doubt: %s', async (_what, fault) => {
    const account = await scene.connect({ config: STATIC });
    scene.provider.faults.when((call) => call.grantId === account.grantId, {
      settings: { rotation: 'static' },
    });
    lose(account, { ...fault, settings: { rotation: 'static' } });
    await account.expire();
    expect([502, 503]).toContain((await account.fetch()).status);
    expect(await account.show()).toMatchObject({ status: 'active', in_doubt_since: null });
    await served(account);
    expect(account.calls().map((call) => [call.refreshToken, call.verdict])).toEqual([
      [account.refreshToken, 'fresh'],
      [account.refreshToken, 'fresh'],
    ]);
    expect(await account.show()).toMatchObject(quiet);
  });
});
