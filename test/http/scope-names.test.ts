/** What scopes are called, end to end: what is asked for, what is compared, and what operators are told of it. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startOAuthServer, type OAuthServer } from '../../src/dev/oauth/server.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { browser } from '../support/browser.ts';
import { name, world, type World } from '../support/world.ts';
import { PATIENCE_MS } from '../support/patience.ts';

let provider: OAuthServer;
let broker: TestBroker;
let w: World;

beforeAll(async () => {
  provider = await startOAuthServer({ accessTokenTtlS: 600 });
  broker = await startBroker();
  w = world(broker, provider);
});
afterAll(async () => {
  await broker.dispose();
  await provider.close();
});

/** A connection to a provider of the catalogue, whose servers nobody calls here. */
async function connectionTo(entry: string, fields: Record<string, unknown> = {}) {
  const id = name(entry.slice(0, 12));
  const made = await w.operator.post('/v1/connections', {
    id,
    provider: entry,
    client_id: name('client'),
    client_secret: 'secret',
    ...fields,
  });
  expect(made.status, made.text).toBe(201);
  return { id, warnings: made.body.warnings as string[] };
}

/** Where the browser is sent: what is asked for there. */
async function askedFor(connection: string, body: Record<string, unknown> = {}, param = 'scope') {
  const account = await w.operator.post('/v1/connected-accounts', { connection, identifier: name('user') });
  const link = await w.operator.post(`/v1/connected-accounts/${account.body.id}/connect-link`, body);
  expect(link.status, link.text).toBe(201);
  const who = browser();
  await who.open(link.body.url);
  const sent = await who.request('POST', link.body.url, { 'sec-fetch-site': 'same-origin' });
  expect(sent.status, sent.text).toBe(303);
  const target = new URL(sent.headers['location'] ?? '');
  return { scope: target.searchParams.get(param), warnings: link.body.warnings as string[], target };
}

describe('a connection without scopes', () => {
  it("asks for the catalogue's defaults", async () => {
    const { id, warnings } = await connectionTo('hubspot');
    expect(warnings).toEqual([]);
    expect((await askedFor(id)).scope).toBe('oauth crm.objects.contacts.read');
    const slack = await connectionTo('slack');
    expect((await askedFor(slack.id)).scope).toBe('chat:write,channels:read,users:read');
  });
});

describe('scopes that a refresh token needs', () => {
  it('are added where they are missing, and the answers of connection and link say so', async () => {
    const { id, warnings } = await connectionTo('outlook', { scopes: ['read'] });
    expect(warnings.join()).toMatch(/offline_access is asked for as well/);
    const asked = await askedFor(id);
    expect(asked.scope).toBe('Mail.Read offline_access');
    expect(asked.warnings.join()).toMatch(/offline_access is asked for as well/);
    expect((await askedFor(id, { scopes: ['Mail.Send', 'offline_access'] })).warnings).toEqual([]);
    const calendar = await connectionTo('google-calendar', { scopes: ['read'] });
    expect((await askedFor(calendar.id)).target.searchParams.get('access_type')).toBe('offline');
  });
});

describe('a scope that nothing knows', () => {
  it('is a warning of the connection, the link and the policy, and refuses none of them', async () => {
    const { warnings } = await connectionTo('slack', { scopes: ['chat:wriet'] });
    expect(warnings).toEqual(['scopes: nothing here knows the scope chat:wriet: did you mean chat:write?']);
    const good = await connectionTo('slack', { scopes: ['chat:write'] });
    expect(good.warnings).toEqual([]);
    expect((await askedFor(good.id, { scopes: ['channels:raed'] })).warnings.join()).toMatch(
      /channels:read\?/,
    );
    const agent = name('agent');
    const policy = { rules: [{ connection: good.id, scopes: ['channels:raed'] }] };
    const made = await w.operator.post('/v1/agents', { id: agent, policy });
    expect(made.status).toBe(201);
    expect(made.body.warnings.join()).toMatch(/policy\.rules\.0\.scopes.*channels:read\?/);
    const put = await w.operator.put(`/v1/agents/${agent}/policy`, policy);
    expect(put.status).toBe(200);
    expect(put.body.warnings.join()).toMatch(/rules\.0\.scopes.*channels:read\?/);
    const read = await w.operator.put(`/v1/agents/${agent}/policy`, {
      rules: [{ connection: good.id, scopes: ['read'] }],
    });
    expect(read.body).toEqual({ rules: [{ connection: good.id, scopes: ['read'] }] });
    expect((await w.operator.get(`/v1/agents/${agent}/policy`)).body.warnings).toBeUndefined();
  });
});

describe('what a provider renames or recases', () => {
  const cases = [
    ['google', 'https://www.googleapis.com/auth/userinfo.email', 'email'],
    ['google', 'email', 'https://www.googleapis.com/auth/userinfo.email'],
    ['outlook', 'Mail.Read', 'mail.read'],
    ['outlook', 'https://graph.microsoft.com/Mail.Read', 'Mail.Read'],
    ['outlook', 'mail.read', 'read'],
    ['google-calendar', 'https://www.googleapis.com/auth/calendar.events.readonly', 'events.readonly'],
    ['slack', 'channels:read,users:read', 'channels:read'],
    ['github', 'repo', 'public_repo'],
  ] as const;

  it.each(cases)('at %s the grant "%s" holds what is asked for as "%s"', async (entry, granted, asked) => {
    const { id } = await connectionTo(entry);
    const identifier = name('user');
    await w.account(id, identifier, { access_token: 'at-imported', scope: granted, expires_in: 3600 });
    const agent = await w.agent({ rules: [{ connection: id, identifiers: ['*'] }] });
    const path = `/v1/agents/${agent.id}/credentials/${id}?identifier=${identifier}&scope=${encodeURIComponent(asked)}`;
    // One scope of two: who may have the one alone is told that the token holds more, never that it is missing.
    const answer = await agent.client.get(path);
    expect(answer.body.reason).not.toBe('missing_scopes');
    expect([200, 403]).toContain(answer.status);
    const all = `/v1/agents/${agent.id}/credentials/${id}?identifier=${identifier}`;
    expect((await agent.client.get(all)).status).toBe(200);
  });

  it('is the same scope in a rule: slack:read hands out a token that reads, and none that writes', async () => {
    const { id } = await connectionTo('slack');
    await w.account(id, 'reads', { access_token: 'at-reads', scope: 'channels:read,users:read' });
    await w.account(id, 'writes', { access_token: 'at-writes', scope: 'channels:read,chat:write' });
    const agent = await w.agent({ rules: [{ connection: id, identifiers: ['*'], scopes: ['read'] }] });
    const fetch = (identifier: string) =>
      agent.client.get(`/v1/agents/${agent.id}/credentials/${id}?identifier=${identifier}`);
    expect((await fetch('reads')).body).toMatchObject({
      access_token: 'at-reads',
      scope: 'channels:read users:read',
    });
    expect((await fetch('writes')).body).toMatchObject({ code: 'policy_denied', reason: 'cannot_downscope' });
  });
});

describe('an import that says nothing of its scopes', () => {
  const GRANTED = 'openid offline_access contacts.read';

  it('under a rule with scopes learns them from the provider at once, by one refresh', async () => {
    const connection = await w.connection();
    const grant = await provider.grant({ scope: GRANTED });
    const identifier = name('user');
    const before = provider.calls.filter((call) => call.grantId === grant.grantId).length;
    await w.account(connection, identifier, {
      refresh_token: grant.refreshToken,
      access_token: grant.accessToken,
      expires_in: 600,
    });
    const allowed = await w.agent({
      rules: [{ connection, identifiers: ['*'], scopes: GRANTED.split(' ') }],
    });
    const less = await w.agent({ rules: [{ connection, identifiers: ['*'], scopes: ['openid'] }] });
    const fetchAs = (agent: typeof allowed) =>
      agent.client.get(`/v1/agents/${agent.id}/credentials/${connection}?identifier=${identifier}`);
    const answers = await Promise.all([fetchAs(allowed), fetchAs(allowed), fetchAs(less)]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 403]);
    expect(answers[2]?.body.reason).toBe('cannot_downscope');
    expect((await fetchAs(less)).body.reason).toBe('cannot_downscope');
    expect(provider.calls.filter((call) => call.grantId === grant.grantId).length - before).toBe(1);
  });
});

describe('a static credential', () => {
  it('is handed out under a rule with scopes where it or its connection declares them', async () => {
    const declared = await connectionTo('pinecone', { client_id: undefined, client_secret: undefined });
    const agent = await w.agent({ allowed_credentials: [`${declared.id}:read-only`] });
    const fetch = (connection = declared.id) =>
      agent.client.get(`/v1/agents/${agent.id}/credentials/${connection}`);
    const put = (scope?: string) =>
      w.operator.put(`/v1/credentials/${declared.id}`, {
        api_key: 'pc-key',
        ...(scope === undefined ? {} : { scope }),
      });
    expect((await put()).status).toBe(201);
    expect((await fetch()).body).toMatchObject({
      reason: 'cannot_downscope',
      detail: expect.stringContaining('scope'),
    });
    expect((await put('read-only')).body.scopes).toEqual(['read-only']);
    expect((await fetch()).body).toMatchObject({ api_key: 'pc-key', apiKey: 'pc-key', value: 'pc-key' });
    expect((await put('read-only write')).status).toBe(200);
    expect((await fetch()).body.reason).toBe('cannot_downscope');
    expect((await put()).status).toBe(200);
    expect((await w.operator.patch(`/v1/connections/${declared.id}`, { scopes: ['read-only'] })).status).toBe(
      200,
    );
    await expect.poll(async () => (await fetch()).status, { timeout: PATIENCE_MS }).toBe(200);
  });
});

describe('a grant that nothing can renew', () => {
  it('says so at once: in the account, in explain and in an event', async () => {
    const connection = await w.connection();
    const grant = await provider.grant({});
    const id = await w.account(connection, name('user'), {
      access_token: grant.accessToken,
      expires_in: 600,
    });
    const shown = (await w.operator.get(`/v1/connected-accounts/${id}`)).body;
    expect(shown.status).toBe('active');
    expect(shown.reauth_due_at).toBe(shown.expires_at);
    const explained = (await w.operator.get(`/v1/connected-accounts/${id}/explain`)).body;
    expect(explained.why).toContain('no refresh token');
    expect(explained.evidence).toContain('no_refresh_token');
    const events = async () =>
      (await w.operator.get(`/v1/events?connected_account_id=${id}`)).body.data as {
        type: string;
        data: { reauth_due_at?: string };
      }[];
    await expect
      .poll(async () => (await events()).map(({ type }) => type), { timeout: PATIENCE_MS })
      .toContain('connected_account.expiring');
    const expiring = (await events()).filter(({ type }) => type === 'connected_account.expiring');
    expect(expiring).toHaveLength(1);
    expect(expiring[0]?.data.reauth_due_at).toBe(shown.reauth_due_at);
  });
});
