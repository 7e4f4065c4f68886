/**
 * OAuth 1.0 as the catalogue's entries of that kind speak it, against the simulator, which checks each signature by itself:
 * request token, the user's yes, access token, calls that are signed. And what strangers and broken providers try with it.
 */

import { request as undici } from 'undici';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { allEntries, entryDialectId, playedUrlsOf, type Descriptor } from '#dev/simulator/entries/entries.ts';
import { startSimulator } from '#dev/simulator/simulator.ts';
import { tokenSecretOf } from '#dev/simulator/signed/oauth1.ts';
import type { Simulator } from '#dev/simulator/world.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { browser, type Browser, type Page } from '../support/browser.ts';
import { client, type Client } from '../support/callers.ts';
import { PATIENCE } from '../support/patience.ts';
import { name } from '../support/world.ts';
import { workerOf } from './signed-scene.ts';

const ENTRIES = allEntries().filter(
  ({ auth_type: type, unsupported }) => type === 'oauth1' && unsupported === null,
);
const [FIRST] = ENTRIES;

let broker: TestBroker;
let simulator: Simulator;
let operator: Client;
let agent: Client;
let key: string;

beforeAll(async () => {
  [broker, simulator] = await Promise.all([startBroker(), startSimulator({ answer: 'allow' })]);
  operator = client(broker.url, broker.adminKey);
  ({ agent, key } = await workerOf(broker, operator));
});
afterAll(async () => {
  await broker.dispose();
  await simulator.close();
});
beforeEach(() => {
  simulator.user.answer = 'allow';
  Object.assign(simulator.signing, { clockOffsetMs: 0, confirms: true });
});

interface Begun {
  readonly accountId: string;
  readonly sessionId: string;
  readonly url: string;
}

async function begun(entry: Descriptor | undefined = FIRST, fields: object = {}): Promise<Begun> {
  if (entry === undefined) throw new Error('no entry speaks OAuth 1');
  const id = name('conn');
  const made = await operator.post('/v1/connections', {
    id,
    provider: entry.id,
    client_id: `${simulator.client.clientId}.${id}`,
    client_secret: simulator.client.clientSecret,
    scopes: entry.default_scopes_example,
    provider_config: {
      ...playedUrlsOf(entry, simulator.origin),
      api_base_urls: [`${simulator.origin}/${entryDialectId(entry.id)}/api`],
    },
    ...fields,
  });
  expect(made.status, made.text).toBe(201);
  const account = await operator.post('/v1/connected-accounts', { connection: id, identifier: 'u1' });
  return linked(String(account.body.id));
}

async function linked(accountId: string): Promise<Begun> {
  const link = await operator.post(`/v1/connected-accounts/${accountId}/connect-link`, {});
  expect(link.status, link.text).toBe(201);
  return { accountId, sessionId: link.body.session_id, url: link.body.url };
}

const walk = async ({ url }: Pick<Begun, 'url'>, who: Browser = browser()): Promise<Page> =>
  who.submit(await who.open(url));

/** Up to the provider's redirect back, which is not followed: its address. */
async function toCallback({ url }: Pick<Begun, 'url'>, who: Browser): Promise<string> {
  await who.open(url);
  const posted = await who.request('POST', url, { 'sec-fetch-site': 'same-origin' });
  expect(posted.status, posted.text).toBe(303);
  return (await who.follow(posted, url, `${broker.url}/oauth/callback/`)).url;
}

const codeIn = (page: Page): string =>
  /(?<![\w-])[A-Za-z0-9_-]{43}(?![\w-])/.exec(page.text.replace(/<style[\s\S]*?<\/style>/, ''))?.[0] ?? '';

async function confirmed({ sessionId }: Begun, page: Page): Promise<void> {
  const body = { identifier: 'u1', confirm_code: codeIn(page) };
  const reply = await operator.post(`/v1/connect-sessions/${sessionId}/confirm`, body);
  expect([reply.status, reply.body.status], reply.text).toEqual([200, 'succeeded']);
}

const session = async ({ sessionId }: Begun) =>
  (await operator.get(`/v1/connect-sessions/${sessionId}`)).body;
const account = async ({ accountId }: Begun) =>
  (await operator.get(`/v1/connected-accounts/${accountId}`)).body;
const proxy = (
  accountId: string,
  path: string,
  init: { method?: string; headers?: object; body?: string } = {},
) =>
  undici(`${broker.url}/v1/connected-accounts/${accountId}/proxy${path}`, {
    method: (init.method ?? 'GET') as 'GET',
    headers: { authorization: `Bearer ${key}`, ...init.headers },
    body: init.body ?? null,
  });

describe('an entry that speaks OAuth 1', () => {
  it.each(ENTRIES.map((entry) => [entry.id, entry] as const))(
    '%s is connected in its own words, and its calls are signed',
    async (id, entry) => {
      const listed = await operator.get(`/v1/providers/${id}`);
      expect(listed.body).toMatchObject({ supported: true, auth_type: 'oauth1', signer: 'oauth1_hmac_sha1' });
      const flow = await begun(entry);
      await confirmed(flow, await walk(flow));
      const shown = await account(flow);
      expect(shown).toMatchObject({ status: 'active', credential_type: 'oauth1' });
      expect(shown.subject).toEqual(expect.any(String));
      const get = await proxy(flow.accountId, '/boards?fields=name,url&q=a%20b');
      expect([get.statusCode, ((await get.body.json()) as { ok: boolean }).ok]).toEqual([200, true]);
      const post = await proxy(flow.accountId, '/cards', {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: 'name=Hello+Ladies+%2B+Gentlemen&empty=',
      });
      expect([post.statusCode, await post.body.text()]).toEqual([200, expect.stringContaining('Gentlemen')]);
      const token = await agent.get(`/v1/connected-accounts/${flow.accountId}/token`);
      expect([token.status, token.body.code]).toEqual([409, 'conflict']);
    },
  );

  it('takes a token that was given elsewhere', async () => {
    const flow = await begun();
    const owner = simulator.account({ dialect: entryDialectId(FIRST?.id ?? ''), id: name('owner') });
    const token = owner.first.accessToken;
    const put = await operator.put(`/v1/connected-accounts/${flow.accountId}/credential`, {
      type: 'oauth1',
      token,
      token_secret: tokenSecretOf(token),
    });
    expect(put.status, put.text).toBe(200);
    const answer = await proxy(flow.accountId, '/me');
    expect(((await answer.body.json()) as { account: string }).account).toBe(owner.id);
    owner.family.dead = true;
    const dead = await proxy(flow.accountId, '/me');
    expect(dead.statusCode).toBe(401);
    expect(await account(flow)).toMatchObject({ status: 'active', degraded_since: expect.any(String) });
  });
});

describe('a flow of OAuth 1', () => {
  it('that the user refuses is denied, and changes nothing', async () => {
    simulator.user.answer = 'deny';
    const flow = await begun();
    await walk(flow);
    expect(await session(flow)).toMatchObject({ status: 'denied', reason: 'access_denied' });
    expect((await account(flow)).status).toBe('pending');
  });

  it('leads two clicks of one browser to the same place', async () => {
    const flow = await begun();
    const who = browser();
    await who.open(flow.url);
    const press = async () =>
      (await who.request('POST', flow.url, { 'sec-fetch-site': 'same-origin' })).headers['location'];
    const first = await press();
    expect(first).toContain('oauth_token=');
    expect(await press()).toBe(first);
    // A reload of the page in between forgets nothing.
    await who.open(flow.url);
    expect(await press()).toBe(first);
  });

  it('is finished by the browser alone that began it', async () => {
    const flow = await begun();
    const callback = await toCallback(flow, browser());
    const stranger = await browser().open(callback);
    expect(stranger.status).toBe(403);
    expect((await session(flow)).status).toBe('started');
  });

  it('takes no request token but its own: one of another session is refused, and asks for nothing', async () => {
    const [mine, theirs] = [await begun(), await begun()];
    const [me, them] = [browser(), browser()];
    const own = new URL(await toCallback(mine, me));
    const other = new URL(await toCallback(theirs, them));
    const before = simulator.signing.exchanges;
    for (const part of ['oauth_token', 'oauth_verifier'])
      own.searchParams.set(part, other.searchParams.get(part) ?? '');
    await me.open(own.href);
    expect(await session(mine)).toMatchObject({ status: 'failed', reason: 'code_rejected' });
    expect(simulator.signing.exchanges).toBe(before);
    expect((await account(mine)).status).toBe('pending');
  });

  it('takes no owner from the callback', async () => {
    const flow = await begun();
    const who = browser();
    const callback = new URL(await toCallback(flow, who));
    for (const part of ['user_id', 'screen_name', 'account', 'identifier'])
      callback.searchParams.set(part, 'somebody-else');
    const page = await who.open(callback.href);
    await confirmed(flow, page);
    expect((await account(flow)).subject).not.toContain('somebody-else');
  });

  it('a wrong verifier ends it', async () => {
    const flow = await begun();
    const who = browser();
    const callback = new URL(await toCallback(flow, who));
    callback.searchParams.set('oauth_verifier', 'guessed');
    await who.open(callback.href);
    expect(await session(flow)).toMatchObject({ status: 'failed', reason: 'code_rejected' });
  });

  it('does not begin at a provider that does not confirm the callback', async () => {
    simulator.signing.confirms = false;
    const flow = await begun();
    const page = await walk(flow);
    expect(page.url).not.toContain('/authorize');
    expect(page.status).toBeGreaterThanOrEqual(400);
  });

  it('does not begin with a wrong consumer secret, and says whose mistake it is', async () => {
    const flow = await begun(FIRST, { client_secret: 'another-secret' });
    const page = await walk(flow);
    expect(page.url).toContain('/connect/');
    expect(page.text).not.toContain('another-secret');
    expect(page.status).toBeGreaterThanOrEqual(400);
  });

  it('carries the secret of its request token with the browser, where nobody can read it', async () => {
    const flow = await begun();
    const who = browser();
    await toCallback(flow, who);
    const cookies = [...who.cookies.values()].join('\n');
    expect(cookies).toMatch(/~e1\./);
    const stored = decodeURIComponent(cookies.split('~')[1] ?? '');
    expect(Buffer.from(stored.split('.')[2] ?? '', 'base64url').toString('latin1')).not.toContain('secret');
  });

  it('repairs an account whose end was declared, by its repair link', async () => {
    const flow = await begun();
    await confirmed(flow, await walk(flow));
    const before = (await account(flow)).subject;
    // The end of an imported credential is the only death of such an account that nobody has to report.
    const put = await operator.put(`/v1/connected-accounts/${flow.accountId}/credential`, {
      type: 'oauth1',
      token: 'imported',
      token_secret: 'imported-secret',
      expires_at: new Date(Date.now() + 1500).toISOString(),
    });
    expect(put.status, put.text).toBe(200);
    await expect.poll(async () => (await account(flow)).status, PATIENCE).toBe('reauth_required');
    const refused = await proxy(flow.accountId, '/me');
    const problem = (await refused.body.json()) as { code: string; reauth_url: string };
    expect([refused.statusCode, problem.code]).toEqual([409, 'reauth_required']);
    expect(problem.reauth_url).toContain('/connect/rp.');
    const page = await walk({ url: problem.reauth_url });
    const id = /cs_[0-9A-Za-z]{22}/.exec(page.text)?.[0] ?? '';
    const body = { identifier: 'u1', confirm_code: codeIn(page) };
    const reply = await operator.post(`/v1/connect-sessions/${id}/confirm`, body);
    expect(reply.status, reply.text).toBe(200);
    expect(await account(flow)).toMatchObject({ status: 'active', expires_at: null });
    expect(before).toEqual(expect.any(String));
  });
});
