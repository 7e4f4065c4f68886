/**
 * The crash soak: accounts at the provider simulator, whose refresh tokens rotate with a grace, agents that fetch
 * without end, and kill -9 of the whole broker every few seconds. What it cost is read off the simulator's own record.
 *
 * Forty accounts and half a minute by default; `npm run test:crash -- --soak` is two hundred and five minutes.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findDialect, providerConfigOf } from '#dev/simulator/dialects/dialects.ts';
import { startSimulator } from '#dev/simulator/simulator.ts';
import type { AccountOptions, Simulator } from '#dev/simulator/world.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { client, type Client } from '../support/callers.ts';
import { chainOf, CRASH_BUDGET_MS, definite, perhaps, seeded, until } from '../support/crash.ts';
import { damagedFiles } from '../support/stored-rows.ts';
import { name } from '../support/world.ts';
import { ledgerOf, type Account } from './soak-record.ts';

const LONG = process.env['SOAK'] === '1';
const ACCOUNTS = LONG ? 200 : 40;
const LASTS_MS = LONG ? 300_000 : 30_000;
const MIN_KILLS = LONG ? 20 : 5;
/** A busy machine starts a broker again in its own time. */
const LIMIT_MS = LONG ? 1_200_000 : 600_000;
/** Rotations whose answer a kill swallowed; far below what runs have: one without any has shown nothing. */
const MIN_LOST = LONG ? 20 : 1;
/** Agents ask more often than that, so that the exchanges never end. */
const TOKEN_S = LONG ? 10 : 4;
/** Longer than any run: how long a busy machine keeps the broker away is not what is measured here. */
const GRACE_S = 1_800;
/** How long the broker lives between two kills. */
const LIVES_MS = { least: 1_500, most: 5_000 };
/** How long an agent waits between two questions for one account. */
const ASKS_MS = { least: 500, most: 2_500 };
/** At the provider, before the rotation and after it: kills fall on either side. */
const LATENCY = { kind: 'uniform', minMs: 0, maxMs: 300 } as const;
const AFTER_MS = 200;
const DIALECT = 'atlassian';
const seed = Date.now() % 1_000_000;
const random = seeded(seed);
const between = ({ least, most }: { least: number; most: number }) => least + random() * (most - least);

let simulator: Simulator;
let broker: TestBroker;
let operator: Client;
let agent: Client;

beforeAll(async () => {
  simulator = await startSimulator();
  broker = await startBroker({
    settings: { EXCHANGE_BUDGET_MS: String(CRASH_BUDGET_MS), LOG_LEVEL: 'warn' },
  });
  operator = client(broker.url, broker.adminKey);
  const policy = { rules: [{ connection: '*', identifiers: ['*'] }] };
  const hired = await operator.post('/v1/agents', { id: 'worker', policy, key: true });
  expect(hired.status, hired.text).toBe(201);
  agent = client(broker.url, String(hired.body.key));
});
afterAll(async () => {
  await broker?.dispose();
  await simulator?.close();
});

const fetchToken = (account: Account) => agent.get(`/v1/connected-accounts/${account.id}/token`);
const show = async ({ id }: Account) => (await operator.get(`/v1/connected-accounts/${id}`)).body;

/** Accounts at one connection, which the operator says has a grace of `graceS`. */
async function connect(count: number, graceS: number, options: Partial<AccountOptions>): Promise<Account[]> {
  const dialect = findDialect(DIALECT);
  if (dialect === undefined) throw new Error('no such dialect');
  const connection = name('conn');
  const made = await operator.post('/v1/connections', {
    id: connection,
    provider: 'custom',
    client_id: simulator.client.clientId,
    client_secret: simulator.client.clientSecret,
    provider_config: { ...providerConfigOf(dialect, simulator.origin), refresh_reuse_grace_s: graceS },
  });
  expect(made.status, made.text).toBe(201);
  const accounts: Account[] = [];
  for (let n = 0; n < count; n += 1) {
    const simulated = simulator.account({ ...options, dialect: DIALECT, id: name('account') });
    const put = await operator.put(`/v1/credentials/${connection}?identifier=${simulated.id}`, {
      type: 'oauth2',
      refresh_token: simulated.first.refreshToken,
      verify: false,
    });
    expect(put.status, put.text).toBe(201);
    accounts.push({ simulated, id: String(put.body.id) });
  }
  return accounts;
}

interface Load {
  /** Answers with a token, by now. */
  readonly served: number;
  /** Answers of each other status; 0 stands for a broker that is away. */
  readonly others: Readonly<Record<number, number>>;
  /** Tokens that the provider's API did not take when they were asked for. */
  readonly bad: readonly string[];
  end(): Promise<void>;
}

/** An agent per account asks over and over, whatever it is told. */
function load(accounts: readonly Account[]): Load {
  const others: Record<number, number> = {};
  const bad: string[] = [];
  const state = { served: 0, asking: true };
  const loops = accounts.map(async (account) => {
    while (state.asking) {
      const askedAtMs = Date.now();
      const reply = await perhaps(fetchToken(account));
      if (reply?.status === 200) {
        state.served += 1;
        const token = String(reply.body.access_token);
        if (!account.simulated.family.accepts(token, askedAtMs)) bad.push(account.id);
      } else others[reply?.status ?? 0] = (others[reply?.status ?? 0] ?? 0) + 1;
      await sleep(between(ASKS_MS));
    }
  });
  return {
    get served() {
      return state.served;
    },
    others,
    bad,
    end: async () => {
      state.asking = false;
      await Promise.all(loops);
    },
  };
}

it(
  `loses no grant of ${ACCOUNTS} in ${LASTS_MS / 1000} s of kills at random (seed ${seed})`,
  async () => {
    const accounts = await connect(ACCOUNTS, GRACE_S, {
      rotation: 'rotating',
      graceS: GRACE_S,
      reuse: 'revoke',
      accessTtlS: TOKEN_S,
      latency: LATENCY,
      script: [{ kind: 'slow', ms: AFTER_MS, times: null }],
    });
    const beganAtMs = Date.now();
    const agents = load(accounts);
    let kills = 0;
    while (Date.now() < beganAtMs + LASTS_MS || kills < MIN_KILLS) {
      await sleep(between(LIVES_MS));
      await broker.kill();
      kills += 1;
      await broker.restart();
    }
    await sleep(between(LIVES_MS));
    await broker.kill();
    kills += 1;
    await agents.end();
    // As the last kill left them, before anything can mend them.
    const files = await damagedFiles(broker.folder);
    await broker.restart();

    const refusals: string[] = [];
    for (const account of accounts) {
      const reply = await definite('a token after the kills', () => fetchToken(account));
      if (reply.status !== 200) refusals.push(reply.text);
    }
    const ledger = ledgerOf(simulator.uses, accounts);
    console.info(
      `soak: ${JSON.stringify({
        seed,
        seconds: Math.round((Date.now() - beganAtMs) / 1000),
        kills,
        served: agents.served,
        others: agents.others,
        presented: ledger.presented,
        inGrace: ledger.inGrace,
        refused: ledger.refused.map(({ at, verdict }) => `${verdict} after ${at - beganAtMs} ms`),
        steppedBack: ledger.steppedBack.length,
        lostGrants: ledger.lostGrants.length,
        files: files.read,
        damaged: files.damaged.length,
      })}`,
    );
    expect(refusals).toEqual([]);
    // What is presented now is what is stored: the last token that was issued, for every account.
    const from = simulator.uses.length;
    await Promise.all(
      accounts.map(async (account) => {
        // A timer's refresh may have been on its way: what it brings serves, and only the next one presents what is stored.
        const presents = () => simulator.uses.slice(from).some((use) => use.account === account.simulated.id);
        for (let tries = 0; tries < 5 && !presents(); tries += 1) {
          await operator.post(`/v1/connected-accounts/${account.id}/expire`);
          const askedAtMs = Date.now();
          const reply = await definite('a token in the end', () => fetchToken(account));
          expect(reply.status, reply.text).toBe(200);
          expect(account.simulated.family.accepts(String(reply.body.access_token), askedAtMs)).toBe(true);
        }
        expect(await show(account)).toMatchObject({ status: 'active', in_doubt_since: null });
        expect((await chainOf(operator, account.id))?.intact).toBe(true);
      }),
    );
    const last = simulator.uses.slice(from);
    const stored = accounts.map(({ simulated }) => last.find(({ account }) => account === simulated.id));
    expect(stored.filter((use) => use?.verdict !== 'fresh')).toEqual([]);

    const whole = ledgerOf(simulator.uses, accounts);
    expect(whole.lostGrants).toEqual([]);
    expect(whole.refused).toEqual([]);
    expect(whole.steppedBack).toEqual([]);
    expect(files.damaged).toEqual([]);
    expect(files.read).toBeGreaterThan(ACCOUNTS);
    expect(agents.bad).toEqual([]);
    // "Come again", or nobody there: never that a user has to connect again, or that a row does not open.
    expect(Object.keys(agents.others).filter((status) => !['0', '502', '503'].includes(status))).toEqual([]);
    expect(kills).toBeGreaterThan(MIN_KILLS);
    expect(whole.inGrace).toBeGreaterThanOrEqual(MIN_LOST);
  },
  LIMIT_MS,
);

it('counts the losses at a provider that has no grace, although its operator says so', async () => {
  const accounts = await connect(5, GRACE_S, {
    rotation: 'rotating',
    graceS: 0,
    reuse: 'revoke',
    script: [{ kind: 'slow', ms: 60_000 }],
  });
  const fetches = accounts.map((account) => perhaps(fetchToken(account)));
  const uses = () =>
    simulator.uses.filter(({ account }) => accounts.some(({ simulated }) => simulated.id === account));
  await until('every rotation', async () => uses().filter(({ processed }) => processed).length === 5);
  await broker.kill();
  await Promise.all(fetches);
  await broker.restart();
  for (const account of accounts) {
    const reply = await definite('an answer after the kill', () => fetchToken(account));
    expect(reply.body.code, reply.text).toBe('reauth_required');
  }
  const ledger = ledgerOf(simulator.uses, accounts);
  expect(ledger.lostGrants).toHaveLength(5);
  expect(ledger.refused.map(({ verdict }) => verdict)).toEqual(Array(5).fill('reuse'));
});
