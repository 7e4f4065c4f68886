/** MCP servers are asked again by the clock and where an answer says so, each once, and what they say is stored. */

import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { rereadServers } from '#api/connections/reread.ts';
import { createConnection, findConnection } from '#directory/connections/connections.ts';
import { METADATA_AGE_MS, agedMetadata, wantMetadata } from '#directory/connections/metadata-age.ts';
import { mcpDescriptor, type McpAuthorization } from '#providers/mcp.ts';
import { configWith, db, draft, emptyVault, masterKey } from '../directory/world.ts';

const HOST = 'https://mcp.example.com';
const URL_OF = `${HOST}/mcp`;
const MINUTE = 60_000;

let config = configWith(`k1:${masterKey()}`);
let tokenUrl = `${HOST}/token`;
const asked: string[] = [];

const metadata = () => ({
  issuer: HOST,
  authorization_endpoint: `${HOST}/authorize`,
  token_endpoint: tokenUrl,
  code_challenge_methods_supported: ['S256'],
});

function documents(url: string): unknown {
  if (url.endsWith('/.well-known/oauth-protected-resource/mcp'))
    return { resource: URL_OF, authorization_servers: [HOST] };
  return url.endsWith('/.well-known/oauth-authorization-server') ? metadata() : undefined;
}

beforeEach(async () => {
  await emptyVault();
  config = { ...configWith(`k1:${masterKey()}`), dnsResolver: null };
  tokenUrl = `${HOST}/token`;
  asked.length = 0;
  vi.stubGlobal('fetch', (input: RequestInfo | URL) => {
    const url = input instanceof Request ? input.url : String(input);
    asked.push(url);
    if (url.startsWith(URL_OF))
      return Promise.resolve(Response.json({}, { status: 401, headers: { 'www-authenticate': 'Bearer' } }));
    const document = documents(url);
    return Promise.resolve(
      document === undefined ? Response.json({}, { status: 404 }) : Response.json(document),
    );
  });
});
afterEach(() => void vi.unstubAllGlobals());

async function connection(id: string, atMs: number): Promise<void> {
  const authorization: McpAuthorization = { resource: URL_OF, metadata: metadata(), scopes: [] };
  const made = mcpDescriptor({ url: URL_OF, query: null }, authorization, 'none');
  if (!made.ok) throw new Error(JSON.stringify(made.errors));
  const { descriptor } = made;
  const fields = { provider: 'mcp', providerConfig: { url: URL_OF }, clientSecrets: [], descriptor };
  await createConnection(config, draft(id, fields), atMs);
}
const tokenUrlOf = async (id: string) => (await findConnection(db, id))?.connection.descriptor.token_url;
const versionOf = async (id: string) => (await findConnection(db, id))?.connection.version;

it('a day after they were read, and not before; what moved is stored', async () => {
  await connection('notes', 0);
  tokenUrl = `${HOST}/v2/token`;
  await rereadServers(config, METADATA_AGE_MS);
  expect(asked).toEqual([]);
  await rereadServers(config, METADATA_AGE_MS + 1);
  expect(asked.length).toBeGreaterThan(0);
  expect([await tokenUrlOf('notes'), await versionOf('notes')]).toEqual([`${HOST}/v2/token`, 2]);
  asked.length = 0;
  await rereadServers(config, METADATA_AGE_MS + 2 * MINUTE);
  expect(asked).toEqual([]);
});

it('that say the same leave the row as it is, and two runs at once ask once', async () => {
  await connection('notes', 0);
  const run = () => rereadServers(config, METADATA_AGE_MS + 1);
  await Promise.all([run(), run()]);
  expect(asked.filter((url) => url === URL_OF)).toHaveLength(1);
  expect(await versionOf('notes')).toBe(1);
});

it('where an answer says that they moved, and then no more often than every ten minutes', async () => {
  await connection('notes', 0);
  const want = (atMs: number) => wantMetadata(db, 'notes', atMs);
  await want(5 * MINUTE);
  expect(await agedMetadata(db, METADATA_AGE_MS - 1, 5)).toEqual([]);
  await want(11 * MINUTE);
  // Epoch times of a real clock are far from zero.
  const nowMs = 2 * METADATA_AGE_MS;
  await rereadServers(config, nowMs);
  expect(asked.filter((url) => url === URL_OF)).toHaveLength(1);
  await want(nowMs + 5 * MINUTE);
  expect(await agedMetadata(db, nowMs + 5 * MINUTE, 5)).toEqual([]);
  await want(nowMs + 11 * MINUTE);
  expect(await agedMetadata(db, nowMs + 11 * MINUTE, 5)).toEqual(['notes']);
});

it('a server that answers with nothing leaves everything, and no connection of another kind is asked', async () => {
  await connection('notes', 0);
  await createConnection(config, draft('crm'), 0);
  vi.stubGlobal('fetch', (input: RequestInfo | URL) => {
    asked.push(input instanceof Request ? input.url : String(input));
    return Promise.reject(new TypeError('no route to host'));
  });
  await rereadServers(config, METADATA_AGE_MS + 1);
  expect(new Set(asked)).toEqual(new Set([URL_OF]));
  expect([await tokenUrlOf('notes'), await versionOf('notes')]).toEqual([`${HOST}/token`, 1]);
});
