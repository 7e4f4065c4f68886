/** Who may become an account's owner: the browser's word, a display name and an odd id_token do not decide it. */

import { describe, expect, it } from 'vitest';
import { browser } from '../support/browser.ts';
import { connectScene, RETURN_URL, type Session } from './connect-scene.ts';

const s = connectScene();

/** Comes back from the provider with these parameters added to the callback's query. */
async function comeBack(session: Session, added: Record<string, string>) {
  const who = browser();
  const callback = new URL(await s.walkToCallback(session, who));
  for (const [name, value] of Object.entries(added)) callback.searchParams.set(name, value);
  const page = await who.request('GET', callback.href);
  return { ...page, url: callback.href, trail: [] };
}

async function connected(connection: string, added: Record<string, string> = {}): Promise<Session> {
  const session = await s.link(connection);
  const page = await comeBack(session, added);
  const { confirmCode } = s.finished({ ...page, url: session.url });
  const confirmed = await s.confirm(session, confirmCode);
  expect(confirmed.status, confirmed.text).toBe(200);
  return session;
}

const again = (session: Session, body: Record<string, unknown> = {}) =>
  s.link(session.connection, { accountId: session.accountId, identifier: session.identifier, body });

describe('a subject that a descriptor reads from the callback', () => {
  const config = { subject_source: 'callback.realmId', capture_from_callback: ['realmId'] };

  it('is nobody: a browser that names the account’s owner waits for the operator', async () => {
    const connection = await s.connection({}, config);
    const session = await connected(connection, { realmId: '111' });
    expect(await s.account(session.accountId)).toMatchObject({ status: 'active', subject: null });
    s.provider.user.subject = 'mallory';
    const before = await s.token(connection, session.identifier);
    const second = await again(session);
    await comeBack(second, { realmId: '111' });
    expect(await s.show(second.sessionId)).toMatchObject({ status: 'pending_confirmation', subject: null });
    const after = await s.token(connection, session.identifier);
    expect(after.body.access_token).toBe(before.body.access_token);
  });

  it('does not meet the subject that a link expects, and the connection says why when it is made', async () => {
    const connection = await s.connection({}, config);
    const made = await s.operator.get(`/v1/connections/${connection}`);
    expect(made.body.warnings.join()).toContain('subject_source');
    const session = await s.link(connection, { body: { expected_subject: '111' } });
    const page = await comeBack(session, { realmId: '111' });
    expect(page.status).toBe(403);
    expect(await s.show(session.sessionId)).toMatchObject({ status: 'failed', reason: 'subject_mismatch' });
  });
});

describe('a value of the callback that the account works with', () => {
  const config = {
    capture_from_callback: ['realmId'],
    token_header: 'Authorization: Bearer {access_token}; X-Realm: {realmId}',
  };

  it('is used, and the same user who brings another needs a confirmation for it', async () => {
    const connection = await s.connection({}, config);
    const session = await connected(connection, { realmId: '111' });
    const realm = async () => (await s.token(connection, session.identifier)).body.headers['X-Realm'];
    expect(await realm()).toBe('111');
    const same = await again(session);
    await comeBack(same, { realmId: '111' });
    expect(await s.show(same.sessionId)).toMatchObject({ status: 'succeeded', subject: 'user-1' });
    const other = await again(session);
    const page = await comeBack(other, { realmId: '222' });
    expect(await s.show(other.sessionId)).toMatchObject({
      status: 'pending_confirmation',
      subject: 'user-1',
    });
    expect(await realm()).toBe('111');
    const { confirmCode } = s.finished({ ...page, url: session.url });
    expect((await s.confirm(other, confirmCode)).status).toBe(200);
    expect(await realm()).toBe('222');
  });

  it('is asked about too where a link names the user, and stays where a browser leaves it out', async () => {
    const connection = await s.connection({}, config);
    const session = await connected(connection, { realmId: '111' });
    const named = await again(session, { expected_subject: 'user-1' });
    await comeBack(named, { realmId: '222' });
    expect(await s.show(named.sessionId)).toMatchObject({ status: 'pending_confirmation' });
    const without = await again(session);
    await comeBack(without, {});
    expect(await s.show(without.sessionId)).toMatchObject({ status: 'succeeded' });
    const token = await s.token(connection, session.identifier);
    expect(token.body.headers['X-Realm']).toBe('111');
  });
});

it('a display name that looks like the expected address is no address', async () => {
  // The server's own names: its subject comes back as `sub`, here read as the label and vouched for by the operator.
  s.provider.user.subject = 'ceo@victim.example';
  const connection = await s.connection(
    {},
    { subject_label_source: 'userinfo.sub | id_token.sub', email_is_verified: true },
  );
  const session = await s.link(connection, { body: { expected_email: 'ceo@victim.example' } });
  const page = await s.walk(session);
  expect(page.status, page.text).toBe(403);
  expect(await s.show(session.sessionId)).toMatchObject({ status: 'failed', reason: 'subject_mismatch' });
  expect(await s.account(session.accountId)).toMatchObject({ status: 'pending', subject: null });
});

describe('an id_token that cannot be read', () => {
  const opaque = () =>
    s.provider.faults.next({ transform: (json) => ({ ...json, id_token: 'opaque-0123456789' }) });

  it('stops no connect where userinfo says who signed in, and the session says that it was ignored', async () => {
    const connection = await s.connection({}, { subject_source: 'userinfo.sub' });
    const session = await s.link(connection, { body: { expected_subject: 'user-1' } });
    opaque();
    const page = await s.walk(session);
    expect(page.status, page.text).toBe(200);
    const shown = await s.show(session.sessionId);
    expect(shown).toMatchObject({ status: 'succeeded', subject: 'user-1' });
    expect(shown.warnings).toEqual([expect.stringMatching(/^id_token: ignored/)]);
  });

  it('stops one where it alone would say so', async () => {
    const connection = await s.connection({}, { subject_source: 'id_token.sub' });
    const session = await s.link(connection);
    opaque();
    expect((await s.walk(session)).status).toBe(502);
    expect(await s.show(session.sessionId)).toMatchObject({ status: 'failed', reason: 'id_token_invalid' });
  });
});

describe('a second consent whose answer brings no refresh token', () => {
  const without = () =>
    s.provider.faults.next({
      transform: ({ refresh_token: _token, ...json }) => json,
    });

  it('of the same user for the same scopes leaves the working one: new token now, renewed by the old afterwards', async () => {
    const connection = await s.connection();
    const session = await connected(connection);
    const first = s.provider.calls.at(-1);
    const second = await again(session);
    without();
    await s.walk(second);
    const shown = await s.show(second.sessionId);
    expect(shown).toMatchObject({ status: 'succeeded' });
    expect(shown.warnings).toEqual([expect.stringMatching(/^refresh_token: none came along/)]);
    const token = await s.token(connection, session.identifier);
    expect(token.body.access_token).toBe(s.provider.calls.at(-1)?.accessToken);
    expect(token.body.access_token).not.toBe(first?.accessToken);
    await s.operator.post(`/v1/connected-accounts/${session.accountId}/expire`);
    const renewed = await s.token(connection, session.identifier);
    expect(renewed.status, renewed.text).toBe(200);
    expect(s.provider.calls.at(-1)).toMatchObject({
      grantType: 'refresh_token',
      refreshToken: first?.newRefreshToken,
    });
    const chain = await s.operator.get(`/v1/connected-accounts/${session.accountId}/audit/verify`);
    expect(chain.body).toMatchObject({ intact: true });
  });

  it('for more scopes stands beside it, and the account goes on when the new one has ended', async () => {
    const connection = await s.connection({ scopes: ['openid', 'contacts.read'] });
    const session = await connected(connection);
    const wider = await again(session, { scopes: ['openid', 'contacts.read', 'contacts.write'] });
    without();
    await s.walk(wider);
    expect(await s.show(wider.sessionId)).toMatchObject({ status: 'succeeded' });
    const path = `/v1/connected-accounts/${session.accountId}`;
    expect((await s.account(session.accountId)).scopes).toContain('contacts.write');
    await s.operator.post(`${path}/expire`);
    const renewed = await s.token(connection, session.identifier);
    expect(renewed.status, renewed.text).toBe(200);
    expect(renewed.body.scope).toBe('openid contacts.read');
    expect(await s.account(session.accountId)).toMatchObject({ status: 'active' });
  });

  it('of another user takes nothing of the one before', async () => {
    const connection = await s.connection();
    const session = await connected(connection);
    s.provider.user.subject = 'somebody-else';
    const other = await again(session, { allow_subject_change: true });
    without();
    const { confirmCode } = s.finished(await s.walk(other));
    expect((await s.confirm(other, confirmCode)).status).toBe(200);
    await s.operator.post(`/v1/connected-accounts/${session.accountId}/expire`);
    const refused = await s.token(connection, session.identifier);
    expect(refused.body).toMatchObject({ code: 'reauth_required', reason: 'no_refresh_token' });
  });
});

describe('a link that is used or over', () => {
  it('leads whoever holds it back to an address that the connection allows, and nobody else', async () => {
    const connection = await s.connection({ return_urls: [RETURN_URL] });
    const session = await s.link(connection, { body: { return_url: RETURN_URL } });
    const shown = RETURN_URL.replaceAll('&', '&amp;');
    const who = browser();
    await s.walkToCallback(session, who);
    const used = await browser().request('GET', session.url);
    expect([used.status, used.text.includes(`href="${shown}"`)]).toEqual([410, true]);
    expect(used.text).not.toContain('confirm_code');
    const nobody = await browser().request('GET', `${s.broker.url}/connect/lk_${'a'.repeat(43)}`);
    expect([nobody.status, nobody.text.includes('127.0.0.1:9')]).toEqual([404, false]);
    // An address that the connection allows no more is no way back.
    expect((await s.operator.patch(`/v1/connections/${connection}`, { return_urls: [] })).status).toBe(200);
    const other = await s.link(connection, { accountId: session.accountId, identifier: session.identifier });
    s.provider.user.answer = 'deny';
    const denied = await s.walk(other);
    expect([denied.status, denied.text.includes('127.0.0.1:9')]).toEqual([200, false]);
  });
});
