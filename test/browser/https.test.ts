/** As it is in the world: the broker behind TLS, where the cookie is a `__Host-` one. On plain http it cannot be. */

import { createServer, type Server } from 'node:https';
import { request } from 'node:http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort } from '../../src/dev/ports.ts';
import { selfSigned } from '../support/self-signed.ts';
import { headingOf, journeyScene, walkThrough } from './journey-scene.ts';

const port = await freePort();
const origin = `https://localhost:${port}`;
const s = journeyScene({ BASE_URL: origin });
let front: Server;

beforeAll(async () => {
  // What stands before a Worker: TLS ends here, host and everything else goes through.
  front = createServer(selfSigned('localhost'), (incoming, outgoing) => {
    const { method, url, headers } = incoming;
    const inner = request(`${s.broker.url}${url ?? '/'}`, { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    incoming.pipe(inner);
  });
  await new Promise<void>((resolve) => front.listen(port, '127.0.0.1', resolve));
});
afterAll(async () => {
  front.closeAllConnections();
  await new Promise((resolve) => front.close(resolve));
});

it('a flow over TLS is bound by a cookie that no other host could have set', async () => {
  const connection = await s.connection();
  await s.provider.setClient(s.provider.client, [`${origin}/oauth/callback/${connection}`]);
  const session = await s.link(connection);
  expect(session.url.startsWith(`${origin}/connect/`)).toBe(true);
  const { page, context, complaints } = await s.visitor({ ignoreHTTPSErrors: true });
  await walkThrough(page, session);
  expect(await headingOf(page)).toBe('One last step');
  const cookies = (await context.cookies()).filter(({ name }) => name.includes('valetkey'));
  expect(cookies.length).toBeGreaterThan(0);
  for (const cookie of cookies) {
    expect(cookie.name).toMatch(/^__Host-/);
    expect(cookie).toMatchObject({
      secure: true,
      httpOnly: true,
      sameSite: 'Lax',
      path: '/',
      domain: 'localhost',
    });
  }
  expect((await s.confirm(session, await page.locator('#code').inputValue())).status).toBe(200);
  expect(complaints).toEqual([]);
});
