/**
 * `node test/support/make-old-data.ts CHECKOUT FILE`: starts the broker of another checkout, lets it write a little of
 * everything, and packs what it has kept into FILE. To be run once per release that changes what is stored; the files
 * are kept in test/vectors/stored and never made anew.
 */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from '../../src/dev/ports.ts';
import { client, type Reply } from './callers.ts';
import {
  OLD_ADMIN_KEY,
  pack,
  PROVIDER_PORT,
  startOldBroker,
  startOldProvider,
  type OldFacts,
} from './old-data.ts';

const [checkout, file] = process.argv.slice(2);
if (checkout === undefined || file === undefined) throw new Error('give a checkout and a file');

function must(reply: Reply): any {
  if (reply.status >= 300) throw new Error(`${reply.status}: ${reply.text}`);
  return reply.body;
}

async function fill(url: string): Promise<OldFacts> {
  const operator = client(url, OLD_ADMIN_KEY);
  const connection = 'old-crm';
  must(
    await operator.post('/v1/connections', {
      id: connection,
      provider: 'custom',
      client_id: 'old-client',
      client_secret: 'old-client-secret',
      scopes: ['contacts.read'],
      provider_config: {
        auth_type: 'oauth2',
        token_url: `http://127.0.0.1:${PROVIDER_PORT}/token`,
        refresh_token: 'rotating',
        refresh_reuse_grace_s: 60,
      },
    }),
  );
  const endpoint = must(
    await operator.post('/v1/webhook-endpoints', { url: `http://127.0.0.1:${PROVIDER_PORT}/hooks` }),
  ).id;
  const oauth = async (identifier: string, organization = ''): Promise<string> => {
    const tenant = organization === '' ? '' : `&organization=${organization}`;
    const credential = {
      refresh_token: `${identifier}.1`,
      access_token: `access-of-${identifier}.1`,
      expires_in: 3600,
    };
    return must(
      await operator.put(`/v1/credentials/${connection}?identifier=${identifier}${tenant}`, credential),
    ).id;
  };
  const agentOf = async (id: string, organization?: string) => {
    const policy = { rules: [{ connection: '*', identifiers: ['*'] }] };
    const made = must(
      await operator.post('/v1/agents', { id, key: true, policy, ...(organization ? { organization } : {}) }),
    );
    return { id, key: String(made.key) };
  };
  const pending = must(
    await operator.post('/v1/connected-accounts', {
      connection,
      identifier: 'pending',
      metadata: { seat: 7 },
    }),
  ).id;
  const accounts = {
    active: await oauth('active'),
    acme: await oauth('acme', 'acme'),
    disabled: await oauth('disabled'),
    dead: await oauth('dead'),
    deleted: await oauth('deleted'),
    pending,
    static: must(await operator.put('/v1/credentials/old-api', { api_key: 'the-old-api-key' })).id,
  };
  const agent = await agentOf('old-agent');
  const acmeAgent = await agentOf('old-acme-agent', 'acme');
  const suspended = await agentOf('old-suspended');
  const account = (id: string, action: string) => operator.post(`/v1/connected-accounts/${id}/${action}`);
  must(await operator.post(`/v1/agents/${suspended.id}/suspend`));
  must(await account(accounts.active, 'expire'));
  const asAgent = client(url, agent.key);
  must(await asAgent.get(`/v1/connected-accounts/${accounts.active}/token`));
  must(await asAgent.get(`/v1/agents/${agent.id}/credentials/old-api`));
  must(await account(accounts.disabled, 'disable'));
  must(await account(accounts.dead, 'refresh'));
  must(await operator.delete(`/v1/connected-accounts/${accounts.deleted}`));
  return { connection, accounts, agent, acmeAgent, suspended, endpoint };
}

const provider = await startOldProvider();
const folder = await mkdtemp(path.join(tmpdir(), 'valetkey-old-'));
const port = await freePort();
const stop = await startOldBroker(checkout, port, folder);
const facts = await fill(`http://127.0.0.1:${port}`);
// What is written behind the answers (index rows, events) is there by then.
await new Promise((resolve) => setTimeout(resolve, 5_000));
await stop();
await provider.close();
const packed = await pack(folder, facts);
await writeFile(file, packed);
await rm(folder, { recursive: true, force: true });
console.log(`${file}: ${packed.length} bytes`);
process.exit(0);
