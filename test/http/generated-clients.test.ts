/**
 * Clients that people generate from the published document: they are made by the usual generators, type-checked under
 * `strict`, and called against the broker that published it.
 */

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { call } from '../support/callers.ts';
import { ROOT } from './programs.ts';

const run = promisify(execFile);
const program = (name: string) => path.join(ROOT, 'node_modules/.bin', name);

/** Two generators, two compilers and two bundlers on a machine that others use. */
const SLOW_MS = 600_000;

let broker: TestBroker;
let folder: string;

beforeAll(async () => {
  broker = await startBroker({ alone: true });
  // Inside the checkout, so that what is generated finds the packages that it imports.
  await mkdir(path.join(ROOT, '.wrangler'), { recursive: true });
  folder = await mkdtemp(path.join(ROOT, '.wrangler/generated-'));
  const { text } = await call('GET', `${broker.url}/openapi.json`);
  await writeFile(path.join(folder, 'openapi.json'), text);
});
afterAll(async () => {
  await broker.dispose();
  await rm(folder, { recursive: true, force: true });
});

/** Type-checks what is in the folder as an application would. @returns what the compiler says; empty: nothing */
async function compiled(): Promise<string> {
  const options = {
    compilerOptions: {
      target: 'esnext',
      module: 'esnext',
      moduleResolution: 'bundler',
      lib: ['esnext', 'dom', 'dom.iterable'],
      types: [],
      strict: true,
      exactOptionalPropertyTypes: false,
      skipLibCheck: true,
      noEmit: true,
      allowImportingTsExtensions: true,
    },
    include: ['**/*.ts'],
  };
  await writeFile(path.join(folder, 'tsconfig.json'), JSON.stringify(options));
  const ran = await run(program('tsc'), ['-p', folder], { cwd: folder }).catch(
    (error: { stdout: string }) => error,
  );
  return ran.stdout;
}

/** Runs a file of the folder, bundled as an application would be; what it prints is JSON. */
async function ranIn(file: string): Promise<Record<string, unknown>> {
  const bundle = path.join(folder, `${path.basename(file, '.ts')}.mjs`);
  await run(
    program('esbuild'),
    [file, '--bundle', '--platform=node', '--format=esm', `--outfile=${bundle}`],
    { cwd: folder },
  );
  const env = { ...process.env, ADMIN_KEY: broker.adminKey, BROKER: broker.url };
  const { stdout } = await run(process.execPath, [bundle], { env });
  return JSON.parse(stdout) as Record<string, unknown>;
}

const ENVIRONMENT = `declare const process: { env: Record<string, string | undefined> };
declare const console: { log(text: string): void };
const baseUrl = process.env['BROKER'] ?? '';
const key = process.env['ADMIN_KEY'] ?? '';
`;

/** What both clients do, in their own words: the least bodies, the refusal's members, a list, a secret, a webhook. */
const EXPECTED = {
  connection: ['fetch-hubspot', 'confirm'],
  account: 'pending',
  token: 'the-key',
  refused: ['policy_denied', 'identifier_not_allowed'],
  listed: 2,
  misspelled: 'identifer',
};

it('openapi-typescript and openapi-fetch: what compiles works', { timeout: SLOW_MS }, async () => {
  await run(program('openapi-typescript'), ['openapi.json', '-o', 'schema.d.ts'], { cwd: folder });
  await writeFile(
    path.join(folder, 'fetch-client.ts'),
    `import createClient from 'openapi-fetch';
import type { components, paths, webhooks } from './schema.d.ts';
${ENVIRONMENT}
const headers = { authorization: \`Bearer \${key}\` };
const operator = createClient<paths>({ baseUrl, headers });

const made = await operator.POST('/v1/connections', {
  body: { id: 'fetch-hubspot', provider: 'hubspot', client_id: 'c', client_secret: 's' },
});
const account = await operator.POST('/v1/connected-accounts', {
  body: { connection: 'fetch-hubspot', identifier: 'user_1' },
});
await operator.PUT('/v1/credentials/{connection}', {
  params: { path: { connection: 'fetch-api' } },
  body: { type: 'api_key', api_key: 'the-key' },
});
const created = await operator.POST('/v1/agents', {
  body: { id: 'fetch-agent', key: true, policy: { allowed_credentials: ['fetch-api'] } },
});
const agent = createClient<paths>({ baseUrl, headers: { authorization: \`Bearer \${created.data?.key}\` } });
const path = { agent_id: 'fetch-agent', connection: 'fetch-api' };
const token = await agent.GET('/v1/agents/{agent_id}/credentials/{connection}', { params: { path } });
const refused = await agent.GET('/v1/agents/{agent_id}/credentials/{connection}', {
  params: { path, query: { identifier: 'somebody', min_ttl: 30 } },
});
const listed = await operator.GET('/v1/connections', { params: { query: { limit: 10 } } });
const misspelled = await operator.GET('/v1/connections', {
  // @ts-expect-error: the document has no such parameter.
  params: { query: { identifer: 'user_7' } },
});

/** What only a repair has; read where a program reads it, without a cast. */
type Problem = components['schemas']['Problem'];
export const advice = (problem: Problem): string | null | undefined =>
  problem.reauth_url ?? problem.since ?? problem.granted?.[0] ?? problem.connected_account_id;
type Event = webhooks['agent.auth.reauth_required']['post']['requestBody']['content']['application/json'];
export const repair = (event: Event): string | null => event.data.reauth_url;
export const kind = (event: Event): 'agent.auth.reauth_required' => event.type;

console.log(
  JSON.stringify({
    connection: [made.data?.id, made.data?.verification],
    account: account.data?.status,
    token: token.data?.type === 'api_key' ? token.data.api_key : token.response.status,
    refused: [refused.error?.code, refused.error?.reason],
    listed: listed.data?.data.length,
    misspelled: misspelled.error?.errors?.[0]?.path,
  }),
);
`,
  );
  expect(await compiled()).toBe('');
  expect(await ranIn('fetch-client.ts')).toEqual(EXPECTED);
});

it('@hey-api/openapi-ts: what compiles works', { timeout: SLOW_MS }, async () => {
  const args = ['-i', 'openapi.json', '-o', 'hey', '-c', '@hey-api/client-fetch', '-s', '--no-log-file'];
  await run(program('openapi-ts'), args, { cwd: folder });
  await writeFile(
    path.join(folder, 'hey-client.ts'),
    `import { createClient } from './hey/client/index.ts';
import * as sdk from './hey/sdk.gen.ts';
import type { Problem } from './hey/types.gen.ts';
${ENVIRONMENT}
const operator = createClient({ baseUrl, auth: () => key });

const made = await sdk.createConnection({
  client: operator,
  body: { id: 'hey-hubspot', provider: 'hubspot', client_id: 'c', client_secret: 's' },
});
const account = await sdk.createConnectedAccount({
  client: operator,
  body: { connection: 'hey-hubspot', identifier: 'user_1' },
});
await sdk.importCredential({
  client: operator,
  path: { connection: 'hey-api' },
  body: { type: 'api_key', api_key: 'the-key' },
});
const created = await sdk.createAgent({
  client: operator,
  body: { id: 'hey-agent', key: true, policy: { allowed_credentials: ['hey-api'] } },
});
const agent = createClient({ baseUrl, auth: () => created.data?.key ?? '' });
const path = { agent_id: 'hey-agent', connection: 'hey-api' };
const token = await sdk.getCredential({ client: agent, path });
const refused = await sdk.getCredential({ client: agent, path, query: { identifier: 'somebody', min_ttl: 30 } });
const listed = await sdk.listConnections({ client: operator, query: { limit: 10 } });
// @ts-expect-error: the document has no such parameter.
const misspelled = await sdk.listConnections({ client: operator, query: { identifer: 'user_7' } });

export const advice = (problem: Problem): string | null | undefined =>
  problem.reauth_url ?? problem.since ?? problem.granted?.[0] ?? problem.connected_account_id;

console.log(
  JSON.stringify({
    connection: [made.data?.id.replace('hey', 'fetch'), made.data?.verification],
    account: account.data?.status,
    token: token.data?.type === 'api_key' ? token.data.api_key : token.response?.status,
    refused: [refused.error?.code, refused.error?.reason],
    listed: (listed.data?.data ?? []).filter(({ id }) => id.startsWith('hey-')).length,
    misspelled: misspelled.error?.errors?.[0]?.path,
  }),
);
`,
  );
  expect(await compiled()).toBe('');
  expect(await ranIn('hey-client.ts')).toEqual(EXPECTED);
});
