/**
 * A real Chromium, driven by `playwright-core`: Debian's, or the one that `CHROMIUM` names. Each visitor is a browser
 * profile of its own; what went wrong behind a page (console, refused resources, strange hosts) is collected and is a
 * failure where a test asks. Screenshots are kept under `.ci-artefacts/browser`.
 */

import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import {
  chromium,
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  type Page,
} from 'playwright-core';

const EXECUTABLE = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const ARTEFACTS = path.resolve(import.meta.dirname, '../../.ci-artefacts/browser');

/** Nothing but the pages under test is asked for; no sandbox, since continuous integration runs as root. */
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** @throws where there is no Chromium: a layer that cannot run must not look as if it had passed */
export async function launchBrowser(): Promise<Browser> {
  if (!existsSync(EXECUTABLE))
    throw new Error(`no Chromium at ${EXECUTABLE}: apt-get install chromium, or name one in CHROMIUM`);
  return chromium.launch({ executablePath: EXECUTABLE, args: FLAGS });
}

/** One person's browser: cookies of its own, and a notebook of what a person does not see. */
export interface Visitor {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Errors on the console, scripts that threw, resources refused: in order, as text. */
  readonly complaints: string[];
  /** `METHOD origin/path`, without queries: what the browser asked for, in order. */
  readonly requests: string[];
  newPage(): Promise<Page>;
  close(): Promise<void>;
}

/** @param ofOthers origins whose pages are not under test: that they name no icon is no complaint */
export async function newVisitor(
  browser: Browser,
  options: BrowserContextOptions = {},
  ofOthers: readonly string[] = [],
): Promise<Visitor> {
  const context = await browser.newContext({
    viewport: { width: 1024, height: 768 },
    locale: 'en-US',
    ...options,
  });
  const complaints: string[] = [];
  const requests: string[] = [];
  context.on('console', (message) => {
    const { url } = message.location();
    // The icon that a page of others does not name.
    if (ofOthers.some((origin) => url === `${origin}/favicon.ico`)) return;
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  context.on('weberror', (error) => complaints.push(String(error.error())));
  context.on('request', (request) => {
    const url = new URL(request.url());
    if (url.protocol !== 'data:') requests.push(`${request.method()} ${url.origin}${url.pathname}`);
  });
  return {
    context,
    page: await context.newPage(),
    complaints,
    requests,
    newPage: () => context.newPage(),
    close: () => context.close(),
  };
}

/** The whole page as a picture; `name` may have folders. */
export async function keepScreenshot(page: Page, name: string): Promise<void> {
  const file = path.join(ARTEFACTS, `${name}.png`);
  await mkdir(path.dirname(file), { recursive: true });
  // Hiding the caret would write a style into every field.
  await page.screenshot({ path: file, fullPage: true, caret: 'initial' });
}
