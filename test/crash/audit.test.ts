/**
 * No token without its record, under kill -9: clients fetch without a pause, the process group dies at random
 * instants, and what they hold is compared with what the chains say. The same comparison finds the missing records of
 * a Worker that answers first and writes afterwards.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startOAuthServer, type OAuthServer } from '../../src/dev/oauth/server.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { client, type Reply } from '../support/callers.ts';
import { chainOf, hammer, killAfter, seeded, unrecorded, until } from '../support/crash.ts';
import { name, world } from '../support/world.ts';

const KILLS = 12;
const CONNECTIONS = 48;
const ACCOUNTS = 4;
const seed = Date.now() % 1_000_000;
const random = seeded(seed);

let provider: OAuthServer;
const brokers: TestBroker[] = [];

beforeAll(async () => {
  provider = await startOAuthServer({ accessTokenTtlS: 36_000 });
});
afterAll(async () => {
  for (const broker of brokers) await broker.dispose();
  await provider?.close();
});

async function started(...options: Parameters<typeof startBroker>): Promise<TestBroker> {
  const broker = await startBroker(...options);
  brokers.push(broker);
  return broker;
}

interface Counts {
  received: number[];
  asked: number[];
  /** Records of each chain since before the first fetch. */
  recorded: number[];
  intact: boolean;
}

/** One life of the broker: hammered, killed at a random instant, started again, counted. */
async function lifeAndDeath(
  broker: TestBroker,
  targets: readonly (() => Promise<Reply>)[],
  recorded: () => Promise<{ intact: boolean; recorded: number }[]>,
): Promise<Counts> {
  const before = await recorded();
  const clients = hammer(targets, CONNECTIONS);
  await until('the clients at work', async () => clients.received.some((count) => count > 0), {
    everyMs: 5,
  });
  await killAfter(provider, broker, random() * 600).done;
  await clients.ended;
  await broker.restart();
  const after = await recorded();
  return {
    received: [...clients.received],
    asked: [...clients.asked],
    recorded: after.map((chain, at) => chain.recorded - (before[at]?.recorded ?? 0)),
    intact: after.every((chain) => chain.intact),
  };
}

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);

describe(`tokens and records (seed ${seed})`, () => {
  it('no client holds a token whose record did not survive, and no record is of a fetch that was not made', async () => {
    const broker = await started({ settings: { LOG_LEVEL: 'warn' } });
    const w = world(broker, provider);
    const connection = await w.connection();
    const agent = await w.agent({ rules: [{ connection, identifiers: ['*'] }] });
    const ids = await Promise.all(
      Array.from({ length: ACCOUNTS }, async () => {
        const grant = await provider.grant();
        return w.account(connection, name('user'), {
          refresh_token: grant.refreshToken,
          access_token: grant.accessToken,
          expires_in: 36_000,
        });
      }),
    );
    const targets = ids.map((id) => () => agent.client.get(`/v1/connected-accounts/${id}/token`));
    const recorded = () =>
      Promise.all(
        ids.map(async (id) => (await chainOf(w.operator, id)) ?? { intact: false, recorded: Number.NaN }),
      );
    let held = 0;
    for (let kill = 0; kill < KILLS; kill += 1) {
      const counts = await lifeAndDeath(broker, targets, recorded);
      expect(unrecorded(counts.received, counts.recorded)).toBe(0);
      expect(counts.recorded.every((count, at) => count <= (counts.asked[at] ?? 0))).toBe(true);
      expect(counts.intact).toBe(true);
      held += sum(counts.received);
    }
    // Nothing but the fetches wrote into these chains: nobody was called.
    expect(provider.calls).toHaveLength(0);
    console.log(`audit: ${KILLS} kills, ${held} tokens received, 0 without a record (seed ${seed})`);
    expect(held).toBeGreaterThan(KILLS * ACCOUNTS);
  });

  it('the same comparison finds the records that a Worker lacks which answers before it writes', async () => {
    const broker = await started({
      program: ['test/support/serve-entry.ts', '--entry', 'test/crash/late-writer.worker.ts'],
    });
    const anyone = client(broker.url, null);
    const ids = Array.from({ length: ACCOUNTS }, () => name('account'));
    const targets = ids.map((id) => () => anyone.get(`/v1/connected-accounts/${id}/token`));
    const recorded = () =>
      Promise.all(
        ids.map(async (id) => (await chainOf(anyone, id)) ?? { intact: false, recorded: Number.NaN }),
      );
    let missing = 0;
    let held = 0;
    for (let kill = 0; kill < 5 && missing === 0; kill += 1) {
      const counts = await lifeAndDeath(broker, targets, recorded);
      missing += unrecorded(counts.received, counts.recorded);
      held += sum(counts.received);
    }
    console.log(`audit, negative control: ${missing} of ${held} tokens without a record (seed ${seed})`);
    expect(missing).toBeGreaterThan(0);
  });
});
