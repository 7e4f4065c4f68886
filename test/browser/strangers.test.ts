/** What others try with somebody's flow, in a browser that guards its user as browsers do. */

import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { startServer } from '../support/hostile-server.ts';
import { findingsOn } from './accessibility.ts';
import { keepScreenshot } from './browser.ts';
import { goToProvider, headingOf, journeyScene, openStart, walkThrough } from './journey-scene.ts';

const s = journeyScene();

async function fresh() {
  const connection = await s.connection();
  return { connection, session: await s.link(connection) };
}

/** Presses Allow, and gives the address of the callback instead of going there: redirects are seen by the protocol alone. */
async function callbackOf(page: Page): Promise<string> {
  const session = await page.context().newCDPSession(page);
  const seen = new Promise<string>((resolve) => {
    session.on('Fetch.requestPaused', ({ requestId, request }) => {
      resolve(request.url);
      void session.send('Fetch.failRequest', { requestId, errorReason: 'Aborted' });
    });
  });
  await session.send('Fetch.enable', { patterns: [{ urlPattern: '*/oauth/callback/*' }] });
  await page.getByRole('button', { name: 'Allow' }).click({ noWaitAfter: true });
  const url = await seen;
  await session.send('Fetch.disable');
  await session.detach();
  return url;
}

describe('a flow that began in one browser', () => {
  it('cannot be finished in another, which learns nothing of it; the first still can', async () => {
    const { session } = await fresh();
    const victim = await s.visitor();
    await openStart(victim.page, session);
    await goToProvider(victim.page);
    const callback = await callbackOf(victim.page);
    const other = await s.visitor();
    await other.page.goto(callback);
    await keepScreenshot(other.page, 'journeys/wrong-browser');
    expect(await headingOf(other.page)).toBe('Please continue in the browser where you started');
    expect(await findingsOn(other.page)).toEqual([]);
    expect(await other.page.content()).not.toContain(session.connection);
    expect(s.redeemed()).toBe(0);
    await victim.page.goto(callback);
    expect(await headingOf(victim.page)).toBe('One last step');
    expect(s.redeemed()).toBe(1);
  });

  it('has used its link up for every other browser', async () => {
    const { session } = await fresh();
    const first = await s.visitor();
    await openStart(first.page, session);
    await goToProvider(first.page);
    const second = await s.visitor();
    await second.page.goto(session.url);
    await keepScreenshot(second.page, 'journeys/used-link');
    expect(await headingOf(second.page)).toBe('This link has already been used');
  });
});

describe('a page of somebody else', () => {
  it('cannot frame the page, nor press its button, nor post in its name', async () => {
    const { session } = await fresh();
    const evil = await startServer(({ url }, response) => {
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
      const form = `<form method="post" action="${session.url}"><button>Win a prize</button></form>`;
      const frame = `<iframe src="${session.url}" width="600" height="600"></iframe>`;
      response.end(
        `<!doctype html><title>Prizes</title><link rel="icon" href="data:,">${url === '/frame' ? frame : form}`,
      );
    });
    const home = evil.url.replace('127.0.0.1', 'localhost');
    const { page } = await s.visitor();
    await page.goto(session.url);
    await page.goto(`${home}/frame`);
    await page.waitForLoadState('networkidle');
    const texts = await Promise.all(page.frames().map(async (frame) => frame.locator('body').innerText()));
    expect(texts.join()).not.toContain('Continue');
    await page.goto(`${home}/form`);
    await page.getByRole('button', { name: 'Win a prize' }).click();
    await page.getByRole('heading', { level: 1 }).waitFor();
    await keepScreenshot(page, 'journeys/foreign-post');
    expect(await headingOf(page)).toBe('Please use the button on our page');
    expect(await findingsOn(page)).toEqual([]);
    expect(await s.show(session.sessionId)).toMatchObject({ status: 'created' });
    await page.getByRole('link', { name: 'Open the page' }).click();
    await page.getByRole('main').getByRole('button').waitFor();
    await goToProvider(page);
    await evil.close();
  });
});

describe('words of the provider', () => {
  it('are shown as text, whoever signed in, and run nothing', async () => {
    const script = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
    s.provider.user.subject = script;
    const session = await s.link(await s.connection({ scopes: ['openid', 'email', 'profile'] }));
    const { page, complaints } = await s.visitor();
    await walkThrough(page, session);
    await keepScreenshot(page, 'journeys/script-in-subject');
    expect(await page.title()).toContain('One last step');
    expect(await page.getByRole('main').innerText()).toContain('<script>document.title=2</script>');
    expect(await page.locator('main img, main script').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('cannot be said by an address: an error text in a callback is not repeated', async () => {
    const { session } = await fresh();
    const { page } = await s.visitor();
    await openStart(page, session);
    await goToProvider(page);
    const callback = new URL(await callbackOf(page));
    const state = callback.searchParams.get('state') ?? '';
    const iss = callback.searchParams.get('iss');
    callback.search = new URLSearchParams({
      state,
      ...(iss === null ? {} : { iss }),
      error: 'server_error',
      error_description: '<script>alert(1)</script> Call 555-0100 to repair your account',
    }).toString();
    await page.goto(callback.href);
    await keepScreenshot(page, 'journeys/provider-error');
    expect(await headingOf(page)).toContain('returned an error');
    expect(await page.content()).not.toContain('555-0100');
    expect(await findingsOn(page)).toEqual([]);
  });
});
