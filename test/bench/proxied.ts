/**
 * `npm run bench -- --proxy`: a call through the proxy beside the same call through a bare forwarder (`forwarder.ts`: one
 * hop, one row, one fetch), in turn, round after round; what the broker adds is the difference of medians of a round.
 */

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { runBroker } from '../../src/dev/engine/broker.ts';
import { world } from '../support/world.ts';
import { load, type Measured, type Target } from './load.ts';
import type { ProofsScene } from './proofs.ts';

const ROUNDS = Number(process.env['ROUNDS'] ?? 7);
const ROUND_MS = Number(process.env['ROUND_MS'] ?? 2000);
const CONNECTIONS = [1, 16];

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

export async function benchProxy({ broker, adminKey, provider }: ProofsScene, folder: string): Promise<void> {
  const w = world({ url: broker.url, adminKey }, provider);
  const api = createServer({ keepAliveTimeout: 600_000 }, (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}');
  }).listen(0, '127.0.0.1');
  await once(api, 'listening');
  const base = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
  const forwarder = await runBroker({
    port: 0,
    persistTo: path.join(folder, 'forwarder'),
    settings: { ALLOW_LOOPBACK: 'true', API: base },
    entry: path.resolve(import.meta.dirname, 'forwarder.ts'),
  });
  const connection = await w.connection({ api_base_urls: [base] });
  const grant = await provider.grant();
  const id = await w.account(connection, 'proxied', {
    refresh_token: grant.refreshToken,
    access_token: grant.accessToken,
    expires_in: 86_400,
  });
  const { key } = await w.agent({ rules: [{ connection, identifiers: ['*'] }] });
  const proxied: Target = {
    port: broker.port,
    key,
    path: () => `/v1/connected-accounts/${id}/proxy/contacts`,
  };
  const bare: Target = { port: forwarder.port, key, path: () => '/contacts' };
  console.log('\nproxy: a call of 11 bytes; the median over the rounds of each round’s medians\n');
  console.log('conns   forwarder p50   proxied p50     added   ratio   failures');
  for (const connections of CONNECTIONS) await compare(connections, bare, proxied);
  await forwarder.stop();
  api.close();
}

async function compare(connections: number, bare: Target, proxied: Target): Promise<void> {
  await load(bare, connections, 500);
  await load(proxied, connections, 500);
  const rounds: { bare: Measured; proxied: Measured }[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    // The order alternates: what the first of a pair does to the machine is done to both.
    const isFirst = round % 2 === 0;
    const one = await load(isFirst ? bare : proxied, connections, ROUND_MS);
    const other = await load(isFirst ? proxied : bare, connections, ROUND_MS);
    rounds.push(isFirst ? { bare: one, proxied: other } : { bare: other, proxied: one });
  }
  const ms = (value: number) => `${value.toFixed(2)} ms`;
  const cells = [
    String(connections).padStart(5),
    ms(median(rounds.map((round) => round.bare.medianMs))).padStart(15),
    ms(median(rounds.map((round) => round.proxied.medianMs))).padStart(13),
    ms(median(rounds.map((round) => round.proxied.medianMs - round.bare.medianMs))).padStart(9),
    median(rounds.map((round) => round.proxied.medianMs / round.bare.medianMs))
      .toFixed(2)
      .padStart(7),
    String(rounds.reduce((sum, round) => sum + round.bare.failures + round.proxied.failures, 0)).padStart(10),
  ];
  console.log(cells.join(' '));
}
