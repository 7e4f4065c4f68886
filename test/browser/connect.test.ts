/** First connects, as people make them: at a desk, on a phone, with the keyboard, in the dark, with scripts off. */

import { describe, expect, it } from 'vitest';
import { findingsOn } from './accessibility.ts';
import { keepScreenshot } from './browser.ts';
import {
  answerProvider,
  goToProvider,
  headingOf,
  journeyScene,
  openStart,
  walkThrough,
} from './journey-scene.ts';

const LOGO =
  'data:image/svg+xml,%3Csvg%20xmlns=%27http://www.w3.org/2000/svg%27%20width=%2740%27%20height=%2740%27%3E%3Ccircle%20cx=%2720%27%20cy=%2720%27%20r=%2720%27%20fill=%27%23e4572e%27/%3E%3C/svg%3E';
const s = journeyScene({ OPERATOR_NAME: 'Duck Analytics', OPERATOR_LOGO: LOGO });

async function linkBack() {
  const connection = await s.connection({ return_urls: [s.returnUrl] });
  return { connection, session: await s.link(connection, { body: { return_url: s.returnUrl } }) };
}

describe('a first connect', () => {
  it('leads from the link over the provider to the app, which confirms, and an agent has its token', async () => {
    const { connection, session } = await linkBack();
    const { page, complaints, requests, context } = await s.visitor();
    await openStart(page, session);
    await keepScreenshot(page, 'journeys/first-connect/1-start');
    expect(await findingsOn(page)).toEqual([]);
    expect(await page.title()).toContain('Duck Analytics');
    const drawn = (image: Element) => (image as HTMLImageElement).naturalWidth;
    expect(await page.locator('header img').evaluate(drawn)).toBe(40);
    await goToProvider(page);
    await keepScreenshot(page, 'journeys/first-connect/2-provider');
    await answerProvider(page, 'Allow');
    await keepScreenshot(page, 'journeys/first-connect/3-app');
    expect(await headingOf(page)).toBe('Back at the app');
    const [told] = s.returns;
    expect(told?.get('session_id')).toBe(session.sessionId);
    expect(told?.get('status')).toBe('pending_confirmation');
    expect((await s.token(connection, session.identifier)).status).toBe(409);
    expect((await s.confirm(session, told?.get('confirm_code') ?? '')).status).toBe(200);
    expect((await s.token(connection, session.identifier)).status).toBe(200);
    expect(s.redeemed()).toBe(1);
    expect(complaints).toEqual([]);
    const hosts = new Set(requests.map((one) => new URL(one.split(' ')[1] ?? '').origin));
    expect([...hosts].toSorted()).toEqual(
      [s.broker.url, s.provider.issuer, new URL(s.returnUrl).origin].toSorted(),
    );
    // What binds the flow is out of reach of scripts, and of requests that others make.
    const cookies = (await context.cookies(s.broker.url)).filter(({ name }) => name.startsWith('valetkey_'));
    expect(cookies.length).toBeGreaterThan(0);
    for (const cookie of cookies) expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Lax' });
  });

  it('tells neither the provider nor the app the link, the state or the code by a referrer', async () => {
    const { session } = await linkBack();
    const { page } = await s.visitor();
    const referrers: string[] = [];
    page.on('request', (request) => {
      const { origin } = new URL(request.url());
      const from = request.headers()['referer'] ?? '';
      if (origin !== s.broker.url && from.startsWith(s.broker.url)) referrers.push(from);
    });
    await walkThrough(page, session);
    expect(referrers).toEqual([]);
    expect(
      s.app.seen.map(({ headers }) => headers.referer ?? '').filter((from) => from.includes(s.broker.url)),
    ).toEqual([]);
  });

  it('shows session and code to copy where there is no app to go back to', async () => {
    const connection = await s.connection();
    const session = await s.link(connection);
    const { page, complaints } = await s.visitor();
    await walkThrough(page, session);
    await keepScreenshot(page, 'journeys/first-connect/done');
    expect(await headingOf(page)).toBe('One last step');
    expect(await page.getByLabel('Session').inputValue()).toBe(session.sessionId);
    const code = await page.getByLabel('Confirmation code').inputValue();
    expect((await s.confirm(session, code)).status).toBe(200);
    expect((await s.token(connection, session.identifier)).status).toBe(200);
    expect(complaints).toEqual([]);
  });

  it('can be made with the keyboard alone, and each value is selected as a whole by reaching it', async () => {
    const connection = await s.connection();
    const session = await s.link(connection);
    const { page } = await s.visitor();
    await openStart(page, session);
    await page.keyboard.press('Tab');
    await keepScreenshot(page, 'journeys/keyboard/1-start-focused');
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('BUTTON');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Allow' }).waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Space');
    await page.getByLabel('Session').waitFor();
    const selected = () => page.evaluate(() => getSelection()?.toString() ?? '');
    await page.keyboard.press('Tab');
    expect(await selected()).toBe(session.sessionId);
    await keepScreenshot(page, 'journeys/keyboard/2-done-focused');
    await page.keyboard.press('Tab');
    expect((await s.confirm(session, await selected())).status).toBe(200);
  });

  it.each([
    { what: 'phone', options: { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true } },
    { what: 'dark', options: { colorScheme: 'dark' as const } },
    { what: 'phone-de', options: { viewport: { width: 360, height: 740 }, locale: 'de-AT' } },
    { what: 'without-scripts', options: { javaScriptEnabled: false } },
  ])('works on a $what screen', async ({ what, options }) => {
    const connection = await s.connection();
    const session = await s.link(connection);
    const { page, complaints } = await s.visitor(options);
    await openStart(page, session);
    await keepScreenshot(page, `journeys/${what}/1-start`);
    expect(await page.getAttribute('html', 'lang')).toBe(what === 'phone-de' ? 'de' : 'en');
    if (what !== 'without-scripts') expect(await findingsOn(page)).toEqual([]);
    await goToProvider(page);
    await answerProvider(page, 'Allow');
    await keepScreenshot(page, `journeys/${what}/2-done`);
    if (what !== 'without-scripts') expect(await findingsOn(page)).toEqual([]);
    const code = await page.locator('#code').inputValue();
    expect((await s.confirm(session, code)).status).toBe(200);
    expect(complaints).toEqual([]);
  });

  it('works where the provider is another site: the cookie comes with the redirect back', async () => {
    const other = s.provider.issuer.replace('127.0.0.1', 'localhost');
    const connection = await s.connection({}, { authorization_url: `${other}/auth` });
    const session = await s.link(connection);
    const { page, complaints } = await s.visitor();
    await openStart(page, session);
    await goToProvider(page);
    expect(new URL(page.url()).hostname).toBe('localhost');
    await answerProvider(page, 'Allow');
    expect(await headingOf(page)).toBe('One last step');
    expect(complaints).toEqual([]);
  });
});

describe('a denial', () => {
  it('says so in plain words, changes nothing, and the next link works', async () => {
    const connection = await s.connection();
    const session = await s.link(connection);
    const { page, complaints } = await s.visitor();
    await walkThrough(page, session, 'Deny');
    await keepScreenshot(page, 'journeys/denial');
    expect(await headingOf(page)).toBe('Access was not granted');
    expect(await findingsOn(page)).toEqual([]);
    expect(await s.show(session.sessionId)).toMatchObject({ status: 'denied' });
    expect(s.redeemed()).toBe(0);
    expect(await s.account(session.accountId)).toMatchObject({ status: 'pending' });
    const next = await s.link(connection, { accountId: session.accountId, identifier: session.identifier });
    await walkThrough(page, next);
    expect(await headingOf(page)).toBe('One last step');
    expect(complaints).toEqual([]);
  });

  it('goes back to the app, which is told, without a code', async () => {
    const { session } = await linkBack();
    const { page } = await s.visitor();
    await walkThrough(page, session, 'Deny');
    expect(await headingOf(page)).toBe('Back at the app');
    const [told] = s.returns;
    expect(told?.get('status')).toBe('denied');
    expect(told?.has('confirm_code')).toBe(false);
  });
});
