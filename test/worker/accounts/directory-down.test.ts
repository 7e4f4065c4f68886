/** The directory (D1) refuses or hangs: connected accounts go on as they are, the control plane says so, nothing is lost. */

import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  calls,
  config,
  connected,
  context,
  evict,
  expired,
  fresh,
  http,
  indexed,
  must,
  newConnection,
  records,
  release,
  remove,
  right,
  ring,
  rows,
  stub,
  tamper,
  view,
  type Connected,
} from './world.ts';
import { PATIENCE_MS } from '../../support/patience.ts';

type Way = 'refuses' | 'hangs';

/** Lets the questions that hang end, as refused. */
let letGo = (): void => undefined;

/** From now on every question to D1 in this isolate fails, at once or when it is let go. Restored after each test. */
function directory(way: Way): void {
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const fail = async (): Promise<never> => {
    // Nobody hangs for ever: what a test leaves behind ends as well.
    if (way === 'hangs') await Promise.race([held, scheduler.wait(10_000)]);
    throw new Error('D1_ERROR: the database is away');
  };
  const statement = { bind: () => statement, first: fail, all: fail, run: fail, raw: fail };
  const prototype = Object.getPrototypeOf(config.directory);
  vi.spyOn(prototype, 'prepare').mockReturnValue(statement);
  vi.spyOn(prototype, 'batch').mockImplementation(fail);
}

/**
 * `work` is done before the control plane, which waits for the directory, has its answer: who does the work waits for
 * the directory less long. Under one that refuses there is nothing to be before of.
 */
async function aheadOfControlPlane(way: Way, work: () => Promise<void>): Promise<void> {
  const seen = { answered: false };
  const control = http('GET', '/v1/connections').then((answer) => {
    seen.answered = true;
    return answer.status;
  });
  await work();
  if (way === 'hangs') expect(seen.answered).toBe(false);
  letGo();
  expect(await control).toBe(503);
}

afterEach(() => {
  letGo();
  vi.restoreAllMocks();
});

const indexRow = (account: Connected) =>
  config.directory.prepare('SELECT * FROM account_index WHERE id = ?').bind(account.id).first();

async function agentFor(account: Connected): Promise<string> {
  const policy = { rules: [{ connection: account.connection, identifiers: ['*'] }] };
  return (await must(http('POST', '/v1/agents', { id: fresh('agent'), key: true, policy }), 201)).key;
}

const fetchAs = (key: string, account: Connected) =>
  http('GET', `/v1/connected-accounts/${account.id}/token`, undefined, key);

describe.each<Way>(['refuses', 'hangs'])('while the directory %s', (way) => {
  it('agents get the tokens of connected accounts, warm and cold, over HTTP', async () => {
    const account = await connected();
    const key = await agentFor(account);
    expect((await must(fetchAs(key, account), 200)).access_token).toBe(account.grant.accessToken);
    directory(way);
    await aheadOfControlPlane(way, async () => {
      await must(fetchAs(key, account), 200);
      await evict(account.id);
      await must(fetchAs(key, account), 200);
    });
    vi.restoreAllMocks();
    const issued = (await records(account.id)).filter(({ action }) => action === 'token.issue');
    expect(issued).toHaveLength(3);
    expect(right(await stub(account.id).verifyAudit({}))).toMatchObject({ intact: true });
  });

  it('a refresh goes on with the copy of the settings that the account keeps', async () => {
    const account = await expired();
    await indexed(account.id);
    directory(way);
    await aheadOfControlPlane(way, async () => {
      await evict(account.id);
      expect((await release(account.id)).code).toBe('ok');
    });
    expect(await calls(account.grant.grantId)).toHaveLength(1);
  });

  it('an alarm refreshes what is due without waiting for the index', async () => {
    const account = await connected();
    await indexed(account.id);
    await tamper(
      account.id,
      `UPDATE timer SET due_at_ms = 1 WHERE kind = 'refresh:1'`,
      `INSERT INTO timer (kind, due_at_ms, attempts, payload) VALUES ('index', 1, 0, NULL)`,
    );
    directory(way);
    const at = Date.now() + 3_000_000;
    vi.useFakeTimers({ toFake: ['Date'] });
    vi.setSystemTime(at);
    await tamper(account.id, `UPDATE timer SET due_at_ms = ${at}`);
    const rung = ring(account.id);
    await expect
      .poll(async () => (await calls(account.grant.grantId)).length, { timeout: PATIENCE_MS })
      .toBe(1);
    vi.useRealTimers();
    vi.restoreAllMocks();
    await rung;
  });

  it('the control plane answers 503 unavailable where it needs the directory, and leaves nothing half-made', async () => {
    const account = await connected();
    const connection = await newConnection();
    await indexed(account.id);
    directory(way);
    const triple = { connection, identifier: fresh('user') };
    const answers = await Promise.all([
      http('GET', '/v1/connections'),
      http('GET', `/v1/connections/${connection}`),
      http('POST', '/v1/connections', { id: fresh('conn'), provider: 'hubspot', client_id: 'x' }),
      http('POST', '/v1/connected-accounts', triple),
      http('PUT', `/v1/credentials/${connection}?identifier=${triple.identifier}`, { refresh_token: 'x' }),
      http('PUT', `/v1/credentials/${fresh('static')}`, { api_key: 'x' }),
      http('PUT', `/v1/connected-accounts/${account.id}/credential`, { type: 'oauth2', refresh_token: 'x' }),
    ]);
    for (const answer of answers) {
      expect(answer.status).toBe(503);
      expect(answer.headers.get('content-type')).toBe('application/problem+json');
      expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
      const text = await answer.text();
      expect(JSON.parse(text)).toMatchObject({ code: 'unavailable' });
      expect(text).not.toMatch(/D1_|is away|sqlite/i);
    }
    vi.restoreAllMocks();
    const made = await must(http('POST', '/v1/connected-accounts', triple), 201);
    const [first] = await records(made.id);
    expect(first).toMatchObject({ seq: 1, action: 'account.connect' });
    expect((await release(account.id)).token).toBe(account.grant.accessToken);
  });

  it('what an account decides by itself is decided, and the directory catches up afterwards', async () => {
    const account = await connected();
    await indexed(account.id);
    const path = `/v1/connected-accounts/${account.id}`;
    directory(way);
    await must(http('POST', `${path}/disable`), 200);
    expect((await release(account.id)).code).toBe('account_disabled');
    await must(http('POST', `${path}/enable`), 200);
    await must(http('POST', `${path}/expire`), 200);
    await must(http('POST', `${path}/refresh`), 200);
    await must(http('POST', `${path}/revoke`), 200);
    expect(await must(http('GET', path), 200)).toMatchObject({ status: 'revoked' });
    vi.restoreAllMocks();
    await expect
      .poll(async () => (await indexRow(account))?.['status'], { timeout: PATIENCE_MS, interval: 100 })
      .toBe('revoked');
    await indexed(account.id);
    const moves = (await records(account.id)).flatMap(({ evidence }) => evidence ?? []);
    expect(moves.filter((text) => text.includes('->'))).toEqual([
      'pending->active',
      'active->disabled',
      'disabled->active',
      'active->revoked',
    ]);
    expect(right(await stub(account.id).verifyAudit({}))).toMatchObject({ intact: true });
  });

  it('a deletion is done, and the directory forgets the account when it is back', async () => {
    const account = await connected();
    await indexed(account.id);
    directory(way);
    await remove(account.id);
    expect((await release(account.id)).code).toBe('not_found');
    vi.restoreAllMocks();
    await expect.poll(() => indexRow(account), { timeout: PATIENCE_MS, interval: 100 }).toBeNull();
    await indexed(account.id);
    expect(await rows(account.id, 'SELECT kind FROM timer')).toEqual([]);
    expect(await rows(account.id, 'SELECT id FROM grant_row')).toEqual([]);
  });
});

describe('a directory that comes back', () => {
  it('has the account as it is, not as it was in between', async () => {
    const account = await connected();
    await indexed(account.id);
    directory('refuses');
    right(await stub(account.id).signal({ signal: 'disabled', context }));
    await ring(account.id);
    right(await stub(account.id).signal({ signal: 'enabled', context }));
    vi.restoreAllMocks();
    await expect
      .poll(async () => (await rows(account.id, `SELECT kind FROM timer WHERE kind = 'index'`)).length, {
        timeout: PATIENCE_MS,
      })
      .toBe(0);
    const shown = await view(account.id);
    expect(await indexRow(account)).toMatchObject({
      status: 'active',
      updated_at_ms: Date.parse(shown.updated_at),
    });
  });
});
