/** Organizations' own clients in D1: what is stored, what comes out, and what a changed row is worth. */

import { beforeEach, describe, expect, it } from 'vitest';
import { decryptText, openDataKey } from '#crypto/envelope.ts';
import { openKeyring } from '#crypto/keyring.ts';
import { CONNECTIONS_OWNER, ownClientSecretPlace } from '#crypto/places.ts';
import { bySystem } from '#directory/organization-audit.ts';
import { connectionSettings, createConnection, loadConnection } from '#directory/connections/connections.ts';
import { deleteConnection } from '#directory/connections/connection-changes.ts';
import { reportHealth, takeHealthProbe, type HealthPlace } from '#directory/connections/connection-health.ts';
import { newsHeldBy, newsTaken } from '#directory/connections/connection-news.ts';
import {
  listOwnClients,
  MAX_OWN_CLIENTS,
  putOwnClient,
  removeOwnClient,
} from '#directory/connections/own-clients.ts';
import { forGrant, versionOf } from '#providers/clients.ts';
import { otherGrantHolders } from '#directory/indexes/grant-holders.ts';
import { upsertAccountIndex } from '#directory/indexes/account-index.ts';
import { dropOldNews } from '#directory/retention.ts';
import { accountRow } from './account-row.ts';
import { configWith, db, draft, emptyVault, masterKey } from './world.ts';

const ring = `k1:${masterKey()}`;
let config = configWith(ring);

beforeEach(async () => {
  await emptyVault();
  await db.batch([
    db.prepare('DELETE FROM own_client'),
    db.prepare('DELETE FROM own_client_news'),
    db.prepare('DELETE FROM account_index'),
  ]);
  config = configWith(ring);
  await createConnection(config, draft('one'), 1_000);
});

const change = (organization: string, nowMs = 2_000, connection = 'one') => ({
  connection,
  organization,
  nowMs,
  context: bySystem(),
});
const put = (organization: string, id: string, secrets = [`planted-${id}`]) =>
  putOwnClient(config, change(organization), { id, secrets });
const clientsOf = async (organization: string) =>
  (await connectionSettings(config, 'one', organization))?.ownClients?.clients.map(
    ({ id, isCurrent }) => [id, isCurrent] as const,
  );
const hasAccount = (organization: string, id = `ca_${organization}`) =>
  upsertAccountIndex(db, accountRow({ id, organization }));

async function opened(organization: string, asIf = organization, clientId = ''): Promise<(string | null)[]> {
  const settings = await connectionSettings(config, 'one', organization);
  const keyring = await openKeyring(ring);
  if (!keyring.ok || settings?.ownClients === undefined) throw new Error('nothing to open');
  const key = await openDataKey(keyring.value, CONNECTIONS_OWNER, settings.dataKey);
  if (!key.ok) throw new Error(key.error.code);
  const texts = settings.ownClients.clients.flatMap(({ id, secrets }) =>
    secrets.map(async (secret, n) => {
      const place = { organization: asIf, clientId: clientId === '' ? id : clientId };
      const text = await decryptText(key.value, ownClientSecretPlace('one', place, n), secret);
      return text.ok ? text.value : null;
    }),
  );
  return Promise.all(texts);
}

describe('a client of an organization', () => {
  it('comes with the settings of that organization alone, sealed under its own place', async () => {
    expect(await put('acme', 'acme-app', ['planted-new', 'planted-old'])).toBe('created');
    expect(await clientsOf('acme')).toEqual([['acme-app', true]]);
    expect(await clientsOf('globex')).toBeUndefined();
    expect(await clientsOf('')).toBeUndefined();
    expect(await opened('acme')).toEqual(['planted-new', 'planted-old']);
    expect(await opened('acme', 'globex')).toEqual([null, null]);
    expect(await opened('acme', 'acme', 'another')).toEqual([null, null]);
    const stored = JSON.stringify((await db.prepare('SELECT * FROM own_client').all()).results);
    expect(stored).not.toContain('planted');
    const { settings } = (await loadConnection(db, { id: 'one', organization: 'acme' }, 2_000, ring)) as {
      settings: unknown;
    };
    expect(settings).toEqual(await connectionSettings(config, 'one', 'acme'));
  });

  it('that is replaced or removed stays for its grants while the organization has accounts', async () => {
    await hasAccount('acme');
    await put('acme', 'first');
    expect(await put('acme', 'second')).toBe('replaced');
    expect(await clientsOf('acme')).toEqual([
      ['first', false],
      ['second', true],
    ]);
    expect(await removeOwnClient(config, change('acme'))).toBe(true);
    expect(await clientsOf('acme')).toEqual([
      ['first', false],
      ['second', false],
    ]);
    expect(await opened('acme')).toEqual(['planted-first', 'planted-second']);
    expect(await removeOwnClient(config, change('acme'))).toBe(false);
    expect(await listOwnClients(db, 'one', null)).toEqual([]);
    // Brought back, with another secret.
    await put('acme', 'first', ['planted-again']);
    expect(await opened('acme')).toEqual(['planted-again', 'planted-second']);
  });

  it('is erased at once where no account could have a grant of it, and later where the last one has gone', async () => {
    await put('acme', 'first');
    expect(await removeOwnClient(config, change('acme'))).toBe(true);
    expect(await clientsOf('acme')).toBeUndefined();
    await hasAccount('globex');
    await put('globex', 'first');
    await removeOwnClient(config, change('globex'));
    const later = 2_000 + 2 * 24 * 3_600_000;
    expect((await dropOldNews(config, later))?.clients).toBe(0);
    await db.prepare('DELETE FROM account_index').run();
    expect((await dropOldNews(config, later))?.clients).toBe(1);
    expect(await clientsOf('globex')).toBeUndefined();
  });

  it('makes its organization newer with each change, and never older', async () => {
    await hasAccount('acme');
    const versions: (number | undefined)[] = [];
    for (const id of ['first', 'second', 'first']) {
      await put('acme', id);
      versions.push((await connectionSettings(config, 'one', 'acme'))?.ownClients?.version);
    }
    expect(versions).toEqual([1, 2, 3]);
  });

  it('is one of at most so many', async () => {
    await hasAccount('acme');
    for (let n = 0; n < MAX_OWN_CLIENTS; n += 1) await put('acme', `app-${n}`);
    await expect(put('acme', 'one-more')).rejects.toMatchObject({ code: 'conflict' });
    expect(await put('acme', 'app-0')).toBe('replaced');
  });

  it('of many at the same time is one, and each has its record', async () => {
    await hasAccount('acme');
    await Promise.all(['a', 'b', 'c'].map((id) => put('acme', id)));
    const clients = await clientsOf('acme');
    expect(clients?.filter(([, isCurrent]) => isCurrent)).toHaveLength(1);
    expect(clients).toHaveLength(3);
    const { results } = await db
      .prepare(`SELECT body FROM organization_audit WHERE organization = 'acme'`)
      .all<{ body: string }>();
    expect(results.filter(({ body }) => body.includes('own_client_set'))).toHaveLength(3);
  });

  it('ends with its connection, and is of no connection that is not there', async () => {
    await put('acme', 'first');
    await deleteConnection(config, 'one', true, 3_000);
    expect((await db.prepare('SELECT * FROM own_client').all()).results).toEqual([]);
    await expect(put('acme', 'second')).rejects.toMatchObject({ code: 'conflict' });
  });
});

describe('a row that was changed outside the broker', () => {
  it.each([
    ['another organization’s', `UPDATE own_client SET organization = 'globex'`, 'globex'],
    ['another secret', `UPDATE own_client SET client_secrets = '[]'`, 'acme'],
    ['another client', `UPDATE own_client SET client_id = 'theirs'`, 'acme'],
    ['current again', `UPDATE own_client SET state = 'retired'`, 'acme'],
    ['older', `UPDATE own_client SET own_version = 7`, 'acme'],
  ])('is not used: %s', async (_, statement, organization) => {
    await put('acme', 'first');
    await db.prepare(statement).run();
    await expect(connectionSettings(config, 'one', organization)).rejects.toMatchObject({
      code: 'record_corrupt',
    });
    expect(await loadConnection(db, { id: 'one', organization }, 2_000, ring)).toBe('unavailable');
    await expect(put(organization, 'second')).rejects.toMatchObject({ code: 'record_corrupt' });
    // The connection and the other organizations go on.
    expect(await connectionSettings(config, 'one', 'initech')).toMatchObject({ id: 'one' });
  });
});

describe('the health of a client', () => {
  const acme: HealthPlace = { connection: 'one', own: { organization: 'acme', clientId: 'first' } };
  const refusal = (account: string, version: number) =>
    ({ kind: 'client_rejected', account, version, reason: 'invalid_client' }) as const;
  const report = async (holder: string, nowMs: number) => {
    const settings = await connectionSettings(config, 'one', 'acme');
    if (settings === null) throw new Error('no connection');
    const version = versionOf(forGrant(settings, 'first'));
    return reportHealth(config, { place: acme, holder, report: refusal(holder, version), nowMs });
  };
  const health = async (organization: string) => {
    const found = await loadConnection(db, { id: 'one', organization }, 2_000, ring);
    if (found === null || found === 'unavailable') throw new Error('not loaded');
    return { shared: found.health.health.state, own: found.ownHealth.get('first')?.health.state };
  };

  it('is its own: refused, it closes neither the connection nor another organization’s client', async () => {
    await hasAccount('acme', 'ca_a');
    await hasAccount('acme', 'ca_b');
    await put('acme', 'first');
    await put('globex', 'first');
    await report('ca_a', 3_000);
    await report('ca_b', 4_000);
    expect(await health('acme')).toEqual({ shared: 'ok', own: 'misconfigured' });
    expect(await health('globex')).toEqual({ shared: 'ok', own: 'ok' });
    const [news, ...more] = await newsHeldBy(db, 'ca_a');
    expect(more).toEqual([]);
    expect(news).toMatchObject({
      connection: 'one',
      organization: 'acme',
      type: 'connection.misconfigured',
      healthReason: 'invalid_client',
    });
    await newsTaken(db, [news?.id ?? '']);
    expect(await newsHeldBy(db, 'ca_a')).toEqual([]);
    const [shown] = await listOwnClients(db, 'one', 'acme');
    expect(shown?.health).toMatchObject({ state: 'misconfigured', reason: 'invalid_client' });
    const stored = (await report('ca_a', 5_000))?.health;
    expect(stored?.nextProbeAtMs).toBeGreaterThan(5_000);
  });

  it('gives the lease of a probe to one account', async () => {
    await hasAccount('acme', 'ca_a');
    await put('acme', 'first');
    await report('ca_a', 3_000);
    const after = await report('ca_b', 4_000);
    if (after === null) throw new Error('no health');
    const dueMs = after.health.nextProbeAtMs ?? 0;
    const taken = await Promise.all([0, 1, 2].map(() => takeHealthProbe(db, acme, after, dueMs)));
    expect(taken.filter(Boolean)).toHaveLength(1);
  });
});

it('an account of the organization counts as a holder of grants that its client has made', async () => {
  await put('acme', 'first');
  await upsertAccountIndex(db, accountRow({ id: 'ca_other', organization: 'acme', subject: 'ada' }));
  const asked = { clientId: 'first', subject: 'ada', self: 'ca_self' };
  expect(await otherGrantHolders(db, asked)).toEqual([
    { tokenHost: 'api.hubapi.com', clientId: 'first', subject: 'ada' },
  ]);
  expect(await otherGrantHolders(db, { ...asked, clientId: 'of-nobody' })).toEqual([]);
});
