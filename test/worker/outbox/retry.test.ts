/** Endpoints that refuse, hang, come back or are gone: what waits, when it is tried again, and who is not held up. */

import { afterEach, describe, expect, it, vi } from 'vitest';
import { forgetEndpoints, loadEndpoints } from '#directory/webhooks/webhook-settings.ts';
import { RETRY_AFTER_MS } from '#webhooks/retry.ts';
import { calls, config, fresh, release, request, ring, rows } from '../accounts/world.ts';
import {
  arrived,
  behave,
  deliveries,
  deliveryTo,
  disable,
  done,
  enable,
  ended,
  endpointRow,
  later,
  newHook,
  quiet,
  received,
  type Hook,
} from './world.ts';

const MINUTE_MS = 60_000;

afterEach(() => {
  vi.useRealTimers();
});

/** As if the endpoint had just digested another event. */
async function isHealthy(hook: Hook): Promise<void> {
  await config.directory
    .prepare(`UPDATE webhook_endpoint SET status = 'active', failing_since_ms = NULL WHERE id = ?`)
    .bind(hook.id)
    .run();
  forgetEndpoints();
}

const health = async (hook: Hook) => (await endpointRow(hook))?.['status'];

describe('a delivery that its endpoint refuses', () => {
  it('is tried again by the table, and fails after its last row', async () => {
    const account = await quiet();
    const hook = await newHook({ organization: account.organization, behaviour: { status: 500 } });
    await disable(account.id);
    for (const [index, waitMs] of RETRY_AFTER_MS.entries()) {
      const row = await ended(account.id, hook, index + 1);
      expect(row).toMatchObject({ status: 'waiting', last_status: 500, tries: index + 1 });
      const inMs = Number(row['next_attempt_at_ms']) - Number(row['updated_at_ms']);
      expect(inMs).toBeGreaterThanOrEqual(waitMs);
      expect(inMs).toBeLessThanOrEqual(waitMs * 1.2);
      await isHealthy(hook);
      later(inMs + 1_000);
      await ring(account.id);
    }
    expect(await ended(account.id, hook, 10)).toMatchObject({ status: 'failed', next_attempt_at_ms: null });
    await done(account.id);
    const got = await received(hook);
    expect(got).toHaveLength(10);
    expect(new Set(got.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(new Set(got.map(({ body }) => body)).size).toBe(1);
    expect(new Set(got.map(({ headers }) => headers['webhook-signature'])).size).toBe(10);
  });

  it.each([302, 400, 404, 429, 503])('with %i is refused', async (status) => {
    const account = await quiet();
    const elsewhere = await newHook({ organization: fresh('org') });
    const headers = { location: elsewhere.url };
    const hook = await newHook({ organization: account.organization, behaviour: { status, headers } });
    await disable(account.id);
    expect(await ended(account.id, hook, 1)).toMatchObject({ status: 'waiting', last_status: status });
    expect(await received(elsewhere)).toEqual([]);
  });
});

describe('an endpoint that fails', () => {
  it('gets one probe every ten minutes, and with its first 2xx all that waits', async () => {
    const account = await quiet();
    const hook = await newHook({ organization: account.organization, behaviour: { status: 503 } });
    await disable(account.id);
    await ended(account.id, hook, 1);
    later(7_000);
    await ring(account.id);
    await ended(account.id, hook, 2);
    await expect.poll(() => health(hook)).toBe('failing');

    await enable(account.id);
    await disable(account.id);
    await ring(account.id);
    await expect.poll(async () => (await deliveries(account.id)).length).toBe(2);
    later(MINUTE_MS);
    await ring(account.id);
    await expect.poll(async () => (await deliveries(account.id)).map(({ held }) => held)).toEqual([1, 1]);
    expect(await received(hook)).toHaveLength(2);

    // The oldest was never refused as a probe, and is the first.
    later(10 * MINUTE_MS);
    await ring(account.id);
    await expect.poll(async () => (await received(hook)).length).toBe(3);
    await expect.poll(async () => (await deliveries(account.id))[0]?.['probed_at_ms']).not.toBeNull();
    await behave(hook, {});
    later(10 * MINUTE_MS);
    await ring(account.id);
    await expect.poll(async () => (await received(hook)).length).toBe(4);
    await expect.poll(() => health(hook)).toBe('active');
    const [first, second] = await received(hook);
    expect(first?.headers['webhook-id']).toBe(second?.headers['webhook-id']);

    await expect
      .poll(async () => (await deliveries(account.id)).filter(({ held }) => held === 1))
      .toEqual([]);
    later(20 * MINUTE_MS);
    await ring(account.id);
    await done(account.id);
    const stored = await deliveries(account.id);
    expect(stored.map(({ status }) => status)).toEqual(['delivered', 'delivered']);
    const got = (await received(hook)).map(({ headers }) => headers['webhook-id']);
    expect(new Set(got)).toEqual(new Set(stored.map(({ event_id }) => event_id)));
    expect(got).toHaveLength(5);
  });

  it('is probed by one account of many', async () => {
    const organization = fresh('org');
    const accounts = await Promise.all([quiet(organization), quiet(organization), quiet(organization)]);
    const hook = await newHook({ organization, behaviour: { status: 503 } });
    for (const { id } of accounts) await disable(id);
    for (const { id } of accounts) await ended(id, hook, 1);
    later(7_000);
    for (const { id } of accounts) await ring(id);
    await expect.poll(() => health(hook)).toBe('failing');
    await Promise.all(
      accounts.map(({ id }) =>
        expect.poll(async () => (await deliveryTo(id, hook))['in_flight_until_ms']).toBeNull(),
      ),
    );
    const before = (await received(hook)).length;
    later(11 * MINUTE_MS);
    await Promise.all(accounts.map(({ id }) => ring(id)));
    await expect.poll(async () => (await received(hook)).length).toBe(before + 1);
    await scheduler.wait(300);
    expect(await received(hook)).toHaveLength(before + 1);
  });

  it('is not probed by an account that does not get the lease', async () => {
    const account = await quiet();
    const { organization } = account;
    const hook = await newHook({ organization, behaviour: { status: 503 } });
    await disable(account.id);
    await ended(account.id, hook, 1);
    later(7_000);
    await ring(account.id);
    await ended(account.id, hook, 2);
    await expect.poll(() => health(hook)).toBe('failing');
    later(11 * MINUTE_MS);
    // What the account goes by says that a probe is due; another has taken it since.
    await loadEndpoints(config.directory, config.masterKeys, 1_000, ['', organization]);
    await config.directory
      .prepare('UPDATE webhook_endpoint SET next_probe_at_ms = ? WHERE id = ?')
      .bind(Date.now() + 10 * MINUTE_MS, hook.id)
      .run();
    await ring(account.id);
    await scheduler.wait(300);
    expect(await received(hook)).toHaveLength(2);
    expect(await deliveryTo(account.id, hook)).toMatchObject({ attempts: 2, in_flight_until_ms: null });
  });

  it('is disabled by a 410, and what else waits for it has failed', async () => {
    const account = await quiet();
    const hook = await newHook({ organization: account.organization, behaviour: { hang: true } });
    await disable(account.id);
    await arrived(hook, 1);
    await enable(account.id);
    await disable(account.id);
    await expect.poll(async () => (await deliveries(account.id)).length).toBe(2);
    await behave(hook, { status: 410 });
    later(31_000);
    await ring(account.id);
    await expect.poll(() => health(hook)).toBe('disabled');
    await done(account.id);
    const stored = await deliveries(account.id);
    expect(stored.map(({ status }) => status)).toEqual(['failed', 'failed']);
    expect(stored.map(({ last_status }) => last_status).toSorted()).toEqual([410, null].toSorted());
    expect(await endpointRow(hook)).toMatchObject({ status_reason: 'gone' });
  });
});

describe('endpoints that hang', () => {
  /** How many of these have an attempt that has not ended: what came meanwhile has not waited for them. */
  const inFlight = async (id: string, hooks: readonly Hook[]): Promise<number> =>
    (await deliveries(id)).filter(
      (row) => row['in_flight_until_ms'] !== null && hooks.some((hook) => hook.id === row['endpoint']),
    ).length;

  it('delay no healthy one, and get one delivery at a time', async () => {
    const account = await quiet();
    const { organization } = account;
    const hanging: Hook[] = [];
    for (let n = 0; n < 4; n += 1) hanging.push(await newHook({ organization, behaviour: { hang: true } }));
    const healthy = await newHook({ organization });
    await disable(account.id);
    await arrived(healthy, 1);
    for (let n = 2; n <= 5; n += 1) {
      await enable(account.id);
      await disable(account.id);
      await arrived(healthy, n);
    }
    expect(await inFlight(account.id, hanging)).toBe(hanging.length);
    for (const hook of hanging) expect(await received(hook)).toHaveLength(1);
  });

  it('leave a place for one that has proved itself, however many they are', async () => {
    const account = await quiet();
    const { organization } = account;
    const healthy = await newHook({ organization });
    await disable(account.id);
    await arrived(healthy, 1);
    await done(account.id);
    const hanging: Hook[] = [];
    for (let n = 0; n < 9; n += 1) hanging.push(await newHook({ organization, behaviour: { hang: true } }));
    for (let n = 2; n <= 4; n += 1) {
      await enable(account.id);
      await disable(account.id);
      await arrived(healthy, n);
    }
    expect(await inFlight(account.id, hanging)).toBe(5);
    const held = await Promise.all(hanging.map(async (hook) => (await received(hook)).length));
    expect(held.reduce((sum, n) => sum + n)).toBe(5);
  });

  it('delay no refresh', async () => {
    const organization = fresh('org');
    const account = await quiet(organization);
    const hook = await newHook({ organization, behaviour: { hang: true } });
    await disable(account.id);
    await arrived(hook, 1);
    await enable(account.id);
    expect((await deliveryTo(account.id, hook))['in_flight_until_ms']).not.toBeNull();
    const beganAt = performance.now();
    await release(account.id, { agent: { ...request().agent, organization } });
    later(3_000_000);
    await rows(account.id, `UPDATE timer SET due_at_ms = ${Date.now()} WHERE kind <> 'outbox'`);
    await ring(account.id);
    await expect.poll(async () => (await calls(account.grant.grantId)).length).toBe(1);
    expect(performance.now() - beganAt).toBeLessThan(3_000);
  });
});
