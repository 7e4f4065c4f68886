/** The page on which the OAuth server's user takes a grant back, as the story and its readers use it. */

import { expect, it } from 'vitest';
import { cookieBrowser } from '../../src/dev/story/cookie-browser.ts';
import { callApi, start, watchServers } from './oauth-client.ts';

watchServers();

it('shows each living grant, and its button ends that one alone', async () => {
  const server = await start();
  const ada = await server.grant({ subject: 'ada', scope: 'openid contacts.read' });
  const other = await server.grant({ subject: '<b>"grace"</b>' });
  const user = cookieBrowser();
  const page = await user.open(server.grantsUrl);
  expect(page.text).toContain('for ada: openid contacts.read');
  expect(page.text).toContain('&lt;b&gt;&quot;grace&quot;&lt;/b&gt;');
  expect(page.text).not.toContain(ada.accessToken);
  const after = await user.press(page, 'Revoke');
  expect([after.url, after.status]).toEqual([server.grantsUrl, 200]);
  expect(after.text).not.toContain('for ada');
  expect((await server.state(ada.grantId)).alive).toBe(false);
  expect((await callApi(server, ada.accessToken)).status).toBe(401);
  expect((await callApi(server, other.accessToken)).status).toBe(200);
  const last = await user.press(after, 'Revoke');
  expect(last.text).toContain('None.');
  await expect(user.press(last, 'Revoke')).rejects.toThrow('no button "Revoke"');
});

it('changes nothing by a GET, by a page of somebody else, or for a grant that is not there', async () => {
  const server = await start();
  const { grantId } = await server.grant();
  const url = `${server.grantsUrl}/${grantId}/revoke`;
  const foreign = { method: 'POST', headers: { origin: 'https://evil.example' } };
  expect((await fetch(url)).status).toBe(405);
  expect((await fetch(url, foreign)).status).toBe(403);
  expect((await fetch(`${server.grantsUrl}/nothing/revoke`, { method: 'POST' })).status).toBe(404);
  expect((await fetch(server.grantsUrl, { method: 'POST' })).status).toBe(405);
  expect((await server.state(grantId)).alive).toBe(true);
  expect((await fetch(url, { method: 'POST', redirect: 'manual' })).status).toBe(303);
  expect((await server.state(grantId)).alive).toBe(false);
});
