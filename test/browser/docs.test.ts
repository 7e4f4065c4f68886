import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { findingsOn } from './accessibility.ts';
import { keepScreenshot, launchBrowser, newVisitor } from './browser.ts';

let browser: Browser;
let broker: TestBroker;
beforeAll(async () => {
  browser = await launchBrowser();
  broker = await startBroker();
});
afterAll(async () => {
  await browser?.close();
  await broker?.dispose();
});

describe.each([
  { what: 'a desk', viewport: { width: 1280, height: 900 }, colorScheme: 'light' as const },
  { what: 'a phone in the dark', viewport: { width: 360, height: 740 }, colorScheme: 'dark' as const },
])('the page of the contract on $what', ({ what, viewport, colorScheme }) => {
  it('can be read and reached, asks this host alone, and complains of nothing', async () => {
    const visitor = await newVisitor(browser, { viewport, colorScheme });
    await visitor.page.goto(`${broker.url}/docs#createAgent`);
    // What is folded is looked at as well.
    await visitor.page.evaluate(() => {
      for (const one of document.querySelectorAll('details')) one.open = true;
    });
    expect(await findingsOn(visitor.page)).toEqual([]);
    await keepScreenshot(visitor.page, `docs/${what.replaceAll(' ', '-')}`);
    expect(visitor.complaints).toEqual([]);
    expect(visitor.requests.filter((one) => !one.startsWith(`GET ${broker.url}/docs`))).toEqual([]);
    await visitor.close();
  });
});

it('is walked with the keyboard: past the list of routes, or through it to a route', async () => {
  const visitor = await newVisitor(browser, { viewport: { width: 1280, height: 900 }, colorScheme: 'light' });
  const { page } = visitor;
  await page.goto(`${broker.url}/docs`);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  expect(await page.evaluate(() => document.activeElement?.id)).toBe('contract');
  await page.goto(`${broker.url}/docs`);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  expect(new URL(page.url()).hash).toBe('#getToken');
  await visitor.close();
});
