/** Operators who come through Cloudflare Access: what its token opens, for whom, and which tokens open nothing. */

import { exportJWK } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { call } from '../support/callers.ts';
import { issuerKey, startIssuer, type Issuer, type IssuerKey } from '../support/issuer.ts';
import { name } from '../support/world.ts';

const AUD = 'a1b2c3';
const UNPROVED = { status: 401, body: { code: 'unauthenticated' } };

let team: Issuer;
let strangers: IssuerKey;
let broker: TestBroker;
let plain: TestBroker;

beforeAll(async () => {
  team = await startIssuer(await issuerKey('one'));
  strangers = await issuerKey('one');
  const keys = await Promise.all(
    team.keys.map(async ({ publicKey, kid, alg }) => ({
      ...(await exportJWK(publicKey)),
      kid,
      alg,
      use: 'sig',
    })),
  );
  team.instead = (path, response) => {
    if (path !== '/cdn-cgi/access/certs') return response.writeHead(404).end() !== undefined;
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ keys, public_certs: [] }));
    return true;
  };
  const settings = {
    ACCESS_TEAM: team.url,
    ACCESS_AUD: `other,${AUD}`,
    ACCESS_ROLES: 'ops@acme.example=admin, group:platform=operator, @acme.example=auditor',
  };
  broker = await startBroker({ settings });
  plain = await startBroker();
});
afterAll(async () => {
  await Promise.all([broker.dispose(), plain.dispose(), team.close()]);
});

const person = (email: string, claims: Record<string, unknown> = {}, header = {}, key?: IssuerKey) =>
  team.token({ sub: 'c0ffee', aud: [AUD] }, { email, type: 'app', ...claims }, header, key);

const send = (
  method: string,
  path: string,
  token: string,
  more: { body?: unknown; headers?: Record<string, string>; key?: string } = {},
  at = broker,
) => call(method, at.url + path, { ...more, headers: { 'cf-access-jwt-assertion': token, ...more.headers } });

describe('a person who came through Access', () => {
  it('has the role that the deployment gives, and is named in the record', async () => {
    const id = name('agent');
    const made = await send('POST', '/v1/agents', await person('Ops@acme.example'), {
      body: { id, key: true },
    });
    expect(made.status, made.text).toBe(201);
    const auditor = await person('else@acme.example');
    const page = await send('GET', `/v1/audit-events?agent=${id}`, auditor);
    expect(page.status, page.text).toBe(200);
    expect(page.body.data.at(-1).actor).toMatchObject({
      type: 'operator',
      id: 'ops@acme.example',
      method: 'access_jwt',
    });
    const refused = await send('POST', '/v1/agents', auditor, { body: { id: name('agent') } });
    expect(refused).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    const operator = await person('x@other.example', { custom: { groups: ['platform'] } });
    expect((await send('POST', '/v1/agents', operator, { body: { id: name('agent') } })).status).toBe(201);
    expect(
      (await send('POST', '/v1/agents', operator, { body: { id: name('agent'), key: true } })).status,
    ).toBe(403);
  });

  it('without a role is told so, and reaches nothing', async () => {
    const reply = await send('GET', '/v1/agents', await person('x@other.example'));
    expect(reply).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    expect(reply.body.detail).toContain('ACCESS_ROLES');
  });

  it('is an operator, and no agent', async () => {
    const reply = await send('GET', '/v1/agents/self/credentials', await person('ops@acme.example'));
    expect(reply).toMatchObject({ status: 403, body: { code: 'forbidden' } });
  });

  it('may stay signed in for longer than a day', async () => {
    const now = Math.floor(Date.now() / 1000);
    const token = await person('ops@acme.example', {
      iat: now - 200_000,
      nbf: now - 200_000,
      exp: now + 2_000_000,
    });
    expect((await send('GET', '/v1/agents', token)).status).toBe(200);
  });

  it('does not act where a page of another site asks', async () => {
    const token = await person('ops@acme.example');
    for (const headers of [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.example' },
    ])
      expect(await send('GET', '/v1/agents', token, { headers }), JSON.stringify(headers)).toMatchObject(
        UNPROVED,
      );
    const own = { 'sec-fetch-site': 'same-origin' };
    expect((await send('GET', '/v1/agents', token, { headers: own })).status).toBe(200);
  });
});

describe('a token of Access', () => {
  it.each<[string, () => Promise<string> | string]>([
    ['signed by a stranger', () => person('ops@acme.example', {}, {}, strangers)],
    ['of another team', () => person('ops@acme.example', { iss: 'https://evil.cloudflareaccess.com' })],
    ['of another application', () => person('ops@acme.example', { aud: ['another'] })],
    ['that is over', () => person('ops@acme.example', { exp: Math.floor(Date.now() / 1000) - 61 })],
    ['without an end', () => person('ops@acme.example', { exp: undefined })],
    ['of another type', () => person('ops@acme.example', {}, { typ: 'at+jwt' })],
    [
      'of a service, which is no person',
      () => person('ops@acme.example', { email: undefined, common_name: 'x.access' }),
    ],
    ['that is none', () => 'x'],
    ['that is too long', () => `${'a'.repeat(9_000)}.${'a'.repeat(9_000)}.a`],
  ])('%s proves nobody', async (_what, token) => {
    expect(await send('GET', '/v1/agents', await token())).toMatchObject(UNPROVED);
  });

  it('is not looked at beside a key, nor where no team is named', async () => {
    const token = await person('ops@acme.example');
    expect((await send('GET', '/v1/agents', token, { key: 'wrong' })).status).toBe(401);
    expect((await send('GET', '/v1/agents', 'x', { key: broker.adminKey })).status).toBe(200);
    const reply = await send('GET', '/v1/agents', token, {}, plain);
    expect(reply).toMatchObject({ status: 401, body: { detail: 'send a key as Authorization: Bearer' } });
  });
});

it('settings that cannot be used let nobody in, and /readyz says which', async () => {
  await plain.stop();
  await plain.restart({ ACCESS_TEAM: team.url, ACCESS_AUD: AUD, ACCESS_ROLES: 'ops@acme.example=root' });
  const ready = await call('GET', `${plain.url}/readyz`);
  expect(ready).toMatchObject({ status: 503, body: { checks: { access: { ok: false } } } });
  expect(ready.body.checks.access.detail).toContain('ACCESS_ROLES');
  expect(await send('GET', '/v1/agents', await person('ops@acme.example'), {}, plain)).toMatchObject(
    UNPROVED,
  );
});
