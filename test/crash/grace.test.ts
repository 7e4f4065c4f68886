/**
 * kill -9 at a provider that rotates and forgives for ten minutes: no grant is lost, whatever the instant, and no
 * refresh token is presented outside what the provider forgives.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startOAuthServer, type OAuthServer, type TokenCall } from '../../src/dev/oauth/server.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { call } from '../support/callers.ts';
import {
  chainOf,
  CRASH_BUDGET_MS,
  definite,
  killAfter,
  killAfterFirst,
  killWhenCut,
  perhaps,
  seeded,
  slowDown,
  until,
  type Kill,
  type Stage,
} from '../support/crash.ts';
import { name, world, type World } from '../support/world.ts';

const ACCOUNTS = 40;
const MIN_KILLS = 25;
const MIN_CUT = 500;
const seed = Date.now() % 1_000_000;

interface Account {
  readonly id: string;
  readonly grantId: string;
  token: string;
  fetchToken(): ReturnType<typeof call>;
}

let provider: OAuthServer;
let broker: TestBroker;
let w: World;
let accounts: Account[];
const random = seeded(seed);
let kills = 0;
let cut = 0;

beforeAll(async () => {
  provider = await startOAuthServer({ rotation: 'rotating', graceS: 600, accessTokenTtlS: 3600 });
  broker = await startBroker({
    settings: { EXCHANGE_BUDGET_MS: String(CRASH_BUDGET_MS), LOG_LEVEL: 'warn' },
  });
  w = world(broker, provider);
  const connection = await w.connection({ refresh_reuse_grace_s: 600 });
  const agent = await w.agent({ rules: [{ connection, identifiers: ['*'] }] });
  accounts = await Promise.all(
    Array.from({ length: ACCOUNTS }, async () => {
      const grant = await provider.grant();
      const id = await w.account(connection, name('user'), {
        refresh_token: grant.refreshToken,
        access_token: grant.accessToken,
        expires_in: 3600,
      });
      return {
        id,
        grantId: grant.grantId,
        token: grant.accessToken,
        fetchToken: () => agent.client.get(`/v1/connected-accounts/${id}/token`),
      };
    }),
  );
});
afterAll(async () => {
  await broker?.dispose();
  await provider?.close();
});

/** Ends every access token, lets all agents ask at once, and kills as told. The fetches may end either way. */
async function crash(kill: () => Kill): Promise<void> {
  const ended = await Promise.all(
    accounts.map((account) => w.operator.post(`/v1/connected-accounts/${account.id}/expire`)),
  );
  expect(ended.every((reply) => reply.status === 200)).toBe(true);
  const falling = kill();
  const fetches = accounts.map((account) => perhaps(account.fetchToken()));
  await struck(falling);
  await Promise.all(fetches);
  await broker.restart();
}

/** Whoever is through already loses his token again, so that the exchanges do not run dry before the kill. */
async function askAndEnd(account: Account): Promise<void> {
  const reply = await perhaps(account.fetchToken());
  if (reply?.status === 200) await perhaps(w.operator.post(`/v1/connected-accounts/${account.id}/expire`));
}

async function struck(kill: Kill): Promise<void> {
  cut += (await kill.done).length;
  kills += 1;
}

/** Every agent gets a token again that the provider's API takes, and nothing about the account tells of the crash. */
async function expectAllWhole(): Promise<void> {
  await Promise.all(
    accounts.map(async (account) => {
      const { status, body, text } = await definite('a token after the kill', account.fetchToken);
      expect(status, text).toBe(200);
      expect(body.access_token).not.toBe(account.token);
      account.token = String(body.access_token);
      const used = await call('GET', provider.apiUrl, { key: account.token });
      expect(used.status).toBe(200);
      expect((await provider.state(account.grantId)).alive).toBe(true);
      const shown = await w.operator.get(`/v1/connected-accounts/${account.id}`);
      expect(shown.body).toMatchObject({ status: 'active', in_doubt_since: null, degraded_since: null });
      expect((await chainOf(w.operator, account.id))?.intact).toBe(true);
    }),
  );
  const verdicts = new Set(provider.calls.map((one) => one.verdict));
  expect([...verdicts].filter((verdict) => verdict !== 'fresh' && verdict !== 'in_grace')).toEqual([]);
  expect(provider.calls.filter((one) => one.overlaps)).toHaveLength(0);
  expect(provider.errors).toEqual([]);
}

const all = (stage: Stage) => () => killWhenCut(provider, broker, { count: ACCOUNTS, stageOf: () => stage });
const halfOfThem = (one: TokenCall): Stage =>
  accounts.findIndex((account) => account.grantId === one.grantId) % 2 === 0 ? 'received' : 'processed';

describe(`a rotating provider with ten minutes of grace (seed ${seed})`, () => {
  it('loses nothing when the kill comes before the provider has done anything, and it never does', async () => {
    for (let round = 0; round < 2; round += 1) {
      provider.faults.always({ dropBefore: true });
      await crash(all('received'));
      provider.faults.clear();
      await expectAllWhole();
    }
  });

  it('loses nothing when the provider rotates for a broker that is dead by then', async () => {
    for (let round = 0; round < 2; round += 1) {
      await crash(all('received'));
      await expectAllWhole();
    }
  });

  it('loses nothing when the answers are on the wire', async () => {
    for (let round = 0; round < 3; round += 1) {
      await crash(all('processed'));
      await expectAllWhole();
    }
  });

  it('loses nothing when the second attempts are cut by another kill, and the third by one more', async () => {
    for (let round = 0; round < 2; round += 1) {
      await crash(all('processed'));
      for (const stage of ['received', 'processed'] as const) {
        const again = all(stage)();
        const asking = setInterval(() => accounts.forEach((account) => void askAndEnd(account)), 400);
        await struck(again).finally(() => clearInterval(asking));
        await broker.restart();
      }
      await expectAllWhole();
    }
  });

  it('is whole again by its own timers, although nobody asks', async () => {
    const from = provider.calls.length;
    await crash(all('processed'));
    const tried = (account: Account) =>
      provider.calls.slice(from).filter((one) => one.grantId === account.grantId).length;
    await until('a second attempt for every account', async () =>
      accounts.every((account) => tried(account) > 1),
    );
    for (const account of accounts) {
      await until('its result stored', async () => {
        const shown = await w.operator.get(`/v1/connected-accounts/${account.id}`);
        return shown.body.last_attempt.outcome === 'refreshed';
      });
    }
    await expectAllWhole();
  });

  it('loses nothing when half of the exchanges were processed and half were not', async () => {
    for (let round = 0; round < 2; round += 1) {
      await crash(() => killWhenCut(provider, broker, { count: ACCOUNTS, stageOf: halfOfThem }));
      await expectAllWhole();
    }
  });

  it('loses nothing at random instants, with exchanges at every stage and answers being stored', async () => {
    for (let round = 0; round < 9; round += 1) {
      slowDown(provider, random);
      await crash(() =>
        round % 3 === 2
          ? killAfter(provider, broker, random() * 200)
          : killAfterFirst(provider, broker, random() * 250),
      );
      provider.faults.clear();
      await expectAllWhole();
    }
  });

  it('holds the last refresh token that was issued, for every account, after all of it', async () => {
    const from = provider.calls.length;
    for (const account of accounts) {
      await w.operator.post(`/v1/connected-accounts/${account.id}/expire`);
    }
    await expectAllWhole();
    const presented = accounts.map((account) =>
      provider.calls.slice(from).find((one) => one.grantId === account.grantId),
    );
    expect(presented.every((one) => one?.verdict === 'fresh')).toBe(true);
    console.log(`grace: ${kills} kills cut ${cut} exchanges of ${ACCOUNTS} accounts, 0 lost (seed ${seed})`);
    expect(kills).toBeGreaterThanOrEqual(MIN_KILLS);
    expect(cut).toBeGreaterThanOrEqual(MIN_CUT);
  });
});
