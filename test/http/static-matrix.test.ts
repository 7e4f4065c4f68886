/**
 * Every entry of the catalogue whose credential nobody renews, generated: brought with scopes and an end, used through the
 * proxy as the entry says, refused by the API, ended, and brought anew.
 */

import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  accountVariablesOf,
  allEntries,
  connectionVariablesOf,
  credentialFieldsOf,
  playedApiUrls,
  type Descriptor,
} from '#dev/simulator/entries/entries.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { client, type Client } from '../support/callers.ts';
import { PATIENCE } from '../support/patience.ts';
import { name } from '../support/world.ts';
import { proxied, workerOf } from './signed-scene.ts';

const ENTRIES = allEntries().filter(
  ({ auth_type: type, unsupported }) => ['api_key', 'basic', 'custom'].includes(type) && unsupported === null,
);

let broker: TestBroker;
let operator: Client;
let key: string;
let api: Server;
let base: string;
/** By the connection whose key it is: what arrived, and whether the API takes it. */
const seen = new Map<string, { headers: IncomingHttpHeaders; url: string }>();
const refusing = new Set<string>();

beforeAll(async () => {
  api = createServer((request, response) => {
    const text = `${request.url} ${JSON.stringify(request.headers)}`;
    const plain = `${text} ${Buffer.from(/Basic ([\w+/=]+)/i.exec(text)?.[1] ?? '', 'base64').toString()}`;
    const of = /secret-of-(conn-[\w-]+?)-end/.exec(decodeURIComponent(plain))?.[1] ?? '';
    seen.set(of, { headers: request.headers, url: request.url ?? '' });
    const status = refusing.has(of) ? 401 : 200;
    response.writeHead(status, { 'content-type': 'application/json' }).end('{"ok":true}');
  }).listen(0, '127.0.0.1');
  await once(api, 'listening');
  base = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
  broker = await startBroker();
  operator = client(broker.url, broker.adminKey);
  ({ key } = await workerOf(broker, operator));
});
afterAll(async () => {
  await broker.dispose();
  api.closeAllConnections();
  api.close();
});

const filled = (url: string, values: Readonly<Record<string, string>>): string =>
  url.replaceAll(/\{(\w+)\}/g, (_, one: string) => values[one] ?? 'x');

/** The entry's connection, with its API played here. @returns its id */
async function connection(entry: Descriptor): Promise<string> {
  const id = name('conn');
  const values = { ...connectionVariablesOf(entry), ...accountVariablesOf(entry) };
  const urls = entry.api_base_urls.map((url) => filled(url, values));
  const made = await operator.post('/v1/connections', {
    id,
    provider: entry.id,
    variables: connectionVariablesOf(entry),
    provider_config: { api_base_urls: playedApiUrls({ ...entry, api_base_urls: urls }, base) },
  });
  expect(made.status, made.text).toBe(201);
  return id;
}

describe.concurrent('an entry whose credential nobody renews', () => {
  it.each(ENTRIES.map((entry) => [entry.id, entry] as const))(
    '%s is brought, called, refused and ended as every other',
    async (_id, entry) => {
      const id = await connection(entry);
      const fields = Object.fromEntries(
        credentialFieldsOf(entry).map(({ name: field }) => [field, `secret-of-${id}-end-${field}`]),
      );
      const own = entry.auth_type === 'custom' ? { fields } : fields;
      const credential = { type: entry.auth_type, ...own };
      const end = (ms: number) => new Date(Date.now() + ms).toISOString();
      const bring = (more: object) =>
        operator.put(`/v1/credentials/${id}?identifier=u`, { ...credential, ...more });
      const put = await bring({ scope: 'read', expires_at: end(86_400_000) });
      expect(put.status, put.text).toBe(201);
      const account = String(put.body.id);
      const shown = async () => (await operator.get(`/v1/connected-accounts/${account}`)).body;
      expect(await shown()).toMatchObject({
        status: 'active',
        scopes: ['read'],
        expires_at: expect.any(String),
      });
      const call = await proxied(broker, account, key);
      expect([call.status, call.body], JSON.stringify(call.body)).toEqual([200, { ok: true }]);
      expect(seen.has(id)).toBe(true);
      refusing.add(id);
      expect((await proxied(broker, account, key)).status).toBe(401);
      expect(await shown()).toMatchObject({ status: 'active', degraded_since: expect.any(String) });
      refusing.delete(id);
      expect((await proxied(broker, account, key)).status).toBe(200);
      expect((await bring({ expires_at: end(1200) })).status).toBe(200);
      await vi.waitFor(async () => expect((await shown()).status).toBe('reauth_required'), PATIENCE);
      const over = await proxied(broker, account, key);
      expect([over.status, over.body.code, over.body.reauth_url]).toEqual([409, 'reauth_required', null]);
      const anew = await bring({});
      expect([anew.status, anew.body.status, anew.body.expires_at]).toEqual([200, 'active', null]);
    },
  );
});
