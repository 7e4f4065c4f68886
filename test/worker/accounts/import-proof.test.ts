/** A proof outlives the object and the operator that asked for it, and never harms what the account holds. */

import { abortAllDurableObjects } from 'cloudflare:test';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  calls,
  config,
  connected,
  context,
  evict,
  expired,
  fault,
  grantState,
  http,
  inObject,
  kill,
  must,
  newGrant,
  records,
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
import { PATIENCE_MS } from '../../support/patience.ts';

afterEach(() => vi.restoreAllMocks());

type Brought = Awaited<ReturnType<typeof newGrant>>;

const bring = (account: Connected, grant: Brought): Promise<Response> =>
  http('PUT', `/v1/connected-accounts/${account.id}/credential`, {
    type: 'oauth2',
    refresh_token: grant.refreshToken,
  });

const reached = (grant: Brought) =>
  expect.poll(async () => (await calls(grant.grantId)).length, { timeout: PATIENCE_MS }).toBe(1);

const served = async (account: Connected, grant: Brought) =>
  expect
    .poll(async () => (await release(account.id)).token, { timeout: PATIENCE_MS })
    .toBe((await calls(grant.grantId))[0]?.accessToken);

const open = (account: Connected) =>
  rows(account.id, 'SELECT id FROM refresh_attempt WHERE ended_at_ms IS NULL');

/** Its last exchange was handed to somebody who is gone; the alarm comes when nothing can be brought home any more. */
async function loseProof(account: Connected, grant: Brought): Promise<void> {
  await inObject(account.id, (_object, state) => {
    const Exchanger = { exchange: () => new Promise(() => undefined) };
    Object.defineProperty(state, 'exports', { value: { Exchanger }, configurable: true });
  });
  void bring(account, grant).catch(() => undefined);
  await expect.poll(() => open(account)).toHaveLength(1);
  await abortAllDurableObjects();
  await withStorage(account.id, ({ sql }) => {
    const agoMs = 3 * config.exchangeBudgetMs;
    sql.exec('UPDATE refresh_attempt SET started_at_ms = started_at_ms - ? WHERE ended_at_ms IS NULL', agoMs);
    sql.exec(`UPDATE timer SET due_at_ms = due_at_ms - ? WHERE kind GLOB 'reconcile:*'`, agoMs);
  });
  await ring(account.id);
  await expect.poll(() => open(account)).toEqual([]);
}

describe('an object that dies while a credential is proven', () => {
  it('loses nothing: the rotated token comes home to its next life, and is what is served', async () => {
    const account = await connected();
    const grant = await newGrant();
    await fault(grant.grantId, { delayAfterMs: 700 });
    const asked = bring(account, grant);
    await reached(grant);
    await kill(account.id);
    // A machine that was too slow to kill it in time has stored it already.
    expect([200, 503]).toContain((await asked).status);
    await served(account, grant);
    expect(await calls(grant.grantId)).toHaveLength(1);
    right(await stub(account.id).expire({ context }));
    await withStorage(account.id, ({ sql }) => sql.exec('UPDATE refresh_attempt SET started_at_ms = 0'));
    await evict(account.id);
    expect((await release(account.id)).code).toBe('ok');
    expect(await grantState(grant.grantId)).toMatchObject({ alive: true });
    expect(right(await stub(account.id).verifyAudit({}))).toMatchObject({ intact: true });
    const told = (await records(account.id)).filter(({ action }) => action === 'account.import');
    expect(told.at(-1)).toMatchObject({ outcome: 'ok', actor: { id: 'admin' } });
  });

  it('is asked again by its script: the token is not presented a second time', async () => {
    const account = await connected();
    const grant = await newGrant();
    await fault(grant.grantId, { delayAfterMs: 700 });
    const asked = bring(account, grant);
    await reached(grant);
    await kill(account.id);
    await asked;
    await served(account, grant);
    await must(bring(account, grant), 200);
    expect(await calls(grant.grantId)).toHaveLength(1);
  });

  it('keeps what it had where the answer never comes: the candidate is forgotten, with a record', async () => {
    const account = await connected();
    const grant = await newGrant();
    await loseProof(account, grant);
    expect((await release(account.id)).token).toBe(account.grant.accessToken);
    expect(await view(account.id)).toMatchObject({
      status: 'active',
      in_doubt_since: null,
      degraded_since: null,
    });
    expect(await rows(account.id, 'SELECT id FROM candidate')).toEqual([]);
    expect((await records(account.id)).at(-2)).toMatchObject({
      action: 'account.import',
      outcome: 'unknown',
    });
    right(await stub(account.id).expire({ context }));
    expect((await release(account.id)).code).toBe('ok');
    expect(right(await stub(account.id).verifyAudit({}))).toMatchObject({ intact: true });
  });
});

describe('what happens to the account while a credential is proven', () => {
  const slowly = async (account: Connected) => {
    const grant = await newGrant();
    await fault(grant.grantId, { delayAfterMs: 700 });
    const asked = bring(account, grant);
    await reached(grant);
    return { grant, asked };
  };

  it('a refresh of what is there loses nothing, and the later one, the import, stands', async () => {
    const generationOf = async ({ id }: Connected) =>
      Number((await rows(id, 'SELECT generation FROM grant_row'))[0]?.['generation']);
    // On a slow machine the proof may be over before the refresh: then another account tries again.
    for (let tries = 0; ; tries += 1) {
      const account = await expired();
      const { grant, asked } = await slowly(account);
      const renewed = await release(account.id);
      const [row] = await rows(account.id, 'SELECT id FROM grant_row');
      const meanwhile = await generationOf(account);
      await must(asked, 200);
      if (Number(row?.['id']) !== 1 && tries < 10) continue;
      expect(renewed.code).toBe('ok');
      expect(row).toEqual({ id: 1 });
      expect(await generationOf(account)).toBeGreaterThan(meanwhile);
      await served(account, grant);
      right(await stub(account.id).expire({ context }));
      await withStorage(account.id, ({ sql }) => sql.exec('UPDATE refresh_attempt SET started_at_ms = 0'));
      await evict(account.id);
      expect((await release(account.id)).code).toBe('ok');
      expect(await grantState(grant.grantId)).toMatchObject({ alive: true });
      return;
    }
  });

  it('a revocation wins: the operator hears it, and nothing is stored', async () => {
    const account = await connected();
    const { asked } = await slowly(account);
    right(await stub(account.id).signal({ signal: 'revoked', context }));
    expect((await asked).status).toBe(409);
    expect(await view(account.id)).toMatchObject({ status: 'revoked' });
    expect(await rows(account.id, 'SELECT id FROM grant_row')).toEqual([]);
    expect(await rows(account.id, 'SELECT id FROM candidate')).toEqual([]);
  });

  it('a deletion wins', async () => {
    const account = await connected();
    const { asked } = await slowly(account);
    await remove(account.id);
    expect([404, 409]).toContain((await asked).status);
    expect((await stub(account.id).view({ organization: null })).ok).toBe(false);
    expect(await rows(account.id, 'SELECT id FROM candidate')).toEqual([]);
  });

  it('another import that is stored first wins', async () => {
    const account = await connected();
    const { asked } = await slowly(account);
    const other = await newGrant();
    await must(
      http('PUT', `/v1/connected-accounts/${account.id}/credential`, {
        type: 'oauth2',
        refresh_token: other.refreshToken,
        access_token: other.accessToken,
        expires_in: 3600,
        verify: false,
      }),
      200,
    );
    expect((await asked).status).toBe(409);
    expect((await release(account.id)).token).toBe(other.accessToken);
  });
});

/** Two ask the directory before an exchange: the first is answered when the second asks, the second when `done`. */
function slowForTheSecond(done: Promise<unknown>): void {
  let asked = 0;
  const both = Promise.withResolvers<void>();
  const prototype = Object.getPrototypeOf(config.directory) as D1Database;
  const prepare = prototype.prepare;
  vi.spyOn(prototype, 'prepare').mockImplementation(function (this: D1Database, sql: string) {
    const statement = prepare.call(this, sql);
    if (!sql.includes('stranded_holder')) return statement;
    asked += 1;
    if (asked === 2) both.resolve();
    const until = asked === 1 ? both.promise : done;
    const first = async () => {
      await until;
      throw new Error('D1_ERROR: the database is away');
    };
    return { bind: () => ({ first }) } as unknown as D1PreparedStatement;
  });
}

describe('one token that is brought twice at once', () => {
  const both = async (account: Connected, more: object): Promise<Brought> => {
    const grant = await newGrant();
    const body = { type: 'oauth2', refresh_token: grant.refreshToken };
    const path = `/v1/connected-accounts/${account.id}/credential`;
    const first = bring(account, grant);
    const second = http('PUT', path, { ...body, ...more });
    const done = Promise.race([first, second]);
    slowForTheSecond(done);
    for (const { status } of await Promise.all([first, second])) expect(status).toBe(200);
    return grant;
  };
  const harmless = async (account: Connected, grant: Brought): Promise<void> => {
    expect(await calls(grant.grantId)).toHaveLength(1);
    await served(account, grant);
    vi.restoreAllMocks();
    right(await stub(account.id).expire({ context }));
    expect((await release(account.id)).code).toBe('ok');
    expect(await grantState(grant.grantId)).toMatchObject({ alive: true });
  };

  it('to be proven both times is presented once, however long the second waits for the directory', async () => {
    const account = await connected();
    await harmless(account, await both(account, {}));
    expect(await view(account.id)).toMatchObject({ status: 'active' });
  });

  it('and is to be stored as it is while it is being proven is presented once: the proof stands', async () => {
    const account = await connected();
    const grant = await newGrant();
    await fault(grant.grantId, { delayAfterMs: 700 });
    const asked = bring(account, grant);
    await reached(grant);
    const path = `/v1/connected-accounts/${account.id}/credential`;
    await must(http('PUT', path, { type: 'oauth2', refresh_token: grant.refreshToken, verify: false }), 200);
    await must(asked, 200);
    await harmless(account, grant);
    expect(await view(account.id)).toMatchObject({ status: 'active' });
  });
});

describe('what is remembered of brought tokens', () => {
  it('is under the MAC of the account: a row that was changed is refused', async () => {
    const account = await connected();
    await must(bring(account, await newGrant()), 200);
    const [row] = await rows(account.id, 'SELECT imported FROM account');
    expect(String(row?.['imported'])).toContain('"spent":true');
    await tamper(account.id, `UPDATE account SET imported = NULL`);
    expect((await release(account.id)).code).toBe('record_corrupt');
  });

  it('holds no token in plain', async () => {
    const account = await connected();
    const grant = await newGrant();
    await must(bring(account, grant), 200);
    const [row] = await rows(account.id, 'SELECT imported FROM account');
    expect(String(row?.['imported'])).not.toContain(grant.refreshToken);
  });
});
