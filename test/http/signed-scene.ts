/** An API that checks each signature by itself, an account whose credential signs, and an agent that may only call. */

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { verifySigv4, type AwsVerdict } from '#dev/simulator/signed/verify-sigv4.ts';
import { client, type Client } from '../support/callers.ts';
import type { TestBroker } from '../support/broker.ts';
import { name } from '../support/world.ts';

export const ACCESS_KEY = 'AKIAIOSFODNN7EXAMPLE';
export const SECRET_KEY = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';

/** One request as it arrived. */
export interface Seen {
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
  readonly verdict: AwsVerdict;
}

export interface AwsApi {
  readonly origin: string;
  readonly seen: Seen[];
  /** Its clock is so far ahead. */
  offsetMs: number;
  /** By access key id. */
  keys: Record<string, { secret: string; sessionToken?: string }>;
  close(): void;
}

export async function startAwsApi(): Promise<AwsApi> {
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      const headers = Object.fromEntries(
        Object.entries(request.headers).map(([header, value]) => [
          header,
          value === undefined ? value : String(value),
        ]),
      );
      const arrived = { method: request.method ?? '', target: request.url ?? '', headers, body };
      const verdict = verifySigv4(arrived, api.keys, Date.now() + api.offsetMs);
      api.seen.push({ ...arrived, verdict });
      if (verdict.ok)
        return void response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}');
      const text = `<?xml version="1.0"?><Error><Code>${verdict.code}</Code><Message>${verdict.message}</Message></Error>`;
      return void response.writeHead(403, { 'content-type': 'application/xml' }).end(text);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const api: AwsApi = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen: [],
    offsetMs: 0,
    keys: { [ACCESS_KEY]: { secret: SECRET_KEY } },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  return api;
}

/** An agent that may do everything with every account. @returns its client, and its key */
export async function workerOf(
  broker: TestBroker,
  operator: Client,
): Promise<{ agent: Client; key: string }> {
  const policy = { rules: [{ connection: '*', identifiers: ['*'] }] };
  const made = await operator.post('/v1/agents', { id: name('worker'), key: true, policy });
  const key = String(made.body.key);
  return { agent: client(broker.url, key), key };
}

/** A custom connection. @returns its id */
export async function customConnection(
  operator: Client,
  config: Record<string, unknown>,
  fields: Record<string, unknown> = {},
): Promise<string> {
  const id = name('conn');
  const made = await operator.post('/v1/connections', {
    id,
    provider: 'custom',
    provider_config: config,
    ...fields,
  });
  if (made.status !== 201) throw new Error(`the connection was refused: ${made.text}`);
  return id;
}

/** A call of the API behind an account. Its answer is the API's, which no document of ours describes. */
export async function proxied(
  { url }: Pick<TestBroker, 'url'>,
  account: string,
  key: string,
): Promise<{ status: number; body: any }> {
  const answer = await fetch(`${url}/v1/connected-accounts/${account}/proxy/x`, {
    headers: { authorization: `Bearer ${key}` },
  });
  return { status: answer.status, body: await answer.json() };
}
