/** The audit chains in D1: a change and its record are one transaction, writers that meet do not fork them. */

import { beforeEach, describe, expect, it } from 'vitest';
import type { AuditFields } from '#audit/record.ts';
import { systemContext } from '#audit/record.ts';
import { applyMigrations } from '#directory/migrate.ts';
import {
  runRecorded,
  verifyOrganizationAudit,
  type OrganizationRecord,
} from '#directory/organization-audit.ts';
import { asAnotherIsolate, configWith, db, downDatabase, emptyVault, masterKey } from './world.ts';

const ring = `k1:${masterKey()}`;
const config = configWith(ring);

const fields: AuditFields = { action: 'connection.create', outcome: 'ok', connection: 'hubspot' };

function recordOf(organization: string, changed: Partial<AuditFields> = {}): OrganizationRecord {
  const context = systemContext('c');
  return { organization, fields: { ...fields, ...changed }, context, atMs: 1_800_000_000_000 };
}

/** A change that happens, and one that finds nothing. */
const note = (name: string) =>
  db
    .prepare('INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO NOTHING')
    .bind(`note:${name}`, 'x');

async function rows(organization: string) {
  const query = 'SELECT seq, body, hash FROM organization_audit WHERE organization = ? ORDER BY seq';
  return (await db.prepare(query).bind(organization).all<{ seq: number; body: string }>()).results;
}

const notes = async () =>
  (
    await db.prepare("SELECT key FROM meta WHERE key LIKE 'note:%' ORDER BY key").all<{ key: string }>()
  ).results.map(({ key }) => key.slice(5));

beforeEach(async () => {
  await applyMigrations(db);
  await emptyVault();
  await db.prepare("DELETE FROM meta WHERE key LIKE 'note:%'").run();
});

describe('a change with its record', () => {
  it('is both there, with the record in the chain of its organization', async () => {
    expect(await runRecorded(config, recordOf('acme'), note('a'))).toBe(true);
    expect(await runRecorded(config, recordOf(''), note('b'))).toBe(true);
    const [record] = await rows('acme');
    expect(JSON.parse(record?.body ?? '')).toMatchObject({
      seq: 1,
      action: 'connection.create',
      connection: 'hubspot',
      organization: 'acme',
      actor: { type: 'system' },
    });
    expect(JSON.parse((await rows(''))[0]?.body ?? '')).not.toHaveProperty('organization');
    expect(await verifyOrganizationAudit(config, 'acme')).toMatchObject({
      intact: true,
      events: 1,
      brokenAt: null,
    });
  });

  it('leaves no record where it changes nothing, and what follows it runs all the same', async () => {
    await runRecorded(config, recordOf('acme'), note('a'));
    expect(await runRecorded(config, recordOf('acme'), note('a'), [note('after')])).toBe(false);
    expect(await rows('acme')).toHaveLength(1);
    expect(await notes()).toEqual(['a', 'after']);
    expect(await verifyOrganizationAudit(config, 'acme')).toMatchObject({ intact: true, events: 1 });
  });

  it('is undone where what follows it fails', async () => {
    await runRecorded(config, recordOf('acme'), note('a'));
    const wrong = db.prepare('INSERT INTO meta (key, value) VALUES (?, NULL)').bind('note:c');
    await expect(runRecorded(config, recordOf('acme'), note('b'), [wrong])).rejects.toThrow();
    expect(await notes()).toEqual(['a']);
    expect(await rows('acme')).toHaveLength(1);
  });

  it('is not made without the key of the chain, nor while the directory is down', async () => {
    await runRecorded(config, recordOf('acme'), note('a'));
    const wrong = configWith(`k2:${masterKey()}`, asAnotherIsolate());
    await expect(runRecorded(wrong, recordOf('acme'), note('b'))).rejects.toMatchObject({
      code: 'vault_locked',
    });
    const down = configWith(ring, downDatabase());
    await expect(runRecorded(down, recordOf('acme'), note('b'))).rejects.toMatchObject({
      code: 'unavailable',
    });
    expect(await notes()).toEqual(['a']);
  });
});

describe('writers that meet', () => {
  it('fork no chain: thirty changes are thirty records, one after the other', async () => {
    const names = Array.from({ length: 30 }, (_, index) => `n${String(index).padStart(2, '0')}`);
    const done = await Promise.all(
      names.map((name) => runRecorded(configWith(ring), recordOf('acme', { connection: name }), note(name))),
    );
    expect(done).toEqual(names.map(() => true));
    expect(await notes()).toEqual(names);
    const recorded = (await rows('acme')).map(({ body }) => JSON.parse(body).connection);
    expect(recorded.toSorted()).toEqual(names);
    expect(await verifyOrganizationAudit(config, 'acme')).toMatchObject({ intact: true, events: 30 });
  });
});

describe('a chain that was changed outside the broker', () => {
  const run = (sql: string) => db.prepare(sql).run();
  const MUTATIONS: [string, string, number][] = [
    [
      'a changed record',
      "UPDATE organization_audit SET body = replace(body, 'hubspot', 'slack') WHERE seq = 2",
      2,
    ],
    ['a removed record', 'DELETE FROM organization_audit WHERE seq = 2', 2],
    ['a removed end', 'DELETE FROM organization_audit WHERE seq = 4', 4],
    [
      'records put in front of the head',
      'INSERT INTO organization_audit SELECT organization, 5, at_ms, action, replace(body, \'"seq":4\', \'"seq":5\'), hash FROM organization_audit WHERE seq = 4',
      5,
    ],
    ['a head that was moved back', 'UPDATE organization_audit_head SET seq = 3', 4],
    ['a head that is gone', 'DELETE FROM organization_audit_head', 1],
  ];

  it.each(MUTATIONS)('is found: %s', async (_, sql, brokenAt) => {
    for (const name of ['a', 'b', 'c', 'd']) await runRecorded(config, recordOf('acme'), note(name));
    expect((await verifyOrganizationAudit(config, 'acme')).intact).toBe(true);
    await run(sql);
    expect(await verifyOrganizationAudit(config, 'acme')).toMatchObject({ intact: false, brokenAt });
  });

  it('takes no more records on a head that was made up, and no change without them', async () => {
    for (const name of ['a', 'b']) await runRecorded(config, recordOf('acme'), note(name));
    for (const sql of [
      'UPDATE organization_audit_head SET seq = 1',
      "UPDATE organization_audit_head SET seq = 7, mac = 'x'",
      'DELETE FROM organization_audit_head',
    ]) {
      await run(sql);
      await expect(runRecorded(config, recordOf('acme'), note('c'))).rejects.toMatchObject({
        code: 'record_corrupt',
      });
      expect(await notes()).toEqual(['a', 'b']);
    }
  });
});
