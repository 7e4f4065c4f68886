/**
 * Nothing can renew the token: then one agent's word, or its narrow rule, is not the end of the account for the others.
 * The provider is asked where it can be; elsewhere all who have the token have to say that it is refused.
 */

import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startOAuthServer, type OAuthServer } from '../../src/dev/oauth/server.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import type { Client } from '../support/callers.ts';
import { PATIENCE_MS } from '../support/patience.ts';
import { name, world, type World } from '../support/world.ts';

let provider: OAuthServer;
let broker: TestBroker;
let w: World;
let userinfo: Server;
/** What the userinfo endpoint answers to a token, and how often it was asked about it. */
const answers = new Map<string, { status: number; body?: string; headers?: Record<string, string> }>();
const asked = new Map<string, number>();

beforeAll(async () => {
  provider = await startOAuthServer();
  broker = await startBroker();
  w = world(broker, provider);
  userinfo = createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
    const token = String(request.headers.authorization).replace('Bearer ', '');
    asked.set(token, (asked.get(token) ?? 0) + 1);
    const { status, body = '{}', headers = {} } = answers.get(token) ?? { status: 200 };
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
  }).listen(0, '127.0.0.1');
  await once(userinfo, 'listening');
});
afterAll(async () => {
  await broker.dispose();
  await provider.close();
  userinfo.close();
});

/** A provider that nobody can ask about a token. */
const silent = () => ({
  issuer: undefined,
  token_url: provider.tokenUrl,
  authorization_url: provider.authorizationUrl,
});

interface Agent {
  readonly client: Client;
}

/** An account with an access token alone, which lives for an hour, and so many agents that may have it. */
async function account(agents: number, { asks = false, scopes = null as string[] | null } = {}) {
  const token = name('token');
  const connection = await w.connection({
    refresh_scope_downscoping: 'supported',
    ...(asks
      ? { userinfo_url: `http://127.0.0.1:${(userinfo.address() as AddressInfo).port}/me` }
      : silent()),
  });
  const id = await w.account(connection, name('user'), {
    access_token: token,
    expires_in: 3600,
    ...(scopes === null ? {} : { scope: scopes.join(' ') }),
  });
  const hired = await Promise.all(
    Array.from({ length: agents }, () => w.agent({ rules: [{ connection, identifiers: ['*'] }] })),
  );
  const path = `/v1/connected-accounts/${id}/token`;
  const fetch = (agent: Agent, query = '') => agent.client.get(`${path}${query}`);
  const report = async (agent: Agent) =>
    fetch(agent, `?rejected=${(await fetch(agent)).body.fingerprint as string}`);
  const show = async () => (await w.operator.get(`/v1/connected-accounts/${id}`)).body;
  /** Has the endpoint asked about the token once, and take it: whose it is wants to be known when a link is made. */
  const accepted = async () => {
    answers.set(token, { status: 200, body: '{"sub":"ada"}' });
    expect((await w.operator.post(`/v1/connected-accounts/${id}/connect-link`)).status).toBe(201);
    await expect.poll(async () => (await show()).subject, { timeout: PATIENCE_MS }).toBe('ada');
    asked.delete(token);
  };
  return { id, connection, token, agents: hired, fetch, report, show, accepted };
}

describe('where the provider cannot be asked', () => {
  it('the only agent that has the token ends the account by its word', async () => {
    const { agents, report, show } = await account(1);
    const reply = await report(agents[0] as Agent);
    expect([reply.status, reply.body.code, reply.body.reason]).toEqual([
      409,
      'reauth_required',
      'no_refresh_token',
    ]);
    expect(await show()).toMatchObject({ status: 'reauth_required', status_reason: 'no_refresh_token' });
  });

  it('one of two does not: the account says that the token was refused, and serves it', async () => {
    const { agents, token, fetch, report, show } = await account(2);
    const [one, two] = agents as unknown as [Agent, Agent];
    expect((await fetch(two)).status).toBe(200);
    for (let round = 0; round < 5; round += 1) {
      const reply = await report(one);
      expect([reply.status, reply.body.access_token]).toEqual([200, token]);
    }
    const shown = await show();
    expect(shown).toMatchObject({ status: 'active' });
    expect(shown.degraded_since).not.toBeNull();
    expect((await fetch(two)).body.access_token).toBe(token);
    const ended = await report(two);
    expect([ended.status, ended.body.reason]).toEqual([409, 'no_refresh_token']);
    const verified = await w.operator.get(`/v1/connected-accounts/${shown.id}/audit/verify`);
    expect(verified.body.intact).toBe(true);
  });

  it('three of five do', async () => {
    const { agents, fetch, report, show } = await account(5);
    for (const agent of agents) expect((await fetch(agent)).status).toBe(200);
    expect((await report(agents[4] as Agent)).status).toBe(200);
    expect((await report(agents[3] as Agent)).status).toBe(200);
    expect((await show()).status).toBe('active');
    expect((await report(agents[0] as Agent)).status).toBe(409);
    expect((await show()).status).toBe('reauth_required');
  });

  it('what was said of one token is not held against the next', async () => {
    const { id, agents, connection, fetch, report, show } = await account(2);
    const [one, two] = agents as unknown as [Agent, Agent];
    await fetch(two);
    await report(one);
    const next = name('token');
    const { identifier } = await show();
    await w.account(connection, identifier as string, { access_token: next, expires_in: 3600 });
    expect((await fetch(one)).body.access_token).toBe(next);
    expect((await report(two)).status).toBe(200);
    expect(await show()).toMatchObject({ id, status: 'active' });
  });
});

describe('where the provider can be asked', () => {
  const answered: readonly {
    what: string;
    answer: { status: number; body?: string; headers?: Record<string, string> };
    ends: boolean;
    degraded: boolean;
    /** It has never taken this grant. */
    never?: true;
  }[] = [
    { what: 'takes it', answer: { status: 200, body: '{"sub":"ada"}' }, ends: false, degraded: false },
    {
      what: 'refuses it',
      answer: { status: 401, body: '{"error":"invalid_token"}' },
      ends: true,
      degraded: false,
    },
    {
      what: 'refuses it, and has never taken it, as those do that want a scope which it lacks',
      answer: { status: 401, body: '{"error":"invalid_token"}' },
      ends: false,
      degraded: true,
      never: true,
    },
    {
      what: 'refuses it with a challenge for a token, and has never taken it',
      answer: { status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } },
      ends: false,
      degraded: true,
      never: true,
    },
    { what: 'is away', answer: { status: 503, body: 'no' }, ends: false, degraded: true },
    {
      what: 'throttles',
      answer: { status: 429, headers: { 'retry-after': '60' } },
      ends: false,
      degraded: true,
    },
    {
      what: 'has a firewall',
      answer: { status: 403, body: '<html>', headers: { 'content-type': 'text/html' } },
      ends: false,
      degraded: true,
    },
    {
      what: 'has a wall before it that asks for a password of its own',
      answer: {
        status: 401,
        body: '<html>',
        headers: { 'content-type': 'text/html', 'www-authenticate': 'Basic realm="staging"' },
      },
      ends: false,
      degraded: true,
    },
    {
      what: 'refuses it on a page, with a challenge for a token',
      answer: {
        status: 401,
        body: '<html>',
        headers: { 'content-type': 'text/html', 'www-authenticate': 'Bearer error="invalid_token"' },
      },
      ends: true,
      degraded: false,
    },
    {
      what: 'shows a login page',
      answer: { status: 200, body: '<html>', headers: { 'content-type': 'text/html' } },
      ends: false,
      degraded: true,
    },
    {
      what: 'sends to a login page',
      answer: { status: 302, headers: { location: 'https://login.example.com/' } },
      ends: false,
      degraded: true,
    },
    { what: 'knows no such page', answer: { status: 404 }, ends: false, degraded: true },
    {
      what: 'takes it, but not for that page',
      answer: { status: 401, headers: { 'www-authenticate': 'Bearer error="insufficient_scope"' } },
      ends: false,
      degraded: false,
    },
  ];
  it.each(answered)(
    'and $what: its word counts, and it is asked once',
    async ({ answer, ends, degraded, never }) => {
      const { agents, token, fetch, report, show, accepted } = await account(2, { asks: true });
      const [one, two] = agents as unknown as [Agent, Agent];
      if (never !== true) await accepted();
      answers.set(token, answer);
      await fetch(two);
      const replies = [];
      for (let round = 0; round < 5; round += 1) replies.push(await report(one).catch(() => null));
      const shown = await show();
      expect(asked.get(token)).toBe(1);
      if (ends) {
        expect(replies[0]?.body).toMatchObject({ code: 'reauth_required', reason: 'no_refresh_token' });
        expect(shown.status).toBe('reauth_required');
      } else {
        for (const reply of replies) expect([reply?.status, reply?.body.access_token]).toEqual([200, token]);
        expect(shown.status).toBe('active');
        expect(shown.degraded_since !== null).toBe(degraded);
        expect((await fetch(two)).body.access_token).toBe(token);
      }
    },
  );

  it('and refuses what it has never taken: then all who have the token have to say so', async () => {
    const { agents, token, report, fetch, show } = await account(2, { asks: true });
    const [one, two] = agents as unknown as [Agent, Agent];
    answers.set(token, { status: 401 });
    await fetch(two);
    expect((await report(one)).status).toBe(200);
    expect((await report(two)).body).toMatchObject({ code: 'reauth_required', reason: 'no_refresh_token' });
    expect(await show()).toMatchObject({ status: 'reauth_required' });
  });

  it('and has taken the credential before: what is brought in its place is another', async () => {
    const { agents, connection, fetch, report, show, accepted } = await account(2, { asks: true });
    const [one, two] = agents as unknown as [Agent, Agent];
    await accepted();
    const next = name('token');
    const { identifier } = await show();
    await w.account(connection, identifier as string, {
      access_token: next,
      expires_in: 3600,
      verify: false,
    });
    answers.set(next, { status: 401 });
    await fetch(two);
    expect((await report(one)).status).toBe(200);
    expect(await show()).toMatchObject({ status: 'active' });
  });

  it('fifty reports at once are one question', async () => {
    const { agents, token, fetch, accepted } = await account(1, { asks: true });
    const [one] = agents as unknown as [Agent];
    await accepted();
    answers.set(token, { status: 401, body: '{}' });
    const { fingerprint } = (await fetch(one)).body;
    const replies = await Promise.all(
      Array.from({ length: 50 }, () => fetch(one, `?rejected=${fingerprint as string}`)),
    );
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([409]));
    expect(asked.get(token)).toBe(1);
  });
});

describe('a narrow rule, or a scope that was asked for,', () => {
  it('is cannot_downscope where nothing can renew the token, and nobody loses it', async () => {
    const scopes = ['contacts.read', 'contacts.write'];
    const { id, connection, token, agents, fetch, show } = await account(1, { scopes });
    const narrow = await w.agent({ rules: [{ connection, identifiers: ['*'], scopes: ['contacts.read'] }] });
    for (const [agent, query] of [
      [narrow, ''],
      [narrow, '?min_ttl=3600'],
      [narrow, '?rejected=anything'],
      [agents[0] as Agent, '?scope=contacts.read'],
    ] as const) {
      const reply = await fetch(agent, query);
      expect([reply.status, reply.body.code], reply.text).toEqual([403, 'policy_denied']);
      expect(reply.body).toMatchObject({
        reason: 'cannot_downscope',
        granted: scopes,
      });
    }
    expect((await fetch(narrow)).body).toMatchObject({ allowed: ['contacts.read'] });
    expect(await show()).toMatchObject({ status: 'active', degraded_since: null });
    expect((await fetch(agents[0] as Agent)).body.access_token).toBe(token);
    const told = await w.operator.get(`/v1/connected-accounts/${id}/explain?agent=${narrow.id}`);
    expect(told.body.agent).toMatchObject({ allowed: false, reason: 'cannot_downscope' });
  });
});

describe('a token of which nobody said how long it lives', () => {
  it('and that nothing can renew is served until the API refuses it', async () => {
    const connection = await w.connection(silent());
    const agent = await w.agent({ rules: [{ connection, identifiers: ['*'] }] });
    const id = await w.account(connection, 'ada', { access_token: 'for-ever' });
    const path = `/v1/connected-accounts/${id}`;
    const reply = await agent.client.get(`${path}/token?min_ttl=3600`);
    expect(reply.body).toMatchObject({ access_token: 'for-ever', expires_in: null, expires_at: null });
    const explained = await w.operator.get(`${path}/explain`);
    expect(explained.body.next).toEqual([]);
    const refused = await agent.client.get(`${path}/token?rejected=${reply.body.fingerprint as string}`);
    expect([refused.status, refused.body.reason]).toEqual([409, 'no_refresh_token']);
  });

  it('lives as long as its connection or account says', async () => {
    const connection = name('conn');
    const made = await w.operator.post('/v1/connections', {
      id: connection,
      provider: 'custom',
      client_id: provider.client.clientId,
      client_secret: provider.client.clientSecret,
      access_token_ttl_s: 900,
      provider_config: {
        token_url: provider.tokenUrl,
        authorization_url: provider.authorizationUrl,
        refresh_token: 'static',
      },
    });
    expect(made.status, made.text).toBe(201);
    expect(made.body.access_token_ttl_s).toBe(900);
    const agent = await w.agent({ rules: [{ connection, identifiers: ['*'] }] });
    const id = await w.account(connection, 'ada', { access_token: 'one', refresh_token: 'two' });
    const path = `/v1/connected-accounts/${id}`;
    const life = async (): Promise<number> =>
      (await agent.client.get(`${path}/token?min_ttl=0`)).body.expires_in as number;
    expect(await life()).toBeLessThanOrEqual(900);
    expect(await life()).toBeGreaterThan(800);
    const patched = await w.operator.patch(path, { access_token_ttl_s: 600 });
    expect([patched.status, patched.body.access_token_ttl_s]).toEqual([200, 600]);
    expect(await life()).toBeLessThanOrEqual(600);
    expect(await life()).toBeGreaterThan(500);
    // Longer holds from the next token on.
    expect((await w.operator.patch(path, { access_token_ttl_s: 7200 })).status).toBe(200);
    expect(await life()).toBeLessThanOrEqual(600);
    await w.account(connection, 'ada', { access_token: 'three', refresh_token: 'four', verify: false });
    expect(await life()).toBeGreaterThan(7000);
    await w.account(connection, 'ada', {
      access_token: 'five',
      refresh_token: 'six',
      verify: false,
      expires_in: 300,
    });
    expect(await life()).toBeLessThanOrEqual(300);
    expect((await w.operator.patch(path, { access_token_ttl_s: null })).body.access_token_ttl_s).toBeNull();
    const changed = await w.operator.patch(`/v1/connections/${connection}`, { access_token_ttl_s: null });
    expect([changed.status, changed.body.access_token_ttl_s]).toEqual([200, null]);
    await w.account(connection, 'ada', { access_token: 'seven', refresh_token: 'eight', verify: false });
    expect(await life()).toBeGreaterThan(3000);
    for (const bad of [0, -1, 1.5, '900', 315_360_001]) {
      expect((await w.operator.patch(path, { access_token_ttl_s: bad })).status).toBe(400);
      expect(
        (await w.operator.patch(`/v1/connections/${connection}`, { access_token_ttl_s: bad })).status,
      ).toBe(400);
    }
  });
});
