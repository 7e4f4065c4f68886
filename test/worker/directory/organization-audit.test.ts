/** The audit chains in D1: a change and its record are one transaction, writers that meet do not fork them. */

import { beforeEach, describe, expect, it } from 'vitest';
import { headMac, nextLink, NO_RECORDS, type ChainHead } from '#audit/chain.ts';
import type { AuditFields } from '#audit/record.ts';
import { systemContext } from '#audit/record.ts';
import { controlKey } from '#directory/keys/data-key.ts';
import { applyMigrations } from '#directory/migrate.ts';
import {
  dropOldRecords,
  RECORDS_KEPT,
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

  it('in one isolate get their turn one by one: none of a hundred is refused', async () => {
    const names = Array.from({ length: 100 }, (_, index) => `n${String(index).padStart(3, '0')}`);
    const done = await Promise.all(
      names.map((name) => runRecorded(config, recordOf('acme', { connection: name }), note(name))),
    );
    expect(done).toEqual(names.map(() => true));
    const recorded = (await rows('acme')).map(({ body }) => JSON.parse(body).connection);
    expect(recorded).toEqual(names);
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

describe('old records', () => {
  const OLD = 1_700_000_000_000;
  const YOUNG = 1_790_000_000_000;
  const BEFORE = 1_780_000_000_000;

  /** A chain with so many records of each time, as the broker would have written it, one by one. */
  async function chain(organization: string, old: number, young: number): Promise<void> {
    const { mac } = await controlKey(config);
    let head: ChainHead = NO_RECORDS;
    const links = Array.from({ length: old + young }, (_, n) => {
      const atMs = n < old ? OLD : YOUNG;
      const link = nextLink(head, fields, systemContext('c'), new Date(atMs).toISOString(), mac);
      head = link;
      return { ...link, atMs };
    });
    await db.batch([
      db
        .prepare(
          `INSERT INTO organization_audit (organization, seq, at_ms, action, body, hash)
           SELECT ?, value ->> '$.seq', value ->> '$.atMs', 'connection.create', value ->> '$.body', value ->> '$.hash'
           FROM json_each(?)`,
        )
        .bind(organization, JSON.stringify(links)),
      db
        .prepare('INSERT INTO organization_audit_head (organization, seq, hash, mac) VALUES (?, ?, ?, ?)')
        .bind(organization, head.seq, head.hash, headMac(mac, organization, head)),
    ]);
  }

  const left = async (organization: string) => {
    const query =
      'SELECT min(seq) AS first, count(*) AS count FROM organization_audit WHERE organization = ?';
    return db.prepare(query).bind(organization).first<{ first: number; count: number }>();
  };
  const intact = (organization: string) => verifyOrganizationAudit(config, organization);

  it('go, however many, and the rest is walked from where they ended, to which new records are added', async () => {
    await chain('acme', 1_300, RECORDS_KEPT);
    await chain('', 3, RECORDS_KEPT);
    expect(await dropOldRecords(config, BEFORE)).toBe(1_303);
    expect(await left('acme')).toEqual({ first: 1_301, count: RECORDS_KEPT });
    expect(await left('')).toEqual({ first: 4, count: RECORDS_KEPT });
    await runRecorded(config, recordOf('acme'), note('a'));
    expect(await intact('acme')).toMatchObject({ intact: true, events: 1_301 + RECORDS_KEPT });
    expect(await intact('')).toMatchObject({ intact: true });
    expect(await dropOldRecords(config, BEFORE)).toBe(0);
    // A later run begins where this one has ended.
    expect(await dropOldRecords(config, YOUNG + 1)).toBe(1);
    expect(await intact('acme')).toMatchObject({ intact: true, events: 1_301 + RECORDS_KEPT });
  });

  it('stay where they are the newest of their chain, and young ones stay however many there are', async () => {
    await chain('quiet', RECORDS_KEPT, 0);
    await chain('busy', 0, RECORDS_KEPT + 500);
    expect(await dropOldRecords(config, BEFORE)).toBe(0);
    expect(await left('quiet')).toMatchObject({ count: RECORDS_KEPT });
    expect(await left('busy')).toMatchObject({ count: RECORDS_KEPT + 500 });
  });

  it('of a chain that was changed outside the broker stay to be seen, and hide no other chain', async () => {
    await chain('acme', 20, RECORDS_KEPT);
    await chain('beta', 20, RECORDS_KEPT);
    await db
      .prepare(
        "UPDATE organization_audit SET body = replace(body, 'hubspot', 'slack') WHERE organization = 'acme' AND seq = 7",
      )
      .run();
    expect(await dropOldRecords(config, BEFORE)).toBe(20);
    expect(await left('acme')).toMatchObject({ first: 1 });
    expect(await intact('acme')).toMatchObject({ intact: false, brokenAt: 7 });
    expect(await intact('beta')).toMatchObject({ intact: true });
  });

  it.each([
    ['was moved on', "UPDATE organization_audit_checkpoint SET seq = seq + 1, hash = 'x'"],
    [
      'is a record of the chain under another MAC',
      `UPDATE organization_audit_checkpoint SET
         (seq, hash) = (SELECT seq, hash FROM organization_audit WHERE seq = 30 AND organization = 'acme')`,
    ],
    [
      'is the head of its time',
      `UPDATE organization_audit_checkpoint SET
         (seq, hash, mac) = (SELECT seq, hash, mac FROM organization_audit_head WHERE organization = 'acme')`,
    ],
    ['is gone', 'DELETE FROM organization_audit_checkpoint'],
  ])('are not passed over by a checkpoint that %s', async (_, sql) => {
    await chain('acme', 20, RECORDS_KEPT);
    await dropOldRecords(config, BEFORE);
    expect(await intact('acme')).toMatchObject({ intact: true });
    await db.prepare(sql).run();
    expect(await intact('acme')).toMatchObject({ intact: false });
    expect(await dropOldRecords(config, YOUNG + 1)).toBe(0);
  });

  it('are old by their own word: a column that no hash covers makes none of them old', async () => {
    await chain('acme', 0, RECORDS_KEPT + 20);
    await db.prepare('UPDATE organization_audit SET at_ms = 1').run();
    expect(await dropOldRecords(config, BEFORE)).toBe(0);
    expect(await left('acme')).toEqual({ first: 1, count: RECORDS_KEPT + 20 });
  });

  it('wait for the right ring', async () => {
    await chain('acme', 20, RECORDS_KEPT);
    const wrong = configWith(`k2:${masterKey()}`, asAnotherIsolate());
    await expect(dropOldRecords(wrong, BEFORE)).rejects.toMatchObject({ code: 'vault_locked' });
    expect(await left('acme')).toMatchObject({ first: 1 });
  });
});
