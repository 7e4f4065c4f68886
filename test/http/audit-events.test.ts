/** The records of one account or one agent, read from the chains themselves: shape, order, pages, who may, and who has. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuditEvent } from '../../src/contract/events/audit-events.ts';
import { startOAuthServer, type OAuthServer } from '../../src/dev/oauth/server.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { client, type Client } from '../support/callers.ts';
import { storedRows } from '../support/stored-rows.ts';
import { name, world, type World } from '../support/world.ts';
import { PATIENCE_MS } from '../support/patience.ts';

let provider: OAuthServer;
let broker: TestBroker;
let w: World;

beforeAll(async () => {
  provider = await startOAuthServer();
  broker = await startBroker();
  w = world(broker, provider);
});
afterAll(async () => {
  await broker.dispose();
  await provider.close();
});

type Event = AuditEvent;

async function all(asker: Client, query: string, limit = 7): Promise<Event[]> {
  const found: Event[] = [];
  let cursor: string | null = null;
  do {
    const more: string = cursor === null ? '' : `&cursor=${cursor}`;
    const { status, body } = await asker.get(`/v1/audit-events?${query}&limit=${limit}${more}`);
    expect(status).toBe(200);
    expect(body.data.length).toBeLessThanOrEqual(limit);
    found.push(...body.data);
    cursor = body.next_cursor;
  } while (cursor !== null);
  return found;
}

const admin = async (role: string, organization?: string): Promise<Client> => {
  const body = { role, ...(organization === undefined ? {} : { organization }) };
  const made = await w.operator.post('/v1/admin-keys', body);
  expect(made.status).toBe(201);
  return client(broker.url, made.body.key);
};

describe('the records of an account', () => {
  it('are all there, newest first, in the contract’s fields, with hashes that join', async () => {
    const account = await w.connected();
    const correlation = name('c');
    for (let round = 0; round < 40; round += 1) expect((await account.fetchToken()).status).toBe(200);
    await account.agent.client.get(`/v1/connected-accounts/${account.accountId}/token`, {
      'x-correlation-id': correlation,
    });
    const events = await all(w.operator, `connected_account_id=${account.accountId}`);
    const verified = await w.operator.get(`/v1/connected-accounts/${account.accountId}/audit/verify`);
    expect(verified.body).toMatchObject({ intact: true, events: events.length });
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => events.length - index));
    for (const [index, event] of events.entries()) {
      AuditEvent.strict().parse(event);
      expect(event.id).toBe(`account:${account.accountId}/${event.seq}`);
      expect(event.connected_account_id).toBe(account.accountId);
      expect(event.prev_hash).toBe(events[index + 1]?.hash ?? '0'.repeat(43));
    }
    expect(events[0]).toMatchObject({
      action: 'token.issue',
      outcome: 'ok',
      actor: { type: 'agent', id: account.agent.id, method: 'agent_key' },
      connection: account.connection,
      identifier: account.identifier,
      organization: null,
      correlation_id: correlation,
      token_fingerprint: expect.any(String),
      tool: null,
      upstream_status: null,
    });
    expect(events.at(-1)).toMatchObject({ seq: 1, action: 'account.connect' });
    expect(JSON.stringify(events)).not.toContain(account.accessToken);
  });

  it('are there for as long as the chain, also when the account is deleted', async () => {
    const account = await w.connected();
    expect((await w.operator.delete(`/v1/connected-accounts/${account.accountId}`)).status).toBe(204);
    const events = await all(w.operator, `connected_account_id=${account.accountId}`);
    expect(events.map(({ action }) => action)).toContain('account.delete');
    expect(events.at(-1)).toMatchObject({ seq: 1, action: 'account.connect' });
  });
});

describe('the records of an agent', () => {
  it('are its changes and its refusals', async () => {
    const agent = await w.agent({ rules: [] });
    expect((await agent.client.get(`/v1/agents/${agent.id}/credentials/nothing`)).status).toBe(403);
    const events = await all(w.operator, `agent=${agent.id}`, 2);
    expect(events.map(({ action, outcome }) => `${action} ${outcome}`)).toEqual([
      'token.issue refused',
      'agent.key.create ok',
      'agent.create ok',
    ]);
    expect(events[0]).toMatchObject({ id: `agent:${agent.id}/3`, reason: 'connection_not_allowed' });
  });
});

describe('who may read', () => {
  it('is an admin, an operator and an auditor, and none else', async () => {
    const agent = await w.agent({ rules: [] });
    const path = `/v1/audit-events?agent=${agent.id}`;
    for (const role of ['admin', 'operator', 'auditor'])
      expect((await (await admin(role)).get(path)).status).toBe(200);
    expect((await (await admin('connect')).get(path)).status).toBe(403);
    expect((await agent.client.get(path)).status).toBe(403);
    expect((await client(broker.url, 'nobody').get(path)).status).toBe(401);
  });

  it('of one organization sees its own alone, as if the others were not there', async () => {
    const [acme, other] = [name('acme'), name('other')];
    const connection = await w.connection();
    const account = await w.operator.post('/v1/connected-accounts', {
      connection,
      identifier: 'user',
      organization: acme,
    });
    const agent = await w.agent({ rules: [] }, { organization: acme });
    const [own, foreign] = [await admin('auditor', acme), await admin('auditor', other)];
    for (const query of [`connected_account_id=${account.body.id}`, `agent=${agent.id}`]) {
      expect((await own.get(`/v1/audit-events?${query}`)).body.data.length).toBeGreaterThan(0);
      const refused = await foreign.get(`/v1/audit-events?${query}`);
      expect([refused.status, refused.body.code]).toEqual([404, 'not_found']);
    }
    // The name goes over to another organization: what was before stays with who it belonged to.
    expect((await w.operator.delete(`/v1/agents/${agent.id}`)).status).toBe(204);
    expect((await w.operator.post('/v1/agents', { id: agent.id, organization: other })).status).toBe(201);
    const seen = await all(foreign, `agent=${agent.id}`);
    expect(seen.map(({ action }) => action)).toEqual(['agent.create']);
    expect(new Set(seen.map(({ organization }) => organization))).toEqual(new Set([other]));
    expect((await own.get(`/v1/audit-events?agent=${agent.id}`)).status).toBe(404);
  });

  it('is recorded each time, with whose records were read', async () => {
    const account = await w.connected();
    const organization = name('readers');
    const correlation = name('c');
    const reader = await admin('auditor');
    await reader.get(`/v1/audit-events?connected_account_id=${account.accountId}`, {
      'x-correlation-id': correlation,
    });
    const rows = [...(await storedRows(broker.folder))]
      .filter(([place]) => place.endsWith(' organization_audit'))
      .flatMap(([, found]) => found.map((row) => JSON.parse(JSON.parse(row).body)));
    expect(rows.filter((row) => row.correlation_id === correlation)).toMatchObject([
      {
        action: 'audit.read',
        outcome: 'ok',
        connected_account_id: account.accountId,
        actor: { method: 'admin_key' },
      },
    ]);
    expect(organization).not.toBe('');
  });
});

describe('what is asked', () => {
  it.each([
    ['', 'connected_account_id'],
    ['connected_account_id=ca_gq2w5mhx3nb7zkcv4ryjt6a2dpe&agent=x', 'agent'],
    ['connected_account_id=x', 'connected_account_id'],
    ['agent=..', 'agent'],
    ['agent=x&limit=0', 'limit'],
    ['agent=x&cursor=x', 'cursor'],
  ])('%s is refused at its name', async (query, at) => {
    const { status, body } = await w.operator.get(`/v1/audit-events?${query}`);
    expect([status, body.code, body.errors?.[0]?.path]).toEqual([400, 'invalid_request', at]);
  });

  it('of what was never there is 404', async () => {
    for (const query of ['connected_account_id=ca_gaaaaaaaaaaaaaaaaaaaaaaaaaa', 'agent=never-was'])
      expect((await w.operator.get(`/v1/audit-events?${query}`)).status).toBe(404);
  });
});

describe('the reference on a page of a failure', () => {
  it.each(['/connect/lk_nothing', '/oauth/callback/nothing?code=x&state=y', '/connect/a/b'])(
    'of %s is in a line of the log',
    async (path) => {
      const answer = await fetch(broker.url + path, { headers: { accept: 'text/html' } });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      const reference = answer.headers.get('x-correlation-id') ?? '';
      expect(await answer.text()).toContain(reference);
      await expect.poll(() => broker.output(), { timeout: PATIENCE_MS }).toContain(reference);
      const line =
        broker
          .output()
          .split('\n')
          .find((text) => text.includes(reference)) ?? '';
      expect(JSON.parse(line)).toMatchObject({ correlation_id: reference, status: answer.status });
    },
  );
});
