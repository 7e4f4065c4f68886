/** Agents that prove themselves with a client certificate which the operator's own proxy has verified. */

import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startOAuthServer, type OAuthServer } from '../../src/dev/oauth/server.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { call, client, type Client } from '../support/callers.ts';
import { selfSigned } from '../support/self-signed.ts';
import { name, world, type World } from '../support/world.ts';

const HEADER = 'x-client-cert';

let provider: OAuthServer;
let broker: TestBroker;
let plain: TestBroker;
let w: World;
let operator: Client;
let connection: string;

beforeAll(async () => {
  provider = await startOAuthServer();
  broker = await startBroker({ ownProcess: true, clientCertHeader: 'X-Client-Cert' });
  plain = await startBroker();
  w = world(broker, provider);
  operator = client(broker.url, broker.adminKey);
  connection = await w.connection();
  const grant = await provider.grant({});
  await w.account(connection, 'shared', { type: 'oauth2', refresh_token: grant.refreshToken });
});
afterAll(async () => {
  await Promise.all([broker.dispose(), plain.dispose()]);
  await provider.close();
});

const thumbprintOf = (cert: string) => new X509Certificate(cert).fingerprint256;
const headersOf = (cert: string) => ({ [HEADER]: encodeURIComponent(cert) });

async function agentWith(cert: string, at: Client = operator): Promise<string> {
  const id = name('agent');
  const policy = { rules: [{ connection, identifiers: ['shared'] }] };
  const made = await at.post('/v1/agents', { id, policy, certificate_thumbprint: thumbprintOf(cert) });
  expect(made.status, made.text).toBe(201);
  return id;
}

const path = () => `/v1/agents/self/credentials/${connection}?identifier=shared`;
const fetchWith = (headers: Record<string, string>, at = broker) => call('GET', at.url + path(), { headers });

describe('a client certificate', () => {
  it('proves its agent, and the record says by what', async () => {
    const { cert } = selfSigned('one');
    const id = await agentWith(cert);
    const reply = await fetchWith(headersOf(cert));
    expect(reply.status, reply.text).toBe(200);
    const page = await operator.get(
      `/v1/audit-events?connected_account_id=${reply.body.connected_account_id}`,
    );
    const record = page.body.data.find((one: { actor: { id: string } }) => one.actor.id === id);
    expect(record.actor).toMatchObject({ type: 'agent', method: 'client_certificate', key_id: null });
  });

  it('of nobody, or none that can be read, proves nobody', async () => {
    const { cert } = selfSigned('two');
    for (const headers of [headersOf(cert), { [HEADER]: cert.replaceAll('\n', ' ') }, { [HEADER]: 'x' }])
      expect(await fetchWith(headers)).toMatchObject({
        status: 401,
        body: { detail: 'this is not a valid key' },
      });
    expect((await fetchWith({ [HEADER]: '' })).body.detail).toBe('send a key as Authorization: Bearer');
  });

  it('opens no route of operators, and is no second credential beside a key', async () => {
    const { cert } = selfSigned('three');
    const id = await agentWith(cert);
    const headers = headersOf(cert);
    expect((await call('GET', `${broker.url}/v1/agents/${id}`, { headers })).body.code).toBe('forbidden');
    const withKey = await call('GET', `${broker.url}/v1/agents/${id}`, { headers, key: broker.adminKey });
    expect(withKey.status).toBe(200);
    expect((await call('GET', broker.url + path(), { headers, key: 'wrong' })).status).toBe(401);
  });

  it('is not taken from a page of another site', async () => {
    const { cert } = selfSigned('four');
    await agentWith(cert);
    for (const more of [{ 'sec-fetch-site': 'cross-site' }, { origin: 'https://evil.example' }])
      expect((await fetchWith({ ...headersOf(cert), ...more })).status).toBe(401);
  });

  it('stops proving its agent when another takes its place, or when the agent is deleted', async () => {
    const [first, second] = [selfSigned('five').cert, selfSigned('six').cert];
    const id = await agentWith(first);
    expect((await fetchWith(headersOf(first))).status).toBe(200);
    await operator.patch(`/v1/agents/${id}`, { certificate_thumbprint: thumbprintOf(second) });
    await expect.poll(async () => (await fetchWith(headersOf(second))).status).toBe(200);
    await expect.poll(async () => (await fetchWith(headersOf(first))).status).toBe(401);
    await operator.delete(`/v1/agents/${id}`);
    await expect.poll(async () => (await fetchWith(headersOf(second))).status).toBe(401);
  });

  it('means nothing in a header that the broker was not told of', async () => {
    const { cert } = selfSigned('seven');
    await agentWith(cert, client(plain.url, plain.adminKey));
    const reply = await fetchWith(headersOf(cert), plain);
    expect(reply).toMatchObject({ status: 401, body: { detail: 'send a key as Authorization: Bearer' } });
  });
});

it('/readyz warns that certificates are taken from a header, and not where they are not', async () => {
  const warned = await call('GET', `${broker.url}/readyz`);
  expect(warned.body.checks.client_certificates).toMatchObject({ ok: true });
  expect(warned.body.checks.client_certificates.detail).toMatch(/^warning: .*x-client-cert/);
  expect((await call('GET', `${plain.url}/readyz`)).body.checks.client_certificates.detail).not.toContain(
    'warning',
  );
});
