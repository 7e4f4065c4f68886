/**
 * `node test/support/make-old-machines.ts CHECKOUT FILE`: as make-old-data.ts, of machine grants. The files are kept in
 * test/vectors/stored-machines and never made anew.
 */

import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from '../../src/dev/ports.ts';
import { client, type Reply } from './callers.ts';
import { OLD_ADMIN_KEY, pack, startOldBroker } from './old-data.ts';
import { MACHINES_PORT, startOldMachineProvider, type OldMachineFacts } from './old-machines.ts';

const [checkout, file] = process.argv.slice(2);
if (checkout === undefined || file === undefined) throw new Error('give a checkout and a file');

function must(reply: Reply): any {
  if (reply.status >= 300) throw new Error(`${reply.status}: ${reply.text}`);
  return reply.body;
}

const at = (what: string): string => `http://127.0.0.1:${MACHINES_PORT}/${what}`;

async function fill(url: string): Promise<OldMachineFacts> {
  const operator = client(url, OLD_ADMIN_KEY);
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const made = async (id: string, connection: object, credential: object | null): Promise<string> => {
    must(await operator.post('/v1/connections', { id, ...connection }));
    if (credential === null)
      return must(await operator.post('/v1/connected-accounts', { connection: id, identifier: 'u' })).id;
    return must(await operator.put(`/v1/credentials/${id}?identifier=u`, credential)).id;
  };
  const custom = (auth_type: string, more: object = {}) => ({
    provider: 'custom',
    provider_config: { auth_type, token_url: at(auth_type), ...more },
  });
  const accounts = {
    oauth2_client_credentials: await made(
      'old-client',
      {
        ...custom('oauth2_client_credentials'),
        client_id: 'old-machine',
        client_secret: 'old-machine-secret',
      },
      null,
    ),
    jwt_bearer: await made(
      'old-robot',
      { ...custom('jwt_bearer'), client_id: 'old-robot' },
      {
        type: 'jwt_bearer',
        service_account: { private_key: pem },
        subject: 'ada@example.com',
        scope: 'read',
      },
    ),
    github_app_installation: await made(
      'old-app',
      {
        provider: 'github-app-installation',
        client_id: 'old-app',
        private_key: pem,
        provider_config: { token_url: at('app/installations/{installation_id}/access_tokens') },
      },
      { type: 'github_app_installation', installation_id: '4711' },
    ),
    session_token: await made(
      'old-login',
      custom('session_token', { token_response_map: { access_token: 'id' } }),
      { type: 'session_token', username: 'robot', password: 'old-password' },
    ),
    exchanged: await made(
      'old-exchange',
      {
        provider: 'custom',
        client_id: 'old-embedded',
        client_secret: 'old-embedded-secret',
        provider_config: {
          token_url: at('exchanged'),
          refresh_token: 'static',
          token_exchange_params: { subject_token_type: 'urn:ietf:params:oauth:token-type:id_token' },
        },
      },
      { type: 'oauth2', subject_token: 'subject-of-the-shop' },
    ),
  };
  const agent = {
    id: 'old-machine-agent',
    key: true,
    policy: { rules: [{ connection: '*', identifiers: ['*'] }] },
  };
  return { key: must(await operator.post('/v1/agents', agent)).key, accounts };
}

const provider = await startOldMachineProvider();
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
