/**
 * Tokens that are exchanged for ones of sixty days right behind the code, and then renew themselves by GET, as Instagram's
 * and Threads' do, at the simulator.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allEntries, playedUrlsOf, type Descriptor } from '#dev/simulator/entries/entries.ts';
import { startSimulator } from '#dev/simulator/simulator.ts';
import type { Simulator } from '#dev/simulator/world.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { browser } from '../support/browser.ts';
import { client, type Client } from '../support/callers.ts';
import { name } from '../support/world.ts';
import { workerOf } from './signed-scene.ts';

const ENTRIES = allEntries().filter(({ long_lived_url: url }) => url !== undefined);

let broker: TestBroker;
let simulator: Simulator;
let operator: Client;
let agent: Client;

beforeAll(async () => {
  [broker, simulator] = await Promise.all([startBroker(), startSimulator({ answer: 'allow' })]);
  operator = client(broker.url, broker.adminKey);
  ({ agent } = await workerOf(broker, operator));
});
afterAll(async () => {
  await broker.dispose();
  await simulator.close();
});

/** The account, walked up to its confirmation. @returns its id, and how its session ended */
async function walked(
  entry: Descriptor,
  config: object = {},
): Promise<{ id: string; confirm: () => Promise<void>; session: () => Promise<Record<string, unknown>> }> {
  const connection = name('conn');
  const made = await operator.post('/v1/connections', {
    id: connection,
    provider: entry.id,
    client_id: `${simulator.client.clientId}.${connection}`,
    client_secret: simulator.client.clientSecret,
    scopes: entry.default_scopes_example,
    provider_config: { ...playedUrlsOf(entry, simulator.origin), ...config },
    rotation: 'on_demand',
  });
  expect(made.status, made.text).toBe(201);
  const account = await operator.post('/v1/connected-accounts', { connection, identifier: 'u1' });
  const id = String(account.body.id);
  const link = await operator.post(`/v1/connected-accounts/${id}/connect-link`, {});
  const who = browser();
  const page = await who.submit(await who.open(link.body.url));
  const code =
    /(?<![\w-])[A-Za-z0-9_-]{43}(?![\w-])/.exec(page.text.replace(/<style[\s\S]*?<\/style>/, ''))?.[0] ?? '';
  const path = `/v1/connect-sessions/${link.body.session_id}`;
  return {
    id,
    session: async () => (await operator.get(path)).body,
    confirm: async () => {
      const reply = await operator.post(`${path}/confirm`, { identifier: 'u1', confirm_code: code });
      expect(reply.status, reply.text).toBe(200);
    },
  };
}

describe.each(ENTRIES.map((entry) => [entry.id, entry] as const))('%s', (id, entry) => {
  const tokenOf = (account: string) => agent.get(`/v1/connected-accounts/${account}/token`);
  const ownerOf = async (account: string) => {
    const { subject } = (await operator.get(`/v1/connected-accounts/${account}`)).body;
    const owner = simulator.accounts.get(subject);
    if (owner === undefined) throw new Error(`${id} knows no ${subject}`);
    return owner;
  };

  it('keeps the long-lived token, and renews it while it lives', async () => {
    const { id: account, confirm } = await walked(entry);
    await confirm();
    const owner = await ownerOf(account);
    const first = await tokenOf(account);
    expect(first.status, first.text).toBe(200);
    // Number 0 is the account's own, 1 the code's, 2 the one that it was exchanged for.
    expect(owner.family.numberOf(first.body.access_token)).toBe(2);
    expect(first.body.expires_in).toBeGreaterThan(5_000_000);
    await operator.post(`/v1/connected-accounts/${account}/expire`);
    const second = await tokenOf(account);
    expect([second.status, owner.family.numberOf(second.body.access_token)], second.text).toEqual([200, 3]);
    const uses = simulator.uses.filter((use) => use.account === owner.id);
    expect(uses.map((use) => [use.token, use.verdict, use.status])).toEqual([[2, 'fresh', 200]]);
    owner.family.dead = true;
    await operator.post(`/v1/connected-accounts/${account}/expire`);
    const dead = await tokenOf(account);
    expect([dead.status, dead.body.code, dead.body.reason]).toEqual([
      409,
      'reauth_required',
      'grant_revoked',
    ]);
  });

  it('makes no account of a token that is not exchanged', async () => {
    const { id: account, session } = await walked(entry, { long_lived_url: `${simulator.origin}/nowhere` });
    expect(await session()).toMatchObject({ status: 'failed' });
    expect((await operator.get(`/v1/connected-accounts/${account}`)).body.status).toBe('pending');
  });
});
