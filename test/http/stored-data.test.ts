/**
 * Data that earlier versions of the broker have written, opened by this one: read, refreshed, written, and whole after
 * that. A file of test/vectors/stored is what one version kept; none is ever made anew.
 */

import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { client, type Client, type Reply } from '../support/callers.ts';
import {
  OLD_ADMIN_KEY,
  OLD_MASTER_KEYS,
  startOldProvider,
  unpack,
  type OldFacts,
  type OldProvider,
} from '../support/old-data.ts';

const FOLDER = path.resolve(import.meta.dirname, '../vectors/stored');

let provider: OldProvider;
beforeAll(async () => {
  provider = await startOldProvider();
});
afterAll(() => provider.close());

describe.each(readdirSync(FOLDER))('the data of %s', (file) => {
  let broker: TestBroker;
  let old: OldFacts;
  let operator: Client;

  beforeAll(async () => {
    broker = await startBroker({
      settings: { ADMIN_KEY: OLD_ADMIN_KEY, MASTER_KEYS: OLD_MASTER_KEYS },
      prepare: async (folder) => {
        old = await unpack(await readFile(path.join(FOLDER, file)), folder);
      },
    });
    operator = client(broker.url, OLD_ADMIN_KEY);
  });
  afterAll(() => broker.dispose());

  const account = (id: string, rest = ''): Promise<Reply> =>
    operator.get(`/v1/connected-accounts/${id}${rest}`);
  const act = (id: string, action: string): Promise<Reply> =>
    operator.post(`/v1/connected-accounts/${id}/${action}`);
  const token = (key: string, id: string): Promise<Reply> =>
    client(broker.url, key).get(`/v1/connected-accounts/${id}/token`);
  /** Every chain of an account that was there, the deleted one's too. */
  async function chains(): Promise<boolean[]> {
    const verified = await Promise.all(Object.values(old.accounts).map((id) => account(id, '/audit/verify')));
    return verified.map(({ body }) => body.intact);
  }

  it('is read as it was left', async () => {
    const { active, acme, pending, disabled, dead } = old.accounts;
    const shown = await Promise.all(
      [active, acme, pending, disabled, dead, old.accounts.static].map((id) => account(id)),
    );
    expect(
      shown.map(({ body }) => [body.identifier, body.organization, body.status, body.status_reason]),
    ).toEqual([
      ['active', null, 'active', null],
      ['acme', 'acme', 'active', null],
      ['pending', null, 'pending', null],
      ['disabled', null, 'disabled', expect.anything()],
      ['dead', null, 'reauth_required', 'grant_revoked'],
      ['default', null, 'active', null],
    ]);
    expect(shown[2]?.body.metadata).toEqual({ seat: 7 });
    expect((await account(old.accounts.deleted)).status).toBe(404);
    const connection = await operator.get(`/v1/connections/${old.connection}`);
    expect(connection.body).toMatchObject({
      client_id: 'old-client',
      scopes: ['contacts.read'],
      health: 'ok',
    });
    const agents = await Promise.all(
      [old.agent, old.acmeAgent, old.suspended].map(({ id }) => operator.get(`/v1/agents/${id}`)),
    );
    expect(agents.map(({ body }) => [body.organization, body.status, body.policy.rules.length])).toEqual([
      [null, 'active', 1],
      ['acme', 'active', 1],
      [null, 'suspended', 1],
    ]);
    const endpoint = await operator.get(`/v1/webhook-endpoints/${old.endpoint}`);
    expect(endpoint.body.status).toMatch(/^(?:active|failing)$/);
    const events = await operator.get('/v1/events?limit=100');
    expect(events.body.data.map(({ type }: { type: string }) => type)).toContain(
      'agent.auth.reauth_required',
    );
    expect(await chains()).toEqual(Object.keys(old.accounts).map(() => true));
  });

  it('keeps its walls, its refusals and its keys', async () => {
    const { active, acme, dead, disabled } = old.accounts;
    const asked = [
      await token(old.agent.key, acme),
      await token(old.acmeAgent.key, active),
      await token(old.suspended.key, active),
      await token(old.agent.key, dead),
      await token(old.agent.key, disabled),
    ];
    expect(asked.map(({ status, body }) => [status, body.code, body.reason ?? null])).toEqual([
      [404, 'not_found', null],
      [404, 'not_found', null],
      [403, 'policy_denied', 'agent_suspended'],
      [409, 'reauth_required', 'grant_revoked'],
      [409, 'account_disabled', null],
    ]);
    const key = await client(broker.url, old.agent.key).get(`/v1/agents/${old.agent.id}/credentials/old-api`);
    expect(key.body).toMatchObject({ type: 'api_key', api_key: 'the-old-api-key' });
  });

  it('is refreshed with the refresh token that it kept, and the successor is kept in its place', async () => {
    const { active, acme } = old.accounts;
    for (const [round, next] of [
      ['active.2', 'access-of-active.3'],
      ['active.3', 'access-of-active.4'],
    ] as const) {
      expect((await act(active, 'expire')).status).toBe(200);
      const fetched = await token(old.agent.key, active);
      expect([fetched.status, fetched.body.access_token, provider.presented.at(-1)]).toEqual([
        200,
        next,
        round,
      ]);
      if (round === 'active.3') continue;
      await broker.stop();
      await broker.restart();
    }
    expect((await act(acme, 'expire')).status).toBe(200);
    expect((await token(old.acmeAgent.key, acme)).body.access_token).toBe('access-of-acme.2');
  });

  it('is written: imports, changes of status, keys and policies, new things beside the old', async () => {
    const { pending, disabled, dead, deleted } = old.accounts;
    const grant = {
      type: 'oauth2',
      refresh_token: 'again.1',
      access_token: 'access-of-again.1',
      expires_in: 3600,
    };
    for (const id of [pending, dead]) {
      const put = await operator.put(`/v1/connected-accounts/${id}/credential`, grant);
      expect([put.status, put.body.status], put.text).toEqual([200, 'active']);
      expect((await token(old.agent.key, id)).body.access_token).toBe('access-of-again.1');
    }
    expect((await act(disabled, 'enable')).body.status).toBe('active');
    const again = await operator.post('/v1/connected-accounts', {
      connection: old.connection,
      identifier: 'deleted',
    });
    expect([again.status, again.body.id]).toEqual([201, deleted]);
    expect((await operator.post(`/v1/agents/${old.suspended.id}/resume`)).body.status).toBe('active');
    const key = await operator.post(`/v1/agents/${old.agent.id}/keys`);
    expect((await token(String(key.body.key), disabled)).status).toBe(200);
    const agent = await operator.patch(`/v1/agents/${old.acmeAgent.id}`, { name: 'renamed' });
    expect(agent.body).toMatchObject({ name: 'renamed', organization: 'acme' });
    expect(
      (
        await operator.post('/v1/connections', {
          id: 'new',
          provider: 'custom',
          provider_config: { auth_type: 'api_key' },
        })
      ).status,
    ).toBe(201);
    await broker.stop();
    await broker.restart();
    expect((await account(pending)).body.status).toBe('active');
    expect(await chains()).toEqual(Object.keys(old.accounts).map(() => true));
  });
});
