/** A server that refuses authorization requests which a browser carries (RFC 9126). */

import { expect, it } from 'vitest';
import { browser } from '../support/browser.ts';
import { connectScene } from './connect-scene.ts';

const s = connectScene({ server: { requirePar: true } });

it('gets the request by a back channel, and the browser carries a reference alone', async () => {
  const connection = await s.connection();
  const session = await s.link(connection);
  const who = browser();
  await who.open(session.url);
  const posted = await who.request('POST', session.url, { 'sec-fetch-site': 'same-origin' });
  const query = new URL(posted.headers['location'] ?? '').searchParams;
  expect([...query.keys()].toSorted()).toEqual(['client_id', 'request_uri']);
  const back = await who.follow(posted, session.url, `${s.broker.url}/oauth/callback/`);
  expect((await who.request('GET', back.url)).status).toBe(200);
  expect(await s.show(session.sessionId)).toMatchObject({
    status: 'pending_confirmation',
    subject: 'user-1',
  });
});
