/**
 * The second half of `npm run bench`: refreshes, beside the same calls made straight to the provider by the same client.
 * The provider is the simulator, as quick as it can be and then as slow as real ones are. Nothing is asserted.
 */

import { startSimulator } from '../../src/dev/simulator/simulator.ts';
import { findDialect, providerConfigOf } from '../../src/dev/simulator/dialects/dialects.ts';
import { call, client, type Client } from '../support/callers.ts';

const ROUNDS = Number(process.env['ROUNDS'] ?? 5);
/** Refreshes of one round, at most one per account. */
const REFRESHES = 64;
const GRACE_S = 600;

interface Round {
  readonly perSecond: number;
  readonly medianMs: number;
  readonly failures: number;
}

/** What is measured; each call is one refresh from end to end. */
type Refresh = (account: number) => Promise<boolean>;

export async function benchRefresh(broker: { url: string; adminKey: string }): Promise<void> {
  const simulator = await startSimulator();
  const operator = client(broker.url, broker.adminKey);
  try {
    console.log(
      `\n${ROUNDS} rounds of ${REFRESHES} refreshes each, through the broker and straight to the provider; medians over the rounds\n`,
    );
    console.log(
      'provider takes  at once   straight/s    ours/s   ratio   straight p50    ours p50   ours adds   our share   failures',
    );
    for (const latencyMs of [0, 50, 200]) {
      for (const atOnce of [1, 16]) {
        const { ours, straight, expire } = await scene(simulator, operator, broker.url, latencyMs);
        const rounds: { ours: Round; straight: Round }[] = [];
        // The first warms both up.
        for (let round = 0; round <= ROUNDS; round += 1) {
          await expire();
          const first = await measure(round % 2 === 0 ? straight : ours, atOnce, latencyMs);
          const second = await measure(round % 2 === 0 ? ours : straight, atOnce, latencyMs);
          const pair =
            round % 2 === 0 ? { straight: first, ours: second } : { straight: second, ours: first };
          if (round > 0) rounds.push(pair);
        }
        print(latencyMs, atOnce, rounds);
      }
    }
  } finally {
    await simulator.close();
  }
}

async function scene(
  simulator: Awaited<ReturnType<typeof startSimulator>>,
  operator: Client,
  url: string,
  latencyMs: number,
): Promise<{ ours: Refresh; straight: Refresh; expire: () => Promise<void> }> {
  const dialect = findDialect('atlassian');
  if (dialect === undefined) throw new Error('no such dialect');
  const id = `bench-${simulator.accounts.size}`;
  await operator.post('/v1/connections', {
    id,
    provider: 'custom',
    client_id: simulator.client.clientId,
    client_secret: simulator.client.clientSecret,
    rotation: 'on_demand',
    provider_config: { ...providerConfigOf(dialect, simulator.origin), refresh_reuse_grace_s: GRACE_S },
  });
  const policy = { rules: [{ connection: id, identifiers: ['*'] }] };
  const hired = await operator.post('/v1/agents', { id, policy, key: true });
  const agent = client(url, String(hired.body.key));
  const latency = { kind: 'constant', ms: latencyMs } as const;
  const held: string[] = [];
  const ids: string[] = [];
  for (let n = 0; n < REFRESHES; n += 1) {
    const options = { dialect: dialect.id, graceS: GRACE_S, latency };
    held.push(simulator.account({ ...options, id: `${id}-straight-${n}` }).first.refreshToken);
    const { first } = simulator.account({ ...options, id: `${id}-ours-${n}` });
    const put = await operator.put(`/v1/credentials/${id}?identifier=user-${n}`, {
      type: 'oauth2',
      refresh_token: first.refreshToken,
      verify: false,
    });
    ids.push(String(put.body.id));
  }
  return {
    expire: async () => {
      for (const account of ids) await operator.post(`/v1/connected-accounts/${account}/expire`);
    },
    ours: async (n) => {
      const before = simulator.uses.length;
      const { status } = await agent.get(`/v1/connected-accounts/${ids[n] ?? ''}/token`);
      return status === 200 && simulator.uses.length > before;
    },
    straight: async (n) => {
      const form = new URLSearchParams({
        grant_type: 'refresh_token',
        refresh_token: held[n] ?? '',
        client_id: simulator.client.clientId,
        client_secret: simulator.client.clientSecret,
      });
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      const { status, body } = await call('POST', `${simulator.origin}/${dialect.id}/token`, {
        headers,
        raw: form.toString(),
      });
      held[n] = String(body?.refresh_token);
      return status === 200;
    },
  };
}

/** Every account once, `atOnce` at a time; with one at a time a slow provider gets a quarter of them. */
async function measure(refresh: Refresh, atOnce: number, latencyMs: number): Promise<Round> {
  const count = atOnce === 1 && latencyMs > 0 ? REFRESHES / 4 : REFRESHES;
  const times: number[] = [];
  let next = 0;
  let failures = 0;
  const start = performance.now();
  const line = async (): Promise<void> => {
    for (let n = next++; n < count; n = next++) {
      const before = performance.now();
      if (await refresh(n)) times.push(performance.now() - before);
      else failures += 1;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, line));
  const tookS = (performance.now() - start) / 1000;
  return { perSecond: times.length / tookS, medianMs: median(times), failures };
}

function print(latencyMs: number, atOnce: number, rounds: readonly { ours: Round; straight: Round }[]): void {
  const of = (pick: (round: { ours: Round; straight: Round }) => number): number => median(rounds.map(pick));
  const cells = [
    `${latencyMs} ms`.padStart(14),
    String(atOnce).padStart(8),
    of(({ straight }) => straight.perSecond)
      .toFixed(0)
      .padStart(12),
    of(({ ours }) => ours.perSecond)
      .toFixed(0)
      .padStart(9),
    of(({ ours, straight }) => ours.perSecond / straight.perSecond)
      .toFixed(2)
      .padStart(7),
    `${of(({ straight }) => straight.medianMs).toFixed(1)} ms`.padStart(14),
    `${of(({ ours }) => ours.medianMs).toFixed(1)} ms`.padStart(11),
    `${of(({ ours, straight }) => ours.medianMs - straight.medianMs).toFixed(1)} ms`.padStart(11),
    `${(100 * of(({ ours, straight }) => 1 - straight.medianMs / ours.medianMs)).toFixed(0)} %`.padStart(11),
    String(rounds.reduce((sum, { ours, straight }) => sum + ours.failures + straight.failures, 0)).padStart(
      10,
    ),
  ];
  console.log(cells.join(' '));
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
