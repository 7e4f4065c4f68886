/** Who opens the address of a broker is told where to go: a person by a page, a program by JSON. */

import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { call } from '../support/callers.ts';

const BROWSER = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };

let broker: TestBroker;

beforeAll(async () => {
  broker = await startBroker();
});
afterAll(() => broker.dispose());

it('a browser gets a page whose links all lead somewhere, and which runs nothing', async () => {
  const { status, headers, text } = await call('GET', `${broker.url}/?utm_source=mail`, { headers: BROWSER });
  expect([status, headers['content-type'], headers['vary']]).toEqual([
    200,
    'text/html; charset=utf-8',
    'accept',
  ]);
  expect(headers['content-security-policy']).toContain("default-src 'none'");
  expect(text).toContain('token broker for AI agents');
  const targets = [...text.matchAll(/href="([^"]+)"/g)].map(([, target = '']) => target);
  expect(targets.length).toBeGreaterThan(3);
  const answers = await Promise.all(targets.map((target) => call('GET', broker.url + target)));
  expect(answers.map((answer) => answer.status)).toEqual(targets.map(() => 200));
});

it('a program gets the same links as JSON', async () => {
  for (const headers of [{}, { accept: '*/*' }, { accept: 'application/json' }]) {
    const { status, body, text } = await call('GET', `${broker.url}/`, { headers });
    expect(status).toBe(200);
    expect(body).toMatchObject({ name: 'valetkey', links: { docs: '/docs', health: '/healthz' } });
    expect(text.endsWith('}\n')).toBe(true);
    const page = await call('GET', `${broker.url}/`, { headers: BROWSER });
    for (const link of Object.values<string>(body.links)) expect(page.text).toContain(`href="${link}"`);
  }
});
