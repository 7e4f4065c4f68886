/** The broker against the simulator's twelve dialects: each is refreshed, told dead, told throttled, told misconfigured. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DIALECTS, providerConfigOf } from '#dev/simulator/dialects/dialects.ts';
import { startSimulator } from '#dev/simulator/simulator.ts';
import type { AccountOptions, Simulator } from '#dev/simulator/world.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { client, type Client } from '../support/callers.ts';

let broker: TestBroker;
let simulator: Simulator;
let operator: Client;
let agent: Client;

beforeAll(async () => {
  [broker, simulator] = await Promise.all([startBroker({ alone: true }), startSimulator()]);
  operator = client(broker.url, broker.adminKey);
  const policy = { rules: [{ connection: '*', identifiers: ['*'] }] };
  const hired = await operator.post('/v1/agents', { id: 'worker', policy, key: true });
  agent = client(broker.url, String(hired.body.key.key ?? hired.body.key));
  for (const dialect of DIALECTS) {
    const made = await operator.post('/v1/connections', {
      id: dialect.id,
      provider: 'custom',
      client_id: simulator.client.clientId,
      client_secret: simulator.client.clientSecret,
      provider_config: providerConfigOf(dialect, simulator.origin),
    });
    expect(made.status, made.text).toBe(201);
  }
});

afterAll(async () => {
  await broker.dispose();
  await simulator.close();
});

/** An account at the simulator, imported with a refresh token alone. */
async function imported(dialect: string, id: string, options: Partial<AccountOptions> = {}) {
  const simulated = simulator.account({ ...options, dialect, id: `${dialect}-${id}` });
  const path = `/v1/credentials/${dialect}?identifier=${id}`;
  const put = await operator.put(path, {
    type: 'oauth2',
    refresh_token: simulated.first.refreshToken,
    verify: false,
  });
  expect(put.status, put.text).toBeLessThan(300);
  return { simulated, accountId: String(put.body.connected_account_id ?? put.body.id) };
}

const usesOf = (id: string) => simulator.uses.filter(({ account }) => account === id);

describe.each(DIALECTS.map(({ id }) => id))('an account at %s', (id) => {
  it('is refreshed as the provider’s documents want it, and presents the successor next', async () => {
    const { simulated, accountId } = await imported(id, 'well');
    const first = await agent.get(`/v1/connected-accounts/${accountId}/token`);
    expect(first.status, first.text).toBe(200);
    await operator.post(`/v1/connected-accounts/${accountId}/expire`);
    const second = await agent.get(`/v1/connected-accounts/${accountId}/token`);
    expect(second.status, second.text).toBe(200);
    expect(second.body.access_token).not.toBe(first.body.access_token);
    const rotates = simulated.dialect.rotation === 'rotating';
    expect(usesOf(simulated.id).map(({ token, verdict }) => [token, verdict])).toEqual([
      [0, 'fresh'],
      [rotates ? 1 : 0, 'fresh'],
    ]);
    const api = await fetch(String(second.body.api_base_url), { headers: second.body.headers });
    expect(await api.json()).toMatchObject({ account: simulated.id });
  });

  it('is dead when the user took the consent back', async () => {
    const { simulated, accountId } = await imported(id, 'dead');
    simulated.family.dead = true;
    const { body } = await operator.post(`/v1/connected-accounts/${accountId}/refresh`);
    expect(body).toMatchObject({ status: 'reauth_required', last_attempt: { outcome: 'grant_dead' } });
  });

  it('lives on when it is throttled', async () => {
    const script = [{ kind: 'throttle', seconds: 20, times: null }] as const;
    const { simulated, accountId } = await imported(id, 'throttled', { script });
    const { body } = await operator.post(`/v1/connected-accounts/${accountId}/refresh`);
    expect(body).toMatchObject({ status: 'active', last_attempt: { outcome: 'throttled' } });
    expect(usesOf(simulated.id).map(({ processed }) => processed)).toEqual([false]);
  });

  it('lives on when the client is rejected', async () => {
    const { accountId } = await imported(id, 'rejected', { script: [{ kind: 'client', times: null }] });
    const { body } = await operator.post(`/v1/connected-accounts/${accountId}/refresh`);
    expect(body).toMatchObject({ status: 'active', last_attempt: { outcome: 'client_rejected' } });
  });
});
