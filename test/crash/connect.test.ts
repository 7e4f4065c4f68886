/**
 * kill -9 in the middle of a connect: between the provider's answer and the candidate, and between the confirmation and
 * the promotion. Whatever the instant, a session is whole: it brought nothing, it waits, or its grant is in use.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startOAuthServer, type OAuthServer } from '../../src/dev/oauth/server.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { browser } from '../support/browser.ts';
import { client } from '../support/callers.ts';
import { until } from '../support/crash.ts';
import { name, world, type World } from '../support/world.ts';

const ROUNDS = 4;

let provider: OAuthServer;
let broker: TestBroker;
let w: World;
let connection: string;
let agent: { id: string; key: string };

beforeAll(async () => {
  provider = await startOAuthServer();
  broker = await startBroker({ settings: { LOG_LEVEL: 'warn' } });
  w = world(broker, provider);
  connection = name('conn');
  await provider.setClient(provider.client, [`${broker.url}/oauth/callback/${connection}`]);
  const made = await w.operator.post('/v1/connections', {
    id: connection,
    provider: 'custom',
    client_id: provider.client.clientId,
    client_secret: provider.client.clientSecret,
    scopes: ['openid', 'contacts.read'],
    rotation: 'on_demand',
    provider_config: { issuer: provider.issuer, refresh_token: 'rotating' },
  });
  expect(made.status, made.text).toBe(201);
  agent = await w.agent({ rules: [{ connection, identifiers: ['*'] }] });
});
afterAll(async () => {
  await broker?.dispose();
  await provider?.close();
});

async function begin(identifier = name('user')) {
  const account = await w.operator.post('/v1/connected-accounts', { connection, identifier });
  const accountId = String(account.body.id);
  const link = await w.operator.post(`/v1/connected-accounts/${accountId}/connect-link`, {});
  const who = browser();
  await who.open(link.body.url);
  const posted = await who.request('POST', link.body.url, { 'sec-fetch-site': 'same-origin' });
  const { url: callback } = await who.follow(posted, link.body.url, `${broker.url}/oauth/callback/`);
  return { accountId, identifier, sessionId: String(link.body.session_id), who, callback };
}

const show = (sessionId: string) => w.operator.get(`/v1/connect-sessions/${sessionId}`);
const token = (identifier: string) =>
  client(broker.url, agent.key).get(
    `/v1/agents/${agent.id}/credentials/${connection}?identifier=${identifier}`,
  );
const codeIn = (text: string) =>
  /(?<![\w-])[A-Za-z0-9_-]{43}(?![\w-])/.exec(text.replace(/<style[\s\S]*?<\/style>/, ''))?.[0] ?? '';

/** Account and session say the same, and the chain verifies. */
async function isWhole(accountId: string, sessionId: string, identifier: string): Promise<string> {
  const session = await until('the session', async () => {
    const found = await show(sessionId);
    return found.status === 200 ? found.body : null;
  });
  const account = (await w.operator.get(`/v1/connected-accounts/${accountId}`)).body;
  const fetched = await token(identifier);
  if (session.status === 'succeeded') {
    expect(account.status).toBe('active');
    expect(fetched.status, fetched.text).toBe(200);
  } else {
    expect(account.status).toBe(
      session.status === 'pending_confirmation' ? 'pending_confirmation' : 'pending',
    );
    expect(fetched.body.code).toBe('account_pending');
  }
  const chain = await w.operator.get(`/v1/connected-accounts/${accountId}/audit/verify`);
  expect(chain.body).toMatchObject({ intact: true });
  return String(session.status);
}

describe('kill -9', () => {
  it('between the token answer and the candidate leaves a session that says so, and no second call', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const { accountId, identifier, sessionId, who, callback } = await begin();
      provider.calls.length = 0;
      // From before the answer leaves to some time after it has been read.
      const killed = new Promise<void>((resolve) => {
        const off = provider.onProcessed(() => {
          off();
          void sleep(round * 8).then(() => broker.kill().then(resolve));
          return round === 0 ? sleep(300) : undefined;
        });
      });
      await who.request('GET', callback).catch(() => null);
      await killed;
      await broker.restart();
      const status = await isWhole(accountId, sessionId, identifier);
      expect(['started', 'pending_confirmation']).toContain(status);
      const again = await who.request('GET', callback);
      expect(again.status).toBe(409);
      expect(provider.calls.filter(({ grantType }) => grantType === 'authorization_code')).toHaveLength(1);
      if (round === 0) {
        expect(status).toBe('started');
        const ended = await until(
          'the session ends',
          async () => {
            const { body } = await show(sessionId);
            return body.status === 'started' ? null : body;
          },
          { deadlineMs: 90_000, everyMs: 1_000 },
        );
        expect(ended).toMatchObject({ status: 'failed', reason: 'interrupted' });
      }
    }
  });

  it('between the confirmation and the promotion leaves either one, whole', async () => {
    const seen = new Set<string>();
    for (let round = 0; round < ROUNDS; round += 1) {
      const { accountId, identifier, sessionId, who, callback } = await begin();
      const done = await who.request('GET', callback);
      const body = { identifier, confirm_code: codeIn(done.text) };
      const path = `/v1/connect-sessions/${sessionId}/confirm`;
      const confirming = w.operator.post(path, body).catch(() => null);
      await sleep(round * 4);
      await broker.kill();
      const answer = await confirming;
      await broker.restart();
      const status = await isWhole(accountId, sessionId, identifier);
      seen.add(status);
      expect(['pending_confirmation', 'succeeded']).toContain(status);
      // What was answered is durable.
      if (answer?.status === 200) expect(status).toBe('succeeded');
      const again = await w.operator.post(path, body);
      expect(again.status).toBe(status === 'succeeded' ? 409 : 200);
      expect(await isWhole(accountId, sessionId, identifier)).toBe('succeeded');
      const told = await until('the event', async () => {
        const { body: page } = await w.operator.get(`/v1/events?connected_account_id=${accountId}`);
        return page.data.filter(({ type }: { type: string }) => type === 'agent.auth.succeeded').length > 0
          ? page.data
          : null;
      });
      expect(told.filter(({ type }: { type: string }) => type === 'agent.auth.succeeded')).toHaveLength(1);
    }
    expect(seen.size).toBeGreaterThan(0);
  });
});
