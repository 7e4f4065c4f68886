/**
 * How an agent runs without a stored key, as a workflow of GitHub Actions and as a pod of Kubernetes would: the README's
 * lines, run by a shell. What hands out the platform's token is played; its issuer, the token and the broker are real.
 */

import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startOAuthServer, type OAuthServer } from '../../src/dev/oauth/server.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { client, type Client } from '../support/callers.ts';
import { blocks } from './readme.ts';
import { startServer, type HostileServer } from '../support/hostile-server.ts';
import { issuerKey, startIssuer, type Issuer } from '../support/issuer.ts';
import { name, world } from '../support/world.ts';

/** Lines of the README as a shell of the tests runs them: at this broker, for this connection, and without `jq`. */
function fromReadme(start: string): string {
  const block = blocks.find((text) => text.includes(start)) ?? '';
  return block
    .slice(block.indexOf(start))
    .replaceAll('https://broker.example.com', '$BROKER')
    .replaceAll('/credentials/hubspot', '/credentials/$CONNECTION')
    .replaceAll('/var/run/secrets/valetkey', '$TOKENS')
    .replace('jq -r .value', String.raw`sed 's/.*"value":"\([^"]*\)".*/\1/'`);
}

const WORKFLOW = fromReadme('token=$(curl');
const POD = fromReadme('curl -fsS -H "Authorization: Bearer $(cat');

let provider: OAuthServer;
let broker: TestBroker;
let issuer: Issuer;
let operator: Client;
let connection: string;

beforeAll(async () => {
  provider = await startOAuthServer();
  broker = await startBroker();
  issuer = await startIssuer(await issuerKey('one'));
  operator = client(broker.url, broker.adminKey);
  const w = world(broker, provider);
  connection = await w.connection();
  const grant = await provider.grant({});
  await w.account(connection, 'shared', { type: 'oauth2', refresh_token: grant.refreshToken });
});
afterAll(async () => {
  await broker.dispose();
  await Promise.all([provider.close(), issuer.close()]);
});

async function agentOf(subject: string, preset: string): Promise<void> {
  const made = await operator.post('/v1/agents', {
    id: name('agent'),
    policy: { rules: [{ connection, identifiers: ['shared'] }] },
    oidc: { issuer: issuer.url, subject, audience: broker.url, preset },
  });
  expect(made.status, made.text).toBe(201);
}

async function shell(lines: string, env: Record<string, string>): Promise<Record<string, unknown>> {
  const options = { env: { PATH: process.env['PATH'], BROKER: broker.url, CONNECTION: connection, ...env } };
  const { stdout } = await promisify(execFile)('sh', ['-ec', lines], options);
  return JSON.parse(stdout) as Record<string, unknown>;
}

it('a workflow of GitHub Actions asks for its token and gets a credential with it', async () => {
  const subject = 'repo:acme@1234/agent@5678:ref:refs/heads/main';
  await agentOf('repo:acme@1234/agent@5678:ref:refs/heads/main', 'github_actions');
  const runner: HostileServer = await startServer((request, response) => {
    const asked = new URL(request.url, 'http://runner.test');
    const aud = asked.searchParams.get('audience') ?? '';
    if (request.headers.authorization !== 'Bearer of-the-job') {
      response.writeHead(401).end();
      return;
    }
    void issuer
      .token({ sub: subject, aud })
      .then((value) => response.writeHead(200).end(JSON.stringify({ count: 1, value })));
  });
  try {
    const answer = await shell(WORKFLOW, {
      ACTIONS_ID_TOKEN_REQUEST_URL: `${runner.url}/token?api-version=2.0`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'of-the-job',
    });
    expect(answer).toMatchObject({ type: 'oauth2', connection });
  } finally {
    await runner.close();
  }
});

it('a pod of Kubernetes reads its projected token and gets a credential with it', async () => {
  const subject = 'system:serviceaccount:agents:crm-agent';
  await agentOf(subject, 'kubernetes');
  const folder = await mkdtemp(path.join(tmpdir(), 'valetkey-tokens-'));
  try {
    // A projected token has a list of audiences, no `typ`, and an hour to live.
    const token = await issuer.token({ sub: subject, aud: [broker.url] }, {}, { typ: undefined });
    await writeFile(path.join(folder, 'token'), token);
    expect(await shell(POD, { TOKENS: folder })).toMatchObject({ type: 'oauth2', connection });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
