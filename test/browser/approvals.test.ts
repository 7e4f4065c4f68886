/** An approval as people meet it: by the link of an event, on a phone, with the keyboard, without scripts. */

import type { Browser, BrowserContextOptions } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { client, type Client } from '../support/callers.ts';
import { name } from '../support/world.ts';
import { findingsOn } from './accessibility.ts';
import { keepScreenshot, launchBrowser, newVisitor } from './browser.ts';

let broker: TestBroker;
let browser: Browser;
let operator: Client;
beforeAll(async () => {
  broker = await startBroker({ settings: { OPERATOR_NAME: 'Duck Analytics' } });
  browser = await launchBrowser();
  operator = client(broker.url, broker.adminKey);
});
afterAll(async () => {
  await browser?.close();
  await broker?.dispose();
});

/** A question that waits. */
async function asked() {
  const [connection, id] = [name('conn'), name('agent')];
  const key = { api_key: 'a-static-key', type: 'api_key' };
  const { body: account } = await operator.put(`/v1/credentials/${connection}?identifier=user_1`, key);
  const rules = [{ connection, identifiers: ['*'], approval: { reason: 'the production key', ttl_s: 600 } }];
  const made = await operator.post('/v1/agents', { id, key: true, policy: { rules } });
  const agent = client(broker.url, String(made.body.key));
  const fetch = () => agent.get(`/v1/connected-accounts/${account.id}/token`);
  const { body } = await fetch();
  const look = () => operator.get(`/v1/approvals/${body.approval_id}`);
  return { agentId: id, connection, fetch, look, url: String((await look()).body.approval_url) };
}

const visit = (options: BrowserContextOptions = {}) => newVisitor(browser, options);

describe('a person with the link', () => {
  it('reads what is asked on a phone, says yes, and the agent goes on once', async () => {
    const { agentId, connection, url, look, fetch } = await asked();
    const visitor = await visit({ viewport: { width: 360, height: 740 } });
    const { page } = visitor;
    await page.goto(url);
    const text = await page.getByRole('main').innerText();
    for (const shown of [agentId, connection, 'user_1', 'the production key']) expect(text).toContain(shown);
    expect(await findingsOn(page)).toEqual([]);
    await keepScreenshot(page, 'journeys/approval/1-asked');
    // A look, and another one, decide nothing.
    await page.reload();
    expect((await look()).body.status).toBe('pending');
    await page.getByRole('button', { name: 'Approve' }).click();
    await page.getByRole('heading', { name: 'You approved the request' }).waitFor();
    expect(await findingsOn(page)).toEqual([]);
    await keepScreenshot(page, 'journeys/approval/2-approved');
    expect((await fetch()).status).toBe(200);
    await page.goto(url);
    expect(await page.getByRole('heading').innerText()).toContain('has gone through');
    await keepScreenshot(page, 'journeys/approval/3-over');
    expect(visitor.complaints.filter((one) => !one.includes('410'))).toEqual([]);
    await visitor.close();
  });

  it('says no with the keyboard alone, and without a script', async () => {
    const { url, look, fetch } = await asked();
    const visitor = await visit({ javaScriptEnabled: false });
    const { page } = visitor;
    await page.goto(url);
    for (let presses = 0; presses < 2; presses += 1) await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'You denied the request' }).waitFor();
    expect((await look()).body).toMatchObject({ status: 'denied', decided_by: 'link' });
    expect((await fetch()).body.reason).toBe('approval_denied');
    await visitor.close();
  });

  it('reads it in their language, and is not tricked into an answer by another site', async () => {
    const { url, look } = await asked();
    const visitor = await visit({ locale: 'de-AT' });
    const { page } = visitor;
    await page.goto(url);
    expect(await page.getByRole('button', { name: 'Genehmigen' }).count()).toBe(1);
    // `localhost` is another site than 127.0.0.1: it can neither post nor frame.
    const elsewhere = broker.url.replace('127.0.0.1', 'localhost');
    await page.route(`${elsewhere}/trap`, (route) =>
      route.fulfill({
        contentType: 'text/html',
        body: `<!doctype html><form method="post" action="${url}/approve"><button>Win</button></form><iframe src="${url}"></iframe>`,
      }),
    );
    await page.goto(`${elsewhere}/trap`);
    expect(page.frames().filter((frame) => frame.url().startsWith(url))).toEqual([]);
    await page.getByRole('button', { name: 'Win' }).click();
    await page.getByRole('heading', { level: 1 }).waitFor();
    expect(page.url()).toBe(`${url}/approve`);
    expect((await look()).body.status).toBe('pending');
    await visitor.close();
  });
});
