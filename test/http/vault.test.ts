/** A broker that is started with the wrong master keys answers 503, changes no row, and works on with the right ones. */

import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startOAuthServer, type OAuthServer } from '../../src/dev/oauth/server.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { call, client, type Reply } from '../support/callers.ts';
import { storedRows } from '../support/stored-rows.ts';
import { name, world, type World } from '../support/world.ts';
import { PATIENCE_MS } from '../support/patience.ts';

const newKey = (kid: string) => `${kid}:${randomBytes(32).toString('base64')}`;
const RIGHT = newKey('k1');

let provider: OAuthServer;
let broker: TestBroker;
let w: World;

beforeEach(async () => {
  provider = await startOAuthServer({ accessTokenTtlS: 600 });
  broker = await startBroker({
    alone: true,
    settings: { MASTER_KEYS: RIGHT, EXCHANGE_BUDGET_MS: '1500' },
  });
  w = world(broker, provider);
});
afterEach(async () => {
  await broker.dispose();
  await provider.close();
});

type Connected = Awaited<ReturnType<World['connected']>>;

/** Every way in that reads or writes something encrypted. */
function everything(account: Connected): Promise<Reply>[] {
  const operator = client(broker.url, broker.adminKey);
  const path = `/v1/connected-accounts/${account.accountId}`;
  const credential = { type: 'oauth2', refresh_token: 'brought-refresh-token' };
  const { agent, connection } = account;
  return [
    account.fetchToken(),
    account.fetchToken('?rejected=a-fingerprint-of-22-ch'),
    agent.client.get(`/v1/agents/${agent.id}/credentials/${connection}`),
    operator.get(path),
    operator.put(`${path}/credential`, credential),
    operator.put(`/v1/credentials/${connection}?identifier=${name('user')}`, { refresh_token: 'brought' }),
    operator.put(`/v1/credentials/${name('static')}`, { api_key: 'brought-api-key' }),
    operator.post('/v1/connected-accounts', { connection, identifier: name('user') }),
    operator.post('/v1/connections', { id: name('conn'), provider: 'hubspot', client_id: 'a-client' }),
    operator.post('/v1/agents', { id: name('agent'), key: true }),
    operator.post(`/v1/agents/${agent.id}/keys`),
    operator.get(`/v1/agents/${agent.id}`),
    operator.put(`/v1/agents/${agent.id}/policy`, { rules: [] }),
    operator.post(`/v1/agents/${agent.id}/suspend`),
    operator.delete(`/v1/agents/${agent.id}`),
    ...['refresh', 'expire', 'disable', 'enable', 'revoke'].map((action) =>
      operator.post(`${path}/${action}`),
    ),
    operator.get(`${path}/audit/verify`),
    operator.delete(path),
  ];
}

/** Each costs a start; the ways in which a ring is no ring are `pure/crypto/keyring.test.ts`'s. */
const WRONG: readonly [string, string][] = [
  ['missing', ''],
  ['another under the same id', newKey('k1')],
  ['another under another id', newKey('k9')],
];

/** What a start with the wrong key must hold. */
async function expectLocked(account: Connected, what: string): Promise<void> {
  const answers = await Promise.all(everything(account));
  for (const answer of answers) {
    expect(answer.status, `${what}: ${answer.text}`).toBe(503);
    expect(answer.body, what).toMatchObject({ code: 'vault_locked' });
    expect(answer.body.detail, what).toMatch(/MASTER_KEYS|master key/);
    expect(answer.headers['content-type']).toBe('application/problem+json');
  }
  const ready = await call('GET', `${broker.url}/readyz`);
  expect(ready.status, what).toBe(503);
  expect(ready.body.checks.master_keys.ok, what).toBe(false);
}

describe('a wrong master key', () => {
  it('makes everything 503 vault_locked and changes no row while alarms fire; the right one back opens all', async () => {
    const account = await w.connected();
    expect((await account.fetchToken()).body.access_token).toBe(account.accessToken);
    // A refresh is cut off in flight: its timer is due under the wrong key.
    provider.faults.always({ delayBeforeMs: 60_000, dropBefore: true });
    const cut = w.operator.post(`/v1/connected-accounts/${account.accountId}/refresh`).catch(() => null);
    await expect.poll(() => provider.calls.length).toBeGreaterThan(0);
    await broker.kill();
    await cut;
    provider.reset();
    const rows = await storedRows(broker.folder);
    expect([...rows.keys()].filter((table) => /grant_row|agent_key|connection$/.test(table))).toHaveLength(3);

    for (const [what, wrong] of WRONG) {
      await broker.restart({ MASTER_KEYS: wrong });
      await expectLocked(account, what);
      // Longer than the exchange's budget: what waits has rung by now.
      await sleep(2_000);
      await broker.stop();
      expect(await storedRows(broker.folder), what).toEqual(rows);
    }
    expect(provider.calls).toEqual([]);

    await broker.restart({ MASTER_KEYS: RIGHT });
    expect((await account.fetchToken()).body.access_token).toBe(account.accessToken);
    await w.operator.post(`/v1/connected-accounts/${account.accountId}/expire`);
    await expect
      .poll(async () => (await account.fetchToken()).status, { timeout: PATIENCE_MS, interval: 300 })
      .toBe(200);
    expect(provider.calls.length).toBe(1);
    const verified = await w.operator.get(`/v1/connected-accounts/${account.accountId}/audit/verify`);
    expect(verified.body.intact).toBe(true);
    expect((await call('GET', `${broker.url}/readyz`)).status).toBe(200);
  }, 240_000);
});

describe('a ring of two keys', () => {
  it('opens what either has encrypted, and without the newer one only what the older one has', async () => {
    const old = await w.connected();
    const newer = newKey('k2');
    await broker.stop();
    await broker.restart({ MASTER_KEYS: `${newer},${RIGHT}` });
    const young = await w.connected();
    expect((await old.fetchToken()).status).toBe(200);
    expect((await young.fetchToken()).status).toBe(200);
    await broker.stop();
    await broker.restart({ MASTER_KEYS: RIGHT });
    expect((await old.fetchToken()).body.access_token).toBe(old.accessToken);
    const locked = await call('GET', `${broker.url}/v1/connected-accounts/${young.accountId}`, {
      key: broker.adminKey,
    });
    expect(locked.body).toMatchObject({ status: 503, code: 'vault_locked' });
    await broker.stop();
    await broker.restart({ MASTER_KEYS: `${RIGHT},${newer}` });
    expect((await young.fetchToken()).body.access_token).toBe(young.accessToken);
  });
});
