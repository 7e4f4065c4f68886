/**
 * Every entry of the catalogue whose tokens come to a machine, generated: connected, fetched, renewed, throttled, away,
 * dead and repaired at the simulator, which wants each to be asked in its provider's own words.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isMachineType } from '#contract/machine/kinds.ts';
import {
  allEntries,
  entryDialectId,
  revocationReachOf,
  type Descriptor,
} from '#dev/simulator/entries/entries.ts';
import { startSimulator } from '#dev/simulator/simulator.ts';
import type { Simulator } from '#dev/simulator/world.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { client, type Client, type Reply } from '../support/callers.ts';
import { PATIENCE_MS } from '../support/patience.ts';
import { connected, machineScene, PASSWORD, PRIVATE_KEY, PUBLIC_KEY } from './machine-scene.ts';

const ENTRIES = allEntries().filter(({ auth_type: type }) => isMachineType(type));
const ASKED = ENTRIES.filter((entry) => entry.token_url !== null);
const named = (entries: readonly Descriptor[]) => entries.map((entry) => [entry.id, entry] as const);

let broker: TestBroker;
let simulator: Simulator;
let operator: Client;
let agent: Client;

beforeAll(async () => {
  [broker, simulator] = await Promise.all([
    startBroker({ settings: { LOG_LEVEL: 'warn' } }),
    startSimulator({ publicKey: PUBLIC_KEY }),
  ]);
  operator = client(broker.url, broker.adminKey);
  const policy = { rules: [{ connection: '*', identifiers: ['*'] }] };
  const made = await operator.post('/v1/agents', { id: 'machine-worker', policy, key: true });
  agent = client(broker.url, String(made.body.key));
});
afterAll(async () => {
  await broker.dispose();
  await simulator.close();
});

const must = (reply: Reply, ...statuses: number[]): Reply => {
  expect(statuses, reply.text).toContain(reply.status);
  return reply;
};
const token = (account: string) => agent.get(`/v1/connected-accounts/${account}/token`);
/** Tests run side by side here, where `expect.poll` does not know whose it is. */
async function eventually(is: () => Promise<boolean>): Promise<void> {
  const untilMs = Date.now() + PATIENCE_MS;
  while (!(await is()) && Date.now() < untilMs) await new Promise((resolve) => setTimeout(resolve, 50));
  expect(await is()).toBe(true);
}

/** The first one. What only a question to the provider tells of an account is told a moment later. */
async function firstToken(account: string): Promise<Reply> {
  await eventually(async () => (await token(account)).status === 200);
  return token(account);
}
const usesOf = (owner: { id: string } | null) =>
  simulator.uses.filter((use) => use.account === owner?.id).map(({ verdict, status }) => [verdict, status]);
const isGood = (use: unknown[]) => use[1] === 200 || use[1] === 201;

describe.concurrent('a machine grant', () => {
  it.each(named(ENTRIES))('%s is supported, and fetched and renewed in its own words', async (id, entry) => {
    expect((await operator.get(`/v1/providers/${id}`)).body.supported).toBe(true);
    const scene = machineScene(simulator, entry);
    const account = await connected(operator, scene);
    const path = `/v1/connected-accounts/${account}`;
    expect((await operator.get(path)).body).toMatchObject({
      status: 'active',
      credential_type: entry.auth_type,
    });

    const first = await firstToken(account);
    const type = entry.auth_type === 'session_token' ? 'session_token' : 'oauth2';
    expect(first.body).toMatchObject({ type, connected_account_id: account, connection: id });
    expect(first.body.expires_in).toBeGreaterThan(0);
    expect(typeof first.body.value).toBe('string');
    if (type === 'oauth2') expect(first.body.access_token).toBe(first.body.value);
    expect(must(await token(account), 200).body.value).toBe(first.body.value);
    expect(Object.values(first.body.headers).join()).toContain(first.body.value);
    if (scene.owner === null) return;
    const api = `${simulator.origin}/${entryDialectId(id)}/api/x`;
    expect((await fetch(api, { headers: first.body.headers })).status).toBe(200);

    must(await operator.post(`${path}/expire`), 200);
    const second = must(await token(account), 200);
    expect(second.body.value).not.toBe(first.body.value);
    expect(usesOf(scene.owner)).toHaveLength(2);
    expect(usesOf(scene.owner).every(isGood)).toBe(true);
    must(await operator.patch(path, { rotation: 'proactive' }), 200);
    expect((await operator.get(path)).body.next_refresh_at).not.toBeNull();
    const shown = [
      first,
      second,
      await operator.get(path),
      await operator.get(`${path}/explain`),
      await operator.get(`/v1/audit-events?connected_account_id=${account}`),
      await operator.get(`/v1/connections/${id}`),
    ];
    for (const { text } of shown) {
      expect(text).not.toContain(PASSWORD);
      expect(text).not.toContain(PRIVATE_KEY.slice(40, 90));
      expect(text).not.toContain(simulator.client.clientSecret);
    }
  });

  it.each(named(ASKED))('%s is asked once for a herd', async (id, entry) => {
    const scene = machineScene(simulator, entry, `${id}.herd`);
    const account = await connected(operator, scene);
    await firstToken(account);
    must(await operator.post(`/v1/connected-accounts/${account}/expire`), 200);
    const before = usesOf(scene.owner).length;
    const herd = await Promise.all(Array.from({ length: 20 }, () => token(account)));
    expect(new Set(herd.map(({ status, body }) => `${status} ${body.value}`)).size).toBe(1);
    expect(usesOf(scene.owner).length - before).toBe(1);
  });

  it.each(named(ASKED))('%s that is throttled or away is asked again later, and lives', async (id, entry) => {
    const scene = machineScene(simulator, entry, `${id}.away`);
    const account = await connected(operator, scene);
    const path = `/v1/connected-accounts/${account}`;
    await firstToken(account);
    scene.owner?.script.set([{ kind: 'throttle', seconds: 1 }]);
    must(await operator.post(`${path}/expire`), 200);
    const refused = must(await token(account), 503);
    expect(refused.body.code).toBe('provider_unavailable');
    expect(Number(refused.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    expect((await operator.get(path)).body).toMatchObject({ status: 'active' });
    await eventually(async () => (await token(account)).status === 200);

    scene.owner?.script.set([{ kind: 'drop_after' }]);
    must(await operator.post(`${path}/expire`), 200);
    must(await token(account), 503);
    // Nothing rotates, so that a lost answer is no doubt for long.
    await eventually(async () => (await token(account)).status === 200);
    expect((await operator.get(path)).body).toMatchObject({ status: 'active', in_doubt_since: null });
  });

  it.each(named(ASKED))(
    '%s whose credential is dead says so, and is repaired by a new one',
    async (id, entry) => {
      const scene = machineScene(simulator, entry, `${id}.dead`);
      const account = await connected(operator, scene);
      const path = `/v1/connected-accounts/${account}`;
      await firstToken(account);
      if (scene.owner !== null) scene.owner.family.dead = true;
      must(await operator.post(`${path}/expire`), 200);
      const dead = must(await token(account), 409);
      expect(dead.body).toMatchObject({ code: 'reauth_required', reauth_url: null });
      expect((await operator.get(path)).body.status).toBe('reauth_required');
      const credential = scene.credential ?? { type: entry.auth_type };
      const refused = must(await operator.put(`${path}/credential`, credential), 422);
      expect(refused.body.code).toBe('credential_refused');
      if (scene.owner !== null) scene.owner.family.dead = false;
      must(await operator.put(`${path}/credential`, credential), 200);
      await firstToken(account);
    },
  );

  it('leaves nothing of what it asks with in the log', () => {
    for (const secret of [PASSWORD, PRIVATE_KEY.slice(40, 90), simulator.client.clientSecret])
      expect(broker.output()).not.toContain(secret);
  });

  it.each(named(ASKED.filter((entry) => revocationReachOf(entry) === 'token')))(
    '%s ends its token at the provider, and nothing else',
    async (id, entry) => {
      const scene = machineScene(simulator, entry, `${id}.ended`);
      const account = await connected(operator, scene);
      await firstToken(account);
      must(await operator.post(`/v1/connected-accounts/${account}/revoke`), 200);
      const ended = () => simulator.revocations.filter((one) => one.account === scene.owner?.id);
      await eventually(() => Promise.resolve(ended().length > 0));
      expect(ended()).toHaveLength(1);
    },
  );
});
