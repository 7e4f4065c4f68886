/** The one alarm: what is due is done once, what is broken harms nothing else, and the next is always armed. */

import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { UncheckedEnv } from '#env.ts';
import {
  alarmAt,
  calls,
  config,
  context,
  evict,
  expired,
  fault,
  fresh,
  grantState,
  http,
  inObject,
  indexed,
  must,
  newConnection,
  newGrant,
  release,
  remove,
  right,
  ring,
  rows,
  stub,
  tamper,
  view,
  withStorage,
  type Connected,
} from './world.ts';

const HOUR_MS = 3_600_000;

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** Moves the broker's clock; the alarm itself is rung by hand, the provider lives on the real one. */
function at(ms: number): void {
  vi.useFakeTimers({ toFake: ['Date'] });
  vi.setSystemTime(ms);
}

async function refreshTimer(account: Connected): Promise<{ dueAtMs: number; payload: string }> {
  const [row] = await rows(account.id, `SELECT due_at_ms, payload FROM timer WHERE kind = 'refresh:1'`);
  return { dueAtMs: Number(row?.['due_at_ms']), payload: String(row?.['payload']) };
}

/** A used account with one refresh behind it, its timer known to be the only one. */
async function inUse(): Promise<Connected> {
  const account = await expired();
  expect((await release(account.id)).code).toBe('ok');
  await indexed(account.id);
  return account;
}

const rotations = async (account: Connected) => (await calls(account.grant.grantId)).length;

describe('the alarm of an account in use', () => {
  it('rotates before the token ends, and arms the next', async () => {
    const account = await inUse();
    const timer = await refreshTimer(account);
    expect(timer.payload).toBe('proactive');
    expect(timer.dueAtMs).toBe(await alarmAt(account.id));
    const before = await release(account.id);
    at(timer.dueAtMs);
    expect(await ring(account.id)).toBe(true);
    const after = await release(account.id);
    expect(after.token).not.toBe(before.token);
    expect(await view(account.id)).toMatchObject({ last_attempt: { trigger: 'proactive' } });
    expect(await rotations(account)).toBe(2);
    const next = await alarmAt(account.id);
    expect(next).toBeGreaterThanOrEqual(timer.dueAtMs + 0.65 * HOUR_MS);
    expect(next).toBeLessThanOrEqual(timer.dueAtMs + 0.9 * HOUR_MS + 1_000);
  });

  it('rotates once where it rings twice: at the same time, again, and on the next incarnation', async () => {
    const account = await inUse();
    at((await refreshTimer(account)).dueAtMs);
    await inObject(account.id, (object) => Promise.all([object.alarm(), object.alarm(), object.alarm()]));
    await ring(account.id);
    await evict(account.id);
    await ring(account.id);
    expect(await rotations(account)).toBe(2);
    expect((await calls(account.grant.grantId)).every(({ overlaps }) => !overlaps)).toBe(true);
  });

  it('rings early for nothing: nobody is called and it is armed again', async () => {
    const account = await inUse();
    const { dueAtMs } = await refreshTimer(account);
    expect(await ring(account.id)).toBe(true);
    expect(await rotations(account)).toBe(1);
    expect(await alarmAt(account.id)).toBe(dueAtMs);
  });

  it.each([1, 20, 300, 3_000])('comes %s minutes late: one refresh, and not all at once', async (minutes) => {
    const account = await inUse();
    const lateMs = (await refreshTimer(account)).dueAtMs + minutes * 60_000;
    at(lateMs);
    await ring(account.id);
    for (let rounds = 0; rounds < 5 && (await rotations(account)) < 2; rounds += 1) {
      const due = await alarmAt(account.id);
      expect(due).toBeGreaterThan(Date.now());
      expect(due).toBeLessThanOrEqual(lateMs + 16 * 60_000);
      at(Number(due));
      await ring(account.id);
    }
    expect(await rotations(account)).toBe(2);
    expect((await grantState(account.grant.grantId)).alive).toBe(true);
  });

  it('goes over to the daily heartbeat when the account has gone idle, and back when it is used', async () => {
    const account = await inUse();
    const { dueAtMs } = await refreshTimer(account);
    at(dueAtMs + 8 * 24 * HOUR_MS);
    await ring(account.id);
    expect((await refreshTimer(account)).payload).toBe('heartbeat');
    expect(await rotations(account)).toBe(1);
    expect((await release(account.id)).code).toBe('ok');
    expect((await refreshTimer(account)).payload).toBe('proactive');
  });

  it('is armed again by the next incarnation when it was lost', async () => {
    const account = await inUse();
    const { dueAtMs } = await refreshTimer(account);
    await withStorage(account.id, (storage) => storage.deleteAlarm());
    await evict(account.id);
    await view(account.id);
    await expect.poll(() => alarmAt(account.id)).toBe(dueAtMs);
  });

  it('is armed again for now when it was lost and its time has passed', async () => {
    const account = await inUse();
    const { dueAtMs } = await refreshTimer(account);
    await withStorage(account.id, (storage) => storage.deleteAlarm());
    await evict(account.id);
    at(dueAtMs + 60_000);
    await view(account.id);
    await expect.poll(() => alarmAt(account.id)).not.toBeNull();
    expect(await alarmAt(account.id)).toBeLessThanOrEqual(dueAtMs + 60_000);
    expect(await alarmAt(account.id)).toBeGreaterThanOrEqual(dueAtMs + 60_000 - 1_000);
  });

  it('tries again by backoff when the provider is down, until it is up: no call is lost and none is hasty', async () => {
    const account = await inUse();
    await fault(account.grant.grantId, { status: 503, body: 'down' }, 4);
    at((await refreshTimer(account)).dueAtMs);
    for (let rings = 0; rings < 12 && (await rotations(account)) < 6; rings += 1) {
      await ring(account.id);
      const { dueAtMs } = await refreshTimer(account);
      expect(dueAtMs).toBeGreaterThan(Date.now());
      at(dueAtMs);
    }
    expect(await rotations(account)).toBe(6);
    expect(await view(account.id)).toMatchObject({ status: 'active' });
    expect((await view(account.id)).last_attempt?.outcome).toBe('refreshed');
  });
});

describe('the alarm of an account that nothing can renew', () => {
  it('says so when its token ends, calls nobody, and is not armed again', async () => {
    const connection = await newConnection();
    const grant = await newGrant();
    const body = { access_token: grant.accessToken, expires_in: 600 };
    const made = await must(http('PUT', `/v1/credentials/${connection}?identifier=end`, body), 201);
    await indexed(made.id);
    const dueAtMs = Number(await alarmAt(made.id));
    at(dueAtMs);
    await ring(made.id);
    expect(await view(made.id)).toMatchObject({
      status: 'reauth_required',
      status_reason: 'no_refresh_token',
    });
    // What is left is to tell the directory and the endpoints, once.
    await vi.waitFor(async () => {
      await ring(made.id);
      expect(await alarmAt(made.id)).toBeNull();
    });
    expect(await calls(grant.grantId)).toEqual([]);
  });
});

async function earliest(id: string): Promise<number> {
  return Number((await rows(id, 'SELECT min(due_at_ms) AS due FROM timer'))[0]?.['due']);
}

describe('a timer that is broken', () => {
  const POISON: [string, string | null][] = [
    ['nonsense', null],
    ['nonsense:1', '{{{'],
    ['', null],
    ['refresh', 'proactive'],
    ['refresh:abc', 'proactive'],
    ['refresh:999', 'proactive'],
    ['refresh:-1', null],
    ['reconcile', null],
    ['reconcile:rfa_none', 'x'],
    ['index:2', null],
  ];

  it('goes away and leaves the others alone, whatever it is called', async () => {
    const account = await inUse();
    const { dueAtMs } = await refreshTimer(account);
    await withStorage(account.id, ({ sql }) => {
      for (const [kind, payload] of POISON)
        sql.exec('INSERT INTO timer (kind, due_at_ms, attempts, payload) VALUES (?, 1, 0, ?)', kind, payload);
    });
    at(dueAtMs);
    await ring(account.id);
    expect(await rotations(account)).toBe(2);
    await indexed(account.id);
    const kinds = await rows(account.id, `SELECT kind FROM timer WHERE kind <> 'outbox'`);
    expect(kinds.map(({ kind }) => kind)).toEqual(['beat', 'refresh:1']);
    expect(await alarmAt(account.id)).toBeGreaterThan(dueAtMs);
  });

  it.each(['garbage', '', '{"a":', 'end'])('with the payload %j is planned anew', async (payload) => {
    const account = await inUse();
    const { dueAtMs } = await refreshTimer(account);
    await tamper(account.id, `UPDATE timer SET payload = '${payload}' WHERE kind = 'refresh:1'`);
    at(dueAtMs + HOUR_MS);
    await ring(account.id);
    expect(await view(account.id)).toMatchObject({ status: 'active' });
    expect(await alarmAt(account.id)).toBeGreaterThan(dueAtMs + HOUR_MS);
    expect(await refreshTimer(account)).toMatchObject({
      payload: expect.stringMatching(/^(proactive|heartbeat)$/),
    });
  });

  it('waits by its own backoff while the others are done', async () => {
    const account = await inUse();
    const { dueAtMs } = await refreshTimer(account);
    await withStorage(account.id, ({ sql }) => {
      sql.exec(`INSERT INTO timer (kind, due_at_ms, attempts, payload) VALUES ('index', 1, 0, NULL)`);
    });
    const db = (env as UncheckedEnv).DB;
    const down = vi.spyOn(Object.getPrototypeOf(db), 'prepare').mockImplementation(() => {
      throw new Error('D1_ERROR: down');
    });
    at(dueAtMs);
    for (let rings = 1; rings <= 3; rings += 1) {
      await ring(account.id);
      const [index] = await rows(account.id, `SELECT attempts, due_at_ms FROM timer WHERE kind = 'index'`);
      expect(index).toMatchObject({ attempts: rings });
      expect(index?.['due_at_ms']).toBeGreaterThan(Date.now());
      expect(await alarmAt(account.id)).toBe(await earliest(account.id));
      at(Number(index?.['due_at_ms']));
    }
    expect(await rotations(account)).toBe(2);
    down.mockRestore();
    await ring(account.id);
    expect(await rows(account.id, `SELECT kind FROM timer WHERE kind = 'index'`)).toEqual([]);
    expect(await alarmAt(account.id)).toBe(await earliest(account.id));
  });
});

describe('a deleted account', () => {
  const indexRow = (id: string) =>
    config.directory.prepare('SELECT id FROM account_index WHERE id = ?').bind(id).first();

  it('wakes until the directory has forgotten it, and never after', async () => {
    const account = await inUse();
    expect(await indexRow(account.id)).not.toBeNull();
    await remove(account.id);
    await indexed(account.id);
    expect(await indexRow(account.id)).toBeNull();
    expect(await rows(account.id, 'SELECT kind FROM timer')).toEqual([]);
    expect(await alarmAt(account.id)).toBeNull();
    await evict(account.id);
    expect((await release(account.id)).code).toBe('not_found');
    expect((await stub(account.id).view({ organization: null })).ok).toBe(false);
    expect((await stub(account.id).expire({ context })).ok).toBe(false);
    expect(right(await stub(account.id).verifyAudit({}))).toMatchObject({ intact: true });
    expect(await alarmAt(account.id)).toBeNull();
    expect(await ring(account.id)).toBe(false);
  });

  it('whose refresh was in flight wakes no more either: the late answer changes nothing', async () => {
    const account = await expired();
    await indexed(account.id);
    await fault(account.grant.grantId, { delayAfterMs: 300 });
    const waiting = release(account.id);
    await expect.poll(() => rotations(account)).toBe(1);
    await remove(account.id);
    expect((await waiting).code).toBe('not_found');
    await scheduler.wait(500);
    await indexed(account.id);
    expect(await rows(account.id, 'SELECT kind FROM timer')).toEqual([]);
    expect(await rows(account.id, 'SELECT id FROM grant_row')).toEqual([]);
    expect(await alarmAt(account.id)).toBeNull();
    expect(await indexRow(account.id)).toBeNull();
  });

  it('is an account without a name: nothing that was never created has a table or an alarm', async () => {
    const id = `ca_g${'a'.repeat(26)}`;
    expect((await release(id)).code).toBe('not_found');
    expect((await stub(id).view({ organization: null })).ok).toBe(false);
    expect(right(await stub(id).verifyAudit({}))).toBeNull();
    expect(await rows(id, `SELECT name FROM sqlite_master WHERE name NOT GLOB '_cf_*'`)).toEqual([]);
    expect(await alarmAt(id)).toBeNull();
    expect(fresh('x')).not.toBe(fresh('x'));
  });
});
