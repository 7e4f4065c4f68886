/** What an operator does while a refresh is in flight wins: nothing that comes back later is served or stored against it. */

import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import type { Reply } from '../support/callers.ts';
import { refreshScene, type Account } from './refresh-scene.ts';
import { PATIENCE_MS } from '../support/patience.ts';

const scene = refreshScene();

/** The provider is about to rotate, or has rotated already and is about to say so. */
const MOMENTS = [
  ['before the provider rotates', 'heldBefore'],
  ['after the provider has rotated', 'heldAfter'],
] as const;

/**
 * An account with five callers that wait for a refresh which the provider has begun. It goes on when `replies` is asked
 * for them, and says what they got.
 */
async function inFlight(
  moment: 'heldBefore' | 'heldAfter',
): Promise<{ account: Account; replies: () => Promise<Reply[]> }> {
  const account = await scene.connect();
  await account.expire();
  const { promise, resolve } = Promise.withResolvers<void>();
  account.meets({ [moment]: promise });
  const waiting = account.herd(5);
  waiting.catch(() => undefined);
  await vi.waitFor(() => expect(account.calls()).toHaveLength(1), { timeout: PATIENCE_MS });
  return {
    account,
    replies: () => {
      resolve();
      return waiting;
    },
  };
}

/** The provider's answer is out, and what it leads to has had its time. */
async function answered(account: Account): Promise<void> {
  await vi.waitFor(() => expect(account.calls()[0]?.answered).toBe(true), { timeout: PATIENCE_MS });
  // Nothing outside tells when an answer was dropped; what settles does so within some milliseconds.
  await sleep(200);
}

function allAre(replies: readonly Reply[], status: number, code: string): void {
  for (const reply of replies) {
    expect([reply.status, reply.body.code], reply.text).toEqual([status, code]);
    expect(reply.text).not.toContain('access_token');
  }
}

describe.each(MOMENTS)('during a refresh, %s', (_moment, moment) => {
  it('disable wins: nothing is served, and what was stored is there after enable', async () => {
    const { account, replies } = await inFlight(moment);
    const disabled = await account.act('disable');
    expect([disabled.status, disabled.body.status]).toEqual([200, 'disabled']);
    expect(account.calls()[0]?.answered).toBe(false);
    allAre([await account.fetch()], 409, 'account_disabled');
    allAre(await replies(), 409, 'account_disabled');
    await answered(account);
    allAre([await account.fetch()], 409, 'account_disabled');
    expect(await account.show()).toMatchObject({ status: 'disabled', next_refresh_at: null });
    await account.act('enable');
    const reply = await account.fetch();
    expect(reply.status, reply.text).toBe(200);
    expect(reply.body.access_token).toBe(account.calls()[0]?.accessToken);
    expect(account.calls()).toHaveLength(1);
    expect(await account.show()).toMatchObject({ status: 'active', in_doubt_since: null });
    await account.records();
  });

  it('disable and enable again lose nothing', async () => {
    const { account, replies } = await inFlight(moment);
    await account.act('disable');
    await account.act('enable');
    // Who was answered in between was told that it is disabled; nobody else gets anything but the one token.
    for (const { status, body } of await replies()) {
      if (status === 409) expect(body.code).toBe('account_disabled');
      else expect([status, body.access_token]).toEqual([200, account.calls()[0]?.accessToken]);
    }
    await answered(account);
    const reply = await account.fetch();
    expect([reply.status, reply.body.access_token]).toEqual([200, account.calls()[0]?.accessToken]);
    expect(account.calls()).toHaveLength(1);
  });

  it('revoke wins: the tokens that come back are dropped', async () => {
    const { account, replies } = await inFlight(moment);
    const revoked = await account.act('revoke');
    expect([revoked.status, revoked.body.status]).toEqual([200, 'revoked']);
    expect(account.calls()[0]?.answered).toBe(false);
    allAre(await replies(), 409, 'account_revoked');
    await answered(account);
    allAre(await account.herd(3), 409, 'account_revoked');
    expect(await account.show()).toMatchObject({
      status: 'revoked',
      expires_at: null,
      next_refresh_at: null,
      scopes: [],
    });
    expect(account.calls()).toHaveLength(1);
    const grant = await scene.provider.grant();
    await scene.w.account(account.connection, account.identifier, {
      refresh_token: grant.refreshToken,
      access_token: grant.accessToken,
      expires_in: 3600,
    });
    expect((await account.fetch()).body.access_token).toBe(grant.accessToken);
    await account.records();
  });

  it('delete wins: the account is gone, and its audit trail verifies', async () => {
    const { account, replies } = await inFlight(moment);
    const before = await account.records();
    const removed = await scene.operator.delete(`/v1/connected-accounts/${account.id}`);
    expect(removed.status).toBe(204);
    expect(account.calls()[0]?.answered).toBe(false);
    allAre(await replies(), 404, 'not_found');
    await answered(account);
    allAre([await account.fetch()], 404, 'not_found');
    const path = `/v1/connected-accounts/${account.id}`;
    for (const action of ['refresh', 'expire', 'disable', 'enable', 'revoke']) {
      allAre([await scene.operator.post(`${path}/${action}`)], 404, 'not_found');
    }
    allAre([await scene.operator.get(path)], 404, 'not_found');
    // The deletion, and why its grant is not revoked at the provider: whose it is was never asked.
    expect(await account.records()).toBe(before + 2);
    expect(account.calls()).toHaveLength(1);
  });

  it('delete and a second life: pending, and the first life’s answer changes nothing in it', async () => {
    const { account, replies } = await inFlight(moment);
    const path = `/v1/connected-accounts/${account.id}`;
    expect((await scene.operator.delete(path)).status).toBe(204);
    const before = await account.records();
    const { connection, identifier } = account;
    const born = await scene.operator.post('/v1/connected-accounts', { connection, identifier });
    expect(born.status).toBe(201);
    expect(born.body).toMatchObject({
      id: account.id,
      status: 'pending',
      last_attempt: null,
      last_refreshed_at: null,
      last_used_at: null,
      expires_at: null,
    });
    expect(account.calls()[0]?.answered).toBe(false);
    expect([404, 409]).toContain((await replies())[0]?.status);
    await answered(account);
    allAre([await account.fetch()], 409, 'account_pending');
    expect(await account.show()).toMatchObject({ status: 'pending', last_refreshed_at: null });

    const grant = await scene.provider.grant();
    const put = await scene.operator.put(`${path}/credential`, {
      type: 'oauth2',
      refresh_token: grant.refreshToken,
    });
    expect(put.status, put.text).toBe(200);
    const reply = await account.fetch();
    expect(reply.status, reply.text).toBe(200);
    expect(reply.body.access_token).toBe(
      scene.provider.calls.find((call) => call.refreshToken === grant.refreshToken)?.accessToken,
    );
    expect(account.calls()).toHaveLength(1);
    // The chain of the first life goes on: creation, import, refresh and the token that left at least.
    expect(await account.records()).toBeGreaterThanOrEqual(before + 4);
  });

  it('an import wins: the imported tokens are served, and their refresh token is presented next', async () => {
    const { account, replies } = await inFlight(moment);
    const grant = await scene.provider.grant();
    await scene.w.account(account.connection, account.identifier, {
      refresh_token: grant.refreshToken,
      access_token: grant.accessToken,
      expires_in: 3600,
      verify: false,
    });
    expect(account.calls()[0]?.answered).toBe(false);
    for (const reply of await replies()) {
      expect([reply.status, reply.body.access_token]).toEqual([200, grant.accessToken]);
    }
    await answered(account);
    expect((await account.fetch()).body.access_token).toBe(grant.accessToken);
    await account.expire();
    expect((await account.fetch()).status).toBe(200);
    expect(scene.provider.calls.at(-1)).toMatchObject({ refreshToken: grant.refreshToken, verdict: 'fresh' });
    expect(await account.show()).toMatchObject({ status: 'active', in_doubt_since: null });
  });

  it('expire has its way afterwards: the token that comes back is a new one, and it is served', async () => {
    const { account, replies } = await inFlight(moment);
    await account.expire();
    for (const reply of await replies()) {
      expect([reply.status, reply.body.access_token]).toEqual([200, account.calls()[0]?.accessToken]);
    }
    expect(account.calls()).toHaveLength(1);
  });
});

describe('a dead answer to a refresh in flight', () => {
  it('is remembered by a disabled account: after enable it has to be connected again', async () => {
    const account = await scene.connect();
    await scene.provider.revokeGrant(account.grantId);
    await account.expire();
    const { promise, resolve } = Promise.withResolvers<void>();
    account.meets({ heldBefore: promise });
    const waiting = account.fetch();
    await vi.waitFor(() => expect(account.calls()).toHaveLength(1), { timeout: PATIENCE_MS });
    await account.act('disable');
    resolve();
    allAre([await waiting], 409, 'account_disabled');
    await answered(account);
    expect((await account.show()).status).toBe('disabled');
    expect((await account.act('enable')).body.status).toBe('reauth_required');
    const reply = await account.fetch();
    expect(reply.body).toMatchObject({ code: 'reauth_required', reason: 'grant_revoked' });
    expect(account.calls()).toHaveLength(1);
  });

  it('does not end an account that was imported anew meanwhile', async () => {
    const account = await scene.connect();
    await scene.provider.revokeGrant(account.grantId);
    await account.expire();
    const { promise, resolve } = Promise.withResolvers<void>();
    account.meets({ heldBefore: promise });
    const waiting = account.fetch();
    await vi.waitFor(() => expect(account.calls()).toHaveLength(1), { timeout: PATIENCE_MS });
    const grant = await scene.provider.grant();
    await scene.w.account(account.connection, account.identifier, { refresh_token: grant.refreshToken });
    resolve();
    expect((await waiting).status).toBe(200);
    await answered(account);
    expect(await account.show()).toMatchObject({ status: 'active', status_reason: null });
  });
});
