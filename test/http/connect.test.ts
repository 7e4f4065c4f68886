/** Connects from the link to a token in an agent's hand, as users and their browsers really do them. */

import { describe, expect, it } from 'vitest';
import { browser } from '../support/browser.ts';
import { connectScene, RETURN_URL } from './connect-scene.ts';

const s = connectScene({ settings: { ALLOW_UNVERIFIED_LINKS: 'true' } });

describe('a first connect', () => {
  it('gives the agent a token once the operator has confirmed who finished', async () => {
    const connection = await s.connection();
    const session = await s.link(connection);
    expect(await s.show(session.sessionId)).toMatchObject({ status: 'created', subject: null });
    const who = browser();
    const page = await who.open(session.url);
    expect(page.status, page.text).toBe(200);
    expect(page.text).toContain('contacts.read');
    const done = await who.submit(page);
    expect(done.status, done.text).toBe(200);
    const { sessionId, confirmCode } = s.finished(done);
    expect(sessionId).toBe(session.sessionId);
    const waiting = {
      status: 'pending_confirmation',
      subject: 'user-1',
      scopes: ['openid', 'contacts.read'],
    };
    expect(await s.show(sessionId)).toMatchObject(waiting);
    expect(await s.account(session.accountId)).toMatchObject({
      status: 'pending_confirmation',
      subject: null,
    });
    expect((await s.token(connection, session.identifier)).body).toMatchObject({ code: 'account_pending' });
    const confirmed = await s.confirm(session, confirmCode);
    expect(confirmed.status, confirmed.text).toBe(200);
    expect(confirmed.body).toMatchObject({ id: sessionId, status: 'succeeded', subject: 'user-1' });
    expect(await s.account(session.accountId)).toMatchObject({
      status: 'active',
      subject: 'user-1',
      scopes: ['openid', 'contacts.read'],
    });
    const token = await s.token(connection, session.identifier);
    expect(token.status, token.text).toBe(200);
    expect(token.body.access_token).toBe(s.provider.calls.at(-1)?.accessToken);
    expect(s.redeemed()).toBe(1);
    const chain = await s.operator.get(`/v1/connected-accounts/${session.accountId}/audit/verify`);
    expect(chain.body).toMatchObject({ intact: true });
  });

  it('is refreshed afterwards like any other account', async () => {
    const connection = await s.connection();
    const session = await s.link(connection);
    const { confirmCode } = s.finished(await s.walk(session));
    await s.confirm(session, confirmCode);
    const first = await s.token(connection, session.identifier);
    await s.operator.post(`/v1/connected-accounts/${session.accountId}/expire`);
    const second = await s.token(connection, session.identifier);
    expect(second.status, second.text).toBe(200);
    expect(second.body.access_token).not.toBe(first.body.access_token);
  });

  it('goes back to the return URL with session, code and status', async () => {
    const connection = await s.connection({ return_urls: [RETURN_URL] });
    const session = await s.link(connection, { body: { return_url: RETURN_URL } });
    const who = browser();
    const callback = await s.walkToCallback(session, who);
    const back = await who.request('GET', callback);
    expect(back.status).toBe(303);
    const target = new URL(back.headers['location'] ?? '');
    expect(target.href.startsWith(`${RETURN_URL}&session_id=`)).toBe(true);
    expect(Object.fromEntries(target.searchParams)).toMatchObject({
      app: '1',
      session_id: session.sessionId,
      status: 'pending_confirmation',
    });
    const confirmed = await s.confirm(session, target.searchParams.get('confirm_code') ?? '');
    expect(confirmed.status, confirmed.text).toBe(200);
  });

  it('sends state, PKCE, nonce and the name that is expected', async () => {
    const connection = await s.connection();
    const email = 'user-7@example.com';
    const session = await s.link(connection, {
      body: { expected_email: email, scopes: ['openid', 'email'] },
    });
    const who = browser();
    await who.open(session.url);
    const posted = await who.request('POST', session.url, { 'sec-fetch-site': 'same-origin' });
    const query = new URL(posted.headers['location'] ?? '').searchParams;
    expect(Object.fromEntries(query)).toMatchObject({
      response_type: 'code',
      code_challenge_method: 'S256',
      login_hint: email,
      scope: 'openid email',
    });
    for (const name of ['state', 'nonce', 'code_challenge'])
      expect(query.get(name)?.length).toBeGreaterThanOrEqual(43);
  });
});

describe('verification', () => {
  it('takes the subject that the link named, without a confirmation', async () => {
    const connection = await s.connection({ return_urls: [RETURN_URL] });
    s.provider.user.subject = 'ada';
    const session = await s.link(connection, { body: { expected_subject: 'ada' } });
    const done = await s.walk(session);
    expect(done.status, done.text).toBe(200);
    expect(await s.show(session.sessionId)).toMatchObject({ status: 'succeeded', subject: 'ada' });
    expect(await s.account(session.accountId)).toMatchObject({ status: 'active', subject: 'ada' });
  });

  it('refuses another subject than the link named, and stores nothing', async () => {
    const connection = await s.connection();
    s.provider.user.subject = 'mallory';
    const session = await s.link(connection, { body: { expected_subject: 'ada' } });
    const page = await s.walk(session);
    expect(page.status, page.text).toBe(403);
    expect(await s.show(session.sessionId)).toMatchObject({ status: 'failed', reason: 'subject_mismatch' });
    expect(await s.account(session.accountId)).toMatchObject({ status: 'pending', subject: null });
  });

  it('takes a verified address, and no other address', async () => {
    const connection = await s.connection({ scopes: ['openid', 'email'] });
    s.provider.user.subject = 'grace';
    const right = await s.link(connection, { body: { expected_email: 'grace@EXAMPLE.com' } });
    await s.walk(right);
    expect(await s.show(right.sessionId)).toMatchObject({ status: 'succeeded' });
    const wrong = await s.link(connection, { body: { expected_email: 'ada@example.com' } });
    await s.walk(wrong);
    expect(await s.show(wrong.sessionId)).toMatchObject({ status: 'failed', reason: 'subject_mismatch' });
  });

  it('asks nobody where link and deployment allow it', async () => {
    const connection = await s.connection();
    const session = await s.link(connection, { body: { verification: 'none' } });
    await s.walk(session);
    expect(await s.show(session.sessionId)).toMatchObject({ status: 'succeeded' });
  });
});

describe('what browsers and people do', () => {
  it('shows the page to previews and scanners as often as they like', async () => {
    const connection = await s.connection();
    const session = await s.link(connection);
    for (const method of ['GET', 'HEAD', 'GET']) {
      const shown = await browser().request(method, session.url, { 'user-agent': 'preview bot' });
      expect(shown.status).toBe(200);
    }
    expect(await s.show(session.sessionId)).toMatchObject({ status: 'created' });
    expect((await s.walk(session)).status).toBe(200);
  });

  it('leads a double click to the same place, and both ways back to one token call', async () => {
    const connection = await s.connection();
    const session = await s.link(connection);
    const who = browser();
    await who.open(session.url);
    const own = { 'sec-fetch-site': 'same-origin' };
    const clicks = await Promise.all([
      who.request('POST', session.url, own),
      who.request('POST', session.url, own),
    ]);
    expect(clicks.map(({ status }) => status)).toEqual([303, 303]);
    expect(clicks[0]?.headers['location']).toBe(clicks[1]?.headers['location']);
    const callback = (await who.follow(clicks[1]!, session.url, `${s.broker.url}/oauth/callback/`)).url;
    expect((await who.request('GET', callback)).status).toBe(200);
    expect(s.redeemed()).toBe(1);
  });

  it('says that it is finished where a second tab or the back button comes again', async () => {
    const connection = await s.connection();
    const session = await s.link(connection);
    const who = browser();
    const first = await s.walkToCallback(session, who);
    const second = await s.walkToCallback(session, who);
    const done = await who.request('GET', first);
    expect(done.status).toBe(200);
    for (const again of [first, second]) {
      const page = await who.request('GET', again);
      expect(page.status).toBe(409);
      expect(page.text).not.toContain(s.finished({ ...done, url: first, trail: [] }).confirmCode);
    }
    expect((await who.request('GET', session.url)).status).toBe(410);
    expect(s.redeemed()).toBe(1);
  });

  it('tells the user, the return URL and the operator of a denial', async () => {
    const connection = await s.connection({ return_urls: [RETURN_URL] });
    s.provider.user.answer = 'deny';
    const plain = await s.link(connection);
    expect((await s.walk(plain)).status).toBe(200);
    expect(await s.show(plain.sessionId)).toMatchObject({ status: 'denied' });
    const returning = await s.link(connection, { body: { return_url: RETURN_URL } });
    const who = browser();
    const back = await who.request('GET', await s.walkToCallback(returning, who));
    const query = new URL(back.headers['location'] ?? '').searchParams;
    expect(query.get('status')).toBe('denied');
    expect(query.has('confirm_code')).toBe(false);
    expect(s.redeemed()).toBe(0);
  });

  it('leads a browser that came under another name to the one where its cookie will be', async () => {
    const connection = await s.connection();
    const session = await s.link(connection);
    const other = session.url.replace('127.0.0.1', 'localhost');
    const shown = await browser().request('GET', other);
    expect(shown.status).toBe(302);
    expect(shown.headers['location']).toBe(session.url);
  });
});

describe('several grants', () => {
  it('keeps a narrower grant beside the first, and puts a broader one in the place of both', async () => {
    const connection = await s.connection({ scopes: ['openid', 'contacts.read', 'contacts.write'] });
    const first = await s.link(connection);
    await s.confirm(first, s.finished(await s.walk(first)).confirmCode);
    const again = { accountId: first.accountId, identifier: first.identifier };
    const narrow = await s.link(connection, { ...again, body: { scopes: ['openid', 'contacts.read'] } });
    await s.walk(narrow);
    // The same subject as before: nobody needs to confirm it.
    expect(await s.show(narrow.sessionId)).toMatchObject({ status: 'succeeded' });
    const agent = await s.w.agent({
      rules: [{ connection, identifiers: ['*'], scopes: ['openid', 'contacts.read'] }],
    });
    const token = await agent.client.get(`/v1/connected-accounts/${first.accountId}/token`);
    expect(token.status, token.text).toBe(200);
    expect(token.body.scope).toBe('openid contacts.read');
    const upgrade = await s.link(connection, {
      ...again,
      body: { scopes: ['openid', 'contacts.read', 'contacts.write', 'files.read'] },
    });
    await s.walk(upgrade);
    expect((await s.account(first.accountId)).scopes).toEqual([
      'openid',
      'contacts.read',
      'contacts.write',
      'files.read',
    ]);
    const left = await agent.client.get(`/v1/connected-accounts/${first.accountId}/token`);
    expect(left.body.code).toBe('policy_denied');
  });

  it('leaves a working account alone while a flow is unfinished, refused or another’s', async () => {
    const connection = await s.connection();
    const first = await s.link(connection);
    await s.confirm(first, s.finished(await s.walk(first)).confirmCode);
    const before = await s.token(connection, first.identifier);
    s.provider.user.subject = 'somebody-else';
    const other = await s.link(connection, { accountId: first.accountId, identifier: first.identifier });
    expect((await s.walk(other)).status).toBe(403);
    expect(await s.show(other.sessionId)).toMatchObject({ status: 'failed', reason: 'subject_mismatch' });
    const changing = await s.link(connection, {
      accountId: first.accountId,
      identifier: first.identifier,
      body: { allow_subject_change: true },
    });
    const { confirmCode } = s.finished(await s.walk(changing));
    expect((await s.token(connection, first.identifier)).body.access_token).toBe(before.body.access_token);
    expect((await s.confirm(changing, confirmCode)).status).toBe(200);
    expect(await s.account(first.accountId)).toMatchObject({ subject: 'somebody-else' });
    expect((await s.token(connection, first.identifier)).body.access_token).not.toBe(
      before.body.access_token,
    );
  });
});
