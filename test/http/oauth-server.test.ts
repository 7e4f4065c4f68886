/** The OAuth server that other tests rely on: tokens, clients, metadata and load, seen by a plain client. */

import { describe, expect, it } from 'vitest';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { basic, callApi, lastCall, post, refresh, start, watchServers } from './oauth-client.ts';

watchServers();

describe('tokens', () => {
  it('rotates twenty times in a row and keeps one live refresh token', async () => {
    const server = await start({ accessTokenTtlS: 90 });
    const granted = await server.grant({ subject: 'ada' });
    let presented = granted.refreshToken;
    const seen = new Set([presented]);
    for (let n = 0; n < 20; n += 1) {
      const { status, json } = await refresh(server, presented);
      expect(status).toBe(200);
      expect(json).toMatchObject({ token_type: 'Bearer', expires_in: 90, scope: granted.scope });
      presented = String(json.refresh_token);
      seen.add(presented);
      expect(await (await callApi(server, json.access_token)).json()).toMatchObject({ subject: 'ada' });
      expect(await server.state(granted.grantId)).toEqual({ alive: true, liveRefreshTokens: [presented] });
    }
    expect(seen.size).toBe(21);
    expect(server.calls.map((call) => call.verdict)).toEqual(Array(20).fill('fresh'));
    expect(lastCall(server)).toMatchObject({
      grantId: granted.grantId,
      clientId: server.client.clientId,
      newRefreshToken: presented,
      status: 200,
      processed: true,
      answered: true,
      overlaps: false,
    });
  });

  it('kills the whole grant when a used refresh token comes again', async () => {
    const server = await start();
    const { grantId, refreshToken, accessToken } = await server.grant();
    const { json } = await refresh(server, refreshToken);
    const again = await refresh(server, refreshToken);
    expect(again).toMatchObject({ status: 400, json: { error: 'invalid_grant' } });
    expect(await server.state(grantId)).toEqual({ alive: false, liveRefreshTokens: [] });
    expect((await refresh(server, String(json.refresh_token))).json.error).toBe('invalid_grant');
    expect((await callApi(server, accessToken)).status).toBe(401);
    expect((await callApi(server, json.access_token)).status).toBe(401);
    expect(server.calls.map((call) => call.verdict)).toEqual(['fresh', 'reuse', 'unknown']);
    expect(server.calls.map((call) => call.grantId)).toEqual([grantId, grantId, grantId]);
  });

  it('lets only one of two simultaneous presentations win when it is strict', async () => {
    const server = await start();
    const { grantId, refreshToken } = await server.grant();
    const bothArrived = Promise.withResolvers<void>();
    server.onReceived(async () => {
      if (server.calls.length === 2) bothArrived.resolve();
      await bothArrived.promise;
    });
    const answers = await Promise.all([refresh(server, refreshToken), refresh(server, refreshToken)]);
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 400]);
    expect((await server.state(grantId)).alive).toBe(false);
    expect(server.calls.map((call) => call.overlaps)).toEqual([false, true]);
  });

  it('refuses a used refresh token and spares the grant where reuse does not kill', async () => {
    const server = await start({ reuseKillsGrant: false });
    const { grantId, refreshToken } = await server.grant();
    const { json } = await refresh(server, refreshToken);
    expect((await refresh(server, refreshToken)).json.error).toBe('invalid_grant');
    expect(lastCall(server).verdict).toBe('reuse');
    expect(await server.state(grantId)).toEqual({ alive: true, liveRefreshTokens: [json.refresh_token] });
  });

  it('repeats the answer inside the grace, also to many at once, and kills after it', async () => {
    const server = await start({ graceS: 60 });
    const { grantId, refreshToken } = await server.grant();
    const [first, ...others] = await Promise.all(
      Array.from({ length: 20 }, async () => await refresh(server, refreshToken)),
    );
    for (const other of others) expect(other.json).toEqual(first?.json);
    expect(server.calls.filter((call) => call.verdict === 'in_grace')).toHaveLength(19);
    expect(await server.state(grantId)).toEqual({
      alive: true,
      liveRefreshTokens: [first?.json.refresh_token],
    });

    server.graceS = 0.05;
    await sleep(60);
    expect((await refresh(server, refreshToken)).json.error).toBe('invalid_grant');
    expect(lastCall(server).verdict).toBe('reuse');
    expect((await server.state(grantId)).alive).toBe(false);
  });

  it('gives the answer of a grace only to the client that proves itself, and not for a dead grant', async () => {
    const server = await start({ graceS: 60 });
    const { grantId, refreshToken } = await server.grant();
    await refresh(server, refreshToken);
    const form = { grant_type: 'refresh_token', refresh_token: refreshToken };
    const wrong = await post(server, form, basic({ ...server.client, clientSecret: 'wrong' }));
    expect(wrong.status).toBe(401);
    const bare = await post(server, { ...form, client_id: server.client.clientId }, {});
    expect(bare.status).toBe(401);
    expect((await server.state(grantId)).alive).toBe(true);
    await server.revokeGrant(grantId);
    expect((await refresh(server, refreshToken)).json.error).toBe('invalid_grant');
  });

  it('repeats or omits a static refresh token', async () => {
    const server = await start({ rotation: 'static' });
    const { refreshToken } = await server.grant();
    expect((await refresh(server, refreshToken)).json.refresh_token).toBe(refreshToken);
    server.issueRefreshTokenOnRefresh = false;
    const { status, json } = await refresh(server, refreshToken);
    expect(status).toBe(200);
    expect(json).not.toHaveProperty('refresh_token');
    expect(server.calls.map((call) => [call.verdict, call.newRefreshToken])).toEqual([
      ['fresh', undefined],
      ['fresh', undefined],
    ]);
  });

  it('narrows the scope of one answer, refuses a wider one, and keeps the grant as it was', async () => {
    const server = await start();
    const { refreshToken, scope } = await server.grant({ scope: 'offline_access contacts.read files.read' });
    const narrow = await refresh(server, refreshToken, { scope: 'contacts.read' });
    expect(narrow.json).toMatchObject({ scope: 'contacts.read' });
    expect(narrow.json).not.toHaveProperty('id_token');
    const wide = await refresh(server, String(narrow.json.refresh_token), { scope: 'contacts.write' });
    expect(wide).toMatchObject({ status: 400, json: { error: 'invalid_scope' } });
    const full = await refresh(server, String(narrow.json.refresh_token));
    expect(full.json.scope).toBe(scope);
  });

  it('gives an id token and userinfo where openid was granted', async () => {
    const server = await start();
    const { refreshToken } = await server.grant({ subject: 'ada', scope: 'openid email offline_access' });
    const { json } = await refresh(server, refreshToken);
    expect(String(json.id_token).split('.')).toHaveLength(3);
    const headers = { authorization: `Bearer ${String(json.access_token)}` };
    const userinfo = await fetch(server.userinfoUrl, { headers });
    expect(await userinfo.json()).toMatchObject({ sub: 'ada', email: 'ada@example.com' });
  });

  it('lets an access token live exactly as long as it says', async () => {
    const server = await start();
    const { accessToken, expiresInS } = await server.grant({ accessTokenTtlS: 3 });
    const issuedAtMs = Date.now();
    expect(expiresInS).toBe(3);
    await sleep(1_500);
    const { status } = await callApi(server, accessToken);
    // Only an answer that came before the end says anything about the time before it.
    if (Date.now() < issuedAtMs + 2_990) expect(status).toBe(200);
    await sleep(3_010 - (Date.now() - issuedAtMs));
    const late = await callApi(server, accessToken);
    expect(late.status).toBe(401);
    expect(late.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
    expect((await fetch(server.contactsUrl)).headers.get('www-authenticate')).toBe('Bearer');
  });

  it('ends everything of a revoked grant and nothing of another', async () => {
    const server = await start();
    const [gone, other] = [await server.grant({ subject: 'ada' }), await server.grant({ subject: 'ada' })];
    await server.revokeGrant(gone.grantId);
    expect(await refresh(server, gone.refreshToken)).toMatchObject({
      status: 400,
      json: { error: 'invalid_grant' },
    });
    expect((await callApi(server, gone.accessToken)).status).toBe(401);
    expect((await callApi(server, other.accessToken)).status).toBe(200);
    expect((await refresh(server, other.refreshToken)).status).toBe(200);
  });

  it('ends the grant when a client revokes its refresh token', async () => {
    const server = await start();
    const { grantId, refreshToken, accessToken } = await server.grant();
    const body = new URLSearchParams({ token: refreshToken });
    const revoked = await fetch(server.revocationUrl, {
      method: 'POST',
      headers: basic(server.client),
      body,
    });
    expect(revoked.status).toBe(200);
    expect((await server.state(grantId)).alive).toBe(false);
    expect((await callApi(server, accessToken)).status).toBe(401);
  });
});

describe('clients and metadata', () => {
  it('takes the client secret by basic and by post, and refuses a wrong one', async () => {
    const server = await start({ rotation: 'static' });
    const { refreshToken } = await server.grant();
    const form = { grant_type: 'refresh_token', refresh_token: refreshToken };
    expect((await post(server, form)).status).toBe(200);
    const { clientId, clientSecret } = server.client;
    const byPost = { ...form, client_id: clientId, client_secret: clientSecret };
    expect((await post(server, byPost, {})).status).toBe(200);
    for (const refused of [
      await post(server, { ...byPost, client_secret: 'wrong' }, {}),
      await post(server, form, basic({ clientId, clientSecret: 'wrong' })),
      await post(server, form, basic({ clientId: 'nobody', clientSecret })),
    ]) {
      expect(refused.status).toBe(401);
      expect(await refused.json()).toMatchObject({ error: 'invalid_client' });
    }
    expect(server.calls.map((call) => call.clientId)).toEqual([...Array(4).fill(clientId), 'nobody']);
  });

  it('replaces a secret while it runs, and keeps clients apart', async () => {
    const server = await start({ rotation: 'static' });
    const { refreshToken } = await server.grant();
    const other = { clientId: 'other', clientSecret: 'a secret: with &, + and %' };
    await server.setClient(other);
    await server.setClient({ ...server.client, clientSecret: 'replaced' });
    expect((await refresh(server, refreshToken)).status).toBe(401);
    const form = { grant_type: 'refresh_token', refresh_token: refreshToken };
    const replaced = await post(server, form, basic({ ...server.client, clientSecret: 'replaced' }));
    expect(replaced.status).toBe(200);
    expect(await (await post(server, form, basic(other))).json()).toMatchObject({ error: 'invalid_grant' });
    const own = await server.grant({ clientId: 'other' });
    expect((await post(server, { ...form, refresh_token: own.refreshToken }, basic(other))).status).toBe(200);
  });

  it('describes itself by OpenID discovery and by RFC 8414', async () => {
    const server = await start();
    const documents = await Promise.all(
      ['openid-configuration', 'oauth-authorization-server'].map(async (name) => {
        const response = await fetch(`${server.issuer}/.well-known/${name}`);
        expect(response.status).toBe(200);
        return (await response.json()) as Record<string, unknown>;
      }),
    );
    expect(documents[1]).toEqual(documents[0]);
    expect(documents[0]).toMatchObject({
      issuer: server.issuer,
      authorization_endpoint: server.authorizationUrl,
      token_endpoint: server.tokenUrl,
      revocation_endpoint: server.revocationUrl,
      userinfo_endpoint: server.userinfoUrl,
      code_challenge_methods_supported: ['S256'],
      grant_types_supported: expect.arrayContaining(['authorization_code', 'refresh_token']) as unknown,
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    });
  });

  it('sends a browser on to the interaction only for a redirect URI of the client', async () => {
    const redirectUri = 'http://127.0.0.1:4000/oauth/callback/mail';
    const server = await start({ redirectUris: [redirectUri] });
    const authorize = async (uri: string): Promise<Response> => {
      const query = new URLSearchParams({
        response_type: 'code',
        client_id: server.client.clientId,
        redirect_uri: uri,
        scope: 'contacts.read offline_access',
        code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
        code_challenge_method: 'S256',
        state: 's',
      });
      return await fetch(`${server.authorizationUrl}?${query}`, { redirect: 'manual' });
    };
    const known = await authorize(redirectUri);
    expect(known.status).toBe(303);
    expect(known.headers.get('location')).toMatch(/^\/interaction\//);
    expect((await authorize('http://127.0.0.1:4000/elsewhere')).status).toBe(400);
    await server.setClient(server.client, ['http://127.0.0.1:4000/elsewhere']);
    expect((await authorize('http://127.0.0.1:4000/elsewhere')).status).toBe(303);
  });
});

describe('load', () => {
  const crowd = 1_000;

  it('answers a thousand static refreshes at once', async () => {
    const server = await start({ rotation: 'static' });
    const { refreshToken } = await server.grant();
    const statuses = await Promise.all(
      Array.from({ length: crowd }, async () => (await refresh(server, refreshToken)).status),
    );
    expect(statuses).toEqual(Array(crowd).fill(200));
    expect(server.calls).toHaveLength(crowd);
  });

  it('rotates a thousand grants over a thousand connections at once', async () => {
    const server = await start();
    const grants = await Promise.all(Array.from({ length: crowd }, async () => await server.grant()));
    const dispatcher = new Agent({ connections: crowd, pipelining: 1 });
    const headers = { ...basic(server.client), 'content-type': 'application/x-www-form-urlencoded' };
    const statuses = await Promise.all(
      grants.map(async ({ refreshToken }) => {
        const body = `grant_type=refresh_token&refresh_token=${refreshToken}`;
        const response = await request(server.tokenUrl, { method: 'POST', headers, body, dispatcher });
        await response.body.dump();
        return response.statusCode;
      }),
    );
    await dispatcher.close();
    expect(statuses).toEqual(Array(crowd).fill(200));
    for (const { grantId } of grants) {
      expect((await server.state(grantId)).liveRefreshTokens).toHaveLength(1);
    }
  });
});
