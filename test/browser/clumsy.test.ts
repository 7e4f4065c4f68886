/** What people and programs do to a flow without meaning harm: twice, back, in two tabs, out of curiosity. */

import { describe, expect, it } from 'vitest';
import { call } from '../support/callers.ts';
import { keepScreenshot } from './browser.ts';
import {
  answerProvider,
  goToProvider,
  headingOf,
  journeyScene,
  openStart,
  walkThrough,
} from './journey-scene.ts';

const s = journeyScene();

async function fresh() {
  const connection = await s.connection();
  return { connection, session: await s.link(connection) };
}

it('a double click is one click', async () => {
  const { session } = await fresh();
  const { page } = await s.visitor();
  await openStart(page, session);
  await page.getByRole('main').getByRole('button').dblclick();
  await page.getByRole('button', { name: 'Allow' }).waitFor();
  await page.getByRole('button', { name: 'Allow' }).dblclick();
  await page.waitForURL((url) => url.pathname.startsWith('/oauth/callback/'));
  await page.getByRole('heading', { level: 1 }).waitFor();
  await keepScreenshot(page, 'journeys/double-click');
  expect(['One last step', 'Your sign-in is being completed', 'This sign-in is already complete']).toContain(
    await headingOf(page),
  );
  await expect.poll(async () => (await s.show(session.sessionId)).status).toBe('pending_confirmation');
  expect(s.redeemed()).toBe(1);
});

describe('the way back', () => {
  it('leads from the end to pages that say what is the case, and forward again; no code is redeemed twice', async () => {
    const { session } = await fresh();
    const { page } = await s.visitor();
    await walkThrough(page, session);
    await page.reload();
    expect(await headingOf(page)).toBe('This sign-in is already complete');
    await keepScreenshot(page, 'journeys/back/1-reloaded');
    await page.goto(session.url);
    expect(await headingOf(page)).toBe('This link has already been used');
    await keepScreenshot(page, 'journeys/back/2-link-again');
    await page.goBack();
    expect(await headingOf(page)).toBe('This sign-in is already complete');
    expect(s.redeemed()).toBe(1);
    expect(await s.show(session.sessionId)).toMatchObject({ status: 'pending_confirmation' });
  });

  it('leads from the provider to the page again, whose button leads to the same sign-in', async () => {
    const { session } = await fresh();
    const { page } = await s.visitor();
    await openStart(page, session);
    await goToProvider(page);
    await page.goBack();
    await keepScreenshot(page, 'journeys/back/3-from-provider');
    await page.getByRole('main').getByRole('button').click();
    await page.getByRole('button', { name: 'Allow' }).waitFor();
    await answerProvider(page, 'Allow');
    expect(await headingOf(page)).toBe('One last step');
    expect(s.redeemed()).toBe(1);
  });
});

describe('two tabs', () => {
  it('of one link are one sign-in: the first that comes back finishes it, the other is told', async () => {
    const { session } = await fresh();
    const visitor = await s.visitor();
    const [one, two] = [visitor.page, await visitor.newPage()];
    await openStart(one, session);
    await openStart(two, session);
    await goToProvider(one);
    await goToProvider(two);
    await answerProvider(one, 'Allow');
    expect(await headingOf(one)).toBe('One last step');
    await answerProvider(two, 'Allow');
    expect(await headingOf(two)).toBe('This sign-in is already complete');
    await keepScreenshot(two, 'journeys/two-tabs');
    expect(s.redeemed()).toBe(1);
    const code = await one.locator('#code').inputValue();
    expect((await s.confirm(session, code)).status).toBe(200);
  });

  it('of two links do not disturb each other, whichever comes back first', async () => {
    const first = await fresh();
    const second = await fresh();
    const visitor = await s.visitor();
    const [one, two] = [visitor.page, await visitor.newPage()];
    await openStart(one, first.session);
    await openStart(two, second.session);
    await goToProvider(one);
    await goToProvider(two);
    await answerProvider(two, 'Allow');
    await answerProvider(one, 'Allow');
    for (const [page, { connection, session }] of [
      [one, first],
      [two, second],
    ] as const) {
      expect(await page.locator('#session').inputValue()).toBe(session.sessionId);
      expect((await s.confirm(session, await page.locator('#code').inputValue())).status).toBe(200);
      expect((await s.token(connection, session.identifier)).status).toBe(200);
    }
  });
});

it('link previews and mail scanners consume nothing', async () => {
  const { session } = await fresh();
  const robots = [
    'Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)',
    'WhatsApp/2.23.20.0',
    'facebookexternalhit/1.1',
    'Mozilla/5.0 (compatible; bingbot/2.0)',
    'Twitterbot/1.0',
  ];
  for (const robot of robots) {
    const got = await call('GET', session.url, { headers: { 'user-agent': robot, accept: '*/*' } });
    expect(got.status).toBe(200);
    expect(got.headers['content-type']).toContain('text/html');
    expect((await call('HEAD', session.url, { headers: { 'user-agent': robot } })).status).toBe(200);
  }
  const scanner = await s.visitor();
  await openStart(scanner.page, session);
  expect(await s.show(session.sessionId)).toMatchObject({ status: 'created' });
  const { page } = await s.visitor();
  await walkThrough(page, session);
  expect(await headingOf(page)).toBe('One last step');
});
