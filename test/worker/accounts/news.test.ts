import { runDurableObjectAlarm } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { nextWarningAtMs } from '#accounts/clock/calendar.ts';
import { sweep } from '#accounts/clock/sweep.ts';
import worker from '#index.ts';
import {
  alarmAt,
  calls,
  config,
  connected,
  context,
  expired,
  fault,
  http,
  inObject,
  must,
  newConnection,
  newGrant,
  objectOf,
  release,
  remove,
  right,
  rows,
  stub,
  view,
} from './world.ts';
import { PATIENCE_MS } from '../../support/patience.ts';

const DAY_MS = 86_400_000;

afterEach(() => {
  vi.useRealTimers();
});

/** Types of the account's events, in their order. */
async function told(id: string): Promise<string[]> {
  const found = await rows(id, 'SELECT type, sequence FROM event ORDER BY n');
  expect(found.map((row) => row['sequence'])).toEqual(found.map((_, index) => index + 1));
  return found.map((row) => String(row['type']));
}

async function dataOf(id: string, type: string): Promise<any> {
  const found = await rows(id, `SELECT body FROM event WHERE type = '${type}' ORDER BY n DESC`);
  return JSON.parse(String(found[0]?.['body'])).data;
}

async function killGrant(id: string, grantId: string): Promise<void> {
  await fault(
    grantId,
    { status: 400, body: '{"error":"invalid_grant"}', contentType: 'application/json' },
    5,
  );
  right(await stub(id).expire({ context }));
  expect((await release(id)).code).toBe('reauth_required');
}

describe('an incident', () => {
  it('is told once, however many ask, with reason, code, link and time', async () => {
    const { id, grant } = await connected();
    await killGrant(id, grant.grantId);
    const refusals = await Promise.all(Array.from({ length: 20 }, () => release(id)));
    expect(new Set(refusals.map((refusal) => refusal.code))).toEqual(new Set(['reauth_required']));
    expect(await told(id)).toEqual(['agent.auth.succeeded', 'agent.auth.reauth_required']);
    const data = await dataOf(id, 'agent.auth.reauth_required');
    const { status_since: since } = await view(id);
    expect(data).toMatchObject({
      reason: 'grant_revoked',
      provider_error: 'invalid_grant',
      since,
      sequence: 2,
    });
    expect(refusals[0]?.refusal.members).toMatchObject({ reauth_url: data.reauth_url, since });
  });

  it('ends with a new grant, which is told as reconnected; the next death is another one', async () => {
    const { id, grant, connection, identifier } = await connected();
    await killGrant(id, grant.grantId);
    const next = await newGrant();
    const credential = { refresh_token: next.refreshToken, access_token: next.accessToken, expires_in: 600 };
    await must(http('PUT', `/v1/credentials/${connection}?identifier=${identifier}`, credential), 200);
    expect(await dataOf(id, 'agent.auth.succeeded')).toMatchObject({ reconnected: true });
    await killGrant(id, next.grantId);
    expect(await told(id)).toEqual([
      'agent.auth.succeeded',
      'agent.auth.reauth_required',
      'agent.auth.succeeded',
      'agent.auth.reauth_required',
    ]);
  });

  it('that is a trouble of the provider is told as degraded once, and closed by recovered', async () => {
    const { id, grant } = await expired({ facts: { refresh_token: 'static' } });
    await fault(grant.grantId, { status: 503 }, 2);
    expect((await release(id)).code).toBe('provider_unavailable');
    expect((await release(id)).code).toBe('provider_unavailable');
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 20 * 60_000 });
    await release(id);
    vi.setSystemTime(Date.now() + 20 * 60_000);
    expect((await release(id)).code).toBe('ok');
    expect(await told(id)).toEqual([
      'agent.auth.succeeded',
      'connected_account.degraded',
      'connected_account.recovered',
    ]);
    expect(await dataOf(id, 'connected_account.degraded')).toMatchObject({ cause: 'provider_unavailable' });
  });

  it('of a disabled account waits until somebody needs it', async () => {
    const { id, grant } = await expired();
    await fault(grant.grantId, {
      delayBeforeMs: 400,
      status: 400,
      body: '{"error":"invalid_grant"}',
      contentType: 'application/json',
    });
    const asking = release(id);
    await vi.waitFor(async () => expect(await calls(grant.grantId)).toHaveLength(1), {
      timeout: PATIENCE_MS,
    });
    right(await stub(id).signal({ signal: 'disabled', context }));
    expect((await asking).code).toBe('account_disabled');
    await vi.waitFor(async () => expect((await view(id)).last_attempt?.outcome).toBe('grant_dead'), {
      timeout: PATIENCE_MS,
    });
    expect(await told(id)).toEqual(['agent.auth.succeeded', 'connected_account.disabled']);
    right(await stub(id).signal({ signal: 'enabled', context }));
    expect((await told(id)).at(-1)).toBe('agent.auth.reauth_required');
    right(await stub(id).signal({ signal: 'disabled', context }));
    right(await stub(id).signal({ signal: 'enabled', context }));
    expect((await told(id)).filter((type) => type === 'agent.auth.reauth_required')).toHaveLength(1);
  });

  it('of an account that is deleted and connected again goes on in one order', async () => {
    const { id, connection, identifier } = await connected();
    await remove(id);
    const grant = await newGrant();
    await must(
      http('PUT', `/v1/credentials/${connection}?identifier=${identifier}`, {
        refresh_token: grant.refreshToken,
      }),
      201,
    );
    expect(await told(id)).toEqual([
      'agent.auth.succeeded',
      'connected_account.deleted',
      'agent.auth.succeeded',
    ]);
    expect(await dataOf(id, 'agent.auth.succeeded')).toMatchObject({ reconnected: false, sequence: 3 });
  });
});

describe('the link that repairs an account', () => {
  it('is null where no browser can repair it', async () => {
    const connection = await newConnection({ issuer: undefined, token_url: 'http://127.0.0.1:9/token' });
    const credential = { access_token: 'at_short', expires_in: 0 };
    const { id } = await must(http('PUT', `/v1/credentials/${connection}`, credential), 201);
    const refused = await release(id);
    expect(refused.refusal.members).toMatchObject({ reason: 'no_refresh_token', reauth_url: null });
    expect(await dataOf(id, 'agent.auth.reauth_required')).toMatchObject({ reauth_url: null });
  });
});

describe('the calendar', () => {
  it('warns fourteen, seven and one day before the end', () => {
    const end = 100 * DAY_MS;
    expect(nextWarningAtMs(end, 0)).toBe(86 * DAY_MS);
    expect(nextWarningAtMs(end, 86 * DAY_MS)).toBe(93 * DAY_MS);
    expect(nextWarningAtMs(end, 93 * DAY_MS)).toBe(99 * DAY_MS);
    expect(nextWarningAtMs(end, 99 * DAY_MS)).toBeNull();
  });

  it('knows the end of a grant from the facts of its provider, and no refresh moves it', async () => {
    const ttlS = 30 * 86_400;
    const { id } = await expired({ facts: { refresh_token: 'static', refresh_token_ttl_s: ttlS } });
    const due = (await view(id)).reauth_due_at;
    expect(Math.abs(Date.parse(due ?? '') - Date.now() - ttlS * 1_000)).toBeLessThan(60_000);
    expect((await release(id)).code).toBe('ok');
    expect((await view(id)).reauth_due_at).toBe(due);
    const [timer] = await rows(id, `SELECT due_at_ms FROM timer WHERE kind = 'expiring'`);
    expect(timer?.['due_at_ms']).toBe(Date.parse(due ?? '') - 14 * DAY_MS);
  });

  it('tells the end of a grant that the provider has set, each warning once', async () => {
    const { id, grant } = await expired();
    const body = JSON.stringify({
      access_token: 'at_2',
      refresh_token: 'rt_2',
      expires_in: 600,
      refresh_token_expires_in: 20 * 86_400,
    });
    await fault(grant.grantId, { status: 200, body, contentType: 'application/json' });
    const answered = await release(id);
    expect(answered.code).toBe('ok');
    const due = (await view(id)).reauth_due_at;
    if (due === null) return expect.unreachable('the provider has said when its refresh token ends');
    for (const days of [14, 7, 1]) {
      vi.useFakeTimers({ toFake: ['Date'], now: Date.parse(due) - days * DAY_MS + 1_000 });
      await runDurableObjectAlarm(objectOf(id));
    }
    const expiring = (await told(id)).filter((type) => type === 'connected_account.expiring');
    expect(expiring).toHaveLength(3);
    expect(await dataOf(id, 'connected_account.expiring')).toMatchObject({ reauth_due_at: due });
  });
});

describe('the sweep', () => {
  const beatOf = async (id: string): Promise<number> =>
    Number(
      await config.directory
        .prepare('SELECT beat_at_ms AS at FROM account_index WHERE id = ?')
        .bind(id)
        .first('at'),
    );

  /** While the alarm rings it is not set: its last act is to set the next. */
  const rearmed = (id: string): Promise<void> =>
    vi.waitFor(async () => expect(await alarmAt(id)).not.toBeNull(), { timeout: PATIENCE_MS });

  async function silent(): Promise<string> {
    const { id } = await connected();
    await vi.waitFor(async () => expect(await beatOf(id)).toBeGreaterThan(0), { timeout: PATIENCE_MS });
    await inObject(id, (_account, state) => state.storage.deleteAlarm());
    const longAgoMs = Date.now() - 27 * 3_600_000;
    await config.directory
      .prepare('UPDATE account_index SET beat_at_ms = ? WHERE id = ?')
      .bind(longAgoMs, id)
      .run();
    return id;
  }

  it('finds an account whose alarm was taken away, and gives it back', async () => {
    const id = await silent();
    expect(await sweep(config)).toBeGreaterThan(0);
    await rearmed(id);
    await vi.waitFor(async () => expect(await beatOf(id)).toBeGreaterThan(Date.now() - 60_000), {
      timeout: PATIENCE_MS,
    });
    await vi.waitFor(async () => expect(await sweep(config)).toBe(0), { timeout: PATIENCE_MS });
  });

  it('is what the cron does', async () => {
    const id = await silent();
    const work: Promise<unknown>[] = [];
    const ctx = { waitUntil: (one: Promise<unknown>) => void work.push(one) };
    worker.scheduled({} as never, env as never, ctx as never);
    await Promise.all(work);
    await rearmed(id);
    expect(work).not.toHaveLength(0);
  });
});
