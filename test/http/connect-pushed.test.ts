/** A server that refuses authorization requests which a browser carries (RFC 9126). */

import { describe, expect, it } from 'vitest';
import { browser, type Browser } from '../support/browser.ts';
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

describe('a link that is opened again and again', () => {
  const press = (url: string, who: Browser) => who.request('POST', url, { 'sec-fetch-site': 'same-origin' });

  it('calls the server six times a minute, then a page says when to come again, and nothing is used up', async () => {
    const session = await s.link(await s.connection());
    const who = browser();
    await who.open(session.url);
    const posted = [];
    for (let round = 0; round < 9; round += 1) posted.push(await press(session.url, who));
    expect(posted.map(({ status }) => status)).toEqual([303, 303, 303, 303, 303, 303, 429, 429, 429]);
    for (const page of posted.slice(6)) {
      expect(page.headers['content-type']).toContain('text/html');
      expect(Number(page.headers['retry-after'])).toBeGreaterThanOrEqual(1);
      expect(page.headers['location']).toBeUndefined();
    }
    const back = await who.follow(
      posted[5] as (typeof posted)[0],
      session.url,
      `${s.broker.url}/oauth/callback/`,
    );
    expect((await who.request('GET', back.url)).status).toBe(200);
    expect(await s.show(session.sessionId)).toMatchObject({ status: 'pending_confirmation' });
  });

  it('keeps no other link and no other browser of a link for many out', async () => {
    const connection = await s.connection();
    const agent = await s.w.agent({ rules: [{ connection, identifiers: ['*'], connect: true }] });
    const { accountId } = await s.link(connection);
    const refused = await agent.client.get(`/v1/connected-accounts/${accountId}/token`);
    const url = String(refused.body.connect_url);
    const greedy = browser();
    await greedy.open(url);
    for (let round = 0; round < 6; round += 1) expect((await press(url, greedy)).status).toBe(303);
    expect((await press(url, greedy)).status).toBe(429);
    const other = browser();
    await other.open(url);
    expect((await press(url, other)).status).toBe(303);
  });
});
