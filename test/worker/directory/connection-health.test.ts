/** What accounts tell of their connection, many at once: one truth, one event, one probe, and no write without news. */

import { beforeEach, describe, expect, it } from 'vitest';
import { reportHealth, takeHealthProbe } from '#directory/connections/connection-health.ts';
import { newsHeldBy, newsTaken, strandedHolders } from '#directory/connections/connection-news.ts';
import { createConnection, findConnection, loadConnection } from '#directory/connections/connections.ts';
import { verifyOrganizationAudit } from '#directory/organization-audit.ts';
import type { HealthReport } from '#refresh/standing/connection-health.ts';
import { configWith, db, downDatabase, draft, dump, emptyVault, masterKey } from './world.ts';

const ring = `k1:${masterKey()}`;
const NOW = 1_795_255_200_000;
const FIVE: HealthReport = { kind: 'failed', atMs: [NOW, NOW, NOW, NOW, NOW] };
const REFUSED: HealthReport = {
  kind: 'client_rejected',
  account: 'ca_closer',
  version: 1,
  reason: 'invalid_client',
};

beforeEach(async () => {
  await emptyVault();
  await db.prepare('DELETE FROM connection_news').run();
  await createConnection(configWith(ring), draft('one'), NOW);
});

const told = (report: HealthReport, holder = 'ca_a', nowMs = NOW) =>
  reportHealth(configWith(ring), { place: { connection: 'one', own: null }, holder, report, nowMs });

async function shown() {
  const view = await findConnection(db, 'one');
  if (view === null) throw new Error('expected a connection');
  const { health, healthReason, healthSinceMs } = view.connection;
  return { health, healthReason, healthSinceMs };
}

async function loaded() {
  const found = await loadConnection(db, { id: 'one', organization: '' }, 2_000, ring);
  if (found === null || found === 'unavailable') throw new Error('expected a connection that can be trusted');
  return found;
}

const news = async () => (await db.prepare('SELECT * FROM connection_news ORDER BY rev').all()).results;

describe('a change of health', () => {
  it('is made once by many who come at the same time, and tells its one event to one of them', async () => {
    const holders = Array.from({ length: 20 }, (_, n) => `ca_${n}`);
    const after = await Promise.all(holders.map((holder) => told(FIVE, holder)));
    expect(after.filter((one) => one?.changed)).toHaveLength(1);
    expect(await shown()).toEqual({
      health: 'outage',
      healthReason: 'provider_unavailable',
      healthSinceMs: NOW,
    });
    const [winner] = holders.filter((_, n) => after[n]?.changed);
    expect(await news()).toMatchObject([{ type: 'connection.outage', holder: winner, connection: 'one' }]);
  });

  it('has one record in the chain of the deployment', async () => {
    await Promise.all([told(FIVE, 'ca_a'), told(FIVE, 'ca_b')]);
    await told({ kind: 'succeeded', account: 'ca_one' }, 'ca_b');
    await told({ kind: 'succeeded', account: 'ca_one' }, 'ca_a');
    const found = await db
      .prepare(`SELECT action FROM organization_audit WHERE organization = '' ORDER BY seq`)
      .all();
    const actions = found.results.map(({ action }) => action);
    expect(actions.filter((action) => action !== 'connection.create')).toEqual([
      'connection.outage',
      'connection.recovered',
    ]);
    expect(await verifyOrganizationAudit(configWith(ring), '')).toMatchObject({ intact: true });
  });

  it('is made also where that chain is broken, so that an outage can end', async () => {
    await told(FIVE);
    await db.prepare(`UPDATE organization_audit_head SET hash = 'x'`).run();
    expect(await told({ kind: 'succeeded', account: 'ca_one' })).toMatchObject({
      changed: true,
      health: { state: 'ok' },
    });
  });

  it('is told once where one account reports twice at the same time', async () => {
    await Promise.all([told(FIVE), told(FIVE), told(REFUSED), told(FIVE)]);
    const types = (await news()).map((row) => row['type']);
    expect(new Set(types).size).toBe(types.length);
    expect(types.length).toBeLessThanOrEqual(2);
  });

  it('leaves the settings as trustworthy as they were', async () => {
    const before = await loaded();
    await told(FIVE);
    await told({ kind: 'succeeded', account: 'ca_one' });
    await told({ ...REFUSED, account: 'ca_one' } as HealthReport);
    const { settings, health } = await loaded();
    expect(settings).toEqual(before.settings);
    expect(health).toMatchObject({ rev: 3, health: { state: 'misconfigured', version: 1 } });
  });

  it('writes nothing that is not news; that an account has refreshed is news once', async () => {
    await told({ kind: 'succeeded', account: 'ca_one' });
    await told({ kind: 'answered' });
    const before = await dump();
    expect(await told({ kind: 'succeeded', account: 'ca_one' })).toMatchObject({ changed: false, rev: 1 });
    expect(await dump()).toBe(before);
  });

  it('is no matter of a connection that is gone, nor of a directory that does not answer', async () => {
    expect(
      await reportHealth(configWith(ring), {
        place: { connection: 'none', own: null },
        holder: 'ca_a',
        report: FIVE,
        nowMs: NOW,
      }),
    ).toBeNull();
    const asked = reportHealth(configWith(ring, downDatabase()), {
      place: { connection: 'one', own: null },
      holder: 'ca_a',
      report: FIVE,
      nowMs: NOW,
    });
    await expect(asked).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('a probe', () => {
  it('is taken by one of many, and not again within 30 seconds', async () => {
    const open = await told(FIVE);
    if (open === null) throw new Error('expected a health');
    const dueMs = NOW + 30_000;
    const early = await takeHealthProbe(db, { connection: 'one', own: null }, open, dueMs - 1);
    const taken = await Promise.all(
      Array.from({ length: 20 }, () => takeHealthProbe(db, { connection: 'one', own: null }, open, dueMs)),
    );
    expect([early, taken.filter(Boolean).length]).toEqual([false, 1]);
    const { health } = await loaded();
    expect(await takeHealthProbe(db, { connection: 'one', own: null }, health, dueMs + 29_999)).toBe(false);
    expect(await takeHealthProbe(db, { connection: 'one', own: null }, health, dueMs + 30_000)).toBe(true);
  });
});

describe('a client that was refused', () => {
  it('is shown until the connection has newer settings', async () => {
    await told(REFUSED);
    expect(await shown()).toMatchObject({ health: 'misconfigured', healthReason: 'invalid_client' });
    await db
      .prepare('UPDATE connection SET version = 2, updated_at_ms = ?')
      .bind(NOW + 5)
      .run();
    expect(await shown()).toEqual({ health: 'ok', healthReason: null, healthSinceMs: NOW + 5 });
    // Refused again: the same incident, and no second event.
    await told({ ...REFUSED, version: 2 });
    expect(await shown()).toMatchObject({ health: 'misconfigured', healthSinceMs: NOW });
    expect(await news()).toHaveLength(1);
  });
});

describe('news', () => {
  it('waits for its account, which is found when it has left it lying for half a minute', async () => {
    await told(FIVE, 'ca_a', NOW);
    await told({ kind: 'succeeded', account: 'ca_one' }, 'ca_b', NOW + 20_000);
    expect(await strandedHolders(db, NOW + 30_000, 10)).toEqual([]);
    expect(await strandedHolders(db, NOW + 40_000, 10)).toEqual(['ca_a']);
    expect(await strandedHolders(db, NOW + 60_000, 10)).toEqual(['ca_a', 'ca_b']);
    const [outage] = await newsHeldBy(db, 'ca_a');
    expect(outage).toMatchObject({
      type: 'connection.outage',
      connection: 'one',
      provider: 'hubspot',
      healthReason: 'provider_unavailable',
      atMs: NOW,
    });
    await newsTaken(db, [outage?.id ?? '']);
    expect(await newsHeldBy(db, 'ca_a')).toEqual([]);
    expect(await newsHeldBy(db, 'ca_b')).toMatchObject([
      { type: 'connection.recovered', healthReason: null },
    ]);
  });

  it('is pointed out to whoever loads the connection', async () => {
    await told(REFUSED, 'ca_a', Date.now() - 60_000);
    expect((await loaded()).strandedHolder).toBe('ca_a');
  });
});
