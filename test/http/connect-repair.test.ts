/** A grant that died, and the link that repairs it: from the agent's error to the task that goes on. */

import { describe, expect, it } from 'vitest';
import { browser } from '../support/browser.ts';
import { connectScene, RETURN_URL, type Session } from './connect-scene.ts';

const s = connectScene();

interface Dead {
  readonly session: Session;
  readonly reauthUrl: string;
}

/** A connected account whose user has taken the consent back. */
async function dead(fields: Record<string, unknown> = {}, body: Record<string, unknown> = {}): Promise<Dead> {
  const connection = await s.connection(fields);
  const session = await s.link(connection, { body });
  const who = browser();
  const done = await who.request('GET', await s.walkToCallback(session, who));
  const { confirmCode } = s.finished({ ...done, url: done.headers['location'] ?? session.url, trail: [] });
  expect((await s.confirm(session, confirmCode)).status).toBe(200);
  const grantId = s.provider.calls.find((call) => call.grantType === 'authorization_code')?.grantId ?? '';
  await s.provider.revokeGrant(grantId);
  await s.operator.post(`/v1/connected-accounts/${session.accountId}/expire`);
  const refused = await s.token(connection, session.identifier);
  expect(refused.body).toMatchObject({ code: 'reauth_required' });
  s.provider.calls.length = 0;
  return { session, reauthUrl: String(refused.body.reauth_url) };
}

async function events(accountId: string): Promise<{ type: string; data: Record<string, unknown> }[]> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const found = await s.operator.get(`/v1/events?connected_account_id=${accountId}`);
    if (found.body.data.length >= 4 || Date.now() > deadline) return found.body.data;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

describe('a repair link', () => {
  it('lets the same user repair the account without an operator, and the waiting task goes on', async () => {
    const { session, reauthUrl } = await dead();
    const waiting = s.operator.get(
      `/v1/connected-accounts/${session.accountId}/wait?status=active&timeout_s=25`,
    );
    const page = await browser().open(reauthUrl);
    expect(page.status, page.text).toBe(200);
    const done = await s.walk({ url: reauthUrl });
    expect(done.status, done.text).toBe(200);
    expect((await waiting).body).toMatchObject({ status: 'active', subject: 'user-1' });
    const token = await s.token(session.connection, session.identifier);
    expect(token.status, token.text).toBe(200);
    expect(token.body.scope).toBe('openid contacts.read');
    const told = await events(session.accountId);
    expect(told.map(({ type }) => type)).toEqual([
      'agent.auth.confirmation_required',
      'agent.auth.succeeded',
      'agent.auth.reauth_required',
      'agent.auth.succeeded',
    ]);
    expect(told.map(({ data }) => data['reconnected'])).toEqual([undefined, false, undefined, true]);
    // The incident is over, and with it the link.
    const over = await browser().request('GET', reauthUrl);
    expect(over.status).toBe(410);
    expect((await browser().request('POST', reauthUrl, { 'sec-fetch-site': 'same-origin' })).status).toBe(
      410,
    );
  });

  it('opens a fresh session each time until then, and goes back where the account was connected from', async () => {
    const other = 'http://127.0.0.1:9/other';
    const { reauthUrl } = await dead({ return_urls: [other, RETURN_URL] }, { return_url: RETURN_URL });
    s.provider.user.answer = 'deny';
    const seen = new Set<string>();
    for (let n = 0; n < 2; n += 1) {
      const who = browser();
      const back = await who.request('GET', await s.walkToCallback({ url: reauthUrl }, who));
      const target = new URL(back.headers['location'] ?? '');
      expect(target.href.startsWith(RETURN_URL)).toBe(true);
      expect(target.searchParams.get('status')).toBe('denied');
      seen.add(target.searchParams.get('session_id') ?? '');
    }
    expect(seen.size).toBe(2);
    s.provider.user.answer = 'allow';
    const who = browser();
    const back = await who.request('GET', await s.walkToCallback({ url: reauthUrl }, who));
    expect(new URL(back.headers['location'] ?? '').searchParams.get('status')).toBe('succeeded');
  });

  it('refuses another user and leaves the account as it is, with a way to try again', async () => {
    const { session, reauthUrl } = await dead();
    s.provider.user.subject = 'mallory';
    const page = await s.walk({ url: reauthUrl });
    expect(page.status).toBe(403);
    expect(page.text).toContain(new URL(reauthUrl).pathname);
    expect(await s.account(session.accountId)).toMatchObject({
      status: 'reauth_required',
      subject: 'user-1',
    });
    expect((await s.token(session.connection, session.identifier)).body.code).toBe('reauth_required');
  });

  it('asks the operator where nobody knows who signed in', async () => {
    const connection = await s.connection({}, { subject_source: 'token_response.nobody' });
    const first = await s.link(connection);
    await s.confirm(first, s.finished(await s.walk(first)).confirmCode);
    const again = await s.link(connection, { accountId: first.accountId, identifier: first.identifier });
    const page = await s.walk(again);
    expect(await s.show(again.sessionId)).toMatchObject({ status: 'pending_confirmation', subject: null });
    // What works goes on working, and is shown as what it is.
    expect(await s.account(first.accountId)).toMatchObject({ status: 'active', subject: null });
    expect((await s.confirm(again, s.finished(page).confirmCode)).status).toBe(200);
  });

  it('keeps nobody out, however many browsers hold it: neither a repair that runs nor the operator’s links', async () => {
    const { session, reauthUrl } = await dead();
    const own = { 'sec-fetch-site': 'same-origin' };
    const user = browser();
    const callback = await s.walkToCallback({ url: reauthUrl }, user);
    const strangers = Array.from({ length: 40 }, () => browser());
    for (const who of strangers) {
      await who.request('GET', reauthUrl);
      const posted = await who.request('POST', reauthUrl, own);
      expect(posted.status, posted.text).toBe(303);
    }
    // Of five links none is refused and none ends another: nothing was counted with them.
    const again = { accountId: session.accountId, identifier: session.identifier };
    const links: Session[] = [];
    for (let n = 0; n < 5; n += 1) links.push(await s.link(session.connection, again));
    for (const link of links)
      expect(await s.show(link.sessionId)).toMatchObject({ status: 'created', reason: null });
    const done = await user.request('GET', callback);
    expect(done.status, done.text).toBe(200);
    expect(await s.account(session.accountId)).toMatchObject({ status: 'active', subject: 'user-1' });
    expect((await s.walk(links[4] ?? session)).status).toBe(200);
  });

  it('is good for a double click once, and a browser that has come back begins anew', async () => {
    const { reauthUrl } = await dead();
    const own = { 'sec-fetch-site': 'same-origin' };
    const who = browser();
    await who.open(reauthUrl);
    const clicks = await Promise.all([
      who.request('POST', reauthUrl, own),
      who.request('POST', reauthUrl, own),
    ]);
    const places = clicks.map(({ headers }) => headers['location'] ?? '');
    s.provider.user.answer = 'deny';
    const callback = (await who.follow(clicks[1]!, reauthUrl, `${s.broker.url}/oauth/callback/`)).url;
    expect((await who.request('GET', callback)).status).toBe(200);
    expect((await who.request('GET', callback)).status).toBe(409);
    s.provider.user.answer = 'allow';
    const third = await who.request('POST', reauthUrl, own);
    expect(third.headers['location']).not.toBe(places[1]);
    const back = await who.follow(third, reauthUrl, `${s.broker.url}/oauth/callback/`);
    expect((await who.request('GET', back.url)).status).toBe(200);
    expect(s.redeemed()).toBe(1);
  });

  it('is finished by the browser that began it alone, and only while the connection asks the same', async () => {
    const { session, reauthUrl } = await dead();
    const who = browser();
    const callback = await s.walkToCallback({ url: reauthUrl }, who);
    expect((await browser().request('GET', callback)).status).toBe(403);
    const state = new URL(callback).searchParams.get('state') ?? '';
    for (const at of [4, 30, 60, 70]) {
      const other = state[at] === 'a' ? 'b' : 'a';
      const altered = new URL(callback);
      altered.searchParams.set('state', state.slice(0, at) + other + state.slice(at + 1));
      expect([400, 403]).toContain((await who.request('GET', altered.href)).status);
    }
    const patched = await s.operator.patch(`/v1/connections/${session.connection}`, { client_id: 'another' });
    expect(patched.status, patched.text).toBe(200);
    expect((await who.request('GET', callback)).status).toBe(503);
    expect(s.redeemed()).toBe(0);
    expect(await s.account(session.accountId)).toMatchObject({ status: 'reauth_required' });
  });

  it('that was altered is no link', async () => {
    const { reauthUrl } = await dead();
    const altered = reauthUrl.slice(0, -1) + (reauthUrl.endsWith('A') ? 'B' : 'A');
    expect((await browser().request('GET', altered)).status).toBe(404);
    expect((await browser().request('POST', altered, { 'sec-fetch-site': 'same-origin' })).status).toBe(404);
  });
});

describe('an imported credential', () => {
  it('is asked for its user, who then needs no confirmation to connect it again', async () => {
    const connection = await s.connection();
    const grant = await s.provider.grant({ subject: 'imported-user' });
    const identifier = 'imported';
    const accountId = await s.w.account(connection, identifier, {
      refresh_token: grant.refreshToken,
      access_token: grant.accessToken,
      expires_in: 3600,
    });
    const session = await s.link(connection, { accountId, identifier });
    const deadline = Date.now() + 20_000;
    while ((await s.account(accountId)).subject === null && Date.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await s.account(accountId)).toMatchObject({ subject: 'imported-user' });
    s.provider.user.subject = 'imported-user';
    await s.walk(session);
    expect(await s.show(session.sessionId)).toMatchObject({ status: 'succeeded' });
  });
});
