/** Credentials of machines that cannot work are refused when they are brought, each at its field, and change nothing. */

import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findEntryDialect } from '#dev/simulator/entries/entries.ts';
import { startSimulator } from '#dev/simulator/simulator.ts';
import type { Simulator } from '#dev/simulator/world.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { client, type Client } from '../support/callers.ts';
import { connected, machineScene, PASSWORD, PRIVATE_KEY, PUBLIC_KEY } from './machine-scene.ts';

let broker: TestBroker;
let simulator: Simulator;
let operator: Client;

beforeAll(async () => {
  [broker, simulator] = await Promise.all([startBroker(), startSimulator({ publicKey: PUBLIC_KEY })]);
  operator = client(broker.url, broker.adminKey);
});
afterAll(async () => {
  await broker.dispose();
  await simulator.close();
});

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const ENCRYPTED = rsa
  .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' })
  .toString();
const CURVE = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString();

function entryOf(id: string) {
  const entry = findEntryDialect(`providers/${id}`)?.entry;
  if (entry === undefined) throw new Error(`there is no entry ${id}`);
  return entry;
}

describe('a service account', () => {
  it('is refused at the field that is wrong, and the account goes on with what it has', async () => {
    const scene = machineScene(simulator, entryOf('google-service-account'), 'refused-google');
    const account = await connected(operator, scene);
    const path = `/v1/connected-accounts/${account}/credential`;
    const file = scene.credential?.['service_account'] as Record<string, unknown>;
    const refusedAt = async (service_account: unknown, more: object = {}) => {
      const reply = await operator.put(path, { type: 'jwt_bearer', service_account, ...more });
      expect([reply.status, reply.body.code], reply.text).toEqual([400, 'invalid_request']);
      expect(reply.text).not.toContain(ENCRYPTED.slice(60, 90));
      return [reply.body.errors[0].path, reply.body.errors[0].message];
    };
    const key = (private_key: unknown) => ({ ...file, private_key });
    expect(await refusedAt(key('not a key'))).toEqual([
      'service_account.private_key',
      expect.stringContaining('PEM'),
    ]);
    expect(await refusedAt(key(PUBLIC_KEY))).toEqual([
      'service_account.private_key',
      expect.stringContaining('public'),
    ]);
    expect(await refusedAt(key(ENCRYPTED))).toEqual([
      'service_account.private_key',
      expect.stringContaining('pass phrase'),
    ]);
    expect(await refusedAt(key(CURVE))).toEqual([
      'service_account.private_key',
      expect.stringContaining('RS256'),
    ]);
    expect(await refusedAt(key(undefined))).toEqual(['service_account.private_key', 'is required']);
    expect(await refusedAt({ ...file, client_email: undefined })).toEqual([
      'service_account.client_email',
      expect.stringContaining('required'),
    ]);
    for (const token_uri of ['https://evil.example/token', 'http://169.254.169.254/', 'nonsense', 42])
      expect(await refusedAt({ ...file, token_uri })).toEqual([
        'service_account.token_uri',
        expect.stringContaining('oauth2.googleapis.com'),
      ]);
    expect(await refusedAt({ type: 'authorized_user', refresh_token: 'x' })).toEqual([
      'service_account.type',
      expect.stringContaining('no private key'),
    ]);
    expect(await refusedAt(JSON.stringify(file))).toEqual(['service_account', expect.anything()]);
    expect(await refusedAt(file, { subject: '\u0000' })).toEqual(['subject', expect.anything()]);
    expect((await operator.get(`/v1/connected-accounts/${account}`)).body.status).toBe('active');
    expect(simulator.uses.filter((use) => use.account === scene.owner?.id)).toHaveLength(1);
  });

  it('that its provider does not know is refused with its words, and stored where the operator insists', async () => {
    const scene = machineScene(simulator, entryOf('google-service-account'), 'unknown-google');
    const account = await connected(operator, scene);
    const path = `/v1/connected-accounts/${account}/credential`;
    const file = scene.credential?.['service_account'] as Record<string, unknown>;
    const stranger = { ...file, client_email: 'gone@project.iam.gserviceaccount.com' };
    const refused = await operator.put(path, { type: 'jwt_bearer', service_account: stranger });
    expect([refused.status, refused.body.code, refused.body.provider_error]).toEqual([
      422,
      'credential_refused',
      'invalid_grant',
    ]);
    const insisted = await operator.put(path, {
      type: 'jwt_bearer',
      service_account: stranger,
      verify: false,
    });
    expect(insisted.status, insisted.text).toBe(200);
  });

  it('has to be given scopes where its provider has no usual ones', async () => {
    const { connection, credential } = machineScene(
      simulator,
      entryOf('google-service-account'),
      'bare-google',
    );
    await operator.post('/v1/connections', { ...connection, scopes: [] });
    const put = await operator.put('/v1/credentials/bare-google', credential);
    expect([put.status, put.body.errors?.[0]?.path]).toEqual([400, 'scope']);
    const scoped = await operator.put('/v1/credentials/bare-google', { ...credential, scope: 'drive' });
    expect(scoped.status, scoped.text).toBe(201);
  });
});

describe('an app', () => {
  it('needs its key and its id, and no secret', async () => {
    const { connection } = machineScene(simulator, entryOf('github-app-installation'), 'refused-app');
    const refusedAt = async (body: object) => {
      const reply = await operator.post('/v1/connections', { ...connection, ...body });
      expect(reply.status, reply.text).toBe(400);
      return reply.body.errors[0].path;
    };
    expect(await refusedAt({ private_key: undefined })).toBe('private_key');
    expect(await refusedAt({ private_key: 'x' })).toBe('private_key');
    expect(await refusedAt({ private_key: [PRIVATE_KEY, ENCRYPTED] })).toBe('private_key.1');
    expect(await refusedAt({ client_id: undefined })).toBe('client_id');
    expect(await refusedAt({ client_secret: 'a-secret' })).toBe('client_secret');
  });

  it('whose installation is gone says so when it is brought, and at the next fetch where it goes later', async () => {
    const scene = machineScene(simulator, entryOf('github-app-installation'), 'gone-app');
    const account = await connected(operator, scene);
    const path = `/v1/connected-accounts/${account}`;
    const type = 'github_app_installation';
    const gone = await operator.put(`${path}/credential`, { type, installation_id: 99999 });
    expect([gone.status, gone.body.code]).toEqual([422, 'credential_refused']);
    for (const installation_id of ['../x', '', 0, '1 ', null])
      expect((await operator.put(`${path}/credential`, { type, installation_id })).status).toBe(400);
    if (scene.owner !== null) scene.owner.family.dead = true;
    await operator.post(`${path}/expire`);
    await operator.post(`${path}/refresh`);
    const { body } = await operator.get(path);
    expect([body.status, body.status_reason]).toEqual(['reauth_required', 'grant_revoked']);
  });

  it('whose key is not its own any more is the trouble of its connection, and a new key mends it', async () => {
    const scene = machineScene(simulator, entryOf('github-app-installation'), 'new-key-app');
    const account = await connected(operator, scene);
    const path = `/v1/connected-accounts/${account}`;
    const other = generateKeyPairSync('rsa', { modulusLength: 2048 })
      .privateKey.export({ type: 'pkcs8', format: 'pem' })
      .toString();
    await operator.patch('/v1/connections/new-key-app', { private_key: other });
    await operator.post(`${path}/expire`);
    await operator.post(`${path}/refresh`);
    await expect
      .poll(async () => (await operator.get('/v1/connections/new-key-app')).body.health)
      .toBe('misconfigured');
    expect((await operator.get(path)).body.status).toBe('active');
    // Two while one is replaced: the second is tried where the first is refused.
    await operator.patch('/v1/connections/new-key-app', { private_key: [other, PRIVATE_KEY] });
    await operator.post(`${path}/refresh`);
    await expect.poll(async () => (await operator.get('/v1/connections/new-key-app')).body.health).toBe('ok');
  });
});

describe('client credentials', () => {
  it('of the connection need its secret, and those of the account an id beside the secret', async () => {
    const { connection } = machineScene(simulator, entryOf('twilio-oauth'), 'refused-client');
    const { client_secret: _, ...bare } = connection;
    const made = await operator.post('/v1/connections', bare);
    expect([made.status, made.body.errors?.[0]?.path]).toEqual([400, 'client_secret']);
    const { client_id: _id, ...nobody } = bare;
    expect((await operator.post('/v1/connections', nobody)).status).toBe(201);
    const put = (body: object) => operator.put('/v1/credentials/refused-client', body);
    const type = 'oauth2_client_credentials';
    expect((await put({ type })).body.errors?.[0]?.path).toBe('client_id');
    expect((await put({ type, client_secret: 's' })).body.errors?.[0]?.path).toBe('client_id');
    const pending = await operator.post('/v1/connected-accounts', {
      connection: 'refused-client',
      identifier: 'u1',
    });
    expect(pending.body.status).toBe('pending');
  });

  it('of the account end that account alone when they are refused', async () => {
    const { connection } = machineScene(simulator, entryOf('twilio-oauth'), 'own-client');
    const { client_secret: _, client_id: clientId, ...nobody } = connection;
    await operator.post('/v1/connections', nobody);
    const body = { client_id: clientId, client_secret: 'wrong' };
    const refused = await operator.put('/v1/credentials/own-client', body);
    expect([refused.status, refused.body.code, refused.body.provider_error]).toEqual([
      422,
      'credential_refused',
      'invalid_client',
    ]);
    const good = { client_id: clientId, client_secret: simulator.client.clientSecret };
    const put = await operator.put('/v1/credentials/own-client', good);
    expect([put.status, put.body.status], put.text).toEqual([201, 'active']);
    expect((await operator.get('/v1/connections/own-client')).body.health).toBe('ok');
    expect(put.text).not.toContain(simulator.client.clientSecret);
  });

  it('for a tenant that any user may have are refused', async () => {
    const { connection } = machineScene(simulator, entryOf('microsoft-app-only'), 'refused-tenant');
    for (const tenant of ['common', 'organizations', '../x', undefined]) {
      const variables = tenant === undefined ? {} : { tenant };
      const reply = await operator.post('/v1/connections', { ...connection, variables });
      expect([reply.status, reply.body.errors?.[0]?.path], reply.text).toEqual([400, 'variables.tenant']);
    }
  });
});

describe('a login', () => {
  it('with a wrong password is refused, and the password is in no answer', async () => {
    const scene = machineScene(simulator, entryOf('metabase-session'), 'refused-login');
    const account = await connected(operator, scene);
    const path = `/v1/connected-accounts/${account}`;
    const type = 'session_token';
    const username = 'refused-login@example.com';
    const refused = await operator.put(`${path}/credential`, {
      type,
      username,
      password: 'a wrong password',
    });
    expect([refused.status, refused.body.code]).toEqual([422, 'credential_refused']);
    expect((await operator.put(`${path}/credential`, { type, username })).body.errors[0].path).toBe(
      'password',
    );
    expect((await operator.put(`${path}/credential`, { type: 'oauth2', access_token: 'x' })).status).toBe(
      400,
    );
    const shown = [refused, await operator.get(path), await operator.get(`${path}/explain`)];
    for (const { text } of shown) expect(text).not.toMatch(new RegExp(`${PASSWORD}|a wrong password`));
  });
});
