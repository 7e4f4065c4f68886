/**
 * Many accounts and one provider: what they find out together about it, and who calls while it is away or refuses the
 * client.
 */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ConnectionWatch } from '#accounts/refreshing/provider/connection-watch.ts';
import {
  STATIC,
  callsOf,
  connectionOf,
  logged,
  many,
  patientDirectory,
  releaseAll,
  replaceSecret,
  typesLogged,
  wrongClient,
} from './connection-world.ts';
import {
  alarmAt,
  calls,
  config,
  connected,
  context,
  expired,
  fault,
  http,
  indexed,
  must,
  newConnection,
  provider,
  release,
  right,
  ring,
  rows,
  stub,
  tamper,
  view,
  type Connected,
} from './world.ts';
import { PATIENCE_MS } from '../../support/patience.ts';

beforeEach(patientDirectory);
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** From now on the clock stands, and goes on when it is told to. */
function stopClock(): { pass: (ms: number) => void } {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
  return { pass: (ms) => void vi.setSystemTime(Date.now() + ms) };
}

/** The provider answers these accounts with 503 so many times each; asked until the outage is open. */
async function openOutage(accounts: readonly Connected[], pass: (ms: number) => void): Promise<void> {
  await Promise.all(accounts.map(({ grant }) => fault(grant.grantId, { status: 503 }, 10)));
  const [first] = accounts;
  for (let round = 0; round < 2; round += 1) {
    for (const { id } of accounts) expect((await release(id)).code).toBe('provider_unavailable');
    pass(5_000);
  }
  await expect
    .poll(async () => (await connectionOf(first?.connection ?? '')).health, { timeout: PATIENCE_MS })
    .toBe('outage');
}

describe('an outage of the provider', () => {
  it('is found out by accounts together, spares the provider, and ends with one probe', async () => {
    const connection = await newConnection(STATIC);
    const [failing, others] = [
      await many(3, { connection }),
      [await expired({ connection }), await expired({ connection })],
    ];
    const { pass } = stopClock();
    await openOutage(failing, pass);
    expect(await connectionOf(connection)).toMatchObject({
      health: 'outage',
      health_reason: 'provider_unavailable',
    });

    const made = await callsOf(failing);
    const held = await Promise.all([...failing, ...others].map(({ id }) => release(id)));
    for (const refusal of held) {
      expect(refusal.code).toBe('provider_unavailable');
      expect(refusal.refusal.retryAfterS).toBeGreaterThanOrEqual(1);
      expect(refusal.refusal.retryAfterS).toBeLessThanOrEqual(30);
    }
    expect(right(await stub(others[0]?.id ?? '').view({ organization: null })).status).toBe('active');
    expect(await stub(others[0]?.id ?? '').refresh({ context })).toMatchObject({
      ok: false,
      error: { code: 'provider_unavailable' },
    });
    expect([await callsOf(failing), await callsOf(others)]).toEqual([made, 0]);

    pass(31_000);
    // The provider is back for these two: one of them is let through, and its success is everybody's.
    const probes = await Promise.all(others.map(({ id }) => release(id)));
    expect(probes.map(({ code }) => code).toSorted()).toEqual(['ok', 'provider_unavailable']);
    expect(await callsOf(others)).toBe(1);
    await expect
      .poll(async () => (await connectionOf(connection)).health, { timeout: PATIENCE_MS })
      .toBe('ok');
    pass(61_000);
    for (const { id } of others) expect((await release(id)).code).toBe('ok');
    // The platform's own clock is not there yet.
    for (const { id } of [...failing, ...others]) await ring(id);
    await expect
      .poll(() => typesLogged(connection), { timeout: PATIENCE_MS })
      .toEqual(['connection.outage', 'connection.recovered']);
    const { own, users } = await logged(connection);
    expect(own[0]?.data).toEqual({
      connection,
      provider: 'custom',
      health_reason: 'provider_unavailable',
    });
    expect(own[1]?.data).toMatchObject({ health_reason: null });
    expect(users.filter((type) => type.startsWith('agent.'))).toEqual([]);
  });

  it('does not keep a refresh token in doubt from being presented while the grace runs', async () => {
    const connection = await newConnection({ refresh_token: 'rotating', refresh_reuse_grace_s: 300 });
    const failing = await many(3, { connection });
    const others = await many(2, { connection });
    const { pass } = stopClock();
    await openOutage(failing, pass);
    const made = await callsOf(failing);
    // No probe is due yet, but each one's own backoff is over.
    pass(20_000);
    for (const { id } of [...failing, ...others])
      expect((await release(id)).code).toBe('provider_unavailable');
    expect(await callsOf(failing)).toBe(made + failing.length);
    expect(await callsOf(others)).toBe(0);
    expect((await connectionOf(connection)).health).toBe('outage');
  });

  it('hands out tokens that live, and wakes the timers of the others only to look', async () => {
    const connection = await newConnection(STATIC);
    const failing = await many(3, { connection });
    const living = await connected({ connection });
    const timed = await expired({ connection });
    const { pass } = stopClock();
    await openOutage(failing, pass);
    expect((await release(living.id)).token).toBe(living.grant.accessToken);
    await tamper(timed.id, `UPDATE timer SET due_at_ms = 1 WHERE kind = 'refresh:1'`);
    await tamper(timed.id, `UPDATE timer SET due_at_ms = ${Date.now()} WHERE kind = 'refresh:1'`);
    await ring(timed.id);
    const [timer] = await rows(timed.id, `SELECT due_at_ms FROM timer WHERE kind = 'refresh:1'`);
    expect(Number(timer?.['due_at_ms'])).toBeGreaterThan(Date.now());
    expect(Number(timer?.['due_at_ms'])).toBeLessThanOrEqual(Date.now() + 60_000);
    expect(await alarmAt(timed.id)).not.toBeNull();
    expect(await callsOf([living, timed])).toBe(0);
  });

  it('leaves an account that is alone on its connection a probe every half minute', async () => {
    const account = await expired({ facts: STATIC });
    const { pass } = stopClock();
    await fault(account.grant.grantId, { status: 503 }, 100);
    for (let round = 0; round < 40; round += 1) {
      await release(account.id);
      pass(10_000);
      if ((await connectionOf(account.connection)).health === 'outage') break;
    }
    const before = await callsOf([account]);
    for (let round = 0; round < 31; round += 1) {
      await release(account.id);
      pass(10_000);
    }
    const made = (await callsOf([account])) - before;
    expect(made).toBeGreaterThanOrEqual(8);
    expect(made).toBeLessThanOrEqual(11);
  });

  it('is nobody’s finding where the directory is away: each account waits by its own backoff', async () => {
    const connection = await newConnection(STATIC);
    const accounts = await many(3, { connection });
    for (const { grant } of accounts) await fault(grant.grantId, { status: 503 }, 2);
    const { pass } = stopClock();
    const away = vi.spyOn(Object.getPrototypeOf(config.directory), 'prepare').mockImplementation(() => {
      throw new Error('D1_ERROR: the database is away');
    });
    for (let round = 0; round < 2; round += 1) {
      for (const { id } of accounts) expect((await release(id)).code).toBe('provider_unavailable');
      pass(10_000);
    }
    for (const { id } of accounts) expect((await release(id)).code).toBe('ok');
    away.mockRestore();
    expect((await connectionOf(connection)).health).toBe('ok');
  });
});

describe('a connection that names its own rate', () => {
  it('spreads accounts that are overdue over the time that all of them need', async () => {
    const connection = await newConnection(STATIC);
    const accounts = await Promise.all(Array.from({ length: 8 }, () => connected({ connection })));
    for (const { id } of accounts) await indexed(id);
    const path = `/v1/connections/${connection}`;
    await must(http('PATCH', path, { max_refreshes_per_second: 0.002 }), 200);
    const { pass } = stopClock();
    // They hear of it with a refresh; then everybody sleeps for five hours.
    for (const { id } of accounts) right((await stub(id).refresh({ context })) as never);
    pass(5 * 3_600_000);
    const dueInMs: number[] = [];
    for (const { id } of accounts) {
      await ring(id);
      const [timer] = await rows(id, `SELECT due_at_ms FROM timer WHERE kind = 'refresh:1'`);
      dueInMs.push(Number(timer?.['due_at_ms']) - Date.now());
    }
    // Eight accounts at one in five hundred seconds: more than the quarter of an hour that a catch-up has by itself.
    for (const dueMs of dueInMs) expect(dueMs).toBeGreaterThan(0);
    for (const dueMs of dueInMs) expect(dueMs).toBeLessThanOrEqual(4_000_000);
    expect(Math.max(...dueInMs)).toBeGreaterThan(900_000);
    expect(await callsOf(accounts)).toBe(8);
  });
});

describe('a client that the provider refuses', () => {
  it('is one event for all its accounts, no trouble of any user or other connection, and mends by itself', async () => {
    const [wrong, other] = [await wrongClient(), await newConnection(STATIC)];
    const broken = await many(12, { connection: wrong });
    const sound = await many(12, { connection: other });
    for (const { id } of [...broken, ...sound]) await indexed(id);
    const [first] = broken;
    expect((await release(first?.id ?? '')).code).toBe('misconfigured_connection');
    await expect
      .poll(async () => (await connectionOf(wrong)).health, { timeout: PATIENCE_MS })
      .toBe('misconfigured');
    expect(await connectionOf(wrong)).toMatchObject({ health_reason: 'invalid_client' });
    const refused = await releaseAll(broken);
    const served = await releaseAll(sound);
    for (const { code, refusal } of refused) {
      expect(code, JSON.stringify(refusal)).toBe('misconfigured_connection');
      expect(refusal.retryAfterS).toBeGreaterThan(0);
      expect(refusal.retryAfterS).toBeLessThanOrEqual(300);
    }
    expect(served.map(({ code }) => code)).toEqual(sound.map(() => 'ok'));
    const calls = await callsOf(broken);
    expect(calls).toBeLessThanOrEqual(4);
    const shown = await view(first?.id ?? '');
    expect(shown).toMatchObject({ status: 'active', status_reason: null, degraded_since: null });

    await replaceSecret(wrong, provider.clientSecret);
    expect((await connectionOf(wrong)).health).toBe('ok');
    await expect
      .poll(async () => (await releaseAll(broken)).every(({ code }) => code === 'ok'), {
        timeout: PATIENCE_MS,
        interval: 500,
      })
      .toBe(true);
    expect(await callsOf(broken)).toBe(calls + broken.length);
    await expect
      .poll(() => typesLogged(wrong), { timeout: PATIENCE_MS })
      .toEqual(['connection.misconfigured', 'connection.recovered']);
    expect(await logged(other)).toEqual({ own: [], users: [] });
    expect((await logged(wrong)).users).toEqual([]);
  });

  it('degrades nobody who waits for his turn on the way back', async () => {
    const connection = await wrongClient();
    const broken = await many(12, { connection });
    for (const { id } of broken) await indexed(id);
    await expect
      .poll(async () => (await releaseAll(broken)).every(({ code }) => code === 'misconfigured_connection'))
      .toBe(true);
    await expect.poll(async () => (await connectionOf(connection)).health).toBe('misconfigured');
    await replaceSecret(connection, provider.clientSecret);
    const { pass } = stopClock();
    // Longer than an account believes what it has seen of its connection.
    pass(10_000);
    const early = await releaseAll(broken);
    const waiting = broken.filter((_, index) => early[index]?.code !== 'ok');
    expect(waiting.length).toBeGreaterThan(0);
    for (const { id } of waiting) expect(await view(id)).toMatchObject({ degraded_since: null });
    pass(1_000);
    expect((await releaseAll(broken)).map(({ code }) => code)).toEqual(broken.map(() => 'ok'));
    expect((await logged(connection)).users).toEqual([]);
  });

  it('serves tokens that live, and is probed every five minutes while nothing changes', async () => {
    const connection = await wrongClient();
    const [living, ...broken] = [await connected({ connection }), ...(await many(3, { connection }))];
    const { pass } = stopClock();
    for (let minute = 0; minute < 21; minute += 1) {
      for (const { id } of broken) expect((await release(id)).code).toBe('misconfigured_connection');
      expect((await release(living.id)).token).toBe(living.grant.accessToken);
      pass(60_000);
    }
    const made = await callsOf(broken);
    expect(made).toBeGreaterThanOrEqual(4);
    expect(made).toBeLessThanOrEqual(5);
    expect(await typesLogged(connection)).toEqual(['connection.misconfigured']);
  });

  it('gets one more try at once where the settings are newer than those it used', async () => {
    const connection = await wrongClient();
    const account = await expired({ connection });
    // The directory is slow when the account asks before its call, so that it goes out with what it has. Timers of other
    // accounts may look at the same time: they see what there is.
    const { look } = ConnectionWatch.prototype;
    let looks = 0;
    vi.spyOn(ConnectionWatch.prototype, 'look').mockImplementation(function (
      this: ConnectionWatch,
      asking,
      known,
      ...rest
    ) {
      if (asking.accountId === account.id) looks += 1;
      return asking.accountId === account.id && looks === 1
        ? Promise.resolve({ newer: null, stored: null, version: known.version })
        : look.call(this, asking, known, ...rest);
    });
    await replaceSecret(connection, provider.clientSecret);
    expect((await release(account.id)).code).toBe('ok');
    expect((await calls(account.grant.grantId)).map(({ status }) => status)).toEqual([401, 200]);
    expect(await typesLogged(connection)).toEqual([]);
    expect((await connectionOf(connection)).health).toBe('ok');
  });

  it('is found out by two accounts where the provider calls the request wrong', async () => {
    const facts = {
      ...STATIC,
      terminal_refresh_errors: [
        {
          error: 'invalid_request',
          status: 400,
          recovery: 'fix_request',
        },
      ],
    };
    const connection = await newConnection(facts);
    const [one, two, three] = await many(3, { connection });
    if (one === undefined || two === undefined || three === undefined) throw new Error('expected three');
    const wrong = { status: 400, body: '{"error":"invalid_request"}', contentType: 'application/json' };
    for (const { grant } of [one, two, three]) await fault(grant.grantId, wrong, 10);
    expect((await release(one.id)).code).toBe('provider_unavailable');
    expect((await connectionOf(connection)).health).toBe('ok');
    await release(two.id);
    await expect
      .poll(async () => (await connectionOf(connection)).health, { timeout: PATIENCE_MS })
      .toBe('misconfigured');
    expect((await release(three.id)).code).toBe('misconfigured_connection');
    expect(await callsOf([three])).toBe(0);
  });
});
