/** Accounts of machine grants at the simulator: a connection to an entry, the credential that it takes, and its proof. */

import { generateKeyPairSync } from 'node:crypto';
import {
  connectionVariablesOf,
  entryDialectId,
  playedUrlsOf,
  type Descriptor,
} from '#dev/simulator/entries/entries.ts';
import type { Simulator, SimulatedAccount } from '#dev/simulator/world.ts';
import type { Client } from '../support/callers.ts';

/** One pair for all: drawing one takes a core a second. */
const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
export const PRIVATE_KEY = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
/** As some providers hand it out: PKCS#1. */
const PRIVATE_KEY_PKCS1 = pair.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
export const PUBLIC_KEY = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
export const PASSWORD = 'correct horse battery staple';

export interface MachineScene {
  readonly entry: Descriptor;
  /** Its name at the simulator; null: its tokens come from nobody. */
  readonly owner: SimulatedAccount | null;
  /** What is sent to `POST /v1/connections`. */
  readonly connection: Record<string, unknown>;
  /** Brought with `PUT …/credential`; null: the connection's client asks. */
  readonly credential: Record<string, unknown> | null;
}

/** @param name of the connection; its accounts at the simulator are named after it */
export function machineScene(simulator: Simulator, entry: Descriptor, name: string = entry.id): MachineScene {
  const clientId = `${simulator.client.clientId}.${name}`;
  const dialect = entryDialectId(entry.id);
  const isApp = entry.auth_type === 'github_app_installation';
  const usesClient = entry.auth_type === 'oauth2_client_credentials' || entry.id.startsWith('box');
  const email = `${name}@project.iam.gserviceaccount.com`;
  const installation = String(1000 + simulator.accounts.size);
  const isGoogle = entry.id === 'google-service-account';
  const id = isApp
    ? installation
    : entry.auth_type === 'session_token'
      ? `${name}@example.com`
      : isGoogle
        ? email
        : clientId;
  const proof =
    entry.auth_type === 'session_token' ? PASSWORD : entry.assertion === undefined ? undefined : PUBLIC_KEY;
  const isCalled = entry.token_url !== null;
  const scope = isGoogle ? { scopes: ['https://www.googleapis.com/auth/drive.readonly'] } : {};
  return {
    entry,
    owner: isCalled ? simulator.account({ dialect, id, ...(proof === undefined ? {} : { proof }) }) : null,
    connection: {
      id: name,
      provider: entry.id,
      ...(usesClient || isApp || !isGoogle ? { client_id: clientId } : {}),
      ...(usesClient ? { client_secret: simulator.client.clientSecret } : {}),
      ...(isApp ? { private_key: PRIVATE_KEY_PKCS1 } : {}),
      ...scope,
      variables: { ...connectionVariablesOf(entry), ...(entry.id === 'box-ccg' ? { subject: '4711' } : {}) },
      provider_config: playedUrlsOf(entry, simulator.origin),
      rotation: 'on_demand',
    },
    credential: credentialOf(entry, { id, installation, email }),
  };
}

function credentialOf(
  { auth_type: type, id: provider }: Descriptor,
  { id, installation, email }: { id: string; installation: string; email: string },
): Record<string, unknown> | null {
  if (type === 'github_app_installation') return { type, installation_id: installation };
  if (type === 'session_token') return { type, username: id, password: PASSWORD };
  if (type !== 'jwt_bearer') return null;
  const file = { private_key: PRIVATE_KEY, private_key_id: 'key-1' };
  if (provider === 'google-service-account')
    return {
      type,
      service_account: {
        ...file,
        type: 'service_account',
        project_id: 'project',
        client_email: email,
        client_id: '104',
        token_uri: 'https://oauth2.googleapis.com/token',
        universe_domain: 'googleapis.com',
      },
    };
  if (provider === 'snowflake-keypair')
    return { type, service_account: { ...file, account: 'ACME', user: 'ROBOT' } };
  return {
    type,
    service_account: file,
    subject: provider.startsWith('box') ? '4711' : 'ada@example.com',
  };
}

/** The account of a scene, with its credential. @returns its id */
export async function connected(operator: Client, { connection, credential }: MachineScene): Promise<string> {
  const made = await operator.post('/v1/connections', connection);
  if (made.status !== 201) throw new Error(`the connection was refused: ${made.text}`);
  const account = await operator.post('/v1/connected-accounts', {
    connection: connection['id'],
    identifier: 'u1',
  });
  if (account.status !== 201) throw new Error(`the account was refused: ${account.text}`);
  const id = String(account.body.id);
  if (credential === null) return id;
  const put = await operator.put(`/v1/connected-accounts/${id}/credential`, credential);
  if (put.status !== 200) throw new Error(`the credential was refused: ${put.text}`);
  return id;
}
