/** Tools over HTTP: which an agent sees, whose account a call means, and what comes of it. */

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startSimulator } from '#dev/simulator/simulator.ts';
import type { Simulator } from '#dev/simulator/world.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { client, type Client } from '../support/callers.ts';
import { PATIENCE } from '../support/patience.ts';
import { name } from '../support/world.ts';
import { toolScene, type ToolScene } from './tools-scene.ts';

let broker: TestBroker;
let simulator: Simulator;
let operator: Client;
let hubspot: ToolScene;

const SCOPES = ['crm.objects.contacts.read', 'crm.objects.contacts.write', 'crm.objects.deals.read'];

beforeAll(async () => {
  [broker, simulator] = await Promise.all([startBroker(), startSimulator()]);
  operator = client(broker.url, broker.adminKey);
  hubspot = await toolScene(broker, simulator, 'hubspot', { scopes: SCOPES });
});
afterAll(async () => {
  await broker.dispose();
  await simulator.close();
});

const names = (body: { data: { name: string }[] }) => body.data.map(({ name: one }) => one);
const find = 'hubspot_search_contacts';
const create = 'hubspot_create_contact';
const contact = { properties: { email: 'ada@example.com' } };

describe('the list of tools', () => {
  it('has what rule and scopes allow, and says what a reconnect would add', async () => {
    const { body } = await hubspot.agent.get('/v1/tools');
    expect(names(body)).toContain(find);
    expect(names(body)).not.toContain('hubspot_create_deal');
    expect(body.missing).toContainEqual({ tool: 'hubspot_create_deal', scopes: ['crm.objects.deals.write'] });
    const [first] = body.data;
    expect(first.accounts).toEqual([
      { connected_account_id: hubspot.accountId, identifier: 'u1', connection: hubspot.connection },
    ]);
  });

  it('follows the tools and the scopes of the rules', async () => {
    const globbed = await toolScene(broker, simulator, 'hubspot', {
      scopes: SCOPES,
      rule: { tools: ['hubspot_*_contact*'], scopes: ['crm.objects.contacts.read'] },
    });
    const { body } = await globbed.agent.get('/v1/tools');
    expect(names(body).toSorted()).toEqual(['hubspot_get_contact', 'hubspot_search_contacts']);
    const refused = await globbed.execute('hubspot_search_deals', {});
    expect([refused.status, refused.body.reason]).toEqual([403, 'tool_not_allowed']);
    const beyond = await globbed.execute(create, contact);
    expect([beyond.status, beyond.body.reason]).toEqual([403, 'scope_not_allowed']);
    const allowed = await globbed.execute(find, {});
    expect(allowed.status).toBe(200);
  });

  it('is searched by words, provider and connection, and told in the form of models', async () => {
    const searched = await hubspot.agent.get('/v1/tools?q=search%20contacts');
    expect(names(searched.body)).toEqual([find]);
    expect(names((await hubspot.agent.get('/v1/tools?provider=slack')).body)).toEqual([]);
    expect(names((await hubspot.agent.get('/v1/tools?connection=none')).body)).toEqual([]);
    const openai = await hubspot.agent.get('/v1/tools?format=openai&q=search%20contacts');
    expect(openai.body.data).toEqual([
      { type: 'function', function: expect.objectContaining({ name: find, parameters: expect.any(Object) }) },
    ]);
    const mcp = await hubspot.agent.get(`/v1/tools/${find}?format=mcp`);
    expect(mcp.body).toMatchObject({
      name: find,
      inputSchema: { type: 'object' },
      annotations: { readOnlyHint: true },
    });
    expect((await hubspot.agent.get('/v1/tools?format=other')).status).toBe(400);
  });

  it('is for agents, and one tool for both planes', async () => {
    expect((await operator.get('/v1/tools')).status).toBe(403);
    for (const caller of [operator, hubspot.agent]) {
      const { body } = await caller.get(`/v1/tools/${find}`);
      expect(body).toMatchObject({
        name: find,
        parameters: { type: 'object' },
        confidence: 'high',
        is_custom: false,
      });
    }
    expect((await hubspot.agent.get('/v1/tools/no_such_tool')).status).toBe(404);
    expect((await hubspot.agent.post('/v1/tools/no_such_tool/execute', {})).status).toBe(404);
  });
});

describe('the account of a call', () => {
  it('may be left out where there is one, or named by the short form', async () => {
    const alone = await hubspot.agent.post(`/v1/tools/${find}/execute`, { parameters: {} });
    expect([alone.status, alone.body.connected_account_id]).toEqual([200, hubspot.accountId]);
    const named = await hubspot.agent.post(`/v1/tools/${find}/execute`, {
      connection: hubspot.connection,
      identifier: 'u1',
    });
    expect(named.status).toBe(200);
    const both = await hubspot.agent.post(`/v1/tools/${find}/execute`, {
      connected_account_id: hubspot.accountId,
      connection: hubspot.connection,
    });
    expect([both.status, both.body.errors[0].path]).toEqual([400, 'connected_account_id']);
    const missing = await hubspot.agent.post(`/v1/tools/${find}/execute`, {
      connection: hubspot.connection,
      identifier: 'nobody',
    });
    expect([missing.status, missing.body.code]).toEqual([404, 'not_found']);
  });

  it('is asked for where there are several connections, and refused where there is none', async () => {
    const other = await toolScene(broker, simulator, 'hubspot', { scopes: SCOPES });
    const agentId = name('agent');
    const made = await operator.post('/v1/agents', {
      id: agentId,
      key: true,
      policy: {
        rules: [hubspot.connection, other.connection].map((connection) => ({
          connection,
          identifiers: ['*'],
        })),
      },
    });
    const agent = client(broker.url, String(made.body.key));
    const asked = await agent.post(`/v1/tools/${find}/execute`, {});
    expect([asked.status, asked.body.errors[0].path]).toEqual([400, 'connection']);
    const none = await agent.post('/v1/tools/slack_list_channels/execute', {});
    expect([none.status, none.body.reason]).toEqual([403, 'connection_not_allowed']);
    const wrong = await agent.post('/v1/tools/slack_list_channels/execute', {
      connected_account_id: other.accountId,
    });
    expect([wrong.status, wrong.body.errors[0].path]).toEqual([400, 'connected_account_id']);
  });

  it('of another agent does not exist', async () => {
    const other = await toolScene(broker, simulator, 'hubspot', { scopes: SCOPES });
    const reply = await other.agent.post(`/v1/tools/${find}/execute`, {
      connected_account_id: hubspot.accountId,
    });
    expect(reply.status).toBe(404);
  });
});

describe('a call', () => {
  it('leaves its record, with the tool and the name of the call', async () => {
    const toolCallId = name('call');
    const reply = await hubspot.execute(find, { query: 'ada' }, {}, { 'x-tool-call-id': toolCallId });
    expect(reply.body.tool_call_id).toBe(toolCallId);
    const { body } = await operator.get(`/v1/audit-events?connected_account_id=${hubspot.accountId}`);
    const [end, begin] = body.data.filter(
      ({ tool_call_id: id }: { tool_call_id: string }) => id === toolCallId,
    );
    expect([begin.outcome, end.outcome, end.upstream_status]).toEqual(['started', 'ok', 200]);
    for (const record of [begin, end])
      expect(record).toMatchObject({
        tool: find,
        method: 'POST',
        path: '/crm/objects/2026-09/contacts/search',
      });
  });

  it('that the provider refuses under 200 is recorded as failed', async () => {
    const slack = await toolScene(broker, simulator, 'slack');
    slack.api.instead.push({ status: 200, body: { ok: false, error: 'channel_not_found' } });
    const reply = await slack.execute('slack_send_message', { channel: 'C1', text: 'hi' });
    expect([reply.status, reply.body.upstream.code]).toEqual([502, 'channel_not_found']);
    const { body } = await operator.get(`/v1/audit-events?connected_account_id=${slack.accountId}`);
    const [last] = body.data.filter(({ action }: { action: string }) => action === 'tool.execute');
    expect(last).toMatchObject({ outcome: 'failed', reason: 'provider_error' });
  });

  it('with parameters that are not its own costs nobody a request', async () => {
    const before = hubspot.api.seen.length;
    const reply = await hubspot.execute(find, { limit: 'many', strange: 1 });
    expect([reply.status, reply.body.code]).toEqual([422, 'invalid_parameters']);
    const paths = reply.body.errors.map(({ path }: { path: string }) => path);
    expect(paths.toSorted()).toEqual(['parameters.limit', 'parameters.strange']);
    const dots = await hubspot.execute('hubspot_get_contact', { objectId: '..' });
    expect([dots.status, dots.body.errors[0].path]).toEqual([422, 'parameters.objectId']);
    expect(hubspot.api.seen.length).toBe(before);
  });

  it('whose answer is no JSON, or too long, is a problem', async () => {
    const html = { 'content-type': 'text/html' };
    hubspot.api.instead.push({ status: 200, headers: html, body: Buffer.from('<html>[]</html>') });
    const page = await hubspot.execute(find, {});
    expect([page.status, page.body.code]).toEqual([502, 'provider_error']);
    const long = Buffer.from(`{"results":["${'x'.repeat(9 * 1024 * 1024)}"]}`);
    hubspot.api.instead.push({ status: 200, headers: { 'content-type': 'application/json' }, body: long });
    const big = await hubspot.execute(find, {});
    expect([big.status, big.body.code, big.body.detail]).toEqual([
      502,
      'provider_error',
      expect.stringContaining('8 MiB'),
    ]);
  });

  it('whose answer repeats the credential is blocked, in the text of an error too', async () => {
    const message = `bad token ${hubspot.token}`;
    for (const [status, body] of [
      [200, { results: [{ message }] }],
      [403, { status: 'error', message, category: 'X' }],
    ] as const) {
      hubspot.api.instead.push({ status, body });
      const reply = await hubspot.execute(find, {});
      expect([reply.status, reply.body.code]).toEqual([502, 'token_echo_blocked']);
      expect(reply.text).not.toContain(hubspot.token);
    }
  });

  it('of an account whose grant is dead is a link for its user', async () => {
    const dead = await toolScene(broker, simulator, 'hubspot', { scopes: SCOPES });
    dead.account.family.dead = true;
    dead.account.family.endAccess();
    const reply = await dead.execute(find, {});
    expect([reply.status, reply.body.code]).toEqual([409, 'reauth_required']);
    expect(reply.body.reauth_url).toMatch(/^http/);
  });
});

describe('pages', () => {
  it('are followed by their cursor, for the same call alone', async () => {
    const first = await hubspot.execute(find, {}, { page_size: 2 });
    expect(first.body.data).toHaveLength(2);
    const cursor = String(first.body.next_page);
    const second = await hubspot.execute(find, {}, { page_size: 2, cursor });
    expect(second.body.data.map(({ id }: { id: string }) => id)).toEqual(['3', '4']);
    const altered = `${cursor.slice(0, -1)}${cursor.endsWith('A') ? 'B' : 'A'}`;
    for (const [tool, parameters, given] of [
      [find, { query: 'other' }, cursor],
      ['hubspot_search_deals', {}, cursor],
      [find, {}, altered],
    ] as const) {
      const reply = await hubspot.execute(tool, parameters, { cursor: given });
      expect([reply.status, reply.body.errors[0].path]).toEqual([400, 'cursor']);
    }
    const another = await hubspot.another();
    const elsewhere = await hubspot.execute(find, {}, { cursor, connected_account_id: another.accountId });
    expect([elsewhere.status, elsewhere.body.errors[0].path]).toEqual([400, 'cursor']);
    const none = await hubspot.execute('hubspot_get_contact', { objectId: '1' }, { cursor });
    expect(none.status).toBe(400);
  });

  it('obey a limit that is reached on the way, and lose nothing', async () => {
    const limited = await toolScene(broker, simulator, 'hubspot', {
      scopes: SCOPES,
      rule: { rate: { limit: 2, per: 'hour' } },
    });
    const reply = await limited.execute(find, {}, { page_size: 2, max_items: 100 });
    expect([reply.status, reply.body.data.length, reply.body.stopped]).toEqual([200, 4, 'rate_limited']);
    expect(reply.body.next_page).toEqual(expect.any(String));
    const next = await limited.execute(find, {}, { cursor: reply.body.next_page });
    expect([next.status, next.body.code]).toEqual([429, 'rate_limited']);
  });

  it('that fail on the way fail the call', async () => {
    const own = await toolScene(broker, simulator, 'hubspot', { scopes: SCOPES });
    own.api.instead.push({ status: 200, body: { results: [{ id: '1' }], paging: { next: { after: '2' } } } });
    own.api.instead.push({ status: 403, body: { status: 'error', message: 'no', category: 'X' } });
    const reply = await own.execute(find, {}, { max_items: 10 });
    expect([reply.status, reply.body.code]).toEqual([502, 'provider_error']);
  });
});

describe('an Idempotency-Key', () => {
  it('makes a repeat the same answer, and calls nobody', async () => {
    const key = { 'idempotency-key': name('key') };
    const first = await hubspot.execute(create, contact, {}, key);
    expect(first.status, first.text).toBe(200);
    const before = hubspot.api.seen.length;
    const again = await hubspot.execute(create, contact, {}, key);
    expect([again.status, again.body, again.headers['idempotent-replayed']]).toEqual([
      200,
      first.body,
      'true',
    ]);
    expect(hubspot.api.seen.length).toBe(before);
    const other = await hubspot.execute(create, { properties: { email: 'x@example.com' } }, {}, key);
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_mismatch']);
  });

  it('answers nothing of before to an agent that may not use the account any more', async () => {
    const own = await toolScene(broker, simulator, 'hubspot', { scopes: SCOPES });
    const key = { 'idempotency-key': name('key') };
    expect((await own.execute(create, contact, {}, key)).status).toBe(200);
    expect((await own.execute(create, contact, {}, key)).status).toBe(200);
    const rules = [{ connection: own.connection, identifiers: ['*'], tools: ['hubspot_get_*'] }];
    expect((await operator.put(`/v1/agents/${own.agentId}/policy`, { rules })).status).toBe(200);
    await vi.waitFor(async () => {
      const reply = await own.execute(create, contact, {}, key);
      expect([reply.status, reply.body.reason]).toEqual([403, 'tool_not_allowed']);
    }, PATIENCE);
  });

  it('keeps no refusal', async () => {
    const key = { 'idempotency-key': name('key') };
    hubspot.api.instead.push({ status: 403, body: { status: 'error', message: 'no', category: 'X' } });
    expect((await hubspot.execute(create, contact, {}, key)).status).toBe(502);
    expect((await hubspot.execute(create, contact, {}, key)).status).toBe(200);
  });

  it('goes to a provider that has one of its own', async () => {
    const stripe = await toolScene(broker, simulator, 'stripe-app');
    const key = { 'idempotency-key': name('key') };
    const first = await stripe.execute('stripe_create_customer', { email: 'ada@example.com' }, {}, key);
    const again = await stripe.execute('stripe_create_customer', { email: 'ada@example.com' }, {}, key);
    expect(first.body.tool_call_id).toBe(again.body.tool_call_id);
    const sent = stripe.api.seen
      .filter(({ method }) => method === 'POST')
      .map(({ headers }) => headers['idempotency-key']);
    expect(sent).toEqual([first.body.tool_call_id, first.body.tool_call_id]);
  });
});

describe('a rule with an approval', () => {
  it('holds a call until a person has said yes to its parameters, once', async () => {
    const held = await toolScene(broker, simulator, 'hubspot', {
      scopes: SCOPES,
      rule: { approval: { ttl_s: 600 } },
    });
    const asked = await held.execute(create, contact);
    expect([asked.status, asked.body.code]).toEqual([403, 'approval_required']);
    const id = String(asked.body.approval_id);
    const { body: approval } = await operator.get(`/v1/approvals/${id}`);
    expect(approval).toMatchObject({ action: 'tool', tool: create });
    expect(approval.preview).toContain('ada@example.com');
    const page = await fetch(approval.approval_url);
    expect(await page.text()).toContain('ada@example.com');
    expect((await operator.post(`/v1/approvals/${id}/approve`)).status).toBe(200);
    const other = await held.execute(create, { properties: { email: 'eve@example.com' } });
    expect(other.body.code).toBe('approval_required');
    expect((await held.execute(create, contact)).status).toBe(200);
    expect((await held.execute(create, contact)).body.code).toBe('approval_required');
  });
});

describe('policy/check and explain', () => {
  it('say of a tool what its call would be told, scopes and all', async () => {
    const scene = await toolScene(broker, simulator, 'hubspot', {
      scopes: SCOPES,
      rule: { scopes: ['crm.objects.contacts.read'], tools: ['hubspot_*'] },
    });
    const asked = { connection: scene.connection, identifier: 'u1' };
    const check = async (tool: string) =>
      (await operator.post(`/v1/agents/${scene.agentId}/policy/check`, { ...asked, tool })).body;
    const explain = async (tool: string) =>
      (
        await operator.get(
          `/v1/connected-accounts/${scene.accountId}/explain?agent=${scene.agentId}&tool=${tool}`,
        )
      ).body.agent;
    for (const told of [check, explain]) {
      expect(await told(find)).toMatchObject({ allowed: true, rule: 0 });
      expect(await told(create)).toMatchObject({ allowed: false, reason: 'scope_not_allowed' });
      expect(await told('slack_list_users')).toMatchObject({ allowed: false, reason: 'tool_not_allowed' });
    }
    expect((await scene.execute(find, {})).status).toBe(200);
    expect((await scene.execute(create, contact)).body.reason).toBe('scope_not_allowed');
  });
});
