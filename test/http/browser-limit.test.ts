/** Pages of the connect flow are limited by the address that asks for them: 429 as a page, before anything is looked up. */

import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { call } from '../support/callers.ts';
import { operationsOf, type Document } from '../support/contract-document.ts';
import { madeUpLink } from '../support/made-up.ts';

let broker: TestBroker;
beforeAll(async () => {
  broker = await startBroker({
    settings: { BROWSER_RATE_LIMIT_PER_MINUTE: '40' },
    clientIpHeader: 'x-test-client',
  });
});
afterAll(() => broker.dispose());

it('every route of a browser answers 429 with Retry-After to who asks too often, and other routes go on', async () => {
  const document: Document = (await call('GET', `${broker.url}/openapi.json`)).body;
  const pages = operationsOf(document).filter(
    ({ path, responses }) =>
      /^\/(?:connect|approve|oauth\/callback)\//.test(path) &&
      Object.values(responses).some(({ content }) => content?.['text/html'] !== undefined),
  );
  expect(pages.length).toBeGreaterThanOrEqual(3);
  for (const [index, { method, path }] of pages.entries()) {
    // Each route from an address of its own: the next one is not limited by what this one has used up.
    const headers = { accept: 'text/html', 'x-test-client': `192.0.2.${index + 1}` };
    const url = broker.url + path.replace('{token}', madeUpLink()).replace('{connection}', 'hubspot');
    const replies = await Promise.all(Array.from({ length: 30 }, () => call(method, url, { headers })));
    const refused = replies.filter(({ status }) => status === 429);
    expect(refused.length, `${method} ${path}`).toBeGreaterThan(10);
    expect(refused.length, `${method} ${path}`).toBeLessThan(30);
    for (const reply of refused) {
      expect(reply.headers['content-type']).toContain('text/html');
      expect(Number(reply.headers['retry-after'])).toBeGreaterThanOrEqual(1);
      expect(reply.headers['x-correlation-id']).toBeTruthy();
      expect(reply.text).toContain('<!doctype html>');
    }
  }
  expect((await call('GET', `${broker.url}/v1/providers`, { key: broker.adminKey })).status).toBe(200);
});
