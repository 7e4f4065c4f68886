/** The client of an agent as a program uses it: a real broker, a real OAuth server, and an API that checks its tokens. */

import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startOAuthServer, type OAuthServer } from '../../src/dev/oauth/server.ts';
import { ApprovalRequiredError, ReauthRequiredError, Valetkey } from '../../src/sdk/entry.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { PATIENCE_MS } from '../support/patience.ts';
import { name, world, type World } from '../support/world.ts';

let provider: OAuthServer;
let broker: TestBroker;
let w: World;
let api: Server;
let foreign: Server;
let base: string;
/** What the API and another host were sent. */
const seen: { method: string; url: string; authorization: string | undefined; body: string }[] = [];
const leaked: string[] = [];
/** Tokens that the API takes for dead. */
const dead = new Set<string>();

const portOf = (server: Server) => (server.address() as AddressInfo).port;

beforeAll(async () => {
  [provider, broker] = await Promise.all([startOAuthServer(), startBroker()]);
  w = world(broker, provider);
  foreign = createServer((request, response) => {
    leaked.push(`${request.url} ${JSON.stringify(request.headers)}`);
    response.end('foreign');
  });
  foreign.listen(0, '127.0.0.1');
  await once(foreign, 'listening');
  api = createServer((request, response) => {
    let body = '';
    request.on('data', (part) => (body += String(part)));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const { authorization } = headers;
      seen.push({ method, url, authorization, body });
      if (url === '/v1/away')
        return response.writeHead(302, { location: `http://127.0.0.1:${portOf(foreign)}/trap` }).end();
      if (url === '/v1/moved') return response.writeHead(307, { location: '/v1/here' }).end();
      const isDead = dead.has(authorization?.slice('Bearer '.length) ?? '');
      response.writeHead(isDead ? 401 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(isDead ? { error: 'expired' } : { ok: true, url, body }));
    });
  });
  api.listen(0, '127.0.0.1');
  await once(api, 'listening');
  base = `http://127.0.0.1:${portOf(api)}/v1`;
});
afterAll(async () => {
  for (const server of [api, foreign]) {
    server?.closeAllConnections();
    server?.close();
  }
  await broker?.dispose();
  await provider?.close();
});

/** An account, and the client of an agent that may use it. */
async function connected(rule: Record<string, unknown> = {}): Promise<{
  vault: Valetkey;
  connection: string;
  identifier: string;
  accountId: string;
  accessToken: string;
  grantId: string;
  agentId: string;
}> {
  const connection = await w.connection({ api_base_urls: [base] });
  const identifier = name('user');
  const grant = await provider.grant();
  const accountId = await w.account(connection, identifier, {
    refresh_token: grant.refreshToken,
    access_token: grant.accessToken,
    expires_in: 3600,
  });
  const agent = await w.agent({ rules: [{ connection, identifiers: ['*'], ...rule }] });
  const vault = new Valetkey({ url: broker.url, key: agent.key, identifier });
  const { accessToken, grantId } = grant;
  return { vault, connection, identifier, accountId, accessToken, grantId, agentId: agent.id };
}

describe('a credential', () => {
  it('is one text, by the forms of published examples too', async () => {
    const { vault, connection, accessToken, agentId, accountId } = await connected();
    expect(await vault.getCredential(connection)).toBe(accessToken);
    expect(await vault.getCredential(agentId, connection)).toBe(accessToken);
    const credential = await vault.credential(connection);
    expect(credential).toMatchObject({ type: 'oauth2', accountId, apiBaseUrl: base, baseUrls: [base] });
    expect(credential.headers).toMatchObject({ Authorization: `Bearer ${accessToken}` });
    const fresh = await vault.refreshToken(agentId, connection);
    expect(fresh).not.toBe(accessToken);
    expect(await vault.getCredential(connection, { minTtlS: 61 })).toBe(fresh);
  });

  it('is never another one because the clock of the machine is wrong', async () => {
    const { vault, connection, accessToken } = await connected();
    const clock = vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 3_600_000);
    try {
      expect(await vault.getCredential(connection)).toBe(accessToken);
      expect(await vault.getCredential(connection)).toBe(accessToken);
    } finally {
      clock.mockRestore();
    }
  });
});

describe('a call', () => {
  it('goes to the API with the credential, by path and by URL', async () => {
    const { vault, connection, accessToken } = await connected();
    for (const path of ['/contacts?a=1', 'contacts?a=1', '/v1/contacts?a=1', `${base}/contacts?a=1`]) {
      const response = await vault.fetch(connection, path, { method: 'POST', body: 'hello' });
      expect(await response.json()).toEqual({ ok: true, url: '/v1/contacts?a=1', body: 'hello' });
    }
    expect(seen.slice(-4).map(({ authorization }) => authorization)).toEqual(
      Array(4).fill(`Bearer ${accessToken}`),
    );
  });

  it('goes nowhere else: not by URL, not by a path that is a host, not over a redirect', async () => {
    const { vault, connection } = await connected();
    const trap = `http://127.0.0.1:${portOf(foreign)}/trap`;
    for (const path of [trap, `${new URL(base).protocol}//x@127.0.0.1:${portOf(api)}/v1`])
      await expect(vault.fetch(connection, path)).rejects.toThrow(TypeError);
    const host = await vault.fetch(connection, `//127.0.0.1:${portOf(foreign)}/trap`);
    expect((await host.json()).url).toBe(`/v1/127.0.0.1:${portOf(foreign)}/trap`);
    const away = await vault.fetch(connection, '/away', { method: 'POST', body: 'secret' });
    expect([away.status, away.headers.get('location')]).toEqual([302, trap]);
    expect(leaked).toEqual([]);
    const moved = await vault.fetch(connection, '/moved', { method: 'PUT', body: 'kept' });
    expect(await moved.json()).toEqual({ ok: true, url: '/v1/here', body: 'kept' });
  });

  it('that meets a dead token is made once more with a fresh one, and a second refusal is the answer', async () => {
    const { vault, connection, accessToken } = await connected();
    dead.add(accessToken);
    const response = await vault.fetch(connection, '/contacts', { method: 'POST', body: 'again' });
    expect([response.status, await response.json()]).toEqual([
      200,
      { ok: true, url: '/v1/contacts', body: 'again' },
    ]);
    const second = await vault.getCredential(connection);
    dead.add(second);
    const stream = new ReadableStream({
      start: (controller) => {
        controller.enqueue(new TextEncoder().encode('once'));
        controller.close();
      },
    });
    const once401 = await vault.fetch(connection, '/contacts', {
      method: 'POST',
      body: stream,
      duplex: 'half',
    } as RequestInit);
    expect([once401.status, await once401.json()]).toEqual([401, { error: 'expired' }]);
  });

  it('through the broker holds no credential, and its refusals are errors', async () => {
    const { vault, connection, accessToken, identifier } = await connected({ actions: ['proxy'] });
    const response = await vault.fetch(connection, '/contacts', { via: 'proxy', method: 'POST', body: 'x' });
    expect(await response.json()).toEqual({ ok: true, url: '/v1/contacts', body: 'x' });
    expect(seen.at(-1)?.authorization).toBe(`Bearer ${accessToken}`);
    const whole = await vault.fetch(connection, `${base}/contacts`, { via: 'proxy', identifier });
    expect((await whole.json()).url).toBe('/v1/contacts');
    await expect(vault.fetch(connection, '/contacts')).rejects.toMatchObject({
      code: 'policy_denied',
      reason: 'action_not_allowed',
    });
  });
});

describe('a person', () => {
  it('repairs an account, and the paused task goes on', async () => {
    const { vault, connection, identifier, accountId, grantId } = await connected();
    await provider.revokeGrant(grantId);
    await w.operator.post(`/v1/connected-accounts/${accountId}/expire`);
    const paused: string[] = [];
    let runs = 0;
    const done = vault.whileConnected(
      accountId,
      async () => {
        runs += 1;
        return (await vault.fetch(connection, '/contacts')).status;
      },
      { onPaused: (error) => paused.push(error.code) },
    );
    done.catch(() => undefined);
    await vi.waitFor(() => expect(paused).toEqual(['reauth_required']), { timeout: PATIENCE_MS });
    await expect(vault.getCredential(connection)).rejects.toBeInstanceOf(ReauthRequiredError);
    const grant = await provider.grant();
    await w.account(connection, identifier, { refresh_token: grant.refreshToken });
    expect(await done).toBe(200);
    expect(runs).toBe(2);
  });

  it('approves, and the same request goes through', async () => {
    const { vault, connection } = await connected({ approval: { ttl_s: 600 } });
    const error = await vault.getCredential(connection).catch((one: unknown) => one);
    expect(error).toBeInstanceOf(ApprovalRequiredError);
    const { approvalId } = error as ApprovalRequiredError;
    const waiting = (error as ApprovalRequiredError).wait();
    const yes = await w.operator.post(`/v1/approvals/${approvalId}/approve`);
    expect(yes.status, yes.text).toBe(200);
    await waiting;
    expect(await vault.getCredential(connection)).toMatch(/./);
  });
});
