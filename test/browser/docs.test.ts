import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBroker, type TestBroker } from '../support/broker.ts';
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
  it('can be read, asks this host alone, and complains of nothing', async () => {
    const visitor = await newVisitor(browser, { viewport, colorScheme });
    const { page } = visitor;
    await page.goto(`${broker.url}/docs`);
    await page.getByRole('heading', { name: 'Quickstart' }).waitFor();
    await page.getByText('Store an API key, as an operator:').first().waitFor();
    await keepScreenshot(page, `docs/${what.replaceAll(' ', '-')}`);
    const widest = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(widest).toBeLessThanOrEqual(0);
    expect(visitor.complaints).toEqual([]);
    const own = ['/docs', '/docs/style.css', '/docs/viewer.js', '/openapi.json'].map(
      (path) => `GET ${broker.url}${path}`,
    );
    expect([...new Set(visitor.requests)].toSorted()).toEqual(own.toSorted());
    await visitor.close();
  });
});

it('is searched with the keyboard, leads to a route by its link, and has its command to copy', async () => {
  const visitor = await newVisitor(browser, { viewport: { width: 1280, height: 900 }, colorScheme: 'light' });
  const { page } = visitor;
  await page.goto(`${broker.url}/docs`);
  await page.getByRole('heading', { name: 'Quickstart' }).waitFor();
  await page.keyboard.press('Control+k');
  await page.keyboard.type('key for an operator');
  const found = page.getByText('/v1/admin-keys').first();
  await found.waitFor();
  await found.click();
  await page.waitForURL(/#\/admin-keys\//);
  await page.getByText('curl -X POST "$BROKER/v1/admin-keys"').first().waitFor();
  expect(await page.locator('button[aria-label*="opy" i], button:has-text("Copy")').count()).toBeGreaterThan(
    0,
  );
  expect(visitor.complaints).toEqual([]);
  await visitor.close();
});
