/** Repairs: the link of a webhook, opened from a mail days later, by the right person and by another. */

import { describe, expect, it, vi } from 'vitest';
import { findingsOn } from './accessibility.ts';
import { keepScreenshot } from './browser.ts';
import { headingOf, journeyScene, openStart, walkThrough } from './journey-scene.ts';
import { PATIENCE_MS } from '../support/patience.ts';

const s = journeyScene({ OPERATOR_NAME: 'Duck Analytics' });

/** An account that was connected in a browser, and whose grant is dead; with the link that the webhook brought. */
async function broken() {
  const connection = await s.connection();
  const session = await s.link(connection);
  const { page } = await s.visitor();
  await walkThrough(page, session);
  const code = await page.locator('#code').inputValue();
  expect((await s.confirm(session, code)).status).toBe(200);
  s.provider.faults.when((call) => call.grantType === 'refresh_token', {
    status: 400,
    body: { error: 'invalid_grant' },
  });
  expect((await s.operator.post(`/v1/connected-accounts/${session.accountId}/refresh`)).status).toBe(200);
  expect(await s.account(session.accountId)).toMatchObject({ status: 'reauth_required' });
  const told = await vi.waitUntil(
    () => s.eventsOf(session.accountId).find(({ type }) => type === 'agent.auth.reauth_required'),
    { timeout: PATIENCE_MS, interval: 100 },
  );
  s.provider.faults.clear();
  const url = String(told.data['reauth_url']);
  expect(url).toContain(`${s.broker.url}/connect/`);
  return { connection, session, url };
}

describe('a repair', () => {
  it('needs the link of the webhook, one click and the same account; waiting work goes on', async () => {
    const { connection, session, url } = await broken();
    const waiting = s.operator.get(
      `/v1/connected-accounts/${session.accountId}/wait?status=active&timeout_s=25`,
    );
    const { page, complaints } = await s.visitor();
    await openStart(page, { url });
    await keepScreenshot(page, 'journeys/repair/1-start');
    expect(await page.getByRole('main').innerText()).toContain('has lost access');
    expect(await findingsOn(page)).toEqual([]);
    await walkThrough(page, { url });
    await keepScreenshot(page, 'journeys/repair/2-succeeded');
    expect(await headingOf(page)).toContain('is reconnected');
    expect(await findingsOn(page)).toEqual([]);
    expect((await waiting).body).toMatchObject({ status: 'active' });
    expect((await s.token(connection, session.identifier)).status).toBe(200);
    const event = await vi.waitUntil(
      () =>
        s
          .eventsOf(session.accountId)
          .find(({ type, data }) => type === 'agent.auth.succeeded' && data['reconnected'] === true),
      { timeout: PATIENCE_MS, interval: 100 },
    );
    expect(event.data['reconnected']).toBe(true);
    expect(complaints).toEqual([]);
  });

  it('opens as often as it is needed, and says when nothing is left to repair', async () => {
    const { url } = await broken();
    const early = await s.visitor();
    await openStart(early.page, { url });
    await walkThrough(early.page, { url }, 'Deny');
    await keepScreenshot(early.page, 'journeys/repair/3-denied');
    expect(await headingOf(early.page)).toBe('Access was not granted');
    await early.page.getByRole('link', { name: 'Try again' }).click();
    await early.page.getByRole('main').getByRole('button').waitFor();
    const later = await s.visitor();
    await walkThrough(later.page, { url });
    expect(await headingOf(later.page)).toContain('is reconnected');
    await early.page.reload();
    await keepScreenshot(early.page, 'journeys/repair/4-over');
    expect(await headingOf(early.page)).toBe('Your connection works again');
  });

  it('by another account changes nothing, and says which one is meant', async () => {
    const { session, url } = await broken();
    s.provider.user.subject = 'somebody-else';
    const { page } = await s.visitor();
    await walkThrough(page, { url });
    await keepScreenshot(page, 'journeys/repair/5-mismatch');
    expect(await headingOf(page)).toBe('That’s a different account');
    expect(await findingsOn(page)).toEqual([]);
    expect(await s.account(session.accountId)).toMatchObject({
      status: 'reauth_required',
      subject: 'user-1',
    });
    // As the page says: sign out at the provider, and try again.
    s.provider.user.subject = null;
    await page.context().clearCookies({ name: /^_session/ });
    await page.getByRole('link', { name: 'Try again' }).click();
    await walkThrough(page, { url });
    expect(await headingOf(page)).toContain('is reconnected');
  });
});
