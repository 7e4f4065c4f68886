/**
 * `npm run bench -- --proofs`: the cost of a fetch with a token of the broker in the place of a key, and under a rule with
 * `rate`, as ratios of the same round; and of a call through the proxy to an API on this machine, beside a fetch and
 * beside the same call made directly.
 */

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { runBroker } from '../../src/dev/engine/broker.ts';
import type { startOAuthServer } from '../../src/dev/oauth/server.ts';
import { call } from '../support/callers.ts';
import { world } from '../support/world.ts';
import { load, type Measured, type Target } from './load.ts';

const ROUNDS = Number(process.env['ROUNDS'] ?? 5);
const ROUND_MS = Number(process.env['ROUND_MS'] ?? 2000);
const CONNECTIONS = [1, 16];

export interface ProofsScene {
  readonly broker: Awaited<ReturnType<typeof runBroker>>;
  readonly adminKey: string;
  readonly provider: Awaited<ReturnType<typeof startOAuthServer>>;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

export async function benchProofs({ broker, adminKey, provider }: ProofsScene): Promise<void> {
  const w = world({ url: broker.url, adminKey }, provider);
  const api = createServer({ keepAliveTimeout: 600_000 }, (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}');
  }).listen(0, '127.0.0.1');
  await once(api, 'listening');
  const { port } = api.address() as AddressInfo;
  const connection = await w.connection({ api_base_urls: [`http://127.0.0.1:${port}`] });
  const grant = await provider.grant();
  const id = await w.account(connection, 'proofs', {
    refresh_token: grant.refreshToken,
    access_token: grant.accessToken,
    expires_in: 86_400,
  });
  const rule = { connection, identifiers: ['*'] };
  const agent = await w.agent({ rules: [rule] });
  const rated = await w.agent({ rules: [{ ...rule, rate: { limit: 10_000, per: 'second' } }] });
  const of = (key: string): Target => ({
    port: broker.port,
    key,
    path: () => `/v1/connected-accounts/${id}/token`,
  });
  const byKey = of(agent.key);
  console.log('\nproofs: the same fetch, a ratio of medians of one round, the median over the rounds\n');
  console.log('fetch by            conns   by key p50      p50   ratio   failures');
  for (const connections of CONNECTIONS) {
    await compare('a broker token', connections, byKey, of(await tokenOf(broker.url, agent)));
    await compare('a key, with rate', connections, byKey, of(rated.key));
    const proxied = { ...byKey, path: () => `/v1/connected-accounts/${id}/proxy/contacts` };
    await compare('a key, proxied', connections, byKey, proxied);
    await compare('proxied, direct', connections, { ...byKey, port, path: () => '/contacts' }, proxied);
  }
  api.close();
}

async function tokenOf(url: string, agent: { id: string; key: string }): Promise<string> {
  const fields = { grant_type: 'client_credentials', client_id: agent.id, client_secret: agent.key };
  const reply = await call('POST', `${url}/oauth/token`, {
    raw: new URLSearchParams(fields).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  });
  if (reply.status !== 200) throw new Error(`no token: ${reply.text}`);
  return String(reply.body.access_token);
}

async function compare(what: string, connections: number, byKey: Target, other: Target): Promise<void> {
  await load(byKey, connections, 500);
  await load(other, connections, 500);
  const rounds: { key: Measured; other: Measured }[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    // The order alternates: what the first of a pair does to the machine is done to both.
    const first = await load(round % 2 === 0 ? byKey : other, connections, ROUND_MS);
    const second = await load(round % 2 === 0 ? other : byKey, connections, ROUND_MS);
    rounds.push(round % 2 === 0 ? { key: first, other: second } : { key: second, other: first });
  }
  const cells = [
    what.padEnd(18),
    String(connections).padStart(6),
    `${median(rounds.map((round) => round.key.medianMs)).toFixed(2)} ms`.padStart(12),
    `${median(rounds.map((round) => round.other.medianMs)).toFixed(2)} ms`.padStart(8),
    median(rounds.map((round) => round.other.medianMs / round.key.medianMs))
      .toFixed(2)
      .padStart(7),
    String(rounds.reduce((sum, round) => sum + round.key.failures + round.other.failures, 0)).padStart(10),
  ];
  console.log(cells.join(' '));
}
