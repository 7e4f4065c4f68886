/** A rule with `approval`, as an agent, an operator and a person with the link meet it; and what strangers try. */

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { browser } from '../support/browser.ts';
import { client } from '../support/callers.ts';
import { PATIENCE } from '../support/patience.ts';
import { name } from '../support/world.ts';

const OWN = { 'sec-fetch-site': 'same-origin' };
const APPROVAL = { reason: 'reads <b>everything</b>', ttl_s: 600 };

let broker: TestBroker;
let operator: ReturnType<typeof client>;
let receiver: Server;
/** What the webhook endpoint got. */
const told: { type: string; data: Record<string, any> }[] = [];

beforeAll(async () => {
  receiver = createServer((request, response) => {
    let text = '';
    request.on('data', (piece) => (text += String(piece)));
    request.on('end', () => {
      told.push(JSON.parse(text));
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  broker = await startBroker();
  operator = client(broker.url, broker.adminKey);
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
  const made = await operator.post('/v1/webhook-endpoints', { url, events: ['agent.approval_required'] });
  expect(made.status, made.text).toBe(201);
});
afterAll(async () => {
  await broker?.dispose();
  receiver?.closeAllConnections();
  receiver?.close();
});

async function agentWith(policy: unknown, organization?: string) {
  const id = name('agent');
  const bound = organization === undefined ? {} : { organization };
  const made = await operator.post('/v1/agents', { id, key: true, policy, ...bound });
  expect(made.status, made.text).toBe(201);
  return { id, client: client(broker.url, String(made.body.key)) };
}

/** An account with a key, and an agent whose only rule asks. */
async function scene(organization?: string) {
  const connection = name('conn');
  const query = `identifier=user_1${organization === undefined ? '' : `&organization=${organization}`}`;
  const put = await operator.put(`/v1/credentials/${connection}?${query}`, {
    api_key: 'a-static-key',
    type: 'api_key',
  });
  expect(put.status, put.text).toBe(201);
  const accountId = String(put.body.id);
  const rules = [{ connection, identifiers: ['*'], approval: APPROVAL }];
  const agent = await agentWith({ rules }, organization);
  const short = () => agent.client.get(`/v1/agents/self/credentials/${connection}?identifier=user_1`);
  const byId = (query = '') => agent.client.get(`/v1/connected-accounts/${accountId}/token${query}`);
  const ask = async () => {
    const asked = await byId();
    expect(asked.body.code, asked.text).toBe('approval_required');
    return String(asked.body.approval_id);
  };
  return { connection, accountId, agent, rules, short, byId, ask };
}

const one = (id: string) => operator.get(`/v1/approvals/${id}`);
const urlOf = async (id: string) => String((await one(id)).body.approval_url);

describe('a request that a person is asked about', () => {
  it('is refused with a question, told by one event, and goes through once after the yes, by either route', async () => {
    const { accountId, agent, connection, short, byId } = await scene();
    const check = await operator.post(`/v1/agents/${agent.id}/policy/check`, {
      connection,
      identifier: 'user_1',
    });
    const demanded = { rule: 0, reason: APPROVAL.reason, ttl_s: 600 };
    expect(check.body).toEqual({
      allowed: false,
      reason: 'approval_required',
      rule: null,
      approval: demanded,
    });
    const explained = await operator.get(`/v1/connected-accounts/${accountId}/explain?agent=${agent.id}`);
    expect(explained.body.agent).toMatchObject({
      allowed: false,
      reason: 'approval_required',
      approval: demanded,
    });
    const access = await operator.get(`/v1/agents/${agent.id}/effective-access`);
    expect(access.body.data[0].approval_required).toContain('token');

    const first = await short();
    expect(first.status).toBe(403);
    expect(first.body).toMatchObject({
      code: 'approval_required',
      approval_id: expect.stringMatching(/^apr_\w{22}$/),
    });
    expect(Date.parse(first.body.expires_at)).toBeGreaterThan(Date.now());
    expect(first.text).not.toContain('/approve/');
    const id = String(first.body.approval_id);
    // At once, whatever the alarm of the account has done until then.
    expect((await one(id)).body).toMatchObject({ id, status: 'pending', agent: agent.id, action: 'token' });
    expect((await byId('?min_ttl=5')).body.approval_id).toBe(id);

    const mine = agent.client.get(`/v1/approvals/${id}/wait?timeout_s=25`);
    const waiting = operator.get(`/v1/approvals/${id}/wait?timeout_s=25`);
    const said = await operator.post(`/v1/approvals/${id}/approve`);
    expect(said.status, said.text).toBe(200);
    expect(said.body).toMatchObject({ status: 'approved', approval_url: null });
    expect((await waiting).body.status).toBe('approved');
    expect((await mine).body).not.toHaveProperty('approval_url');
    const got = await short();
    expect(got.status, got.text).toBe(200);
    expect(got.body.api_key).toBe('a-static-key');
    const replayed = await byId();
    expect(replayed.body.code).toBe('approval_required');
    expect(replayed.body.approval_id).not.toBe(id);
    expect((await one(id)).body).toMatchObject({ status: 'used', used_at: expect.any(String) });

    const event = await vi.waitFor(() => {
      const own = told.filter(({ data }) => data['approval_id'] === id);
      expect(own).toHaveLength(1);
      return own[0];
    }, PATIENCE);
    expect(event?.data).toMatchObject({
      agent: agent.id,
      connected_account_id: accountId,
      reason: APPROVAL.reason,
    });
    const records = await operator.get(`/v1/audit-events?connected_account_id=${accountId}`);
    const actions = records.body.data.map((record: any) => `${record.action} ${record.outcome}`);
    expect(actions).toEqual(
      expect.arrayContaining(['token.issue refused', 'approval.approve ok', 'token.issue ok']),
    );
  });

  it('stays refused after a no', async () => {
    const { ask, byId } = await scene();
    const id = await ask();
    expect((await operator.post(`/v1/approvals/${id}/deny`)).body.status).toBe('denied');
    const refused = await byId();
    expect(refused.body).toMatchObject({ code: 'policy_denied', reason: 'approval_denied' });
    const other = await operator.post(`/v1/approvals/${id}/approve`);
    expect([other.status, other.body.code]).toEqual([409, 'conflict']);
    expect((await operator.post(`/v1/approvals/${id}/deny`)).status).toBe(200);
  });

  it('stands in the list by status, page by page, with its link for operators alone', async () => {
    const { ask } = await scene();
    const ids = [await ask(), await (await scene()).ask()];
    const pages: string[] = [];
    let cursor = '';
    do {
      const page = await operator.get(`/v1/approvals?status=pending&limit=1${cursor}`);
      expect(page.status, page.text).toBe(200);
      for (const { id, approval_url: url } of page.body.data) {
        pages.push(id);
        expect(url).toContain(`/approve/ap.`);
      }
      cursor = page.body.next_cursor === null ? '' : `&cursor=${page.body.next_cursor}`;
    } while (cursor !== '');
    expect(pages).toEqual(expect.arrayContaining(ids));
    expect(new Set(pages).size).toBe(pages.length);
    await operator.post(`/v1/approvals/${ids[0]}/approve`);
    await vi.waitFor(async () => {
      const { body } = await operator.get('/v1/approvals?status=approved&limit=100');
      expect(body.data.map(({ id }: any) => id)).toContain(ids[0]);
    }, PATIENCE);
    expect((await operator.get('/v1/approvals?status=odd')).status).toBe(400);
  });
});

describe('the page behind the link', () => {
  it('shows the request, is changed by no GET, and takes one answer', async () => {
    const { ask, byId, accountId, agent } = await scene();
    const id = await ask();
    const url = await urlOf(id);
    const person = browser();
    for (let times = 0; times < 3; times += 1) {
      const page = await person.request('GET', url);
      expect(page.status).toBe(200);
      expect(page.headers['content-security-policy']).toContain("frame-ancestors 'none'");
      expect(page.headers['set-cookie']).toBeUndefined();
      expect(page.text).toContain(agent.id);
      expect(page.text).toContain('reads &lt;b&gt;everything&lt;/b&gt;');
    }
    expect((await one(id)).body.status).toBe('pending');
    const foreign = await person.request('POST', `${url}/approve`, { 'sec-fetch-site': 'cross-site' });
    expect(foreign.status).toBe(403);
    expect((await person.request('POST', `${url}/approve`)).status).toBe(403);
    expect((await one(id)).body.status).toBe('pending');
    const answered = await person.request('POST', `${url}/approve`, OWN);
    expect([answered.status, answered.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    for (const late of [
      await person.request('GET', url),
      await person.request('POST', `${url}/deny`, OWN),
      await person.request('POST', `${url}/approve`, OWN),
    ]) {
      expect(late.status).toBe(410);
      expect(late.text).not.toContain(agent.id);
    }
    expect((await one(id)).body).toMatchObject({
      status: 'approved',
      decided_by: 'link',
      approval_url: null,
    });
    expect((await byId()).status).toBe(200);
    expect((await person.request('GET', url)).text).toContain('has gone through');
    const records = await operator.get(`/v1/audit-events?connected_account_id=${accountId}`);
    const decision = records.body.data.find((record: any) => record.action === 'approval.approve');
    expect(decision.actor).toMatchObject({ type: 'system', method: 'browser' });
  });

  it('is none for a link that was changed, is another one’s or was made up', async () => {
    const { ask } = await scene();
    const [id, other] = [await ask(), await (await scene()).ask()];
    const [url, otherUrl] = [await urlOf(id), await urlOf(other)];
    const person = browser();
    const signature = url.slice(url.lastIndexOf('.') + 1);
    const forged = [
      url.slice(0, -1) + (url.endsWith('A') ? 'B' : 'A'),
      url.replace(id, other),
      otherUrl.slice(0, otherUrl.lastIndexOf('.') + 1) + signature,
      url.slice(0, url.lastIndexOf('.')),
      `${broker.url}/approve/x`,
    ];
    for (const one of forged) {
      expect((await person.request('GET', one)).status).toBe(404);
      expect((await person.request('POST', `${one}/approve`, OWN)).status).toBe(404);
    }
    for (const still of [id, other]) expect((await one(still)).body.status).toBe('pending');
  });

  it('answers a browser that comes wrongly with a page too', async () => {
    const { ask } = await scene();
    const url = await urlOf(await ask());
    const person = browser();
    const wrong = await person.request('GET', `${url}/approve`);
    expect([wrong.status, wrong.headers['content-type']]).toEqual([405, 'text/html; charset=utf-8']);
  });
});

describe('what an agent tries', () => {
  it('does not approve itself, does not see the link, and knows nothing of what others ask', async () => {
    const { ask, agent } = await scene();
    const id = await ask();
    const mine = await agent.client.get(`/v1/approvals/${id}`);
    expect(mine.status, mine.text).toBe(200);
    expect(mine.body).toMatchObject({ id, status: 'pending' });
    expect(mine.text).not.toContain('/approve/');
    for (const verb of ['approve', 'deny']) {
      const tried = await agent.client.post(`/v1/approvals/${id}/${verb}`);
      expect([tried.status, tried.body.code]).toEqual([403, 'forbidden']);
    }
    expect((await agent.client.get('/v1/approvals')).status).toBe(403);
    const stranger = await agentWith({ rules: [{ connection: '*', identifiers: ['*'] }] });
    for (const path of [`/v1/approvals/${id}`, `/v1/approvals/${id}/wait?timeout_s=1`])
      expect((await stranger.client.get(path)).status).toBe(404);
    expect((await one(id)).body.status).toBe('pending');
  });

  it('does not use what another agent was given, also with the same rules', async () => {
    const { ask, byId, rules, accountId } = await scene();
    const id = await ask();
    await operator.post(`/v1/approvals/${id}/approve`);
    const other = await agentWith({ rules });
    const tried = await other.client.get(`/v1/connected-accounts/${accountId}/token`);
    expect(tried.body.code).toBe('approval_required');
    expect(tried.body.approval_id).not.toBe(id);
    expect((await byId()).status).toBe(200);
  });

  it('gets nothing by a yes that came before its policy was changed or it was suspended', async () => {
    const { ask, agent, byId, rules } = await scene();
    await operator.post(`/v1/approvals/${await ask()}/approve`);
    const closed = [{ ...rules[0], connection: 'elsewhere' }];
    expect((await operator.put(`/v1/agents/${agent.id}/policy`, { rules: closed })).status).toBe(200);
    // Within a second the old policy may still hold, and would spend the yes: the list tells when it does not.
    const listed = async () => (await agent.client.get('/v1/agents/self/credentials')).body.data.length;
    await vi.waitFor(async () => expect(await listed()).toBe(0), PATIENCE);
    expect((await byId()).status).toBe(404);
    await operator.post(`/v1/agents/${agent.id}/suspend`);
    await vi.waitFor(async () => expect((await byId()).body.reason).toBe('agent_suspended'), PATIENCE);
    // The yes was spent by none of those.
    expect((await operator.put(`/v1/agents/${agent.id}/policy`, { rules })).status).toBe(200);
    await operator.post(`/v1/agents/${agent.id}/resume`);
    await vi.waitFor(async () => expect((await byId()).status).toBe(200), PATIENCE);
  });

  it('gets through once, however many requests it sends at once', async () => {
    const { ask, byId, short } = await scene();
    await operator.post(`/v1/approvals/${await ask()}/approve`);
    const all = await Promise.all(Array.from({ length: 12 }, (_, n) => (n % 2 === 0 ? byId() : short())));
    expect(all.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(all.filter(({ body }) => body.code === 'approval_required')).toHaveLength(11);
  });
});

describe('operators', () => {
  it('of an organization see and decide their own alone, and readers see no link', async () => {
    const { ask } = await scene('acme');
    const id = await ask();
    const keyOf = async (role: string, organization?: string) => {
      const bound = organization === undefined ? {} : { organization };
      const made = await operator.post('/v1/admin-keys', { role, ...bound });
      return client(broker.url, String(made.body.key));
    };
    const [own, foreign, auditor] = [
      await keyOf('operator', 'acme'),
      await keyOf('operator', 'duck'),
      await keyOf('auditor'),
    ];
    expect((await foreign.get(`/v1/approvals/${id}`)).status).toBe(404);
    expect((await foreign.post(`/v1/approvals/${id}/approve`)).status).toBe(404);
    expect((await foreign.get('/v1/approvals')).body.data).toEqual([]);
    expect((await auditor.post(`/v1/approvals/${id}/approve`)).status).toBe(403);
    for (const path of [`/v1/approvals/${id}`, '/v1/approvals', `/v1/events?type=agent.approval_required`])
      expect((await auditor.get(path)).text).not.toContain('/approve/');
    expect((await own.get('/v1/approvals?status=pending')).body.data.map((row: any) => row.id)).toEqual([id]);
    expect((await own.post(`/v1/approvals/${id}/approve`)).body.status).toBe('approved');
  });

  it('find nothing any more once the account is deleted', async () => {
    const { ask, accountId } = await scene();
    const id = await ask();
    const url = await urlOf(id);
    expect((await operator.delete(`/v1/connected-accounts/${accountId}`)).status).toBe(204);
    expect((await operator.post(`/v1/approvals/${id}/approve`)).status).toBe(404);
    expect((await browser().request('GET', url)).status).toBe(404);
  });
});
