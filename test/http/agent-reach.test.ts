/** What an agent reaches and is told: tenants by rule, what it may use, what is missing and how its user connects it. */

import { describe, expect, it } from 'vitest';
import { client } from '../support/callers.ts';
import { browser } from '../support/browser.ts';
import { name } from '../support/world.ts';
import { connectScene } from './connect-scene.ts';
import { PATIENCE_MS } from '../support/patience.ts';

const scene = connectScene();

async function adminKey(fields: Record<string, unknown>) {
  const made = await scene.operator.post('/v1/admin-keys', fields);
  expect(made.status, made.text).toBe(201);
  return client(scene.broker.url, String(made.body.key));
}

/** An account of a tenant with a static key. */
async function tenantAccount(connection: string, organization: string | null, identifier = 'user_7') {
  const query = `identifier=${identifier}${organization === null ? '' : `&organization=${organization}`}`;
  const put = await scene.operator.put(`/v1/credentials/${connection}?${query}`, {
    api_key: `key-of-${organization ?? 'none'}`,
  });
  expect([200, 201], put.text).toContain(put.status);
  return String(put.body.id);
}

describe('one agent of a platform', () => {
  it('reaches the tenants that its rules name, by id and by the short form, and no others', async () => {
    const connection = name('conn');
    const ids = {
      none: await tenantAccount(connection, null),
      acme: await tenantAccount(connection, 'acme'),
      beta: await tenantAccount(connection, 'beta'),
    };
    const agent = await scene.w.agent({
      rules: [{ connection, identifiers: ['user_*'], organizations: ['acme', 'eu-*'] }],
    });
    const byId = (id: string) => agent.client.get(`/v1/connected-accounts/${id}/token`);
    const named = (organization: string) =>
      agent.client.get(`/v1/agents/self/credentials/${connection}?identifier=user_7${organization}`);
    expect((await byId(ids.acme)).body).toMatchObject({ api_key: 'key-of-acme', value: 'key-of-acme' });
    for (const id of [ids.none, ids.beta]) expect((await byId(id)).status).toBe(404);
    expect((await named('&organization=acme')).body.api_key).toBe('key-of-acme');
    for (const query of ['', '&organization=beta'])
      expect((await named(query)).body).toMatchObject({ status: 403, reason: 'organization_not_allowed' });
    // The same whether the account exists or not.
    expect((await named('&organization=gamma')).body.reason).toBe('organization_not_allowed');
    expect((await named('&organization=eu-1')).body).toMatchObject({ status: 404, code: 'not_found' });
    const check = (organization: string | null) =>
      scene.operator.post(`/v1/agents/${agent.id}/policy/check`, {
        connection,
        identifier: 'user_7',
        organization,
      });
    expect((await check('acme')).body).toEqual({ allowed: true, reason: null, rule: 0, approval: null });
    expect((await check('beta')).body.reason).toBe('organization_not_allowed');
    expect((await check(null)).body.reason).toBe('organization_not_allowed');
    const explain = async (id: string) =>
      (await scene.operator.get(`/v1/connected-accounts/${id}/explain?agent=${agent.id}`)).body.agent;
    expect(await explain(ids.acme)).toMatchObject({ allowed: true, rule: 0 });
    expect(await explain(ids.beta)).toMatchObject({ allowed: false, reason: 'organization_not_allowed' });
    const list = await agent.client.get(`/v1/agents/${agent.id}/credentials`);
    expect(list.body.data.map((one: { connected_account_id: string }) => one.connected_account_id)).toEqual([
      ids.acme,
    ]);
  });

  it('is given its tenants by an admin of all organizations alone, and only where it has none itself', async () => {
    const rules = [{ connection: 'hubspot', organizations: ['acme'] }];
    const bound = await adminKey({ role: 'admin', organization: 'acme' });
    expect((await bound.post('/v1/agents', { id: name('agent'), policy: { rules } })).status).toBe(403);
    const own = await scene.w.agent({ rules: [] }, { organization: 'acme' });
    expect((await bound.put(`/v1/agents/${own.id}/policy`, { rules })).status).toBe(403);
    for (const reply of [
      await scene.operator.put(`/v1/agents/${own.id}/policy`, { rules }),
      await scene.operator.patch(`/v1/agents/${own.id}`, { policy: { rules } }),
      await scene.operator.post('/v1/agents', { id: name('agent'), organization: 'acme', policy: { rules } }),
    ]) {
      expect(reply.status).toBe(400);
      expect(reply.body.errors[0].path).toMatch(/rules\.0\.organizations$/);
    }
    const operator = await adminKey({ role: 'operator' });
    const free = await scene.w.agent({ rules: [] });
    expect((await operator.put(`/v1/agents/${free.id}/policy`, { rules })).status).toBe(403);
    expect((await scene.operator.put(`/v1/agents/${free.id}/policy`, { rules })).body.rules).toEqual(rules);
  });

  it('of one organization names that one or none', async () => {
    const connection = name('conn');
    await tenantAccount(connection, 'acme');
    const agent = await scene.w.agent(
      { rules: [{ connection, identifiers: ['*'] }] },
      { organization: 'acme' },
    );
    const ask = (organization: string) =>
      agent.client.get(
        `/v1/agents/self/credentials/${connection}?identifier=user_7&organization=${organization}`,
      );
    expect((await ask('acme')).status).toBe(200);
    const other = await ask('beta');
    expect(other.status).toBe(400);
    expect(other.body.errors[0].path).toBe('organization');
  });
});

describe('an account that is not connected', () => {
  it('is named with its id, and where a rule says so with a link that leads to a connected account', async () => {
    const connection = await scene.connection({ scopes: ['openid', 'offline_access'] });
    const plain = await scene.w.agent({ rules: [{ connection, identifiers: ['*'] }] });
    const helped = await scene.w.agent({ rules: [{ connection, identifiers: ['*'], connect: true }] });
    const identifier = name('user');
    const fetchAs = (agent: typeof plain) =>
      agent.client.get(`/v1/agents/self/credentials/${connection}?identifier=${identifier}`);
    const missing = await fetchAs(plain);
    expect(missing.body).toMatchObject({ code: 'not_found', detail: expect.stringContaining('identifier') });
    expect(missing.body.connect_url).toBeUndefined();
    const first = await fetchAs(helped);
    expect(first.body).toMatchObject({
      code: 'not_found',
      connected_account_id: missing.body.connected_account_id,
    });
    const id = String(first.body.connected_account_id);
    const pending = await fetchAs(helped);
    expect(pending.body).toMatchObject({ status: 409, code: 'account_pending', connected_account_id: id });
    expect(pending.body.connect_url).toBe(first.body.connect_url);
    const without = await fetchAs(plain);
    expect(without.body).toMatchObject({ code: 'account_pending', connected_account_id: id });
    expect(without.body.connect_url).toBeUndefined();
    expect((await plain.client.get(`/v1/connected-accounts/${id}/token`)).body.connect_url).toBeUndefined();
    // However often the agent asks, an operator's own link stays.
    const own = await scene.link(connection, { accountId: id, identifier });
    for (let again = 0; again < 7; again += 1) await fetchAs(helped);
    expect((await scene.show(own.sessionId))['status']).toBe('created');

    const page = await scene.walk({ url: pending.body.connect_url }, browser());
    const done = scene.finished(page);
    expect(done.confirmCode).not.toBe('');
    expect((await fetchAs(helped)).status).toBe(409);
    const session = { accountId: id, identifier, connection, sessionId: done.sessionId, url: '' };
    const confirmed = await scene.confirm(session, done.confirmCode);
    expect(confirmed.status, confirmed.text).toBe(200);
    expect((await fetchAs(helped)).status).toBe(200);
    const used = await browser().open(pending.body.connect_url);
    expect(used.text).not.toContain('<form');
  });

  it('is made by no other rule, and for nobody beyond it', async () => {
    const connection = await scene.connection();
    const agent = await scene.w.agent({
      rules: [
        { connection, identifiers: ['mine'], connect: true },
        { connection, identifiers: ['*'] },
      ],
    });
    const ask = (identifier: string) =>
      agent.client.get(`/v1/agents/self/credentials/${connection}?identifier=${identifier}`);
    const other = await ask('other');
    expect(other.status).toBe(404);
    const shown = await scene.operator.get(`/v1/connected-accounts/${other.body.connected_account_id}`);
    expect(shown.status).toBe(404);
    expect((await ask('mine')).body.connect_url).toMatch(/\/connect\/cn\./);
  });
});

describe('the list of what an agent may use', () => {
  it('holds what its rules reach, a page at a time, with the fields of the contract and no secret', async () => {
    const connection = name('conn');
    const ids: string[] = [];
    for (const identifier of ['user_1', 'user_2', 'user_3', 'else'])
      ids.push(await tenantAccount(connection, null, identifier));
    const agent = await scene.w.agent({
      rules: [{ connection: 'other' }, { connection, identifiers: ['user_*'] }],
    });
    const read = async () => {
      const seen: Record<string, unknown>[] = [];
      let cursor = '';
      do {
        const page = await agent.client.get(`/v1/agents/self/credentials?limit=2${cursor}`);
        expect(page.status, page.text).toBe(200);
        expect(page.body.data.length).toBeLessThanOrEqual(2);
        seen.push(...page.body.data);
        cursor = page.body.next_cursor === null ? '' : `&cursor=${page.body.next_cursor}`;
        expect(page.text).not.toContain('key-of-');
      } while (cursor !== '');
      return seen;
    };
    await expect.poll(async () => (await read()).length, { timeout: PATIENCE_MS }).toBe(3);
    expect((await read()).toReversed()[0]).toEqual({
      connection,
      identifier: 'user_1',
      organization: null,
      connected_account_id: ids[0],
      type: 'api_key',
      status: 'active',
      scopes: [],
      actions: ['token'],
      rule: 1,
    });
    const stranger = await scene.w.agent({ rules: [] });
    expect((await stranger.client.get(`/v1/agents/${stranger.id}/credentials`)).body).toEqual({
      data: [],
      next_cursor: null,
    });
    expect((await stranger.client.get(`/v1/agents/${agent.id}/credentials`)).status).toBe(404);
    expect((await agent.client.get('/v1/agents/self/credentials?cursor=made-up')).status).toBe(400);
    expect((await scene.operator.get(`/v1/agents/${agent.id}/credentials`)).status).toBe(403);
    await scene.operator.post(`/v1/agents/${agent.id}/suspend`);
    await expect
      .poll(async () => (await agent.client.get('/v1/agents/self/credentials')).body.reason, {
        timeout: PATIENCE_MS,
      })
      .toBe('agent_suspended');
  });

  it('names the link that repairs a dead grant', async () => {
    const connection = await scene.connection();
    const grant = await scene.provider.grant({});
    const identifier = name('user');
    const id = await scene.w.account(connection, identifier, {
      refresh_token: grant.refreshToken,
      access_token: grant.accessToken,
      expires_in: 600,
    });
    await scene.provider.revokeGrant(grant.grantId);
    await scene.operator.post(`/v1/connected-accounts/${id}/expire`);
    const agent = await scene.w.agent({ rules: [{ connection, identifiers: ['*'] }] });
    const refused = await agent.client.get(`/v1/connected-accounts/${id}/token`);
    expect(refused.body.code).toBe('reauth_required');
    const list = async () => (await agent.client.get('/v1/agents/self/credentials')).body.data[0];
    await expect.poll(async () => (await list())?.status, { timeout: PATIENCE_MS }).toBe('reauth_required');
    expect((await list()).reauth_url).toBe(refused.body.reauth_url);
  });
});

describe('a key with an end', () => {
  it('is made with one and shows it; a life that is too short or too long is refused', async () => {
    const agent = await scene.w.agent({ rules: [] });
    const made = await scene.operator.post(`/v1/agents/${agent.id}/keys`, { expires_in: 3600 });
    expect(made.status, made.text).toBe(201);
    expect(Date.parse(made.body.expires_at) - Date.parse(made.body.created_at)).toBe(3_600_000);
    const keys = (await scene.operator.get(`/v1/agents/${agent.id}/keys`)).body.data as {
      id: string;
      expires_at: string | null;
    }[];
    expect(keys.find(({ id }) => id === made.body.id)?.expires_at).toBe(made.body.expires_at);
    expect(keys.filter(({ expires_at: end }) => end === null)).toHaveLength(1);
    const admin = await scene.operator.post('/v1/admin-keys', { role: 'connect', expires_in: 60 });
    expect(Date.parse(admin.body.expires_at) - Date.parse(admin.body.created_at)).toBe(60_000);
    for (const expiresIn of [59, 31_536_001, 60.5, '3600']) {
      for (const path of [`/v1/agents/${agent.id}/keys`, '/v1/admin-keys']) {
        const refused = await scene.operator.post(path, {
          expires_in: expiresIn,
          ...(path.endsWith('admin-keys') ? { role: 'connect' } : {}),
        });
        expect(refused.status).toBe(400);
        expect(refused.body.errors[0].path).toBe('expires_in');
      }
    }
  });
});
