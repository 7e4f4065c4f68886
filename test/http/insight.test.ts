import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startOAuthServer, type OAuthServer } from '../../src/dev/oauth/server.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { client } from '../support/callers.ts';
import { PATIENCE } from '../support/patience.ts';
import { world, type World } from '../support/world.ts';

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

const wait = (id: string, query: string, as = w.operator) =>
  as.get(`/v1/connected-accounts/${id}/wait?${query}`);
const explain = (id: string, query = '') => w.operator.get(`/v1/connected-accounts/${id}/explain${query}`);

describe('waiting for an account', () => {
  it('answers at once when it is there already, and when the time is up', async () => {
    const { accountId } = await w.connected();
    expect((await wait(accountId, 'timeout_s=25')).body.status).toBe('active');
    const started = Date.now();
    const late = await wait(accountId, 'status=revoked&timeout_s=1');
    expect([late.status, late.body.status]).toEqual([200, 'active']);
    expect(Date.now() - started).toBeGreaterThanOrEqual(950);
  });

  it('is how a paused task resumes: the agent waits, the grant is repaired, the agent goes on', async () => {
    const a = await w.connected();
    await provider.revokeGrant(a.grantId);
    await w.operator.post(`/v1/connected-accounts/${a.accountId}/expire`);
    expect((await a.fetchToken()).body.code).toBe('reauth_required');
    const waiting = wait(a.accountId, 'status=active&timeout_s=25', a.agent.client);
    const grant = await provider.grant();
    const repaired = await w.operator.put(`/v1/connected-accounts/${a.accountId}/credential`, {
      type: 'oauth2',
      refresh_token: grant.refreshToken,
      access_token: grant.accessToken,
      expires_in: 600,
    });
    expect(repaired.status).toBe(200);
    expect((await waiting).body).toMatchObject({ id: a.accountId, status: 'active' });
    expect((await a.fetchToken()).body.access_token).toBe(grant.accessToken);
  });

  it('ends when the account is deleted', async () => {
    const { accountId } = await w.connected();
    const waiting = wait(accountId, 'status=disabled&timeout_s=25');
    await new Promise((resolve) => setTimeout(resolve, 200));
    await w.operator.delete(`/v1/connected-accounts/${accountId}`);
    expect((await waiting).status).toBe(404);
  });

  it('lets fifty wait and tells the next one to come again', async () => {
    const { accountId } = await w.connected();
    let refused = 0;
    const many = Array.from({ length: 60 }, async () => {
      const answer = await wait(accountId, 'status=disabled&timeout_s=25');
      if (answer.status === 429) refused += 1;
      return answer;
    });
    // Fifty hold their places until what they wait for comes.
    await vi.waitFor(() => expect(refused).toBe(10), PATIENCE);
    await w.operator.post(`/v1/connected-accounts/${accountId}/disable`);
    const answers = await Promise.all(many);
    const busy = answers.filter((answer) => answer.status === 429);
    expect(answers.filter((answer) => answer.status === 200)).toHaveLength(50);
    expect(busy).toHaveLength(10);
    expect(busy[0]?.body.code).toBe('rate_limited');
    expect(Number(busy[0]?.headers['retry-after'])).toBeGreaterThanOrEqual(1);
  });

  it('hides an account from an agent without a rule for it, and from strangers', async () => {
    const { accountId } = await w.connected();
    const stranger = await w.agent({ allowed_credentials: ['something-else'] });
    expect((await wait(accountId, 'timeout_s=0', stranger.client)).status).toBe(404);
    expect((await wait(accountId, 'timeout_s=0', client(broker.url, null))).status).toBe(401);
    expect((await wait('ca_gaaaaaaaaaaaaaaaaaaaaaaaaaa', 'timeout_s=0')).status).toBe(404);
  });

  it('refuses what is out of range', async () => {
    const { accountId } = await w.connected();
    for (const [query, path] of [
      ['timeout_s=26', 'timeout_s'],
      ['timeout_s=-1', 'timeout_s'],
      ['status=gone', 'status'],
    ] as const) {
      const refused = await wait(accountId, query);
      expect([refused.status, refused.body.errors?.[0]?.path], query).toEqual([400, path]);
    }
  });
});

describe('explaining an account', () => {
  it('says that all is well, and what comes next', async () => {
    const { accountId } = await w.connected();
    const { status, body } = await explain(accountId);
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: 'active', why: 'all is well', attempts: [], evidence: [] });
    expect(body.next).toEqual([{ what: 'refresh before the token expires', at: expect.any(String) }]);
  });

  it('names the failures, their code, and the next attempt', async () => {
    const a = await w.connected({ config: { refresh_token: 'static' } });
    provider.faults.next({
      status: 503,
      body: '{"error":"temporarily_unavailable"}',
      contentType: 'application/json',
    });
    await w.operator.post(`/v1/connected-accounts/${a.accountId}/expire`);
    expect((await a.fetchToken()).body.code).toBe('provider_unavailable');
    const { body } = await explain(a.accountId);
    expect(body.why).toContain('the last refresh failed (transient (temporarily_unavailable))');
    expect(body.attempts[0]).toMatchObject({ trigger: 'on_demand', outcome: 'transient' });
    expect(body.next[0].what).toBe('next attempt after a failure');
  });

  it('says of a dead grant who must act, with the evidence', async () => {
    const a = await w.connected();
    await provider.revokeGrant(a.grantId);
    await w.operator.post(`/v1/connected-accounts/${a.accountId}/expire`);
    const refused = await a.fetchToken();
    const { body } = await explain(a.accountId);
    expect(body).toMatchObject({ status: 'reauth_required', since: refused.body.since, next: [] });
    expect(body.why).toContain('the user must connect again');
    expect(body.why).toContain('invalid_grant');
  });

  it('tells what an agent may do with it and by which rule', async () => {
    const a = await w.connected();
    const other = await w.agent({
      rules: [{ connection: 'nothing' }, { connection: a.connection, identifiers: ['user-*'] }],
    });
    expect((await explain(a.accountId, `?agent=${other.id}`)).body.agent).toMatchObject({
      allowed: true,
      rule: 1,
    });
    const none = await w.agent({ rules: [] });
    expect((await explain(a.accountId, `?agent=${none.id}`)).body.agent).toMatchObject({
      allowed: false,
      reason: 'connection_not_allowed',
      rule: null,
    });
    const foreign = await w.agent(
      { rules: [{ connection: '*', identifiers: ['*'] }] },
      { organization: 'acme' },
    );
    expect((await explain(a.accountId, `?agent=${foreign.id}`)).body.agent).toMatchObject({
      allowed: false,
      reason: 'not_found',
    });
    expect((await explain(a.accountId, '?agent=nobody-of-that-name')).status).toBe(400);
  });

  it('is for operators alone', async () => {
    const a = await w.connected();
    expect((await a.agent.client.get(`/v1/connected-accounts/${a.accountId}/explain`)).status).toBe(403);
  });
});
