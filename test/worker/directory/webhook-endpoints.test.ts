/** Webhook endpoints as operators make and change them: what is stored, what is shown once, what a changed row is worth. */

import { beforeEach, describe, expect, it } from 'vitest';
import { findDelivery, upsertDeliveries } from '#directory/webhooks/deliveries.ts';
import type { WebhookEndpointRow } from '#directory/webhooks/webhook-endpoint-row.ts';
import {
  createEndpoint,
  deleteEndpoint,
  findEndpoint,
  listEndpoints,
  MAX_ENDPOINTS,
  REPLACED_SECRET_LIFE_MS,
  rotateEndpointSecret,
  updateEndpoint,
} from '#directory/webhooks/webhook-endpoints.ts';
import { recordEndpointResult } from '#directory/webhooks/webhook-health.ts';
import { configWith, db, downDatabase, dump, emptyVault, masterKey } from './world.ts';
import { endpointDraft, newEndpoint, NOW, openedSecrets, tamper, waitingDelivery } from './webhook-world.ts';

const ring = `k1:${masterKey()}`;
let config = configWith(ring);

beforeEach(async () => {
  await emptyVault();
  await db.prepare('DELETE FROM delivery_index').run();
  // The isolate remembers this ring from the test before, and would not note it again.
  config = configWith(ring);
});

const found = async (id: string) => {
  const endpoint = await findEndpoint(db, id);
  if (endpoint === null) throw new Error('expected an endpoint');
  return endpoint;
};

describe('an endpoint', () => {
  it('is stored as it was drawn up, healthy and not yet known to answer', async () => {
    const { endpoint } = await newEndpoint(config, {
      organization: 'acme',
      events: ['agent.auth.*', 'connection.outage'],
      description: 'Ünit',
    });
    expect(endpoint.id).toMatch(/^we_[0-9A-Za-z]{22}$/);
    expect(await found(endpoint.id)).toEqual(endpoint);
    expect(endpoint).toMatchObject({
      organization: 'acme',
      url: 'https://app.example.com/hooks',
      events: ['agent.auth.*', 'connection.outage'],
      description: 'Ünit',
      version: 1,
      health: { status: 'active', failingSinceMs: null, nextProbeAtMs: null },
      statusReason: null,
      lastOk: false,
      secretsUntilMs: null,
      createdAtMs: NOW,
      updatedAtMs: NOW,
    });
    expect(await findEndpoint(db, 'we_0000000000000000000000')).toBeNull();
  });

  it('has a secret of its own that no row shows, and that the ring gives back', async () => {
    const [one, two] = [await newEndpoint(config), await newEndpoint(config)];
    expect(one.secret).toMatch(/^whsec_/);
    expect(one.secret).not.toBe(two.secret);
    const rows = await dump();
    for (const { secret } of [one, two]) {
      expect(rows).not.toContain(secret.slice('whsec_'.length));
      expect(rows).not.toContain(btoa(secret));
    }
    expect(await openedSecrets(ring, one.endpoint, NOW)).toEqual([one.secret]);
    expect(await openedSecrets(ring, two.endpoint, NOW)).toEqual([two.secret]);
  });

  it('changes no row under a wrong ring, and a lost data key is not replaced', async () => {
    const { endpoint } = await newEndpoint(config);
    const before = await dump();
    const wrong = configWith(`k1:${masterKey()}`);
    await expect(createEndpoint(wrong, endpointDraft(), NOW)).rejects.toMatchObject({ code: 'vault_locked' });
    await expect(updateEndpoint(wrong, endpoint.id, { description: 'x' }, NOW)).rejects.toMatchObject({
      code: 'vault_locked',
    });
    await expect(rotateEndpointSecret(wrong, endpoint.id, NOW)).rejects.toMatchObject({
      code: 'vault_locked',
    });
    expect(await dump()).toBe(before);
    await db.prepare(`DELETE FROM data_key WHERE purpose = 'webhook'`).run();
    await expect(createEndpoint(config, endpointDraft(), NOW)).rejects.toMatchObject({
      code: 'record_corrupt',
    });
  });

  it('is one of at most twenty of its organization, also when many are made at once', async () => {
    const made = await Promise.all(
      Array.from({ length: MAX_ENDPOINTS + 5 }, () =>
        createEndpoint(configWith(ring), endpointDraft({ organization: 'acme' }), NOW),
      ),
    );
    expect(made.filter((one) => one !== null)).toHaveLength(20);
    expect(await createEndpoint(config, endpointDraft({ organization: 'acme' }), NOW)).toBeNull();
    expect(await createEndpoint(config, endpointDraft({ organization: 'other' }), NOW)).not.toBeNull();
    expect(await createEndpoint(config, endpointDraft(), NOW)).not.toBeNull();
    await deleteEndpoint(config, made.find((one) => one !== null)?.endpoint.id ?? '', NOW);
    expect(await createEndpoint(config, endpointDraft({ organization: 'acme' }), NOW)).not.toBeNull();
  });

  it('that cannot be asked for is unavailable', async () => {
    const down = downDatabase();
    await expect(findEndpoint(down, 'we_1')).rejects.toMatchObject({ code: 'unavailable' });
    await expect(deleteEndpoint(configWith(ring, down), 'we_1', NOW)).rejects.toMatchObject({
      code: 'unavailable',
    });
    await expect(listEndpoints(down, { organization: null, limit: 1, after: null })).rejects.toMatchObject({
      code: 'unavailable',
    });
  });
});

describe('the list of endpoints', () => {
  it('is newest first, page by page, and of one organization where asked for', async () => {
    const made: WebhookEndpointRow[] = [];
    for (const [n, organization] of ['acme', '', 'acme', 'other'].entries()) {
      made.push((await newEndpoint(config, { organization }, NOW + n)).endpoint);
    }
    const [a, b, c, d] = made.map(({ id }) => id);
    const list = async (organization: string | null, limit: number, after: WebhookEndpointRow | null) =>
      (await listEndpoints(db, { organization, limit, after })).map(({ id }) => id);
    expect(await list(null, 10, null)).toEqual([d, c, b, a]);
    expect(await list(null, 2, made[2] ?? null)).toEqual([b, a]);
    expect(await list('acme', 10, null)).toEqual([c, a]);
    expect(await list('', 10, null)).toEqual([b]);
  });
});

describe('a change', () => {
  it('keeps what it leaves out, and raises the version', async () => {
    const { endpoint, secret } = await newEndpoint(config, { description: 'old', organization: 'acme' });
    const changed = await updateEndpoint(config, endpoint.id, { events: ['connection.*'] }, NOW + 5);
    expect(changed).toEqual({
      ...endpoint,
      events: ['connection.*'],
      version: 2,
      updatedAtMs: NOW + 5,
    });
    const cleared = await updateEndpoint(config, endpoint.id, { description: null }, NOW + 6);
    expect(cleared).toMatchObject({ description: null, events: ['connection.*'], version: 3 });
    expect(await found(endpoint.id)).toEqual(cleared);
    expect(await openedSecrets(ring, await found(endpoint.id), NOW)).toEqual([secret]);
    expect(await updateEndpoint(config, 'we_none', {}, NOW)).toBeNull();
  });

  it('of many at the same time loses none', async () => {
    const { endpoint } = await newEndpoint(config);
    await Promise.all([
      updateEndpoint(configWith(ring), endpoint.id, { url: 'https://b.example.com/' }, NOW),
      updateEndpoint(configWith(ring), endpoint.id, { events: ['agent.*'] }, NOW),
      updateEndpoint(configWith(ring), endpoint.id, { description: 'd' }, NOW),
      rotateEndpointSecret(configWith(ring), endpoint.id, NOW),
    ]);
    expect(await found(endpoint.id)).toMatchObject({
      url: 'https://b.example.com/',
      events: ['agent.*'],
      description: 'd',
      version: 5,
    });
    expect((await found(endpoint.id)).secrets).toHaveLength(2);
  });

  it('does not undo what attempts found out meanwhile', async () => {
    const { endpoint } = await newEndpoint(config);
    await recordEndpointResult(db, endpoint.id, 'gone', NOW);
    const changed = await updateEndpoint(config, endpoint.id, { description: 'd' }, NOW);
    expect(changed).toMatchObject({ health: { status: 'disabled' }, statusReason: 'gone' });
    expect(await found(endpoint.id)).toEqual(changed);
  });

  it.each([
    ['the URL', `url = 'https://evil.example/'`],
    ['the filters', `events = '["connected_account.refreshed"]'`],
    ['the organization', `organization = 'other'`],
    ['the version', `version = 9`],
    [
      'a second secret',
      `secrets = json_insert(secrets, '$[#]', secrets ->> '$[0]'), secrets_until_ms = 9e12`,
    ],
    ["another endpoint's secret", `secrets = (SELECT secrets FROM webhook_endpoint WHERE url LIKE '%two%')`],
    ['a removed MAC', `mac = ''`],
  ])('is refused for a row that was changed outside the broker: %s', async (_, changed) => {
    const { endpoint } = await newEndpoint(config);
    await newEndpoint(config, { url: 'https://two.example.com/' });
    await tamper(endpoint.id, changed);
    const before = await dump();
    await expect(updateEndpoint(config, endpoint.id, { description: 'd' }, NOW)).rejects.toMatchObject({
      code: 'record_corrupt',
    });
    await expect(rotateEndpointSecret(config, endpoint.id, NOW)).rejects.toMatchObject({
      code: 'record_corrupt',
    });
    expect(await dump()).toBe(before);
    expect(await deleteEndpoint(config, endpoint.id, NOW)).toBe(true);
  });
});

describe('the status', () => {
  const failing = async () => {
    const { endpoint } = await newEndpoint(config);
    await recordEndpointResult(db, endpoint.id, 'failed', NOW);
    await recordEndpointResult(db, endpoint.id, 'failed', NOW + 5_000);
    const present = await found(endpoint.id);
    expect(present.health.status).toBe('failing');
    return present;
  };

  it('is what an operator says: off, and on again as if new', async () => {
    const { endpoint } = await newEndpoint(config);
    const off = await updateEndpoint(config, endpoint.id, { status: 'disabled' }, NOW + 1);
    expect(off).toMatchObject({ health: { status: 'disabled' }, statusReason: 'operator' });
    const on = await updateEndpoint(config, endpoint.id, { status: 'active' }, NOW + 2);
    expect(on).toMatchObject({ health: endpoint.health, statusReason: null, lastOk: false });
    expect(await found(endpoint.id)).toEqual(on);
  });

  it('of an endpoint that answered 410 stays so when its reason is asked for again, and ends with `active`', async () => {
    const { endpoint } = await newEndpoint(config);
    await recordEndpointResult(db, endpoint.id, 'gone', NOW);
    const twice = await updateEndpoint(config, endpoint.id, { status: 'disabled' }, NOW);
    expect(twice).toMatchObject({ statusReason: 'gone' });
    expect(await updateEndpoint(config, endpoint.id, { status: 'active' }, NOW)).toMatchObject({
      health: { status: 'active' },
      statusReason: null,
    });
  });

  it('`active` of a failing one lets what waits come back, spread', async () => {
    const { id } = await failing();
    await upsertDeliveries(
      db,
      [1, 2, 3].map((n) => waitingDelivery(`wd_${n}`, id)),
    );
    const on = await updateEndpoint(config, id, { status: 'active' }, NOW + 60_000);
    expect(on?.health).toMatchObject({ status: 'active', drainFromMs: NOW + 60_000, waiting: 3 });
    expect(await found(id)).toEqual(on);
  });

  it('of a failing one that moves to another URL is probed at once', async () => {
    const { id, health } = await failing();
    expect(health.nextProbeAtMs).toBeGreaterThan(NOW + 60_000);
    const moved = await updateEndpoint(config, id, { url: 'https://new.example.com/' }, NOW + 60_000);
    expect(moved?.health).toEqual({ ...health, nextProbeAtMs: NOW + 60_000 });
    expect(await found(id)).toEqual(moved);
    const same = await updateEndpoint(config, id, { url: 'https://new.example.com/' }, NOW + 70_000);
    expect(same?.health).toEqual(moved?.health);
  });
});

describe('a rotated secret', () => {
  it('signs beside the new one for 24 hours, newest first', async () => {
    const { endpoint, secret } = await newEndpoint(config);
    const rotated = await rotateEndpointSecret(config, endpoint.id, NOW);
    expect(rotated?.secret).toMatch(/^whsec_/);
    expect(rotated?.secret).not.toBe(secret);
    const stored = await found(endpoint.id);
    expect(stored).toEqual(rotated?.endpoint);
    expect(await openedSecrets(ring, stored, NOW + REPLACED_SECRET_LIFE_MS - 1)).toEqual([
      rotated?.secret,
      secret,
    ]);
    expect(await openedSecrets(ring, stored, NOW + REPLACED_SECRET_LIFE_MS)).toEqual([rotated?.secret]);
  });

  it('is no more than two: the oldest goes when another is drawn', async () => {
    const { endpoint } = await newEndpoint(config);
    const second = await rotateEndpointSecret(config, endpoint.id, NOW);
    const third = await rotateEndpointSecret(config, endpoint.id, NOW + 1);
    expect(await openedSecrets(ring, await found(endpoint.id), NOW + 2)).toEqual([
      third?.secret,
      second?.secret,
    ]);
    expect(await rotateEndpointSecret(config, 'we_none', NOW)).toBeNull();
  });

  it('leaves the directory with the first change after its end, and the newer one still opens', async () => {
    const { endpoint } = await newEndpoint(config);
    const rotated = await rotateEndpointSecret(config, endpoint.id, NOW);
    const laterMs = NOW + REPLACED_SECRET_LIFE_MS;
    await updateEndpoint(config, endpoint.id, { description: 'd' }, laterMs);
    const stored = await found(endpoint.id);
    expect(stored).toMatchObject({ secretsUntilMs: null });
    expect(stored.secrets).toHaveLength(1);
    expect(await openedSecrets(ring, stored, laterMs)).toEqual([rotated?.secret]);
  });
});

describe('a deleted endpoint', () => {
  it('is gone, once, and what waited for it is listed as failed', async () => {
    const { endpoint } = await newEndpoint(config);
    const { endpoint: other } = await newEndpoint(config);
    await upsertDeliveries(db, [
      waitingDelivery('wd_1', endpoint.id),
      { ...waitingDelivery('wd_2', endpoint.id), status: 'delivered', nextAttemptAtMs: null },
      waitingDelivery('wd_3', other.id),
    ]);
    expect(await deleteEndpoint(config, endpoint.id, NOW + 1)).toBe(true);
    expect(await deleteEndpoint(config, endpoint.id, NOW + 1)).toBe(false);
    expect(await findEndpoint(db, endpoint.id)).toBeNull();
    expect(await findDelivery(db, 'wd_1')).toMatchObject({ status: 'failed', nextAttemptAtMs: null });
    expect(await findDelivery(db, 'wd_2')).toMatchObject({ status: 'delivered' });
    expect(await findDelivery(db, 'wd_3')).toMatchObject({ status: 'waiting' });
  });
});
