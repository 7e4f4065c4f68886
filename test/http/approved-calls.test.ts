/** A person's yes to a call through the proxy: exactly that call, once, of that agent, at that account as it was. */

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { client } from '../support/callers.ts';
import { PATIENCE } from '../support/patience.ts';
import { name } from '../support/world.ts';

let broker: TestBroker;
let operator: ReturnType<typeof client>;
let api: Server;
let apiUrl = '';
/** Requests that reached the API, and the statuses with which it answers the next ones. */
const seen: { method: string; url: string; text: string; headers: Record<string, unknown> }[] = [];
const statuses: number[] = [];

beforeAll(async () => {
  api = createServer((request, response) => {
    let text = '';
    request.on('data', (piece) => (text += String(piece)));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      seen.push({ method, url, text, headers });
      response.writeHead(statuses.shift() ?? 200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
  apiUrl = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
  broker = await startBroker();
  operator = client(broker.url, broker.adminKey);
});
beforeEach(() => {
  seen.length = 0;
  statuses.length = 0;
});
afterAll(async () => {
  await broker?.dispose();
  api?.closeAllConnections();
  api?.close();
});

const FACTS = {
  auth_type: 'api_key',
  token_header: 'Authorization: Bearer {api_key}',
};

async function scene() {
  const connection = name('conn');
  const facts = { ...FACTS, api_base_urls: [apiUrl, `${apiUrl}/files`] };
  const made = await operator.post('/v1/connections', {
    id: connection,
    provider: 'custom',
    provider_config: facts,
  });
  expect(made.status, made.text).toBe(201);
  const importKey = (key: string) =>
    operator.put(`/v1/credentials/${connection}?identifier=user_1`, { type: 'api_key', api_key: key });
  const accountId = String((await importKey(`key-${connection}`)).body.id);
  const id = name('agent');
  const rules = [{ connection, identifiers: ['*'], approval: { ttl_s: 600 } }];
  const agent = await operator.post('/v1/agents', { id, key: true, policy: { rules } });
  expect(agent.status, agent.text).toBe(201);
  let key = String(agent.body.key);
  const send = async (
    path = '/pay',
    { method = 'POST', body = '{"amount":5}', headers = {} as Record<string, string> } = {},
  ) => {
    const answer = await fetch(`${broker.url}/v1/connected-accounts/${accountId}/proxy${path}`, {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
      ...(method === 'GET' ? {} : { body }),
    });
    const text = await answer.text();
    return {
      status: answer.status,
      attempts: answer.headers.get('x-valetkey-attempts'),
      body: JSON.parse(text),
    };
  };
  const asked = async (...call: Parameters<typeof send>) => {
    const answer = await send(...call);
    expect(answer.body.code).toBe('approval_required');
    return String(answer.body.approval_id);
  };
  const approved = async (...call: Parameters<typeof send>) => {
    const approval = await asked(...call);
    expect((await operator.post(`/v1/approvals/${approval}/approve`)).status).toBe(200);
    return approval;
  };
  return {
    connection,
    accountId,
    agent: id,
    rules,
    send,
    asked,
    approved,
    importKey,
    use: (k: string) => (key = k),
  };
}

const one = async (id: string) => (await operator.get(`/v1/approvals/${id}`)).body;
const openOf = async (accountId: string) => {
  const { body } = await operator.get('/v1/approvals?status=pending&limit=100');
  return body.data.filter((row: any) => row.connected_account_id === accountId);
};

describe('the reader of a question', () => {
  it('sees the whole call in the form of HTTP, in which no body passes for a query', async () => {
    const { asked } = await scene();
    const headers = { 'if-match': '"7"', 'x-other': 'stays here' };
    const shown = await one(await asked('/pay?dry_run=1', { headers }));
    const [first, ...lines] = shown.preview.split('\n');
    expect(first).toBe(`POST ${apiUrl}/pay?dry_run=1`);
    expect(lines).toContain('if-match: "7"');
    expect(lines.slice(-2)).toEqual(['', '{"amount":5}']);
    expect(shown.preview).not.toContain('stays here');
    const other = await one(await asked('/pay', { headers, body: '?dry_run=1\n{"amount":5}' }));
    expect(other.preview).not.toBe(shown.preview);
    expect(other.preview.split('\n')[0]).toBe(`POST ${apiUrl}/pay`);
    expect(other.preview).toContain('\n\n?dry_run=1');
  });

  it('is not asked about a base URL that the account does not have', async () => {
    const { send, accountId } = await scene();
    const answer = await send('/pay', { headers: { 'x-valetkey-base-url': 'https://elsewhere.example' } });
    expect([answer.status, answer.body.code]).toEqual([400, 'invalid_request']);
    expect(answer.body.errors[0].path).toBe('X-Valetkey-Base-Url');
    expect(await openOf(accountId)).toEqual([]);
  });
});

describe('a yes', () => {
  it('is to no other base URL, query, body or header that leaves', async () => {
    const { send, approved } = await scene();
    const headers = { 'if-match': '"7"' };
    const yes = await approved('/pay?a=1', { headers });
    const others: Parameters<typeof send>[] = [
      ['/pay?a=2', { headers }],
      ['/pay?a=1', { headers, body: '{"amount":6}' }],
      ['/pay?a=1', { headers: { 'if-match': '"8"' } }],
      ['/pay?a=1', {}],
      ['/pay?a=1', { headers: { ...headers, 'x-valetkey-base-url': `${apiUrl}/files` } }],
      ['/pay?a=1', { headers: { ...headers, prefer: 'respond-async' } }],
    ];
    for (const other of others) expect((await send(...other)).body.code).toBe('approval_required');
    expect(seen).toEqual([]);
    // A header that stays here makes no other call of it, nor does the first base URL by its name.
    const again = { ...headers, 'x-retry': '1', 'x-valetkey-base-url': `${apiUrl}/` };
    expect((await send('/pay?a=1', { headers: again })).status).toBe(200);
    expect((await one(yes)).status).toBe('used');
    expect(seen).toMatchObject([{ url: '/pay?a=1', text: '{"amount":5}', headers: { 'if-match': '"7"' } }]);
  });

  it('is not spent by a call that the API refused for its credential, and asks nobody anew', async () => {
    const { send, approved, accountId } = await scene();
    const yes = await approved();
    statuses.push(401);
    expect((await send()).status).toBe(401);
    expect((await one(yes)).status).toBe('approved');
    expect(await openOf(accountId)).toEqual([]);
    expect((await send()).status).toBe(200);
    expect((await one(yes)).status).toBe('used');
    expect((await send()).body.code).toBe('approval_required');
    const records = await operator.get(`/v1/audit-events?connected_account_id=${accountId}`);
    expect(records.body.data.map((record: any) => record.action)).toContain('approval.return');
    expect((await operator.get(`/v1/connected-accounts/${accountId}/audit/verify`)).body.intact).toBe(true);
  });

  it('is to the address that the connection had then', async () => {
    const { send, approved, connection } = await scene();
    await approved();
    const facts = { ...FACTS, api_base_urls: [`${apiUrl}/moved`] };
    const changed = await operator.patch(`/v1/connections/${connection}`, { provider_config: facts });
    expect(changed.status, changed.text).toBe(200);
    const rejected = await vi.waitFor(async () => {
      const answer = await send('/pay', { headers: { 'x-valetkey-base-url': apiUrl } });
      // Accounts hear of it by and by; until then this is the call that was approved.
      expect(answer.status).not.toBe(200);
      return answer;
    }, PATIENCE);
    expect([400, 403]).toContain(rejected.status);
  });

  it.each([
    [
      'the kill switch',
      async (s: Awaited<ReturnType<typeof scene>>) =>
        operator.post('/v1/revocations', { connection: s.connection }),
    ],
    [
      'an operator',
      async (s: Awaited<ReturnType<typeof scene>>) =>
        operator.post(`/v1/connected-accounts/${s.accountId}/revoke`),
    ],
  ])(
    'ends with what the account held where %s ends that, and the new life begins without it',
    async (_who, end) => {
      const s = await scene();
      const yes = await s.approved();
      const waiting = await s.asked('/other');
      expect((await end(s)).status).toBeLessThan(300);
      expect((await s.importKey('a-new-key')).status).toBe(200);
      await vi.waitFor(async () => expect((await s.send()).body.code).toBe('approval_required'), PATIENCE);
      expect(seen).toEqual([]);
      await vi.waitFor(async () => {
        expect([(await one(yes)).status, (await one(waiting)).status]).toEqual(['expired', 'expired']);
      }, PATIENCE);
      await s.approved();
      expect((await s.send()).status).toBe(200);
    },
  );

  it('ends with the life of the agent that asked', async () => {
    const s = await scene();
    await s.approved();
    expect((await operator.post('/v1/revocations', { agent: s.agent })).status).toBe(202);
    expect((await operator.post(`/v1/agents/${s.agent}/resume`)).status).toBe(200);
    s.use(String((await operator.post(`/v1/agents/${s.agent}/keys`, {})).body.key));
    await vi.waitFor(async () => expect((await s.send()).status).toBe(403), PATIENCE);
    expect(seen).toEqual([]);
    await s.approved('/pay');
    expect((await operator.delete(`/v1/agents/${s.agent}`)).status).toBe(204);
    const policy = { rules: s.rules };
    const again = await operator.post('/v1/agents', { id: s.agent, key: true, policy });
    s.use(String(again.body.key));
    await vi.waitFor(async () => expect((await s.send()).body.code).toBe('approval_required'), PATIENCE);
    expect(seen).toEqual([]);
  });
});
