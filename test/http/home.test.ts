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

it.each(['text/html;q=0', 'text/html-foo', 'application/json, text/html;q=0.1'])(
  'a program that only mentions pages (%s) gets JSON, there and where browsers are refused',
  async (accept) => {
    const home = await call('GET', `${broker.url}/`, { headers: { accept } });
    expect([home.status, home.headers['content-type']]).toEqual([200, 'application/json']);
    for (const method of ['GET', 'PUT']) {
      const none = await call(method, `${broker.url}/connect/a/b`, { headers: { accept } });
      expect([none.status, none.headers['content-type']]).toEqual([404, 'application/problem+json']);
    }
  },
);

it('a browser that spells the type in capitals gets pages', async () => {
  const headers = { accept: 'Text/HTML' };
  const answers = [
    await call('GET', `${broker.url}/`, { headers }),
    await call('GET', `${broker.url}/connect/a/b`, { headers }),
  ];
  expect(answers.map((answer) => [answer.status, answer.headers['content-type']])).toEqual([
    [200, 'text/html; charset=utf-8'],
    [404, 'text/html; charset=utf-8'],
  ]);
});
