/** An exchange outlives the object that began it; what the next incarnation finds decides what it may send. */

import { abortAllDurableObjects } from 'cloudflare:test';
import { describe, expect, it, vi } from 'vitest';
import { ConnectedAccount } from '#accounts/connected-account.ts';
import type { SettleArgument } from '#refresh/exchange/outcome.ts';
import {
  calls,
  config,
  connected,
  context,
  evict,
  expired,
  fault,
  fresh,
  grantState,
  http,
  inObject,
  indexed,
  kill,
  must,
  newGrant,
  records,
  release,
  right,
  ring,
  rows,
  stub,
  view,
  withStorage,
  type Connected,
} from './world.ts';
import { PATIENCE_MS } from '../../support/patience.ts';

const BUDGET_MS = config.exchangeBudgetMs;

/** Until the provider has read the request. */
async function reached(account: Connected): Promise<void> {
  await expect
    .poll(async () => (await calls(account.grant.grantId)).length, { timeout: PATIENCE_MS })
    .toBe(1);
}

/** Whoever is to make this object's next exchange dies before it has begun. */
function orphan(account: Connected): Promise<void> {
  return inObject(account.id, (_object, state) => {
    const Exchanger = { exchange: () => new Promise(() => undefined) };
    Object.defineProperty(state, 'exports', { value: { Exchanger }, configurable: true });
  });
}

const open = (account: Connected) =>
  rows(account.id, 'SELECT id FROM refresh_attempt WHERE ended_at_ms IS NULL');

/** The journal row is written and the exchange handed over, but whoever was to make it is gone with the object. */
async function cutOff(account: Connected, ask: () => Promise<unknown>): Promise<void> {
  await orphan(account);
  void ask().catch(() => undefined);
  await expect.poll(() => open(account)).toHaveLength(1);
  await abortAllDurableObjects();
}

/** Sets back the beginning of the open attempt, as if the object had been away. */
function age(account: Connected, byMs: number): Promise<void> {
  return withStorage(account.id, ({ sql }) => {
    sql.exec('UPDATE refresh_attempt SET started_at_ms = started_at_ms - ? WHERE ended_at_ms IS NULL', byMs);
    sql.exec(`UPDATE timer SET due_at_ms = due_at_ms - ? WHERE kind GLOB 'reconcile:*'`, byMs);
  });
}

describe('an object that dies in mid-exchange', () => {
  it('loses nothing: the next incarnation gets the answer, the next caller the token, the provider one call', async () => {
    const account = await expired();
    await fault(account.grant.grantId, { delayAfterMs: 500 });
    const old = release(account.id);
    await reached(account);
    await abortAllDurableObjects();
    expect((await old).code).toBe('thrown');
    const next = await Promise.all([release(account.id), release(account.id), release(account.id)]);
    expect(next.map(({ code }) => code)).toEqual(['ok', 'ok', 'ok']);
    const [call, ...others] = await calls(account.grant.grantId);
    expect(others).toEqual([]);
    expect(new Set(next.map(({ token }) => token))).toEqual(new Set([call?.accessToken]));
    expect((await view(account.id)).last_attempt).toMatchObject({ outcome: 'refreshed' });
    // The successor was stored, not the spent one: the family lives and renews again.
    right(await stub(account.id).expire({ context }));
    await withStorage(account.id, ({ sql }) => sql.exec('UPDATE refresh_attempt SET started_at_ms = 0'));
    expect((await release(account.id)).code).toBe('ok');
    expect((await grantState(account.grant.grantId)).alive).toBe(true);
    expect(right(await stub(account.id).verifyAudit({}))).toMatchObject({ intact: true });
  });

  it('loses nothing where it dies again while the answer is on its way back', async () => {
    const account = await expired();
    await fault(account.grant.grantId, { delayAfterMs: 400 });
    void release(account.id);
    await reached(account);
    for (let deaths = 0; deaths < 6; deaths += 1) {
      await abortAllDurableObjects();
      await scheduler.wait(80);
    }
    expect((await release(account.id)).code).toBe('ok');
    expect(await calls(account.grant.grantId)).toHaveLength(1);
  });

  it('answers the agent that waited with a problem that says to come again, and the next with the token', async () => {
    const account = await expired();
    const id = fresh('agent');
    const policy = { rules: [{ connection: account.connection, identifiers: ['*'] }] };
    const { key } = await must(http('POST', '/v1/agents', { id, key: true, policy }), 201);
    const path = `/v1/connected-accounts/${account.id}/token`;
    await fault(account.grant.grantId, { delayAfterMs: 500 });
    const old = http('GET', path, undefined, key);
    await reached(account);
    await kill(account.id);
    const answer = await old;
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(await answer.json()).toMatchObject({ code: 'unavailable' });
    const token = await must(http('GET', path, undefined, key), 200);
    expect(token.access_token).toBe((await calls(account.grant.grantId))[0]?.accessToken);
    expect(await calls(account.grant.grantId)).toHaveLength(1);
  });
});

describe('an attempt without an end, found by the next incarnation', () => {
  it('is joined while it is young: nobody is called, and everybody waits no longer than the budget', async () => {
    const account = await expired();
    await cutOff(account, () => release(account.id));
    const waiting = await Promise.all([release(account.id), release(account.id)]);
    expect(waiting.map(({ code }) => code)).toEqual(['provider_unavailable', 'provider_unavailable']);
    expect(waiting.every(({ refusal }) => refusal.retryAfterS >= 1)).toBe(true);
    expect(await calls(account.grant.grantId)).toEqual([]);
  });

  it('is doubt once it is older than the budget and the refresh token rotates: the living token is served', async () => {
    const account = await connected();
    await cutOff(account, () => stub(account.id).refresh({ context }));
    await age(account, BUDGET_MS);
    await ring(account.id);
    const shown = await view(account.id);
    expect(shown.in_doubt_since).not.toBeNull();
    expect(shown.degraded_since).not.toBeNull();
    expect(shown.last_attempt).toMatchObject({ outcome: 'unknown' });
    expect((await release(account.id)).token).toBe(account.grant.accessToken);
    expect((await stub(account.id).refresh({ context })).ok).toBe(false);
    expect(await calls(account.grant.grantId)).toEqual([]);
  });

  it('is doubt also where the alarm never came: the first caller ends it, and makes the deliberate attempt', async () => {
    const account = await expired();
    await cutOff(account, () => release(account.id));
    await withStorage(account.id, (storage) => storage.deleteAlarm());
    await age(account, BUDGET_MS);
    const first = await release(account.id);
    // The access token has ended: there is nothing to be saved by holding still, but the backoff comes first.
    expect(first.code).toBe('provider_unavailable');
    expect((await view(account.id)).in_doubt_since).not.toBeNull();
    await expect
      .poll(async () => (await release(account.id)).code, { timeout: PATIENCE_MS, interval: 250 })
      .toBe('ok');
    expect(await calls(account.grant.grantId)).toHaveLength(1);
    expect((await view(account.id)).in_doubt_since).toBeNull();
  });

  it('is ended by a caller of the same incarnation too, where the alarm never came', async () => {
    const account = await expired();
    await indexed(account.id);
    await orphan(account);
    const alarms = vi.spyOn(ConnectedAccount.prototype, 'alarm').mockResolvedValue();
    expect((await release(account.id)).code).toBe('provider_unavailable');
    await scheduler.wait(100);
    expect(await open(account)).toHaveLength(1);
    expect((await release(account.id)).code).toBe('provider_unavailable');
    expect(await open(account)).toEqual([]);
    alarms.mockRestore();
    expect((await view(account.id)).in_doubt_since).not.toBeNull();
  });

  it('is tried again where the refresh token does not rotate: nothing can be lost', async () => {
    const account = await expired({ facts: { refresh_token: 'static' } });
    await fault(account.grant.grantId, { settings: { rotation: 'static' } }, 10);
    await cutOff(account, () => release(account.id));
    await age(account, BUDGET_MS);
    await expect
      .poll(async () => (await release(account.id)).code, { timeout: PATIENCE_MS, interval: 250 })
      .toBe('ok');
    expect(await calls(account.grant.grantId)).toHaveLength(1);
    expect((await view(account.id)).in_doubt_since).toBeNull();
  });
});

describe('settling', () => {
  /** Lets one refresh through and keeps what the Exchanger brought. */
  async function settled(account: Connected): Promise<SettleArgument> {
    const settles = vi.spyOn(ConnectedAccount.prototype, 'settle');
    expect((await release(account.id)).code).toBe('ok');
    const [attempt] = await rows(account.id, 'SELECT id FROM refresh_attempt');
    const brought = settles.mock.calls.map(([argument]) => argument);
    settles.mockRestore();
    const own = brought.find(({ attemptId }) => attemptId === attempt?.['id']);
    if (own === undefined) throw new Error('nothing was settled');
    return own;
  }

  /** What may change by itself while rows are compared: nothing but the outbox of the directory. */
  async function stored(account: Connected): Promise<unknown[]> {
    const tables = ['account', 'grant_row', 'refresh_attempt', 'audit_head', 'narrowed_token'];
    return Promise.all(tables.map((table) => rows(account.id, `SELECT * FROM ${table}`)));
  }

  const settle = (account: Connected, argument: SettleArgument): Promise<string> =>
    (stub(account.id) as unknown as { settle(a: SettleArgument): Promise<string> }).settle(argument);

  it('twice changes nothing the second time, on this incarnation and on the next', async () => {
    const account = await expired();
    const argument = await settled(account);
    const before = await stored(account);
    expect(await settle(account, argument)).toBe('overtaken');
    await evict(account.id);
    expect(await settle(account, argument)).toBe('overtaken');
    expect(await stored(account)).toEqual(before);
  });

  it.each([
    ['a generation that is not the stored one', { generationFrom: 99 }],
    ['another incarnation', { incarnation: 2 }],
    ['an attempt that never was', { attemptId: 'rfa_0000000000000000000000' }],
    ['another grant', { grantId: 7 }],
  ])('with %s changes nothing', async (_, change) => {
    const account = await expired();
    const argument = await settled(account);
    await withStorage(account.id, ({ sql }) => {
      sql.exec('UPDATE refresh_attempt SET ended_at_ms = NULL, outcome = NULL');
    });
    const before = await stored(account);
    expect(await settle(account, { ...argument, ...change })).toBe('overtaken');
    expect(await stored(account)).toEqual(before);
  });

  it('after an import changes nothing: what the operator brought stays', async () => {
    const account = await expired();
    await fault(account.grant.grantId, { delayAfterMs: 300 });
    const waiting = release(account.id);
    await reached(account);
    const other = await newGrant();
    const body = {
      refresh_token: other.refreshToken,
      access_token: other.accessToken,
      expires_in: 3600,
      verify: false,
    };
    const query = `identifier=${account.identifier}`;
    await must(http('PUT', `/v1/credentials/${account.connection}?${query}`, body), 200);
    expect((await waiting).token).toBe(other.accessToken);
    await scheduler.wait(400);
    expect((await release(account.id)).token).toBe(other.accessToken);
    expect((await view(account.id)).last_attempt).toMatchObject({ outcome: 'superseded' });
    const refreshes = (await records(account.id)).filter(({ action }) => action === 'token.refresh');
    expect(refreshes).toEqual([]);
  });
});
