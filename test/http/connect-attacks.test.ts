/** What strangers try. Each is refused with nothing usable in anybody's hand and, where it says so, no token call made. */

import { afterEach, describe, expect, it } from 'vitest';
import { browser, type Browser } from '../support/browser.ts';
import { client } from '../support/callers.ts';
import { connectScene, RETURN_URL, type Session } from './connect-scene.ts';

const s = connectScene();
const OWN = { 'sec-fetch-site': 'same-origin' };

/** Nothing came of it: no code was redeemed and the account has nothing. */
async function nothingHappened(session: Session): Promise<void> {
  expect(s.redeemed()).toBe(0);
  expect(await s.account(session.accountId)).toMatchObject({ status: 'pending', subject: null, scopes: [] });
  expect((await s.token(session.connection, session.identifier)).body.code).toBe('account_pending');
}

/** Changes parameters of an address; null takes one away. */
function changed(address: string, params: Record<string, string | null>): string {
  const url = new URL(address);
  for (const [name, value] of Object.entries(params)) {
    if (value === null) url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  }
  return url.href;
}

async function atCallback(
  fields: Record<string, unknown> = {},
): Promise<{ session: Session; who: Browser; callback: string }> {
  const connection = await s.connection(fields);
  const session = await s.link(connection);
  const who = browser();
  return { session, who, callback: await s.walkToCallback(session, who) };
}

describe('another browser', () => {
  it('cannot use a link that was begun elsewhere', async () => {
    const connection = await s.connection();
    const session = await s.link(connection);
    const who = browser();
    await who.open(session.url);
    await who.request('POST', session.url, OWN);
    const stranger = browser();
    expect((await stranger.request('GET', session.url)).status).toBe(410);
    const posted = await stranger.request('POST', session.url, OWN);
    expect(posted.status).toBe(410);
    expect(posted.headers['location']).toBeUndefined();
    await nothingHappened(session);
  });

  it('cannot finish a flow that was begun elsewhere, and does not end it either', async () => {
    const { session, who, callback } = await atCallback();
    const stranger = browser();
    const page = await stranger.request('GET', callback);
    expect(page.status).toBe(403);
    expect(page.text).not.toContain(session.connection);
    await nothingHappened(session);
    // A cookie of another flow of its own is no better.
    const other = await s.link(session.connection);
    await s.walkToCallback(other, stranger);
    expect((await stranger.request('GET', callback)).status).toBe(403);
    await nothingHappened(session);
    expect((await who.request('GET', callback)).status).toBe(200);
  });

  it('gets nowhere with the raw authorization URL', async () => {
    const connection = await s.connection();
    const session = await s.link(connection);
    const attacker = browser();
    await attacker.open(session.url);
    const posted = await attacker.request('POST', session.url, OWN);
    const victim = browser();
    const end = await victim.open(posted.headers['location'] ?? '');
    expect(end.status).toBe(403);
    await nothingHappened(session);
  });

  it('cannot post the form from another site, or without saying from where', async () => {
    const connection = await s.connection();
    const session = await s.link(connection);
    const who = browser();
    await who.open(session.url);
    const foreign: Record<string, string>[] = [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'none' },
      { 'sec-fetch-site': 'cross-site', origin: s.broker.url },
      { origin: 'https://evil.example' },
      { origin: 'null' },
      {},
    ];
    for (const headers of foreign) expect((await who.request('POST', session.url, headers)).status).toBe(403);
    expect(await s.show(session.sessionId)).toMatchObject({ status: 'created' });
    expect((await who.request('POST', session.url, { origin: s.broker.url })).status).toBe(303);
  });
});

describe('a tampered callback', () => {
  it('of another connection ends the flow', async () => {
    const { session, who, callback } = await atCallback();
    const other = await s.connection();
    const page = await who.request('GET', callback.replace(session.connection, other));
    expect(page.status).toBe(400);
    await nothingHappened(session);
    expect(await s.show(session.sessionId)).toMatchObject({ status: 'failed' });
    expect((await who.request('GET', callback)).status).toBe(409);
    await nothingHappened(session);
  });

  it('with a wrong or missing issuer ends the flow', async () => {
    for (const iss of ['https://evil.example', `${s.provider.issuer}/`, '', null]) {
      const { session, who, callback } = await atCallback();
      expect((await who.request('GET', changed(callback, { iss }))).status).toBe(400);
      expect((await who.request('GET', callback)).status).toBe(409);
      await nothingHappened(session);
    }
  });

  it('with a state that was changed, taken away or given twice is no answer to us', async () => {
    const { session, who, callback } = await atCallback();
    const state = new URL(callback).searchParams.get('state') ?? '';
    const swapped = state.slice(0, -1) + (state.endsWith('A') ? 'B' : 'A');
    const bad: [address: string, status: number][] = [
      [changed(callback, { state: swapped }), 403],
      [changed(callback, { state: null }), 400],
      [changed(callback, { state: '' }), 400],
      [changed(callback, { state: 'x'.repeat(129) }), 400],
      [`${callback}&state=${state}`, 400],
      [`${callback}&code=another`, 400],
      [`${callback}&iss=${encodeURIComponent(s.provider.issuer)}`, 400],
      [changed(callback, { code: null }), 400],
      [changed(callback, { code: 'x'.repeat(5000) }), 400],
      [`${callback}&padding=${'x'.repeat(13_000)}`, 400],
      [`${callback}&padding=${'x'.repeat(20_000)}`, 400],
    ];
    for (const [address, status] of bad) {
      const page = await who.request('GET', address);
      expect(page.status, address.slice(0, 200)).toBe(status);
      expect(page.headers['content-type']).toContain('text/html');
    }
    const flood = await who.request('GET', `${callback}&padding=${'x'.repeat(100_000)}`);
    expect([400, 414]).toContain(flood.status);
    await nothingHappened(session);
    expect((await who.request('GET', callback)).status).toBe(200);
  });

  it('that comes fifty times at once makes one token call, and one browser gets the code', async () => {
    const { session, who, callback } = await atCallback();
    const answers = await Promise.all(Array.from({ length: 50 }, () => who.request('GET', callback)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(49);
    expect(s.redeemed()).toBe(1);
    expect(await s.show(session.sessionId)).toMatchObject({ status: 'pending_confirmation' });
  });

  it('with somebody else’s code is refused by PKCE', async () => {
    const mine = await atCallback();
    const theirs = await atCallback();
    const code = new URL(theirs.callback).searchParams.get('code');
    const page = await mine.who.request('GET', changed(mine.callback, { code }));
    expect(page.status).toBe(502);
    expect(await s.show(mine.session.sessionId)).toMatchObject({ status: 'failed', reason: 'code_rejected' });
    expect(await s.account(mine.session.accountId)).toMatchObject({ status: 'pending' });
  });

  it('after the endpoint or the client was changed in mid-flow makes no call', async () => {
    for (const change of [
      { client_id: 'another-client' },
      {
        provider_config: {
          issuer: s.provider.issuer,
          token_url: `${s.provider.issuer}/other`,
          refresh_token: 'rotating',
        },
      },
    ]) {
      const { session, who, callback } = await atCallback();
      const patched = await s.operator.patch(`/v1/connections/${session.connection}`, change);
      expect(patched.status, patched.text).toBe(200);
      expect((await who.request('GET', callback)).status).toBe(503);
      expect(await s.show(session.sessionId)).toMatchObject({
        status: 'failed',
        reason: 'connection_changed',
      });
      await nothingHappened(session);
    }
  });

  it('carries no script of the provider’s into a page', async () => {
    const script = '<script>alert(1)</script>"><img src=x onerror=alert(1)>';
    const { who, callback } = await atCallback();
    for (const params of [
      { code: null, error: script, error_description: script },
      { state: script },
      { iss: script },
    ]) {
      const page = await who.request('GET', changed(callback, params));
      expect(page.text).not.toContain('<script>alert');
      expect(page.text).not.toContain('onerror=alert(1)>');
      expect(page.headers['content-security-policy']).toContain("default-src 'none'");
    }
  });
});

describe('a confirmation', () => {
  async function waiting(): Promise<{ session: Session; code: string }> {
    const session = await s.link(await s.connection());
    return { session, code: s.finished(await s.walk(session)).confirmCode };
  }
  const body = (session: Session, code: string) => ({ identifier: session.identifier, confirm_code: code });
  const path = (session: Session, what: string) => `/v1/connect-sessions/${session.sessionId}/${what}`;

  it('with a wrong identifier or code erases the candidate', async () => {
    for (const wrong of [
      (session: Session, code: string) => ({ ...body(session, code), identifier: 'somebody' }),
      (session: Session, code: string) => body(session, code.slice(1) + code.slice(0, 1)),
    ]) {
      const { session, code } = await waiting();
      const refused = await s.operator.post(path(session, 'confirm'), wrong(session, code));
      expect(refused.status).toBe(422);
      expect(refused.body.code).toBe('confirmation_failed');
      expect((await s.operator.post(path(session, 'confirm'), body(session, code))).body.code).toBe(
        'session_used',
      );
      expect(await s.account(session.accountId)).toMatchObject({ status: 'pending', scopes: [] });
      expect(await s.show(session.sessionId)).toMatchObject({
        status: 'rejected',
        reason: 'confirmation_failed',
      });
    }
  });

  it('counts once, and a refusal is final', async () => {
    const { session, code } = await waiting();
    const twice = await Promise.all([
      s.operator.post(path(session, 'confirm'), body(session, code)),
      s.operator.post(path(session, 'confirm'), body(session, code)),
    ]);
    expect(twice.map(({ status }) => status).toSorted()).toEqual([200, 409]);
    expect((await s.operator.post(path(session, 'reject'))).body.code).toBe('session_used');
    const refused = await waiting();
    const rejected = await s.operator.post(path(refused.session, 'reject'));
    expect(rejected.body).toMatchObject({ status: 'rejected' });
    const late = await s.operator.post(path(refused.session, 'confirm'), body(refused.session, refused.code));
    expect(late.body.code).toBe('session_used');
    expect(await s.account(refused.session.accountId)).toMatchObject({ status: 'pending' });
  });

  it('takes the key of the account’s own organization, and of no other, and no agent’s', async () => {
    const connection = await s.connection();
    const session = await s.link(connection, { organization: 'acme' });
    const { confirmCode } = s.finished(await s.walk(session));
    const key = async (fields: Record<string, unknown>) =>
      client(s.broker.url, String((await s.operator.post('/v1/admin-keys', fields)).body.key));
    const other = await key({ role: 'admin', organization: 'other' });
    const auditor = await key({ role: 'auditor', organization: 'acme' });
    const agent = await s.w.agent({ rules: [{ connection, identifiers: ['*'] }] }, { organization: 'acme' });
    for (const [who, status] of [
      [other, 404],
      [auditor, 403],
      [agent.client, 403],
      [client(s.broker.url, null), 401],
    ] as const) {
      expect((await who.post(path(session, 'confirm'), body(session, confirmCode))).status).toBe(status);
      expect((await who.post(path(session, 'reject'))).status).toBe(status);
    }
    expect((await other.get(`/v1/connect-sessions/${session.sessionId}`)).status).toBe(404);
    const own = await key({ role: 'connect', organization: 'acme' });
    expect((await own.post(path(session, 'confirm'), body(session, confirmCode))).status).toBe(200);
  });

  it('of the earlier of two sessions that were finished in reverse order changes nothing', async () => {
    const connection = await s.connection();
    const first = await s.link(connection);
    const second = await s.link(connection, { accountId: first.accountId, identifier: first.identifier });
    const one = s.finished(await s.walk(first));
    const two = s.finished(await s.walk(second));
    expect((await s.confirm(second, two.confirmCode)).status).toBe(200);
    const token = await s.token(connection, first.identifier);
    expect((await s.confirm(first, one.confirmCode)).body.code).toBe('session_used');
    expect(await s.show(first.sessionId)).toMatchObject({ status: 'failed', reason: 'superseded' });
    expect((await s.token(connection, first.identifier)).body.access_token).toBe(token.body.access_token);
  });
});

describe('a link', () => {
  it('goes back to a registered address and to nothing that resembles one', async () => {
    const connection = await s.connection({ return_urls: [RETURN_URL] });
    const made = await s.operator.post('/v1/connected-accounts', { connection, identifier: 'tricks' });
    for (const url of [
      `${RETURN_URL}#`,
      `${RETURN_URL}&x=1`,
      RETURN_URL.replace('?app=1', ''),
      RETURN_URL.replace('127.0.0.1', '127.0.0.1.evil.example'),
      RETURN_URL.replace('http://', 'HTTP://'),
      'javascript:alert(1)',
      '//evil.example',
      '',
    ]) {
      const answer = await s.operator.post(`/v1/connected-accounts/${made.body.id}/connect-link`, {
        return_url: url,
      });
      expect(answer.status, url).toBe(400);
      expect(answer.body.errors[0].path).toBe('return_url');
    }
  });

  it('asks for nothing that the deployment does not allow', async () => {
    const connection = await s.connection();
    const made = await s.operator.post('/v1/connected-accounts', { connection, identifier: 'limits' });
    const make = (fields: unknown) =>
      s.operator.post(`/v1/connected-accounts/${made.body.id}/connect-link`, fields);
    for (const fields of [
      { verification: 'none' },
      { verification: 'subject' },
      { expires_in: 59 },
      { expires_in: 86_401 },
      { scopes: [] },
      { scopes: ['two words'] },
      { expected_email: 'nobody' },
      { surprise: true },
    ])
      expect((await make(fields)).status, JSON.stringify(fields)).toBe(400);
    expect((await make({ expires_in: 86_400 })).status).toBe(201);
  });

  it('is the sixth to be open, and ends the oldest that nobody has begun', async () => {
    const connection = await s.connection();
    const first = await s.link(connection);
    const again = { accountId: first.accountId, identifier: first.identifier };
    for (let n = 0; n < 5; n += 1) await s.link(connection, again);
    expect(await s.show(first.sessionId)).toMatchObject({ status: 'expired', reason: 'superseded' });
    expect((await browser().request('GET', first.url)).status).toBe(410);
  });

  it('that nobody made is not found, and costs nothing', async () => {
    for (const token of [
      'lk_x',
      `lk_${'a'.repeat(43)}`,
      'rp.x',
      '..%2f',
      `rp.ca_g${'a'.repeat(26)}.abc.${'a'.repeat(43)}`,
    ])
      expect((await browser().request('GET', `${s.broker.url}/connect/${token}`)).status).toBe(404);
  });
});

afterEach(() => {
  // What the broker printed holds neither codes nor tokens, whatever was tried.
  const secrets = s.provider.calls.flatMap(({ accessToken, newRefreshToken }) => [
    accessToken,
    newRefreshToken,
  ]);
  expect(secrets.filter((secret) => secret && s.broker.output().includes(secret))).toEqual([]);
});
