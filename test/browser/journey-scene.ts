/**
 * The stage of journeys in a browser: the broker and a real OAuth server that asks its user, an operator's app to which
 * people come back, and a receiver of webhooks. The app stands on `localhost` and the broker on `127.0.0.1`: to a browser
 * these are two sites, as they are in the world.
 */

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { connectScene, type ConnectScene, type Session } from '../http/connect-scene.ts';
import { startServer, type HostileServer } from '../support/hostile-server.ts';
import { launchBrowser, newVisitor, type Visitor } from './browser.ts';
import type { BrowserContextOptions } from 'playwright-core';

/** Where the operator's app is told that somebody came back. */
const RETURN_PATH = '/connected';

export interface WebhookEvent {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface JourneyScene extends ConnectScene {
  readonly browser: Browser;
  /** The exact return URL of the operator's app. */
  readonly returnUrl: string;
  /** What the app was told in the query of its return URL, in order. */
  readonly returns: URLSearchParams[];
  /** Every request that reached the app, with its headers. */
  readonly app: HostileServer;
  /** Webhooks of an account as they arrived. */
  eventsOf(accountId: string): WebhookEvent[];
  /** Somebody with a browser of their own; closed after the test. */
  visitor(options?: BrowserContextOptions): Promise<Visitor>;
}

export function journeyScene(settings: Record<string, string> = {}): JourneyScene {
  const scene = connectScene({ settings });
  let browser: Browser;
  let app: HostileServer;
  let receiver: HostileServer;
  const visitors: Visitor[] = [];

  beforeAll(async () => {
    browser = await launchBrowser();
    app = await startServer(({ url }, response) => {
      const title =
        new URL(url, 'http://app.invalid').pathname === RETURN_PATH ? 'Back at the app' : 'The app';
      response
        .writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
        .end(
          `<!doctype html><html lang="en"><title>${title}</title><link rel="icon" href="data:,"><h1>${title}</h1></html>`,
        );
    });
    receiver = await startServer((_request, response) => void response.writeHead(204).end());
    const made = await scene.operator.post('/v1/webhook-endpoints', { url: `${receiver.url}/hooks` });
    if (made.status !== 201)
      throw new Error(`POST /v1/webhook-endpoints answered ${made.status}: ${made.text}`);
  });
  beforeEach(async () => {
    scene.provider.user.answer = 'ask';
    app.seen.length = 0;
    for (const visitor of visitors.splice(0)) await visitor.close();
  });
  afterAll(async () => {
    await browser?.close();
    await app?.close();
    await receiver?.close();
  });

  const own = {
    get browser() {
      return browser;
    },
    get app() {
      return app;
    },
    get returnUrl() {
      return `${app.url.replace('127.0.0.1', 'localhost')}${RETURN_PATH}`;
    },
    get returns() {
      const urls = app.seen.map(({ url }) => new URL(url, app.url));
      return urls.filter(({ pathname }) => pathname === RETURN_PATH).map(({ searchParams }) => searchParams);
    },
    eventsOf: (accountId: string) =>
      receiver.seen
        .map(({ body }) => JSON.parse(body) as WebhookEvent)
        .filter(({ data }) => data['connected_account_id'] === accountId),
    visitor: async (options: BrowserContextOptions = {}) => {
      const { issuer } = scene.provider;
      const visitor = await newVisitor(browser, options, [issuer, issuer.replace('127.0.0.1', 'localhost')]);
      visitors.push(visitor);
      return visitor;
    },
  };
  // The scene's own getters stay getters: what stands behind them is made in `beforeAll`.
  return Object.create(scene, Object.getOwnPropertyDescriptors(own)) as JourneyScene;
}

/** Opens a link's page and waits until it stands. */
export async function openStart(page: Page, session: Pick<Session, 'url'>): Promise<void> {
  await page.goto(session.url);
  await page.getByRole('button').waitFor();
}

/** Presses the button of the start page, and waits for the provider's page. */
export async function goToProvider(page: Page): Promise<void> {
  await page.getByRole('main').getByRole('button').click();
  await page.getByRole('button', { name: 'Allow' }).waitFor();
}

/** Answers the provider, and waits for the end of the way back. */
export async function answerProvider(page: Page, answer: 'Allow' | 'Deny'): Promise<void> {
  await page.getByRole('button', { name: answer }).click();
  await page.waitForURL(
    (url) => !url.pathname.startsWith('/interaction/') && !url.pathname.startsWith('/auth'),
  );
  await page.getByRole('heading', { level: 1 }).waitFor();
}

/** From the link to whatever it ends with. */
export async function walkThrough(
  page: Page,
  session: Pick<Session, 'url'>,
  answer: 'Allow' | 'Deny' = 'Allow',
): Promise<void> {
  await openStart(page, session);
  await goToProvider(page);
  await answerProvider(page, answer);
}

/** The page's heading as it is read out. */
export async function headingOf(page: Page): Promise<string> {
  return (await page.getByRole('heading', { level: 1 }).innerText()).replaceAll(/\s+/g, ' ').trim();
}
