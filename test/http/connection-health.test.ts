/**
 * Two connections of fifty accounts each at one provider, which refuses the client of one of them: the operator hears of
 * it once, no user hears of it at all, the other connection goes on, hardly anything is asked of the provider, and a new
 * secret mends it without another hand.
 */

import { describe, expect, it, vi } from 'vitest';
import { name } from '../support/world.ts';
import { refreshScene, retryAfterS } from './refresh-scene.ts';
import { PATIENCE_MS } from '../support/patience.ts';

const scene = refreshScene({ alone: true });
const ACCOUNTS = 50;
const STATIC = { refresh_token: 'static' };

async function accountsOf(secret: string): Promise<{ connection: string; ids: string[] }> {
  const connection = name('conn');
  const made = await scene.operator.post('/v1/connections', {
    id: connection,
    provider: 'custom',
    client_id: scene.provider.client.clientId,
    client_secret: secret,
    rotation: 'on_demand',
    provider_config: { issuer: scene.provider.issuer, ...STATIC },
  });
  expect(made.status, made.text).toBe(201);
  const ids: string[] = [];
  for (let n = 0; n < ACCOUNTS; n += 1) {
    const { refreshToken } = await scene.provider.grant();
    ids.push(await scene.w.account(connection, name('user'), { refresh_token: refreshToken, verify: false }));
  }
  return { connection, ids };
}

const fetchToken = (id: string) => scene.agent.client.get(`/v1/connected-accounts/${id}/token`);
const connectionOf = async (id: string) => (await scene.operator.get(`/v1/connections/${id}`)).body;

async function told(): Promise<{ type: string; data: Record<string, unknown> }[]> {
  const events = [];
  for (let after = ''; ;) {
    const page = await scene.operator.get(`/v1/events?limit=100${after}`);
    expect(page.status, page.text).toBe(200);
    events.push(...page.body.data);
    const last = page.body.data.at(-1);
    if (last === undefined || page.body.data.length < 100) return events;
    after = `&after=${last.id}`;
  }
}

describe('a client that is refused', () => {
  it('is one event to the operator, nothing to users or to another connection, and ends with the new secret', async () => {
    const { clientSecret } = scene.provider.client;
    const broken = await accountsOf('not-the-secret');
    const sound = await accountsOf(clientSecret);
    const before = scene.provider.calls.length;

    const [first = '', ...others] = broken.ids;
    expect((await fetchToken(first)).status).toBe(503);
    await vi.waitFor(
      async () => expect((await connectionOf(broken.connection)).health).toBe('misconfigured'),
      { timeout: PATIENCE_MS },
    );
    for (const id of [first, ...others]) {
      const reply = await fetchToken(id);
      expect([reply.status, reply.body.code], reply.text).toEqual([503, 'misconfigured_connection']);
      expect(retryAfterS(reply)).toBeGreaterThanOrEqual(1);
      expect(retryAfterS(reply)).toBeLessThanOrEqual(300);
    }
    // One account asked and was refused; the others need not find out for themselves.
    expect(scene.provider.calls.length - before).toBeLessThanOrEqual(3);

    for (const id of sound.ids) expect((await fetchToken(id)).status).toBe(200);
    expect((await connectionOf(sound.connection)).health).toBe('ok');
    expect(await connectionOf(broken.connection)).toMatchObject({
      health: 'misconfigured',
      health_reason: 'invalid_client',
    });
    const shown = await scene.operator.get(`/v1/connected-accounts/${first}`);
    expect(shown.body).toMatchObject({ status: 'active', status_reason: null, degraded_since: null });

    const ofConnections = async () => (await told()).filter(({ type }) => type.startsWith('connection.'));
    await vi.waitFor(async () => expect(await ofConnections()).toHaveLength(1), { timeout: PATIENCE_MS });
    expect(await ofConnections()).toMatchObject([
      {
        type: 'connection.misconfigured',
        data: { connection: broken.connection, provider: 'custom', health_reason: 'invalid_client' },
      },
    ]);
    const toUsers = (await told()).filter(
      ({ type }) => !type.startsWith('connection.') && type !== 'agent.auth.succeeded',
    );
    expect(toUsers).toEqual([]);

    const patched = await scene.operator.patch(`/v1/connections/${broken.connection}`, {
      client_secret: clientSecret,
    });
    expect(patched.status, patched.text).toBe(200);
    expect(patched.body.health).toBe('ok');
    await vi.waitFor(
      async () => {
        for (const id of broken.ids) expect((await fetchToken(id)).status).toBe(200);
      },
      { timeout: PATIENCE_MS, interval: 500 },
    );
    await vi.waitFor(async () => expect(await ofConnections()).toHaveLength(2), { timeout: PATIENCE_MS });
    expect((await ofConnections())[1]).toMatchObject({
      type: 'connection.recovered',
      data: { connection: broken.connection, health_reason: null },
    });
    // Each account once, and what was tried before.
    expect(scene.provider.calls.length - before).toBeLessThanOrEqual(2 * ACCOUNTS + 3);
  }, 240_000);
});
