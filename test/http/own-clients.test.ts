/**
 * Two organizations with an OAuth client each, and accounts of none, at one connection to a real OAuth server: every
 * request of a grant is made with the client that made the grant, and with no other, through connects, refreshes,
 * revocations, imports, changes and removals. What is refused of one client is no trouble of another.
 */

import { expect, it, vi } from 'vitest';
import { browser } from '../support/browser.ts';
import { client, type Client } from '../support/callers.ts';
import { PATIENCE_MS } from '../support/patience.ts';
import { name } from '../support/world.ts';
import { connectScene } from './connect-scene.ts';

const scene = connectScene({ server: { accessTokenTtlS: 600 } });
const SECRETS = new Map<string, string>();

/** A client of an organization's own, known to the server with the connection's redirect URI. */
async function ownClient(connection: string): Promise<{ client_id: string; client_secret: string }> {
  const client_id = name('own');
  const client_secret = `secret-of-${client_id}`;
  SECRETS.set(client_id, client_secret);
  await scene.provider.setClient({ clientId: client_id, clientSecret: client_secret }, [
    `${scene.broker.url}/oauth/callback/${connection}`,
  ]);
  return { client_id, client_secret };
}

const at = (connection: string, organization: string): string =>
  `/v1/connections/${connection}/clients/${organization}`;

async function connected(connection: string, organization?: string, accountId?: string) {
  const options = {
    ...(organization === undefined ? {} : { organization }),
    ...(accountId === undefined ? {} : { accountId }),
  };
  const session = await scene.link(connection, options);
  const page = await scene.walk(session);
  const { confirmCode } = scene.finished(page);
  if (confirmCode !== '') {
    const shown = await scene.show(session.sessionId);
    const confirmed = await scene.operator.post(`/v1/connect-sessions/${session.sessionId}/confirm`, {
      identifier: shown.identifier,
      confirm_code: confirmCode,
    });
    expect(confirmed.status, confirmed.text).toBe(200);
  }
  expect((await scene.account(session.accountId)).status).toBe('active');
  return session.accountId;
}

async function refreshed(accountId: string): Promise<Record<string, any>> {
  const expired = await scene.operator.post(`/v1/connected-accounts/${accountId}/expire`);
  expect(expired.status, expired.text).toBe(200);
  const answer = await scene.operator.post(`/v1/connected-accounts/${accountId}/refresh`);
  expect(answer.status, answer.text).toBe(200);
  return answer.body;
}

const usedSince = (from: number): (string | null)[] =>
  scene.provider.calls.slice(from).map(({ clientId }) => clientId);

async function admin(organization: string): Promise<Client> {
  const made = await scene.operator.post('/v1/admin-keys', { role: 'admin', organization });
  expect(made.status, made.text).toBe(201);
  return client(scene.broker.url, String(made.body.key));
}

it('each flow of an account is made with the client of its own organization', async () => {
  const connection = await scene.connection();
  const acme = await ownClient(connection);
  const globex = await ownClient(connection);
  expect((await scene.operator.put(at(connection, 'acme'), acme)).status).toBe(201);
  expect((await scene.operator.put(at(connection, 'globex'), globex)).status).toBe(201);
  const cases = [
    ['acme', acme.client_id],
    ['globex', globex.client_id],
    ['initech', scene.provider.client.clientId],
    [undefined, scene.provider.client.clientId],
  ] as const;
  for (const [organization, clientId] of cases) {
    const from = scene.provider.calls.length;
    const id = await connected(connection, organization);
    expect((await refreshed(id)).last_attempt.outcome).toBe('refreshed');
    await connected(connection, organization, id);
    expect((await scene.operator.delete(`/v1/connected-accounts/${id}`)).status).toBe(204);
    expect(new Set(usedSince(from)), String(organization)).toEqual(new Set([clientId]));
  }
});

it('a grant stays with the client that made it, until its user connects anew', async () => {
  const connection = await scene.connection();
  const shared = scene.provider.client.clientId;
  const [before, moved] = [await connected(connection, 'acme'), await connected(connection, 'acme')];
  const first = await ownClient(connection);
  await scene.operator.put(at(connection, 'acme'), first);
  const own = [await connected(connection, 'acme'), await connected(connection, 'acme')] as const;
  /** One refresh of each: an operator gets no two within half a minute. */
  const usedBy = async (step: () => Promise<unknown>): Promise<Set<string | null>> => {
    const from = scene.provider.calls.length;
    await step();
    return new Set(usedSince(from));
  };
  expect(await usedBy(() => refreshed(before))).toEqual(new Set([shared]));
  expect(await usedBy(() => connected(connection, 'acme', moved))).toEqual(new Set([first.client_id]));
  expect(await usedBy(() => refreshed(moved))).toEqual(new Set([first.client_id]));

  const second = await ownClient(connection);
  const replaced = await scene.operator.put(at(connection, 'acme'), second);
  expect([replaced.status, replaced.body.retired_client_ids]).toEqual([200, [first.client_id]]);
  expect(await usedBy(() => refreshed(own[0]))).toEqual(new Set([first.client_id]));
  expect(await usedBy(() => connected(connection, 'acme'))).toEqual(new Set([second.client_id]));

  expect((await scene.operator.delete(at(connection, 'acme'))).status).toBe(204);
  expect((await scene.operator.get(at(connection, 'acme'))).status).toBe(404);
  expect(await usedBy(() => refreshed(own[1]))).toEqual(new Set([first.client_id]));
  expect(await usedBy(() => connected(connection, 'acme'))).toEqual(new Set([shared]));
  for (const id of [before, moved, ...own]) expect((await scene.account(id)).status).toBe('active');
});

it('a new secret of the same client reaches the grants that it has made', async () => {
  const connection = await scene.connection();
  const own = await ownClient(connection);
  await scene.operator.put(at(connection, 'acme'), own);
  const id = await connected(connection, 'acme');
  const changed = { clientId: own.client_id, clientSecret: `another-${own.client_secret}` };
  await scene.provider.setClient(changed);
  const put = await scene.operator.put(at(connection, 'acme'), {
    client_id: own.client_id,
    client_secret: changed.clientSecret,
  });
  expect([put.status, put.body.retired_client_ids]).toEqual([200, []]);
  expect((await refreshed(id)).last_attempt.outcome).toBe('refreshed');
});

it('a client that is refused closes itself alone, and its new secret mends it', async () => {
  const connection = await scene.connection();
  const own = await ownClient(connection);
  await scene.operator.put(at(connection, 'acme'), own);
  const [acme, initech] = [await connected(connection, 'acme'), await connected(connection, 'initech')];
  await scene.provider.setClient({ clientId: own.client_id, clientSecret: 'rotated-at-the-provider' });
  expect((await refreshed(acme)).last_attempt).toMatchObject({
    outcome: 'client_rejected',
    provider_error: 'invalid_client',
  });
  await vi.waitFor(
    async () =>
      expect((await scene.operator.get(at(connection, 'acme'))).body).toMatchObject({
        health: 'misconfigured',
        health_reason: 'invalid_client',
      }),
    { timeout: PATIENCE_MS },
  );
  expect((await scene.operator.get(`/v1/connections/${connection}`)).body.health).toBe('ok');
  expect((await refreshed(initech)).last_attempt.outcome).toBe('refreshed');
  expect((await scene.account(acme)).status).toBe('active');
  const told = async () =>
    (await scene.operator.get('/v1/events?type=connection.misconfigured&limit=100')).body.data.filter(
      ({ data }: { data: { connection: string } }) => data.connection === connection,
    );
  await vi.waitFor(async () => expect(await told()).toHaveLength(1), { timeout: PATIENCE_MS });
  expect((await told())[0].data).toMatchObject({ organization: 'acme', health_reason: 'invalid_client' });
  await scene.operator.put(at(connection, 'acme'), {
    client_id: own.client_id,
    client_secret: 'rotated-at-the-provider',
  });
  const agent = await scene.w.agent(
    { rules: [{ connection, identifiers: ['*'] }] },
    { organization: 'acme' },
  );
  await vi.waitFor(
    async () => expect((await agent.client.get(`/v1/connected-accounts/${acme}/token`)).status).toBe(200),
    { timeout: PATIENCE_MS },
  );
  await vi.waitFor(
    async () => expect((await scene.operator.get(at(connection, 'acme'))).body.health).toBe('ok'),
    { timeout: PATIENCE_MS },
  );
});

it('an import is taken for a grant of the organization, and a foreign one is refused', async () => {
  const connection = await scene.connection();
  const own = await ownClient(connection);
  await scene.operator.put(at(connection, 'acme'), own);
  const grant = await scene.provider.grant({ clientId: own.client_id });
  const foreign = await scene.provider.grant();
  const put = (refresh_token: string) =>
    scene.operator.put(`/v1/credentials/${connection}?identifier=${name('user')}&organization=acme`, {
      refresh_token,
    });
  const taken = await put(grant.refreshToken);
  expect([200, 201], taken.text).toContain(taken.status);
  expect((await put(foreign.refreshToken)).status).toBe(422);
  const calls = scene.provider.calls.filter(({ clientId }) => clientId !== null);
  expect(new Set(calls.map(({ clientId }) => clientId))).toEqual(new Set([own.client_id]));
});

it('an operator of an organization sees and sets its own alone, and no secret comes out', async () => {
  const connection = await scene.connection();
  const own = await ownClient(connection);
  const [acme, globex] = [await admin('acme'), await admin('globex')];
  const made = await acme.put(at(connection, 'acme'), own);
  expect(made.status, made.text).toBe(201);
  expect(made.body).toMatchObject({ organization: 'acme', client_id: own.client_id, health: 'ok' });
  for (const [method, path] of [
    ['get', at(connection, 'acme')],
    ['put', at(connection, 'acme')],
    ['delete', at(connection, 'acme')],
  ] as const) {
    const refused = method === 'put' ? await globex.put(path, own) : await globex[method](path);
    expect([refused.status, refused.body.code], method).toEqual([404, 'not_found']);
  }
  expect((await globex.get(`/v1/connections/${connection}/clients`)).body.data).toEqual([]);
  const all = await scene.operator.get(`/v1/connections/${connection}/clients`);
  expect(all.body.data).toHaveLength(1);
  expect(all.text + made.text).not.toContain(own.client_secret);
  const lesser = await scene.operator.post('/v1/admin-keys', { role: 'operator', organization: 'acme' });
  const operator = client(scene.broker.url, String(lesser.body.key));
  expect((await operator.put(at(connection, 'acme'), own)).status).toBe(403);
  expect((await operator.get(at(connection, 'acme'))).status).toBe(200);
  expect(scene.broker.output()).not.toContain(own.client_secret);
});

it('what no account could use is refused', async () => {
  const connection = await scene.connection();
  const same = await scene.operator.put(at(connection, 'acme'), {
    client_id: scene.provider.client.clientId,
    client_secret: 'any',
  });
  expect([same.status, same.body.errors?.[0]?.path]).toEqual([400, 'client_id']);
  const keyed = name('key');
  await scene.operator.post('/v1/connections', {
    id: keyed,
    provider: 'custom',
    provider_config: { auth_type: 'api_key' },
  });
  const useless = await scene.operator.put(at(keyed, 'acme'), { client_id: 'x', client_secret: 'y' });
  expect([useless.status, useless.body.code]).toEqual([409, 'conflict']);
  expect((await scene.operator.put(at(name('none'), 'acme'), { client_id: 'x' })).status).toBe(404);
  expect((await scene.operator.delete(at(connection, 'acme'))).status).toBe(404);
});

it('a client that is replaced on the way back from the provider ends the flow without a token call', async () => {
  const connection = await scene.connection();
  await scene.operator.put(at(connection, 'acme'), await ownClient(connection));
  const session = await scene.link(connection, { organization: 'acme' });
  const who = browser();
  const url = await scene.walkToCallback(session, who);
  await scene.operator.put(at(connection, 'acme'), await ownClient(connection));
  await who.open(url);
  expect(await scene.show(session.sessionId)).toMatchObject({
    status: 'failed',
    reason: 'connection_changed',
  });
  expect(scene.redeemed()).toBe(0);
});
