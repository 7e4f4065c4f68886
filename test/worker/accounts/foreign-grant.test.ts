/** A grant of another client is one account's trouble: the connection goes on for all the others. */

import { afterEach, describe, expect, it, vi } from 'vitest';
import { STATIC, callsOf, connectionOf, logged, typesLogged } from './connection-world.ts';
import {
  calls,
  context,
  expired,
  fault,
  http,
  indexed,
  must,
  newConnection,
  newGrant,
  release,
  remove,
  right,
  stub,
  view,
  type Connected,
} from './world.ts';
import { PATIENCE_MS } from '../../support/patience.ts';

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const FOREIGN = { status: 400, body: '{"error":"unauthorized_client"}', contentType: 'application/json' };

function stopClock(): { pass: (ms: number) => void } {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
  return { pass: (ms) => void vi.setSystemTime(Date.now() + ms) };
}

/** An account whose refresh token the provider has given to another client. */
async function foreign(connection: string): Promise<Connected> {
  const account = await expired({ connection });
  await fault(account.grant.grantId, FOREIGN, 1000);
  return account;
}

const pause =
  (signal: 'disabled' | 'revoked') =>
  async ({ id }: Connected): Promise<void> => {
    right(await stub(id).signal({ signal, context }));
  };

/** Facts of a provider that calls a request wrong with a code of its own. */
const WRONG = { status: 400, body: '{"error":"wrong_request"}', contentType: 'application/json' };
const LISTED = {
  ...STATIC,
  terminal_refresh_errors: [{ error: 'wrong_request', status: 400, recovery: 'fix_request' }],
};

const healthOf = async (connection: string): Promise<string> => (await connectionOf(connection)).health;

describe('a grant of another client', () => {
  it('closes nothing for others, costs one of them one refresh, and calls every five minutes at most', async () => {
    const connection = await newConnection(STATIC);
    const good = await expired({ connection });
    const other = await expired({ connection });
    expect((await release(good.id)).code).toBe('ok');
    const odd = await foreign(connection);
    const { pass } = stopClock();
    expect((await release(odd.id)).code).toBe('misconfigured_connection');
    await expect.poll(async () => (await calls(good.grant.grantId)).length, { timeout: PATIENCE_MS }).toBe(2);
    await expect
      .poll(async () => (await view(odd.id)).degraded_since, { timeout: PATIENCE_MS })
      .not.toBeNull();
    expect(await healthOf(connection)).toBe('ok');
    expect((await release(other.id)).code).toBe('ok');
    for (let minute = 0; minute < 21; minute += 1) {
      expect((await release(odd.id)).code).toBe('misconfigured_connection');
      expect((await release(good.id)).code).toBe('ok');
      pass(60_000);
    }
    expect((await calls(odd.grant.grantId)).length).toBeLessThanOrEqual(6);
    expect((await calls(good.grant.grantId)).length).toBe(2);
    expect(await view(odd.id)).toMatchObject({ status: 'active', status_reason: null });
    const explained = right(await stub(odd.id).explain({ organization: null, agent: null }));
    expect(explained.why).toContain('to this account alone');
    expect([await healthOf(connection), await typesLogged(connection)]).toEqual(['ok', []]);
    expect((await logged(connection)).users).toEqual(['connected_account.degraded']);
  });

  it('beside another such one closes nothing either', async () => {
    const connection = await newConnection(STATIC);
    const good = await expired({ connection });
    expect((await release(good.id)).code).toBe('ok');
    for (const odd of [await foreign(connection), await foreign(connection), await foreign(connection)])
      expect((await release(odd.id)).code).toBe('misconfigured_connection');
    await expect
      .poll(async () => (await calls(good.grant.grantId)).length, { timeout: PATIENCE_MS })
      .toBeGreaterThanOrEqual(2);
    expect(await healthOf(connection)).toBe('ok');
    expect((await release(good.id)).code).toBe('ok');
  });
});

describe('grants that are brought over good ones', () => {
  /** The account has refreshed with the connection's client; then an operator brings it another grant, unproven. */
  async function replaced({ id }: Connected, answer: Parameters<typeof fault>[1]): Promise<void> {
    const grant = await newGrant();
    await fault(grant.grantId, answer, 1000);
    const path = `/v1/connected-accounts/${id}/credential`;
    await must(http('PUT', path, { type: 'oauth2', refresh_token: grant.refreshToken, verify: false }), 200);
  }

  it.each([
    ['are another client’s', FOREIGN],
    ['are called a wrong request', WRONG],
  ])('and %s close nothing, also two of them at once', async (_, answer) => {
    const connection = await newConnection(LISTED);
    const good = await expired({ connection });
    const brought = [await expired({ connection }), await expired({ connection })];
    for (const { id } of [good, ...brought]) expect((await release(id)).code).toBe('ok');
    for (const account of brought) await replaced(account, answer);
    for (const { id } of brought) expect((await release(id)).code).not.toBe('ok');
    const failed = async ({ id }: Connected) => (await view(id)).last_attempt?.outcome ?? null;
    for (const account of brought)
      await expect.poll(() => failed(account), { timeout: PATIENCE_MS }).toMatch(/client_rejected|transient/);
    right(await stub(good.id).expire({ context }));
    expect((await release(good.id)).code).toBe('ok');
    for (const { id } of brought) expect(await view(id)).toMatchObject({ status: 'active' });
    expect([await healthOf(connection), await typesLogged(connection)]).toEqual(['ok', []]);
  });
});

describe('a client that was in force and is refused', () => {
  it('closes the connection with the second account, which is asked at once', async () => {
    const connection = await newConnection(STATIC);
    const [one, two] = [await expired({ connection }), await expired({ connection })];
    for (const { id } of [one, two]) expect((await release(id)).code).toBe('ok');
    for (const { grant } of [one, two])
      await fault(grant.grantId, { status: 401, body: { error: 'invalid_client' } }, 1000);
    const before = await callsOf([two]);
    right(await stub(one.id).expire({ context }));
    expect((await release(one.id)).code).toBe('misconfigured_connection');
    await expect.poll(() => healthOf(connection), { timeout: PATIENCE_MS }).toBe('misconfigured');
    expect(await callsOf([two])).toBe(before + 1);
    await expect
      .poll(() => typesLogged(connection), { timeout: PATIENCE_MS })
      .toEqual(['connection.misconfigured']);
    expect((await logged(connection)).users).toEqual([]);
  });
});

describe('a connection that a grant of another client has closed', () => {
  async function closed(): Promise<{ connection: string; odd: Connected; good: Connected }> {
    const connection = await newConnection(STATIC);
    const odd = await foreign(connection);
    const good = await expired({ connection });
    for (const { id } of [odd, good]) await indexed(id);
    expect((await release(odd.id)).code).toBe('misconfigured_connection');
    await expect.poll(() => healthOf(connection), { timeout: PATIENCE_MS }).toBe('misconfigured');
    return { connection, odd, good };
  }

  it('is never probed by the account that closed it, and opens by another’s probe', async () => {
    const { connection, odd, good } = await closed();
    const made = await callsOf([odd]);
    const { pass } = stopClock();
    for (let minute = 0; minute < 12; minute += 1) {
      pass(60_000);
      expect((await release(odd.id)).code).toBe('misconfigured_connection');
    }
    expect(await callsOf([odd])).toBe(made);
    expect((await release(good.id)).code).toBe('ok');
    await expect.poll(() => healthOf(connection), { timeout: PATIENCE_MS }).toBe('ok');
  });

  it.each([
    ['disabled', pause('disabled')],
    ['revoked', pause('revoked')],
    ['deleted', ({ id }: Connected) => remove(id)],
  ] as const)('opens at once when that account is %s: another is asked', async (_how, leave) => {
    const { connection, odd, good } = await closed();
    expect(await callsOf([good])).toBe(0);
    await leave(odd);
    await expect.poll(() => healthOf(connection), { timeout: PATIENCE_MS }).toBe('ok');
    expect(await callsOf([good])).toBe(1);
    expect((await release(good.id)).code).toBe('ok');
  });

  it('is probed by that account where there is no other', async () => {
    const connection = await newConnection(STATIC);
    const only = await foreign(connection);
    await indexed(only.id);
    expect((await release(only.id)).code).toBe('misconfigured_connection');
    await expect.poll(() => healthOf(connection), { timeout: PATIENCE_MS }).toBe('misconfigured');
    const made = await callsOf([only]);
    const { pass } = stopClock();
    pass(6 * 60_000);
    expect((await release(only.id)).code).toBe('misconfigured_connection');
    expect(await callsOf([only])).toBe(made + 1);
  });
});
