/**
 * An access token that an operator brings alone, over a living one: a bad one replaces nothing where the provider can be
 * asked, and where it cannot the answer says so. And nobody has the provider called without end by bringing more.
 */

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startOAuthServer, type OAuthServer } from '../../src/dev/oauth/server.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import type { Reply } from '../support/callers.ts';
import { name, world, type World } from '../support/world.ts';

let provider: OAuthServer;
let broker: TestBroker;
let w: World;
let userinfo: Server;
const answers = new Map<string, { status: number; body?: string; headers?: Record<string, string> }>();
const asked: string[] = [];

beforeAll(async () => {
  provider = await startOAuthServer();
  broker = await startBroker();
  w = world(broker, provider);
  userinfo = createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
    const token = String(request.headers.authorization).replace('Bearer ', '');
    asked.push(token);
    const { status, body = '{"sub":"ada"}', headers = {} } = answers.get(token) ?? { status: 200 };
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
  }).listen(0, '127.0.0.1');
  await once(userinfo, 'listening');
});
afterAll(async () => {
  await broker.dispose();
  await provider.close();
  userinfo.close();
});

async function account(asks: boolean, first: Record<string, unknown> | null = null) {
  const token = name('token');
  const connection = await w.connection(
    asks
      ? { userinfo_url: `http://127.0.0.1:${(userinfo.address() as AddressInfo).port}/me` }
      : { issuer: undefined, token_url: provider.tokenUrl, authorization_url: provider.authorizationUrl },
  );
  const id = await w.account(connection, 'ada', first ?? { access_token: token, expires_in: 3600 });
  const agent = await w.agent({ rules: [{ connection, identifiers: ['*'] }] });
  const path = `/v1/connected-accounts/${id}`;
  const put = (credential: Record<string, unknown>): Promise<Reply> =>
    w.operator.put(`${path}/credential`, { type: 'oauth2', ...credential });
  const served = async () => (await agent.client.get(`${path}/token`)).body.access_token as unknown;
  const records = async () => (await w.operator.get(`${path}/audit/verify`)).body;
  return { id, connection, token, put, served, records, agent };
}

const questions = (token: string) => asked.filter((one) => one === token).length;

describe('an access token alone over a living one', () => {
  it('that the provider takes replaces it, and is asked about once', async () => {
    const { put, served } = await account(true);
    const next = name('token');
    const reply = await put({ access_token: next });
    expect([reply.status, reply.body.warnings], reply.text).toEqual([200, []]);
    expect([await served(), questions(next)]).toEqual([next, 1]);
  });

  it.each([
    ['refuses', { status: 401, body: '{"error":"invalid_token"}' }, 422, 'credential_refused'],
    ['answers with a page', { status: 200, body: '<html>', headers: { 'content-type': 'text/html' } }, 503, 'provider_unavailable'],
    ['cannot answer about', { status: 500 }, 503, 'provider_unavailable'],
    ['knows no page for', { status: 404 }, 503, 'provider_unavailable'],
    ['is too busy for', { status: 429 }, 503, 'provider_unavailable'],
  ] as const)('that the provider %s replaces nothing', async (_what, answer, status, code) => {
    const { token, put, served, records } = await account(true);
    const next = name('token');
    answers.set(next, answer);
    const reply = await put({ access_token: next, expires_in: 60 });
    expect([reply.status, reply.body.code], reply.text).toEqual([status, code]);
    expect(reply.text).toContain('verify: false');
    expect(reply.text).not.toContain(next);
    expect([await served(), questions(next)]).toEqual([token, 1]);
    expect(await records()).toMatchObject({ intact: true });
    const trusted = await put({ access_token: next, verify: false });
    expect([trusted.status, trusted.body.warnings], trusted.text).toEqual([200, []]);
    expect([await served(), questions(next)]).toEqual([next, 1]);
  }); // prettier-ignore

  it('that lives and may not ask for a name is taken', async () => {
    const { put, served } = await account(true);
    const next = name('token');
    answers.set(next, { status: 401, headers: { 'www-authenticate': 'Bearer error="insufficient_scope"' } });
    expect((await put({ access_token: next })).status).toBe(200);
    expect(await served()).toBe(next);
  });

  it('of a provider that cannot be asked is stored, and the answer and the record say that it is unproven', async () => {
    const { id, put, served } = await account(false);
    const next = name('token');
    const reply = await put({ access_token: next });
    expect(reply.status, reply.text).toBe(200);
    expect(reply.body.warnings).toEqual([expect.stringMatching(/^access_token: stored unproven/)]);
    expect(await served()).toBe(next);
    const found = await w.operator.get(`/v1/audit-events?connected_account_id=${id}`);
    expect(found.text).toContain('not_proven');
  });

  it('is taken without a question where nothing lives', async () => {
    const { put, served, connection } = await account(true, { access_token: name('old'), expires_in: 0 });
    const next = name('token');
    answers.set(next, { status: 401 });
    expect((await put({ access_token: next })).status).toBe(200);
    expect([await served(), questions(next)]).toEqual([next, 0]);
    const first = name('token');
    const made = await w.operator.put(`/v1/credentials/${connection}?identifier=bob`, {
      access_token: first,
    });
    expect([made.status, made.body.warnings, questions(first)], made.text).toEqual([201, [], 0]);
  });
});

describe('what is brought over an account that has a credential', () => {
  const limited = (reply: Reply) => {
    expect([reply.status, reply.body.code], reply.text).toEqual([429, 'rate_limited']);
    expect(Number(reply.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    expect(Number(reply.headers['retry-after'])).toBeLessThanOrEqual(60);
    expect(reply.body.detail).toContain('nothing was changed');
  };

  it('has its refresh tokens proven six times a minute, then nothing is sent and nothing changes', async () => {
    const grant = await provider.grant();
    const { put, served } = await account(false, {
      access_token: grant.accessToken,
      refresh_token: grant.refreshToken,
    });
    const tokens = Array.from({ length: 9 }, () => name('bad'));
    const replies = [];
    for (const token of tokens) replies.push(await put({ refresh_token: token }));
    expect(replies.map(({ status }) => status)).toEqual([422, 422, 422, 422, 422, 422, 429, 429, 429]);
    for (const reply of replies.slice(6)) limited(reply);
    const sent = new Set(provider.calls.map(({ refreshToken }) => refreshToken));
    expect(tokens.filter((token) => sent.has(token))).toHaveLength(6);
    expect(await served()).toBe(grant.accessToken);
    const next = await provider.grant();
    limited(await put({ refresh_token: next.refreshToken }));
    const trusted = await put({
      access_token: next.accessToken,
      refresh_token: next.refreshToken,
      verify: false,
    });
    expect(trusted.status, trusted.text).toBe(200);
    expect(await served()).toBe(next.accessToken);
  });

  it('is limited however many come at once', async () => {
    const grant = await provider.grant();
    const { put } = await account(false, {
      access_token: grant.accessToken,
      refresh_token: grant.refreshToken,
    });
    const tokens = Array.from({ length: 30 }, () => name('bad'));
    const replies = await Promise.all(tokens.map((token) => put({ refresh_token: token })));
    const sent = new Set(provider.calls.map(({ refreshToken }) => refreshToken));
    expect(tokens.filter((token) => sent.has(token)).length).toBeLessThanOrEqual(6);
    for (const { status } of replies) expect([422, 429]).toContain(status);
  });

  it('has its access tokens asked about as seldom', async () => {
    const { put, served } = await account(true);
    const tokens = Array.from({ length: 8 }, () => name('token'));
    const replies = [];
    for (const token of tokens) replies.push(await put({ access_token: token }));
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200, 429, 429]);
    for (const reply of replies.slice(6)) limited(reply);
    expect(tokens.map(questions)).toEqual([1, 1, 1, 1, 1, 1, 0, 0]);
    expect(await served()).toBe(tokens[5]);
  });

  it('is counted for each account by itself, and the same token twice is no call', async () => {
    const grant = await provider.grant();
    const { put, connection } = await account(false, { access_token: name('at'), refresh_token: name('rt') });
    for (let round = 0; round < 10; round += 1)
      expect((await put({ refresh_token: grant.refreshToken })).status).toBe(200);
    const others = await Promise.all(
      Array.from({ length: 8 }, async (_, n) => {
        const first = await provider.grant();
        const path = `/v1/credentials/${connection}?identifier=other-${n}`;
        return w.operator.put(path, { refresh_token: first.refreshToken });
      }),
    );
    expect(new Set(others.map(({ status }) => status))).toEqual(new Set([201]));
  });
});
