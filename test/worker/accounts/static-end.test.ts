/** The declared end of a credential that nobody renews: held to by the door itself, and come by the alarm. */

import { afterEach, describe, expect, it, vi } from 'vitest';
import { alarmAt, evict, fresh, http, must, release, ring, rows, stub, view, right } from './world.ts';

afterEach(() => vi.useRealTimers());

const DAY_MS = 86_400_000;

function stopClock(): { pass: (ms: number) => void } {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
  return { pass: (ms) => void vi.setSystemTime(Date.now() + ms) };
}

/** @returns the id of an account with an API key that ends then */
async function endingIn(ms: number): Promise<string> {
  const body = { api_key: 'key-0123456789', expires_at: new Date(Date.now() + ms).toISOString() };
  return (await must(http('PUT', `/v1/credentials/${fresh('api')}`, body), 201)).id;
}

const told = async (id: string): Promise<unknown[]> =>
  (await rows(id, 'SELECT type FROM event ORDER BY rowid')).map(({ type }) => type);

describe('a credential with an end', () => {
  it('is not served after it, although no alarm has rung', async () => {
    const { pass } = stopClock();
    const id = await endingIn(60_000);
    expect((await release(id)).code).toBe('ok');
    pass(59_500);
    expect((await release(id)).code).toBe('reauth_required');
    expect(await view(id)).toMatchObject({ status: 'reauth_required', status_reason: 'no_refresh_token' });
    expect(right(await stub(id).verifyAudit({}))).toMatchObject({ intact: true });
  });

  it('ends by the alarm alone, where nobody asks, and is told once', async () => {
    const { pass } = stopClock();
    const id = await endingIn(60_000);
    pass(61_000);
    for (let n = 0; n < 3; n += 1) await ring(id);
    expect((await view(id)).status).toBe('reauth_required');
    await release(id);
    expect((await told(id)).filter((type) => type === 'agent.auth.reauth_required')).toHaveLength(1);
  });

  it('is warned of two weeks, one and a day before', async () => {
    const { pass } = stopClock();
    const id = await endingIn(30 * DAY_MS);
    for (const days of [16, 7, 6]) {
      pass(days * DAY_MS + 1000);
      for (let n = 0; n < 3; n += 1) await ring(id);
    }
    expect((await told(id)).filter((type) => type === 'connected_account.expiring')).toHaveLength(3);
    expect((await view(id)).status).toBe('active');
  });

  it('keeps its end, and its alarm, over a restart of its object', async () => {
    stopClock();
    const id = await endingIn(60_000);
    await evict(id);
    expect(await view(id)).toMatchObject({
      expires_at: expect.any(String),
      reauth_due_at: expect.any(String),
    });
    // While the alarm of a start rings there is none.
    await expect.poll(() => alarmAt(id)).not.toBeNull();
    expect((await release(id)).code).toBe('ok');
  });
});
