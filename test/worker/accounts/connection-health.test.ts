/**
 * Many accounts and one provider: what they find out together about it, who calls while it is away or refuses the
 * client, and that each incident is told once, whatever dies in between.
 */

import { afterEach, describe, expect, it, vi } from 'vitest';
import { ConnectionWatch } from '#accounts/connection-watch.ts';
import { wakeHolders } from '#accounts/sweep.ts';
import { encryptText } from '#crypto/envelope.ts';
import { clientSecretPlace } from '#crypto/places.ts';
import { connectionToSql } from '#directory/connection-row.ts';
import { findConnection } from '#directory/connections.ts';
import { connectionKey } from '#directory/data-key.ts';
import {
  alarmAt,
  calls,
  config,
  connected,
  context,
  evict,
  expired,
  fault,
  fresh,
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

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** From now on the clock stands, and goes on when it is told to. */
function stopClock(): { pass: (ms: number) => void } {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
  return { pass: (ms) => void vi.setSystemTime(Date.now() + ms) };
}

const STATIC = { refresh_token: 'static' };

/** A connection whose client secret is wrong. */
async function wrongClient(): Promise<string> {
  const id = fresh('conn');
  await must(
    http('POST', '/v1/connections', {
      id,
      provider: 'custom',
      client_id: provider.clientId,
      client_secret: 'not-the-secret',
      provider_config: { issuer: provider.issuer, ...STATIC },
    }),
    201,
  );
  return id;
}

/** What `PATCH` with another client secret leaves in the directory. */
async function replaceSecret(id: string, secret: string): Promise<void> {
  const key = await connectionKey(config);
  const view = await findConnection(config.directory, id);
  if (view === null) throw new Error('expected a connection');
  const clientSecrets = [await encryptText(key, clientSecretPlace(id, 0), secret)];
  const { version } = view.connection;
  const row = connectionToSql(key.mac, { ...view.connection, clientSecrets, version: version + 1 });
  const columns = ['client_secrets', 'version', 'mac'];
  const update = `UPDATE connection SET ${columns.map((name) => `${name} = ?`).join(', ')} WHERE id = ?`;
  await config.directory
    .prepare(update)
    .bind(...columns.map((name) => row[name]), id)
    .run();
}

const many = (count: number, options: Parameters<typeof expired>[0]): Promise<Connected[]> =>
  Promise.all(Array.from({ length: count }, () => expired(options)));

/** Five at a time: what is asked here is who calls, not how much the machine bears. */
async function releaseAll(accounts: readonly Connected[]): Promise<Awaited<ReturnType<typeof release>>[]> {
  const outcomes = [];
  for (let n = 0; n < accounts.length; n += 5)
    outcomes.push(...(await Promise.all(accounts.slice(n, n + 5).map(({ id }) => release(id)))));
  return outcomes;
}

const connectionOf = (id: string) => must(http('GET', `/v1/connections/${id}`), 200);

interface LoggedEvent {
  readonly id: string;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The connection's own events in the directory's log, and how many of its accounts' are of another kind. */
async function logged(connection: string): Promise<{ own: LoggedEvent[]; users: string[] }> {
  const found = await config.directory
    .prepare('SELECT id, type, body FROM event ORDER BY n')
    .all<{ id: string; type: string; body: string }>();
  const events = found.results
    .map(({ id, type, body }) => ({ id, type, data: JSON.parse(body).data }))
    .filter(({ data }) => data.connection === connection);
  return {
    own: events.filter(({ type }) => type.startsWith('connection.')),
    users: events
      .filter(({ type }) => !type.startsWith('connection.') && type !== 'agent.auth.succeeded')
      .map(({ type }) => type),
  };
}

const typesLogged = async (connection: string) => (await logged(connection)).own.map(({ type }) => type);

async function callsOf(accounts: readonly Connected[]): Promise<number> {
  const made = await Promise.all(accounts.map(({ grant }) => calls(grant.grantId)));
  return made.reduce((sum, list) => sum + list.length, 0);
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
    .poll(async () => (await connectionOf(first?.connection ?? '')).health, { timeout: 5_000 })
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
    await expect.poll(async () => (await connectionOf(connection)).health, { timeout: 5_000 }).toBe('ok');
    pass(61_000);
    for (const { id } of others) expect((await release(id)).code).toBe('ok');
    // The platform's own clock is not there yet.
    for (const { id } of [...failing, ...others]) await ring(id);
    await expect
      .poll(() => typesLogged(connection), { timeout: 10_000 })
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

describe('a client that the provider refuses', () => {
  it('is one event for all its accounts, no trouble of any user or other connection, and mends by itself', async () => {
    const [wrong, other] = [await wrongClient(), await newConnection(STATIC)];
    const broken = await many(12, { connection: wrong });
    const sound = await many(12, { connection: other });
    for (const { id } of [...broken, ...sound]) await indexed(id);
    const [first] = broken;
    expect((await release(first?.id ?? '')).code).toBe('misconfigured_connection');
    await expect
      .poll(async () => (await connectionOf(wrong)).health, { timeout: 5_000 })
      .toBe('misconfigured');
    expect(await connectionOf(wrong)).toMatchObject({ health_reason: 'invalid_client' });
    const refused = await releaseAll(broken);
    const served = await releaseAll(sound);
    for (const { code, refusal } of refused) {
      expect(code, JSON.stringify(refusal)).toBe('misconfigured_connection');
      expect(refusal.retryAfterS).toBeGreaterThan(200);
      expect(refusal.retryAfterS).toBeLessThanOrEqual(300);
    }
    expect(served.map(({ code }) => code)).toEqual(sound.map(() => 'ok'));
    expect(await callsOf(broken)).toBe(1);
    const shown = await view(first?.id ?? '');
    expect(shown).toMatchObject({ status: 'active', status_reason: null, degraded_since: null });

    await replaceSecret(wrong, provider.clientSecret);
    expect((await connectionOf(wrong)).health).toBe('ok');
    await expect
      .poll(async () => (await releaseAll(broken)).every(({ code }) => code === 'ok'), {
        timeout: 30_000,
        interval: 500,
      })
      .toBe(true);
    expect(await callsOf(broken)).toBe(13);
    await expect
      .poll(() => typesLogged(wrong), { timeout: 10_000 })
      .toEqual(['connection.misconfigured', 'connection.recovered']);
    expect(await logged(other)).toEqual({ own: [], users: [] });
    expect((await logged(wrong)).users).toEqual([]);
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
    // The directory is slow when the account asks before its call, so that it goes out with what it has.
    const look = vi.spyOn(ConnectionWatch.prototype, 'look');
    look.mockImplementationOnce(async (_account, known) => ({
      newer: null,
      stored: null,
      version: known.version,
    }));
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
      .poll(async () => (await connectionOf(connection)).health, { timeout: 5_000 })
      .toBe('misconfigured');
    expect((await release(three.id)).code).toBe('misconfigured_connection');
    expect(await callsOf([three])).toBe(0);
  });
});

describe('an incident that is told while something dies', () => {
  /** The account that has told the connection's last news, and left it lying. */
  async function stranded(): Promise<{ connection: string; holder: Connected }> {
    const connection = await wrongClient();
    const holder = await expired({ connection });
    const took = vi.spyOn(ConnectionWatch.prototype, 'takeNews').mockImplementation(async () => {
      throw new Error('the object died');
    });
    await release(holder.id);
    await expect.poll(() => took.mock.calls.length, { timeout: 5_000 }).toBeGreaterThan(0);
    took.mockRestore();
    await evict(holder.id);
    expect(await rows(holder.id, `SELECT id FROM event WHERE type LIKE 'connection.%'`)).toEqual([]);
    return { connection, holder };
  }

  const waiting = async (connection: string) =>
    (
      await config.directory
        .prepare('SELECT * FROM connection_news WHERE connection = ?')
        .bind(connection)
        .all()
    ).results;

  it('comes from the account that found it, when the sweep asks for what was left lying', async () => {
    const { connection } = await stranded();
    expect(await waiting(connection)).toHaveLength(1);
    expect(await wakeHolders(config, Date.now() + 31_000)).toBeGreaterThanOrEqual(1);
    await expect
      .poll(() => typesLogged(connection), { timeout: 10_000 })
      .toEqual(['connection.misconfigured']);
    expect(await waiting(connection)).toEqual([]);
  });

  it('comes when another account of the connection looks', async () => {
    const { connection } = await stranded();
    const other = await expired({ connection });
    await config.directory
      .prepare('UPDATE connection_news SET at_ms = at_ms - 31000 WHERE connection = ?')
      .bind(connection)
      .run();
    await release(other.id);
    await expect
      .poll(() => typesLogged(connection), { timeout: 10_000 })
      .toEqual(['connection.misconfigured']);
    await expect.poll(() => waiting(connection)).toEqual([]);
  });

  it('is not told twice where the directory did not hear that it was taken', async () => {
    const { connection, holder } = await stranded();
    const [row] = await waiting(connection);
    await stub(holder.id).takeNews({});
    const names = Object.keys(row ?? {});
    await config.directory
      .prepare(
        `INSERT INTO connection_news (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`,
      )
      .bind(...Object.values(row ?? {}))
      .run();
    await stub(holder.id).takeNews({});
    expect(await rows(holder.id, `SELECT id FROM event WHERE type LIKE 'connection.%'`)).toEqual([
      { id: row?.['id'] },
    ]);
    expect(await waiting(connection)).toEqual([]);
  });

  it('is taken by an account that was deleted meanwhile', async () => {
    const { connection, holder } = await stranded();
    right(await stub(holder.id).remove({ organization: null, context }));
    await stub(holder.id).takeNews({});
    await expect
      .poll(() => typesLogged(connection), { timeout: 10_000 })
      .toEqual(['connection.misconfigured']);
  });
});
