/**
 * `npm run bench`: warm token fetches beside a bare floor of the same shape on the same engine (`-- --fetches`: those
 * alone), refreshes beside the provider's own calls (`refresh.ts`; `-- --refreshes`), accounts that were not in memory
 * (`cold.ts`; `-- --cold`), what sharing commits is worth near an account and far from it (`hops.ts`; `-- --hops`), and
 * how near to the floor the broker's rules let anything come (`ceiling.ts`; `-- --ceiling`), and a fetch by a token of the
 * broker or under a rate beside one by a key, and a proxied call (`proofs.ts`; `-- --proofs`), as ratios. Both sides run in this one process's children, measured in turn, round after round; the ratio of each round
 * is taken, then their median. Nothing is asserted: two shared cores are no yardstick for absolute figures.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runBroker } from '../../src/dev/engine/broker.ts';
import { startOAuthServer } from '../../src/dev/oauth/server.ts';
import { client } from '../support/callers.ts';
import { world } from '../support/world.ts';
import { load, type Measured, type Target } from './load.ts';
import { benchCeiling } from './ceiling.ts';
import { benchCold } from './cold.ts';
import { benchHops } from './hops.ts';
import { benchProofs } from './proofs.ts';
import { benchRefresh } from './refresh.ts';

const ROUNDS = Number(process.env['ROUNDS'] ?? 5);
const ROUND_MS = Number(process.env['ROUND_MS'] ?? 2000);
const ACCOUNTS = 100;

const folder = await mkdtemp(path.join(tmpdir(), 'valetkey-bench-'));
const adminKey = randomBytes(24).toString('hex');
const provider = await startOAuthServer({ accessTokenTtlS: 86_400 });
const broker = await runBroker({
  port: 0,
  persistTo: path.join(folder, 'broker'),
  settings: {
    ADMIN_KEY: adminKey,
    MASTER_KEYS: `k1:${randomBytes(32).toString('base64')}`,
    ALLOW_LOOPBACK: 'true',
  },
});
const floor = await runBroker({
  port: 0,
  persistTo: path.join(folder, 'floor'),
  settings: {},
  entry: path.resolve(import.meta.dirname, 'floor.ts'),
});

try {
  const named = ['--fetches', '--refreshes', '--cold', '--hops', '--ceiling', '--proofs'].filter((flag) =>
    process.argv.includes(flag),
  );
  const isAsked = (flag: string) => named.length === 0 || named.includes(flag);
  if (isAsked('--fetches')) await fetches();
  if (isAsked('--refreshes')) await benchRefresh({ url: broker.url, adminKey });
  if (isAsked('--cold')) await benchCold(folder);
  if (isAsked('--hops')) await benchHops(folder, provider);
  if (isAsked('--ceiling')) await benchCeiling(folder);
  if (isAsked('--proofs')) await benchProofs({ broker, adminKey, provider });
} finally {
  await broker.stop();
  await floor.stop();
  await provider.close();
  await rm(folder, { recursive: true, force: true });
}

async function fetches(): Promise<void> {
  const w = world({ url: broker.url, adminKey }, provider);
  const connection = await w.connection();
  const agent = await w.agent({ rules: [{ connection, identifiers: ['*'] }] });
  const ids: string[] = [];
  for (let index = 0; index < ACCOUNTS; index += 1) {
    const grant = await provider.grant();
    ids.push(
      await w.account(connection, `user-${index}`, {
        refresh_token: grant.refreshToken,
        access_token: grant.accessToken,
        expires_in: 86_400,
      }),
    );
  }
  const ours = (count: number): Target => ({
    port: broker.port,
    key: agent.key,
    path: (n) => `/v1/connected-accounts/${ids[n % count] ?? ''}/token`,
  });
  const bare = (count: number): Target => ({
    port: floor.port,
    key: agent.key,
    path: (n) => `/object-${n % count}`,
  });

  console.log(
    `${ROUNDS} rounds of ${ROUND_MS} ms each; a ratio is ours ÷ floor of the same round, the median over the rounds\n`,
  );
  console.log(
    'accounts  conns   floor/s    ours/s   ratio    floor p50    ours p50   latency ratio   ours p99   failures',
  );
  for (const count of [1, ACCOUNTS]) {
    for (const connections of [1, 16, 64]) await compare(count, connections, ours(count), bare(count));
  }
  await herd(w, connection);
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

async function compare(count: number, connections: number, ours: Target, bare: Target): Promise<void> {
  await load(bare, connections, 500);
  await load(ours, connections, 500);
  const rounds: { floor: Measured; ours: Measured }[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    // The order alternates: what the first of a pair does to the machine is done to both.
    const first = await load(round % 2 === 0 ? bare : ours, connections, ROUND_MS);
    const second = await load(round % 2 === 0 ? ours : bare, connections, ROUND_MS);
    rounds.push(round % 2 === 0 ? { floor: first, ours: second } : { floor: second, ours: first });
  }
  const of = (pick: (round: { floor: Measured; ours: Measured }) => number): number =>
    median(rounds.map(pick));
  const cells = [
    String(count).padStart(8),
    String(connections).padStart(6),
    of((round) => round.floor.perSecond)
      .toFixed(0)
      .padStart(9),
    of((round) => round.ours.perSecond)
      .toFixed(0)
      .padStart(9),
    of((round) => round.ours.perSecond / round.floor.perSecond)
      .toFixed(2)
      .padStart(7),
    `${of((round) => round.floor.medianMs).toFixed(2)} ms`.padStart(12),
    `${of((round) => round.ours.medianMs).toFixed(2)} ms`.padStart(11),
    of((round) => round.ours.medianMs / round.floor.medianMs)
      .toFixed(2)
      .padStart(15),
    `${of((round) => round.ours.p99Ms).toFixed(1)} ms`.padStart(10),
    String(rounds.reduce((sum, round) => sum + round.ours.failures + round.floor.failures, 0)).padStart(10),
  ];
  console.log(cells.join(' '));
}

async function herd(w: ReturnType<typeof world>, connection: string): Promise<void> {
  const grant = await provider.grant();
  const id = await w.account(connection, 'herd', {
    refresh_token: grant.refreshToken,
    access_token: grant.accessToken,
    expires_in: 86_400,
  });
  const agent = await w.agent({ rules: [{ connection, identifiers: ['*'] }] });
  const operator = client(broker.url, adminKey);
  await agent.client.get(`/v1/connected-accounts/${id}/token`);
  const times: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    await operator.post(`/v1/connected-accounts/${id}/expire`);
    const before = provider.calls.length;
    const start = performance.now();
    const answers = await Promise.all(
      Array.from({ length: 1000 }, () => agent.client.get(`/v1/connected-accounts/${id}/token`)),
    );
    times.push(performance.now() - start);
    const tokens = new Set(answers.map((answer) => answer.body?.access_token));
    const calls = provider.calls.length - before;
    console.log(
      `herd of 1,000 on an expired token: ${times.at(-1)?.toFixed(0)} ms, ${calls} refresh, ${tokens.size} token, ${answers.filter((answer) => answer.status !== 200).length} failures`,
    );
  }
}
