/** A provider that posts its answer (`response_mode=form_post`): nothing counts until our own cookie is there again. */

import { describe, expect, it } from 'vitest';
import { browser } from '../support/browser.ts';
import { call, type Reply } from '../support/callers.ts';
import { connectScene } from './connect-scene.ts';

const s = connectScene();
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
/** As a browser sends a form of another site: `SameSite=Lax` keeps our cookie back. */
const FOREIGN = { ...FORM, origin: 'https://appleid.apple.com', 'sec-fetch-site': 'cross-site' };

const post = (address: string, form: URLSearchParams | string, headers: Record<string, string> = FOREIGN) =>
  call('POST', address, { raw: String(form), headers: { accept: 'text/html', ...headers } });

/** Where the page that came leads by itself; null: nowhere. */
function leadsTo(page: Reply): string | null {
  const address = /<meta http-equiv="refresh" content="0; url=([^"]*)"/.exec(page.text)?.[1];
  return address === undefined ? null : address.replaceAll('&amp;', '&');
}

async function atCallback() {
  const session = await s.link(await s.connection());
  const who = browser();
  const answer = new URL(await s.walkToCallback(session, who));
  return { session, who, address: `${answer.origin}${answer.pathname}`, form: answer.searchParams };
}

describe('an answer that is posted', () => {
  it('redeems nothing, and comes back as a request of our own that connects', async () => {
    const { session, who, address, form } = await atCallback();
    form.set('user', '{"name":{"firstName":"Planted"}}');
    form.set('id_token', 'planted.id.token');
    const page = await post(address, form);
    expect([page.status, s.redeemed()]).toEqual([200, 0]);
    expect(page.text).not.toMatch(/planted/i);
    expect(page.headers).toMatchObject({ 'cache-control': 'no-store', 'referrer-policy': 'same-origin' });
    const next = new URL(leadsTo(page) ?? '', address);
    expect(`${next.origin}${next.pathname}`).toBe(address);
    form.delete('user');
    form.delete('id_token');
    expect(Object.fromEntries(next.searchParams)).toEqual(Object.fromEntries(form));
    // Its link does the same where a browser does not go on by itself.
    expect(page.text.split(`href="${next.pathname}`)).toHaveLength(2);
    const done = await who.request('GET', next.href);
    expect([done.status, s.redeemed()]).toEqual([200, 1]);
    expect((await s.show(session.sessionId)).status).toBe('pending_confirmation');
  });

  it('counts as little as a link where a stranger posts it, and ends nothing', async () => {
    const { session, who, address, form } = await atCallback();
    const victim = browser();
    const page = await post(address, form);
    const next = new URL(leadsTo(page) ?? '', address).href;
    expect((await victim.request('GET', next)).status).toBe(403);
    expect([s.redeemed(), (await s.account(session.accountId)).status]).toEqual([0, 'pending']);
    expect((await who.request('GET', next)).status).toBe(200);
  });

  it('is not judged by a cookie that comes with it either', async () => {
    const { who, address, form } = await atCallback();
    const cookie = [...who.cookies].map(([key, value]) => `${key.split(' ')[2]}=${value}`).join('; ');
    const page = await post(address, form, { ...FOREIGN, cookie });
    expect([page.status, s.redeemed(), leadsTo(page) === null]).toEqual([200, 0, false]);
    expect(page.headers['set-cookie']).toBeUndefined();
  });

  it('tells of a refusal too', async () => {
    const { session, who, address, form } = await atCallback();
    form.delete('code');
    form.set('error', 'user_cancelled_authorize');
    const page = await post(address, form);
    await who.request('GET', new URL(leadsTo(page) ?? '', address).href);
    expect([s.redeemed(), (await s.show(session.sessionId)).status]).toEqual([0, 'denied']);
  });

  it.each<[string, (form: URLSearchParams) => [URLSearchParams | string, Record<string, string>]]>([
    ['nothing', () => ['', FOREIGN]],
    ['no state', (form) => [(form.delete('state'), form), FOREIGN]],
    ['a state of another make', (form) => [(form.set('state', 'made-up'), form), FOREIGN]],
    ['two codes', (form) => [(form.append('code', 'another'), form), FOREIGN]],
    [
      'JSON',
      (form) => [
        JSON.stringify(Object.fromEntries(form)),
        { ...FOREIGN, 'content-type': 'application/json' },
      ],
    ],
    ['a form in plain text', (form) => [form, { ...FOREIGN, 'content-type': 'text/plain' }]],
  ])('with %s leads nowhere', async (_, change) => {
    const { address, form } = await atCallback();
    const page = await post(address, ...change(form));
    expect([page.status, leadsTo(page), s.redeemed()]).toEqual([400, null, 0]);
  });

  it('at an address that is none, or too large, leads nowhere', async () => {
    const { address, form } = await atCallback();
    const elsewhere = await post(address.replace(/[^/]+$/, 'Not%20A%20Name'), form);
    expect([elsewhere.status, leadsTo(elsewhere)]).toEqual([400, null]);
    form.set('extra', 'x'.repeat(2_000_000));
    const large = await post(address, form);
    expect([large.status, leadsTo(large)]).toEqual([400, null]);
  });
});
