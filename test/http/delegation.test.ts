/** A smaller token for a sub-agent: made by exchange or with a key, used, and ended, over HTTP. */

import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { client, type Reply } from '../support/callers.ts';
import { heldKey, keyProof, type HeldKey } from '../support/key-proofs.ts';
import { PATIENCE_MS } from '../support/patience.ts';
import {
  ACCESS_TOKEN,
  SCOPE,
  account,
  agent,
  broker,
  byKey,
  connection,
  detail,
  detailsOf,
  everybody,
  exchanged,
  fetched,
  form,
  handedOn,
  newestOf,
  other,
  provider,
  startScene,
  stopScene,
  w,
} from './delegation-scene.ts';

beforeAll(startScene);
afterAll(stopScene);

describe('an orchestrator', () => {
  it('gives its sub-agent a smaller token, which fetches within it and is refused outside', async () => {
    const [user, stranger] = [await account(), await account()];
    const mine = await agent([everybody(connection), everybody(other)]);
    const rules = [{ connection, identifiers: [user], scopes: ['contacts.read'] }];
    const reply = await exchanged(await byKey(mine), { actor_label: 'researcher', ...detailsOf(rules) });
    expect(reply.status, reply.text).toBe(200);
    expect(reply.body).toMatchObject({
      token_type: 'Bearer',
      issued_token_type: ACCESS_TOKEN,
      authorization_details: rules.map(detail),
    });
    const token = String(reply.body.access_token);
    const issued = await newestOf(`agent=${mine.id}`);
    expect(issued).toMatchObject({ action: 'agent.token.issue', actor: { chain: ['researcher'] } });

    const inside = await fetched(token, user);
    expect(inside.status, inside.text).toBe(200);
    expect(inside.body.scope).toBe('contacts.read');
    const id = String(inside.body.connected_account_id);
    expect(await newestOf(`connected_account_id=${id}`)).toMatchObject({
      action: 'token.issue',
      outcome: 'ok',
      actor: { type: 'agent', id: mine.id, method: 'broker_token', chain: ['researcher'] },
    });

    const wide = await fetched(token, user, connection, 'scope=contacts.write');
    expect(wide.body).toMatchObject({ status: 403, code: 'policy_denied', reason: 'scope_not_allowed' });
    expect(await newestOf(`connected_account_id=${id}`)).toMatchObject({
      outcome: 'refused',
      reason: 'scope_not_allowed',
      actor: { chain: ['researcher'] },
    });

    const elsewhere: [Reply, string][] = [
      [await fetched(token, stranger), 'identifier_not_allowed'],
      [await fetched(token, user, other), 'connection_not_allowed'],
    ];
    for (const [refused, reason] of elsewhere)
      expect(refused.body).toMatchObject({ status: 403, code: 'policy_denied', reason });
    expect(await newestOf(`agent=${mine.id}`)).toMatchObject({
      action: 'token.issue',
      outcome: 'refused',
      reason: 'connection_not_allowed',
      actor: { chain: ['researcher'] },
    });
    expect((await fetched(mine.key, stranger)).status).toBe(200);
  });

  it('gives a token that knows only the accounts of its rules: by id, in lists and where it waits', async () => {
    const [user, stranger] = [await account(), await account()];
    const mine = await agent([everybody(connection)]);
    const token = await handedOn(await byKey(mine), 'clerk', [{ connection, identifiers: [user] }]);
    const key = client(broker.url, mine.key);
    const smaller = client(broker.url, token);
    const list = await key.get('/v1/agents/self/credentials?limit=100');
    const idOf = (identifier: string): string =>
      list.body.data.find((one: { identifier: string }) => one.identifier === identifier)
        .connected_account_id;
    const own = await smaller.get('/v1/agents/self/credentials?limit=100');
    expect(own.body.data.map((one: { identifier: string }) => one.identifier)).toEqual([user]);
    for (const path of ['token', 'wait?status=active&timeout_s=1']) {
      const at = (identifier: string) => `/v1/connected-accounts/${idOf(identifier)}/${path}`;
      expect((await smaller.get(at(user))).status).toBe(200);
      expect((await smaller.get(at(stranger))).body).toMatchObject({ status: 404, code: 'not_found' });
      expect((await key.get(at(stranger))).status).toBe(200);
    }
  });

  it('has no default account and no link by a token whose rules give none', async () => {
    const shared = await w.connection();
    const grant = await provider.grant({});
    await w.account(shared, 'default', { refresh_token: grant.refreshToken });
    const mine = await agent([{ connection: shared, connect: true }]);
    const at = `/v1/agents/self/credentials/${shared}`;
    expect((await client(broker.url, mine.key).get(at)).body.identifier).toBe('default');
    const noDefault = await handedOn(await byKey(mine), 'a', [
      { connection: shared, identifiers: [mine.id] },
    ]);
    const missing = await client(broker.url, noDefault).get(at);
    expect(missing.body).toMatchObject({ status: 404, code: 'not_found' });
    expect(missing.body.connect_url).toBeUndefined();
    const rules = [{ connection: shared, identifiers: [mine.id], connect: true }];
    const linked = await client(broker.url, await handedOn(await byKey(mine), 'b', rules)).get(at);
    expect(linked.body.connect_url).toContain(broker.url);
  });

  it('is served the same from warm objects, whichever of two tokens comes first', async () => {
    for (const first of ['wide', 'narrow'] as const) {
      const user = await account();
      const wide = await byKey(await agent([everybody(connection)]));
      const narrow = await handedOn(wide, 'reader', [everybody(connection, { scopes: ['contacts.read'] })]);
      const order = first === 'wide' ? [wide, narrow, wide, narrow] : [narrow, wide, narrow, wide];
      for (const token of order) {
        const reply = await fetched(token, user);
        expect(reply.status, reply.text).toBe(200);
        expect(reply.body.scope).toBe(token === wide ? SCOPE : 'contacts.read');
      }
    }
  });

  it('makes its own smaller token with its key, and no one hands on more than it has', async () => {
    const user = await account();
    const mine = await agent([everybody(connection)]);
    const reader = await byKey(mine, [everybody(connection, { scopes: ['contacts.read'] })]);
    expect(decodeJwt(reader)['act']).toBeUndefined();
    const attempts: object[][] = [
      [],
      [everybody(connection)],
      [everybody('*')],
      [everybody(connection, { scopes: ['contacts.read', 'contacts.write'] })],
    ];
    for (const rules of attempts) {
      const reply = await fetched(await handedOn(reader, 'bold', rules), user);
      expect(reply.body.scope, reply.text).toBe('contacts.read');
    }
    const none = await handedOn(reader, 'bold', [everybody(connection, { scopes: ['contacts.write'] })]);
    expect((await fetched(none, user)).body).toMatchObject({ status: 403, reason: 'cannot_downscope' });
  });

  it('keeps hours and ends that a later exchange leaves out', async () => {
    const user = await account();
    const today = new Date().getUTCDay();
    const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
    const away = [days[(today + 3) % 7]];
    const root = await byKey(await agent([everybody(connection)]));
    const closed: [object, string][] = [
      [{ hours: { timezone: 'UTC', days: away } }, 'outside_hours'],
      [{ not_after: '2020-01-01T00:00:00Z' }, 'policy_expired'],
      [{ purpose: 'required' }, 'purpose_missing'],
      [{ actions: ['proxy'] }, 'action_not_allowed'],
    ];
    for (const [limit, reason] of closed) {
      const limited = await handedOn(root, 'a', [everybody(connection, limit)]);
      const bold = await handedOn(limited, 'b', [everybody(connection)]);
      for (const token of [limited, bold])
        expect((await fetched(token, user)).body).toMatchObject({ status: 403, reason });
    }
  });

  it('asks a person where a rule of the smaller token says so, and its parent goes on as before', async () => {
    const user = await account();
    const root = await byKey(await agent([everybody(connection)]));
    const asking = await handedOn(root, 'careful', [everybody(connection, { approval: { ttl_s: 600 } })]);
    const bold = await handedOn(asking, 'bold', [everybody(connection)]);
    for (const token of [asking, bold])
      expect((await fetched(token, user)).body).toMatchObject({ status: 403, code: 'approval_required' });
    expect((await fetched(root, user)).status).toBe(200);
  });

  it('shows what a person is asked to a token whose rules speak of that account, and to no other', async () => {
    const [user, another] = [await account(), await account()];
    const asks = { approval: { ttl_s: 600 } };
    const root = await byKey(await agent([everybody(connection, asks)]));
    const id = String((await fetched(root, user)).body.approval_id);
    const seen = async (token: string, path = '') =>
      (await client(broker.url, token).get(`/v1/approvals/${id}${path}`)).status;
    const near = await handedOn(root, 'near', [{ connection, identifiers: [user] }]);
    const far = await handedOn(root, 'far', [{ connection, identifiers: [another] }]);
    expect([await seen(root), await seen(near)]).toEqual([200, 200]);
    expect([await seen(far), await seen(far, '/wait?timeout_s=1')]).toEqual([404, 404]);
  });

  it('counts its rates under its own policy', async () => {
    const user = await account();
    const mine = await agent([everybody(connection, { rate: { limit: 2, per: 'day' } })]);
    const root = await byKey(mine);
    const tokens = [await handedOn(root, 'a', [everybody(connection)]), await handedOn(root, 'b')];
    for (const token of tokens) expect((await fetched(token, user)).status).toBe(200);
    for (const token of [...tokens, root, mine.key])
      expect((await fetched(token, user)).body.code).toBe('rate_limited');
  });
});

describe('a chain', () => {
  it('names through whom, newest first, four times at most, and stands in token, introspection and records', async () => {
    const user = await account();
    const mine = await agent([everybody(connection)]);
    let token = await byKey(mine);
    for (const label of ['one', 'two', 'three', 'four']) token = await handedOn(token, label);
    const act = { sub: 'four', act: { sub: 'three', act: { sub: 'two', act: { sub: 'one' } } } };
    expect(decodeJwt(token)).toMatchObject({ sub: mine.id, act });
    const fifth = await exchanged(token, { actor_label: 'five' });
    expect(fifth.body).toMatchObject({ error: 'invalid_request' });
    expect(fifth.status).toBe(400);
    const asked = { token, client_id: mine.id, client_secret: mine.key };
    expect((await form('/oauth/introspect', asked)).body).toMatchObject({ active: true, act });
    const reply = await fetched(token, user);
    const chain = ['four', 'three', 'two', 'one'];
    const id = String(reply.body.connected_account_id);
    expect((await newestOf(`connected_account_id=${id}`)).actor.chain).toEqual(chain);
    await fetched(mine.key, user);
    expect((await newestOf(`connected_account_id=${id}`)).actor.chain).toBeNull();
  });

  it('says at introspection all that limits a token', async () => {
    const mine = await agent([everybody(connection)]);
    const [one, two] = [everybody(connection), everybody(connection, { scopes: ['contacts.read'] })];
    const token = await handedOn(await byKey(mine, [one]), 'a', [two]);
    const asked = { token, client_id: mine.id, client_secret: mine.key };
    expect((await form('/oauth/introspect', asked)).body).toMatchObject({
      authorization_details: [detail(two)],
      inherited_details: [[detail(one)]],
    });
  });

  it('lives no longer than any of its tokens, and ends with each of them', async () => {
    const user = await account();
    const mine = await agent([everybody(connection)]);
    const short = await form('/oauth/token', {
      grant_type: 'client_credentials',
      client_id: mine.id,
      client_secret: mine.key,
      expires_in: '300',
    });
    const root = String(short.body.access_token);
    const child = await exchanged(root, { expires_in: '900' });
    expect(child.body.expires_in).toBeLessThanOrEqual(300);
    expect(decodeJwt(String(child.body.access_token)).exp).toBeLessThanOrEqual(decodeJwt(root).exp ?? 0);
    // Without a label it is the agent itself that goes on.
    expect(decodeJwt(String(child.body.access_token))['act']).toEqual({ sub: mine.id });

    const parent = await handedOn(root, 'parent');
    const grandchild = await handedOn(parent, 'child');
    const sibling = await handedOn(root, 'sibling');
    expect((await fetched(grandchild, user)).status).toBe(200);
    const ended = await form('/oauth/revoke', { token: parent, client_id: mine.id, client_secret: mine.key });
    expect(ended.status).toBe(200);
    // Who ends a token acts itself; the record says which one it was, and through whom that was handed on.
    expect(await newestOf(`agent=${mine.id}`)).toMatchObject({
      action: 'agent.token.revoke',
      actor: { type: 'agent', id: mine.id, method: 'agent_key', chain: null },
      evidence: [`token:${decodeJwt(parent).jti}`, `from:${decodeJwt(root).jti}`, 'through:parent'],
    });
    for (const token of [parent, grandchild])
      await expect.poll(async () => (await fetched(token, user)).status, { timeout: PATIENCE_MS }).toBe(401);
    expect((await exchanged(grandchild)).body).toMatchObject({ error: 'invalid_request' });
    expect((await exchanged(parent)).status).toBe(400);
    const asked = { token: grandchild, client_id: mine.id, client_secret: mine.key };
    expect((await form('/oauth/introspect', asked)).body).toEqual({ active: false });
    expect((await fetched(sibling, user)).status).toBe(200);
    expect((await fetched(root, user)).status).toBe(200);
  });

  it.each(['its key is deleted', 'its agent is suspended', 'all of its agent is revoked'])(
    'ends when %s',
    async (how) => {
      const user = await account();
      const mine = await agent([everybody(connection)]);
      const token = await handedOn(await byKey(mine), 'a', [everybody(connection)]);
      expect((await fetched(token, user)).status).toBe(200);
      const at = `/v1/agents/${mine.id}`;
      if (how === 'its key is deleted') {
        const keys = await w.operator.get(`${at}/keys`);
        await w.operator.delete(`${at}/keys/${keys.body.data[0].id}`);
      } else if (how === 'its agent is suspended') await w.operator.post(`${at}/suspend`, {});
      else await w.operator.post('/v1/revocations', { agent: mine.id });
      await expect
        .poll(async () => (await fetched(token, user)).status, { timeout: PATIENCE_MS })
        .toBeGreaterThanOrEqual(401);
      expect((await exchanged(token)).status).toBe(400);
    },
  );

  it('is bound to the key that its token is bound to, and is made for no other', async () => {
    const user = await account();
    const mine = await agent([everybody(connection)]);
    const [key, other] = [await heldKey(), await heldKey()];
    const url = `${broker.url}/oauth/token`;
    const by = async (held: HeldKey) => ({ dpop: await keyProof(held, { method: 'POST', url }) });
    const asked = { grant_type: 'client_credentials', client_id: mine.id, client_secret: mine.key };
    const bound = await form('/oauth/token', asked, await by(key));
    const token = String(bound.body.access_token);
    for (const headers of [{}, await by(other)])
      expect((await exchanged(token, {}, headers)).body).toMatchObject({ error: 'invalid_request' });
    const child = await exchanged(token, {}, await by(key));
    expect(child, child.text).toMatchObject({ status: 200, body: { token_type: 'DPoP' } });
    const smaller = String(child.body.access_token);
    expect(decodeJwt(smaller)['cnf']).toEqual(decodeJwt(token)['cnf']);
    expect((await fetched(smaller, user)).status).toBe(401);
  });

  it('is seen as its agent alone sees it: another agent neither asks about it nor ends it', async () => {
    const user = await account();
    const [mine, stranger] = [await agent([everybody(connection)]), await agent([everybody(connection)])];
    const token = await handedOn(await byKey(mine), 'a');
    const by = { token, client_id: stranger.id, client_secret: stranger.key };
    expect((await form('/oauth/introspect', by)).body).toEqual({ active: false });
    expect((await form('/oauth/revoke', by)).body).toMatchObject({ error: 'unauthorized_client' });
    expect((await fetched(token, user)).status).toBe(200);
    for (const path of ['/v1/agents', `/v1/agents/${mine.id}/effective-access`, '/v1/audit-events'])
      expect((await client(broker.url, token).get(path)).body).toMatchObject({ code: 'forbidden' });
  });
});
