/**
 * What published examples expect of a vault, run as they are published: `fetch`, the paths, the fields. Hosts and ids are
 * this test's; nothing else is.
 */

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startOAuthServer, type OAuthServer } from '../../src/dev/oauth/server.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { name, world, type World } from '../support/world.ts';
import { PATIENCE_MS } from '../support/patience.ts';

let provider: OAuthServer;
let broker: TestBroker;
let w: World;
/** Slack's and HubSpot's API as far as the examples call it, on loopback. */
let api: Server;
let apiUrl: string;
const posted: { authorization: string | undefined; body: string }[] = [];

const SLACK_TOKEN = 'xoxb-living-token-of-the-example';

beforeAll(async () => {
  provider = await startOAuthServer({ accessTokenTtlS: 600 });
  // The snippets name their agents and connections.
  broker = await startBroker({ alone: true });
  w = world(broker, provider);
  api = createServer({ keepAliveTimeout: 600_000 }, (req, res) => {
    let body = '';
    req.on('data', (chunk: Buffer) => (body += chunk.toString('utf8')));
    req.on('end', () => {
      posted.push({ authorization: req.headers.authorization, body });
      const ok = req.headers.authorization === `Bearer ${SLACK_TOKEN}`;
      res.setHeader('content-type', 'application/json');
      res.end(JSON.stringify(ok ? { ok: true, ts: '1.2' } : { ok: false, error: 'invalid_auth' }));
    });
  });
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
  apiUrl = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await broker.dispose();
  await provider.close();
  api.close();
});

/** A connection under a published name, to the OAuth server of this test. */
async function oauthConnection(id: string, config: Record<string, unknown> = {}) {
  const made = await w.operator.post('/v1/connections', {
    id,
    provider: 'custom',
    client_id: provider.client.clientId,
    client_secret: provider.client.clientSecret,
    provider_config: { issuer: provider.issuer, refresh_token: 'rotating', ...config },
  });
  expect(made.status, made.text).toBe(201);
}

/** The vault of the articles. Their functions take it from around them. */
function vaultFor(agent: { id: string; key: string }) {
  const VAULT_URL = broker.url;
  const VAULT_TOKEN = agent.key;

  const getToken = async (agentId: string, service: string): Promise<string> => {
    const res = await fetch(`${VAULT_URL}/v1/agents/${agentId}/credentials/${service}`, {
      headers: { Authorization: `Bearer ${VAULT_TOKEN}`, 'Content-Type': 'application/json' },
    });
    if (!res.ok) throw new Error(`Vault error (${res.status}): ${await res.text()}`);
    return ((await res.json()) as { access_token: string }).access_token;
  };

  return {
    getToken,
    getApiKey: async (agentId: string, service: string): Promise<string> => {
      const res = await fetch(`${VAULT_URL}/v1/agents/${agentId}/credentials/${service}`, {
        headers: { Authorization: `Bearer ${VAULT_TOKEN}` },
      });
      const { apiKey } = (await res.json()) as { apiKey: string };
      return apiKey;
    },
    getCredential: async (agentId: string, service: string): Promise<string> => {
      const res = await fetch(`${VAULT_URL}/v1/agents/${agentId}/credentials/${service}`, {
        headers: { Authorization: `Bearer ${VAULT_TOKEN}` },
      });
      if (!res.ok) throw new Error(`Vault error (${res.status}): ${await res.text()}`);
      return ((await res.json()) as { value: string }).value;
    },
    storeToken: async (
      agentId: string,
      service: string,
      refreshToken: string,
      scope: string,
    ): Promise<void> => {
      const res = await fetch(`${VAULT_URL}/v1/credentials/${service}?identifier=${agentId}`, {
        method: 'PUT',
        headers: { Authorization: `Bearer ${broker.adminKey}`, 'Content-Type': 'application/json' },
        body: JSON.stringify({ refresh_token: refreshToken, scope }),
      });
      if (!res.ok) throw new Error(`Vault error (${res.status}): ${await res.text()}`);
    },
    getScopedToken: async (agentId: string, service: string, scopes: string[]): Promise<string> => {
      const query = new URLSearchParams({ scope: scopes.join(' ') });
      const res = await fetch(`${VAULT_URL}/v1/agents/${agentId}/credentials/${service}?${query}`, {
        headers: { Authorization: `Bearer ${VAULT_TOKEN}` },
      });
      if (!res.ok) throw new Error(`Vault error (${res.status}): ${await res.text()}`);
      return ((await res.json()) as { access_token: string }).access_token;
    },
    refreshToken: async (agentId: string, service: string): Promise<string> => {
      const res = await fetch(`${VAULT_URL}/v1/agents/${agentId}/credentials/${service}?rejected=current`, {
        headers: { Authorization: `Bearer ${VAULT_TOKEN}` },
      });
      if (!res.ok) throw new Error(`Vault error (${res.status}): ${await res.text()}`);
      return ((await res.json()) as { access_token: string }).access_token;
    },
  };
}

describe('a token by one GET', () => {
  it('comes for slack, google-calendar and time-tracker, with and without a content type', async () => {
    const services = ['slack', 'google-calendar', 'time-tracker'];
    const agent = await w.agent({ allowed_credentials: services });
    const vault = vaultFor(agent);
    for (const service of services) {
      await oauthConnection(service);
      const grant = await provider.grant({});
      await w.account(service, 'default', {
        refresh_token: grant.refreshToken,
        access_token: grant.accessToken,
        expires_in: 600,
      });
      expect(await vault.getToken(agent.id, service)).toBe(grant.accessToken);
    }
  });

  it('of an API key is in apiKey', async () => {
    const agent = await w.agent({ allowed_credentials: ['slack-api-key'] });
    await w.account('slack-api-key', 'default', { api_key: 'xoxp-key-of-the-example' });
    expect(await vaultFor(agent).getApiKey(agent.id, 'slack-api-key')).toBe('xoxp-key-of-the-example');
  });

  it('that fails says something useful', async () => {
    const agent = await w.agent({ allowed_credentials: ['notion-notes'] });
    await oauthConnection('notion-notes');
    const vault = vaultFor(agent);
    await expect(vault.getToken(agent.id, 'notion-notes')).rejects.toThrow(
      /^Vault error \(404\): \{.*"code":"not_found".*`identifier`.*\}\s*$/s,
    );
    await expect(vault.getToken(agent.id, 'salesforce')).rejects.toThrow(
      /^Vault error \(403\): .*connection_not_allowed/s,
    );
    await expect(vaultFor({ id: agent.id, key: 'made-up' }).getToken(agent.id, 'x')).rejects.toThrow(
      /^Vault error \(401\): /,
    );
  });
});

describe('a cron job that stores what its provider last gave it', () => {
  it('harms nothing when it runs again with a stale or a broken value', async () => {
    const service = name('time-tracker');
    await oauthConnection(service);
    const grant = await provider.grant({});
    const store = (body: string) =>
      fetch(`${broker.url}/v1/credentials/${service}`, {
        method: 'PUT',
        headers: { Authorization: `Bearer ${broker.adminKey}`, 'Content-Type': 'application/json' },
        body,
      });
    expect((await store(JSON.stringify({ refresh_token: grant.refreshToken }))).ok).toBe(true);
    const agent = await w.agent({ allowed_credentials: [service] });
    const vault = vaultFor(agent);
    const first = await vault.getToken(agent.id, service);
    expect(first).not.toBe('');
    for (const broken of ['null', 'a-stale-value-of-last-week']) {
      const refused = await store(`{"refresh_token":"${broken}"}`);
      expect(refused.ok, `${broken}: ${refused.status}`).toBe(false);
      expect(await vault.getToken(agent.id, service)).not.toBe('');
      expect(await vault.refreshToken(agent.id, service)).not.toBe('');
    }
  });
});

describe('the published policy', () => {
  it('works as it stands: tokens that read, and an authorization error for anything else', async () => {
    const policy =
      '{ "agent_id": "agent-42", "allowed_credentials": ["slack:read", "calendar:events.readonly"] }';
    const put = (path: string, body: string, method = 'PUT') =>
      fetch(broker.url + path, {
        method,
        headers: { Authorization: `Bearer ${broker.adminKey}`, 'Content-Type': 'application/json' },
        body,
      });
    const made = await put('/v1/agents', `{"id":"agent-42","key":true,"policy":${policy}}`, 'POST');
    expect(made.status, await made.clone().text()).toBe(201);
    const { key } = (await made.json()) as { key: string };
    const stored = await put('/v1/agents/agent-42/policy', policy);
    expect(stored.status).toBe(200);
    expect(((await stored.json()) as { rules: unknown }).rules).toEqual([
      { connection: 'slack', scopes: ['read'] },
      { connection: 'calendar', scopes: ['events.readonly'] },
    ]);
    const other = await put('/v1/agents/agent-42/policy', policy.replace('agent-42', 'agent-43'));
    expect(other.status).toBe(400);
    expect(((await other.json()) as { errors: { path: string }[] }).errors[0]?.path).toBe('agent_id');

    const client = { client_id: 'client', client_secret: 'secret' };
    await w.operator.delete('/v1/connections/slack?force=true');
    await expect
      .poll(
        async () =>
          (await w.operator.post('/v1/connections', { id: 'slack', provider: 'slack', ...client })).status,
        { timeout: PATIENCE_MS },
      )
      .toBe(201);
    expect(
      (await w.operator.post('/v1/connections', { id: 'calendar', provider: 'google-calendar', ...client }))
        .status,
    ).toBe(201);
    const CALENDAR = 'https://www.googleapis.com/auth/calendar.events.readonly';
    await w.account('slack', 'agent-42', { access_token: SLACK_TOKEN, scope: 'channels:read,users:read' });
    await w.account('calendar', 'agent-42', {
      access_token: 'ya29.events',
      scope: `${CALENDAR} openid`,
      expires_in: 3600,
    });
    const vault = vaultFor({ id: 'agent-42', key });
    await expect
      .poll(() => vault.getToken('agent-42', 'slack').catch(String), { timeout: PATIENCE_MS })
      .toBe(SLACK_TOKEN);
    await w.account('calendar', 'agent-42', {
      access_token: 'ya29.events',
      scope: CALENDAR,
      expires_in: 3600,
      verify: false,
    });
    expect(await vault.getToken('agent-42', 'calendar')).toBe('ya29.events');
    await w.account('slack', 'agent-42', {
      access_token: SLACK_TOKEN,
      scope: 'channels:read,chat:write',
      verify: false,
    });
    await expect(vault.getToken('agent-42', 'slack')).rejects.toThrow(
      /^Vault error \(403\): .*cannot_downscope/s,
    );
    await expect(vault.getScopedToken('agent-42', 'slack', ['chat:write'])).rejects.toThrow(
      /scope_not_allowed/,
    );
    await expect(vault.getToken('agent-42', 'hubspot')).rejects.toThrow(/^Vault error \(403\)/);
  });
});

describe('vault.getCredential', () => {
  it('brings the text of a bot token, with which chat.postMessage works; ok:false of Slack is an error', async () => {
    const agent = await w.agent({ allowed_credentials: ['slack-bot-token'] });
    await w.account('slack-bot-token', 'default', { api_key: SLACK_TOKEN });
    const token = await vaultFor(agent).getCredential(agent.id, 'slack-bot-token');
    const post = async (bearer: string) => {
      const res = await fetch(`${apiUrl}/api/chat.postMessage`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${bearer}`, 'Content-Type': 'application/json' },
        body: JSON.stringify({ channel: '#general', text: 'hello' }),
      });
      const json = (await res.json()) as { ok: boolean; error?: string };
      if (!json.ok) throw new Error(`Slack error: ${json.error}`);
      return json;
    };
    await expect(post(token)).resolves.toMatchObject({ ok: true });
    await expect(post('xoxb-other')).rejects.toThrow('Slack error: invalid_auth');
    expect(JSON.parse(posted[0]?.body ?? '{}')).toEqual({ channel: '#general', text: 'hello' });
  });

  it('is the same call for an API key, an OAuth grant and a service token, and one failure stops no other', async () => {
    const agent = await w.agent({
      allowed_credentials: ['pinecone:read-only', 'hubspot:contacts.read', 'metabase:dashboard.write'],
    });
    await oauthConnection('hubspot', { scope_aliases: { 'contacts.read': 'contacts.read' } });
    const grant = await provider.grant({ scope: 'contacts.read' });
    await w.account('hubspot', 'default', {
      refresh_token: grant.refreshToken,
      access_token: grant.accessToken,
      expires_in: 600,
      scope: 'contacts.read',
    });
    const metabaseAt = { id: 'metabase', provider: 'metabase', variables: { host: 'metabase.example.com' } };
    expect((await w.operator.post('/v1/connections', metabaseAt)).status).toBe(201);
    await w.account('pinecone', 'default', { api_key: 'pc-key', scope: 'read-only' });
    await w.account('metabase', 'default', {
      api_key: 'mb-token',
      scope: 'dashboard.write dashboard.delete',
    });
    const vault = vaultFor(agent);
    const tools = ['pinecone', 'hubspot', 'metabase'];
    const run = () => Promise.allSettled(tools.map((tool) => vault.getCredential(agent.id, tool)));
    const [pinecone, hubspot, metabase] = await run();
    expect(pinecone).toEqual({ status: 'fulfilled', value: 'pc-key' });
    expect(hubspot).toEqual({ status: 'fulfilled', value: grant.accessToken });
    expect(metabase).toMatchObject({
      status: 'rejected',
      reason: { message: expect.stringMatching(/^Vault error \(403\)/) },
    });
    await w.account('metabase', 'default', { api_key: 'mb-token', scope: 'dashboard.write' });
    expect((await run()).map((one) => (one as { value?: string }).value)).toEqual([
      'pc-key',
      grant.accessToken,
      'mb-token',
    ]);
  });

  it('is one line', async () => {
    const agent = await w.agent({ allowed_credentials: ['one-line'] });
    await w.account('one-line', 'default', { api_key: 'the-key' });
    const getCredential = (service: string) => vaultFor(agent).getCredential('self', service);
    expect(await getCredential('one-line')).toBe('the-key');
  });
});

describe('storeToken, getScopedToken, refreshToken', () => {
  it('store a grant, narrow it, and bring another token after a 401', async () => {
    const service = name('hubspot');
    await oauthConnection(service, { refresh_scope_downscoping: 'supported' });
    const agent = await w.agent({ rules: [{ connection: service }] });
    const vault = vaultFor(agent);
    const granted = 'contacts.read crm.deals.read';
    const grant = await provider.grant({ scope: granted });
    await vault.storeToken(agent.id, service, grant.refreshToken, granted);
    const narrow = await vault.getScopedToken(agent.id, service, ['contacts.read']);
    expect(narrow).not.toBe('');
    const refused = await vault.getToken(agent.id, service);
    const next = await vault.refreshToken(agent.id, service);
    expect(next).not.toBe(refused);
    // Who comes with the same complaint meanwhile gets what has just been brought.
    expect(await vault.refreshToken(agent.id, service)).toBe(next);
  });
});

describe('a task whose grant has died', () => {
  it('is told by agent.auth.reauth_required with a link, goes on after the success event, and stops no other task', async () => {
    const service = name('crm');
    await oauthConnection(service);
    const agent = await w.agent({ rules: [{ connection: service, identifiers: ['*'] }] });
    const grants = { dead: await provider.grant({}), alive: await provider.grant({}) };
    const ids: Record<string, string> = {};
    for (const [task, grant] of Object.entries(grants))
      ids[task] = await w.account(service, task, {
        refresh_token: grant.refreshToken,
        access_token: grant.accessToken,
        expires_in: 600,
      });
    await provider.revokeGrant(grants.dead.grantId);
    await w.operator.post(`/v1/connected-accounts/${ids['dead']}/expire`);
    const step = (task: string) =>
      agent.client.get(`/v1/agents/${agent.id}/credentials/${service}?identifier=${task}`);
    expect((await step('dead')).body).toMatchObject({
      code: 'reauth_required',
      reauth_url: expect.stringContaining('/connect/'),
    });
    expect((await step('alive')).status).toBe(200);
    const events = async (type: string) =>
      (await w.operator.get(`/v1/events?type=${type}&connected_account_id=${ids['dead']}`)).body.data as {
        data: Record<string, unknown>;
      }[];
    await expect
      .poll(async () => (await events('agent.auth.reauth_required')).length, { timeout: PATIENCE_MS })
      .toBe(1);
    expect((await events('agent.auth.reauth_required'))[0]?.data['reauth_url']).toBe(
      (await step('dead')).body.reauth_url,
    );
    const again = await provider.grant({});
    const waiting = w.operator.get(`/v1/connected-accounts/${ids['dead']}/wait?status=active&timeout_s=25`);
    await w.account(service, 'dead', {
      refresh_token: again.refreshToken,
      access_token: again.accessToken,
      expires_in: 600,
    });
    expect((await waiting).body.status).toBe('active');
    await expect
      .poll(async () => (await events('agent.auth.succeeded')).length, { timeout: PATIENCE_MS })
      .toBe(2);
    expect((await step('dead')).body.access_token).toBe(again.accessToken);
  });
});

describe('two agents', () => {
  it('have what their policies name: one the calendar and not Slack, one API keys of Notion', async () => {
    const suffix = name('x');
    const [calendar, slack, notion] = [`calendar-${suffix}`, `slack-${suffix}`, `notion-${suffix}`];
    for (const service of [calendar, slack, notion])
      await w.account(service, 'default', { api_key: `key-of-${service}` });
    const a = await w.agent({ allowed_credentials: [calendar] });
    const b = await w.agent({ allowed_credentials: [notion] });
    expect(await vaultFor(a).getCredential(a.id, calendar)).toBe(`key-of-${calendar}`);
    await expect(vaultFor(a).getCredential(a.id, slack)).rejects.toThrow(/^Vault error \(403\)/);
    expect(await vaultFor(b).getCredential(b.id, notion)).toBe(`key-of-${notion}`);
    await expect(vaultFor(b).getCredential(b.id, calendar)).rejects.toThrow(/^Vault error \(403\)/);
  });
});
