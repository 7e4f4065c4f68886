/** Connections in D1: what is stored, what comes out, and what a changed row is worth. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { decryptText, openDataKey } from '#crypto/envelope.ts';
import { CONNECTIONS_OWNER, clientSecretPlace } from '#crypto/places.ts';
import { openKeyring } from '#crypto/keyring.ts';
import type { ConnectionSettings } from '#providers/settings.ts';
import { upsertAccountIndex } from '#directory/indexes/account-index.ts';
import {
  connectionSettings,
  createConnection,
  findConnection,
  forgetConnection,
  listConnections,
  loadConnection,
  recentConnection,
} from '#directory/connections/connections.ts';
import { accountRow } from './account-row.ts';
import { configWith, db, downDatabase, draft, dump, emptyVault, masterKey, silentDatabase } from './world.ts';

const ring = `k1:${masterKey()}`;
let config = configWith(ring);
const LIMIT_MS = 300;

beforeEach(async () => {
  await emptyVault();
  await db.prepare('DELETE FROM account_index').run();
  // The isolate remembers this ring from the test before, and would not note it again.
  config = configWith(ring);
});

afterEach(() => {
  vi.useRealTimers();
});

/** As the exchange does it: from what an account keeps, with the ring alone. */
async function openedSecrets(settings: ConnectionSettings): Promise<string[]> {
  const opened = await openKeyring(ring);
  if (!opened.ok) throw new Error('the ring of this test does not open');
  const key = await openDataKey(opened.value, CONNECTIONS_OWNER, settings.dataKey);
  if (!key.ok) throw new Error(key.error.code);
  const texts = await Promise.all(
    settings.clientSecrets.map((stored, index) =>
      decryptText(key.value, clientSecretPlace(settings.id, index), stored),
    ),
  );
  return texts.map((text) => (text.ok ? text.value : text.error.code));
}

describe('a connection', () => {
  it('is stored with its facts, version 1 and health ok', async () => {
    expect(await createConnection(config, draft('one', { warnings: ['w'] }), 1_000)).toBe(true);
    const { clientSecrets: _, ...facts } = draft('one', { warnings: ['w'] });
    expect(await findConnection(db, 'one')).toMatchObject({
      connection: {
        ...facts,
        version: 1,
        health: 'ok',
        healthReason: null,
        healthSinceMs: 1_000,
        createdAtMs: 1_000,
        updatedAtMs: 1_000,
      },
      accounts: 0,
      sharedWith: null,
    });
    expect(await findConnection(db, 'two')).toBeNull();
  });

  it('keeps its secrets out of every row, in plain and in base64', async () => {
    await createConnection(
      config,
      draft('one', { clientSecrets: ['planted-secret-1', 'planted-secret-2'] }),
      1,
    );
    const rows = await dump();
    for (const secret of ['planted-secret', btoa('planted-secret-1'), btoa('planted-secret-2')]) {
      expect(rows).not.toContain(secret);
    }
  });

  it('gives its secrets back to whoever holds the ring, in their order', async () => {
    await createConnection(
      config,
      draft('one', { clientSecrets: ['planted-secret-1', 'planted-secret-2'] }),
      1,
    );
    const settings = await connectionSettings(config, 'one', '');
    expect(settings).not.toBeNull();
    expect(await openedSecrets(settings as ConnectionSettings)).toEqual([
      'planted-secret-1',
      'planted-secret-2',
    ]);
  });

  it('is made once, even by many at the same time', async () => {
    const made = await Promise.all(
      [1, 2, 3, 4, 5].map((n) => createConnection(configWith(ring), draft('one', { scopes: [`s${n}`] }), n)),
    );
    expect(made.filter(Boolean)).toHaveLength(1);
    expect(await db.prepare('SELECT count(*) AS n FROM connection').first('n')).toBe(1);
    const settings = (await connectionSettings(config, 'one', '')) as ConnectionSettings;
    expect(await openedSecrets(settings)).toEqual(['planted-secret-1']);
  });

  it('is counted with its accounts, and names the oldest other one of the same client', async () => {
    await createConnection(config, draft('one', { clientId: 'same' }), 1);
    await createConnection(config, draft('two', { clientId: 'same' }), 2);
    await createConnection(config, draft('three', { clientId: 'same' }), 3);
    await createConnection(config, draft('four', { clientId: null, clientSecrets: [] }), 4);
    await createConnection(config, draft('five', { clientId: null, clientSecrets: [] }), 5);
    await upsertAccountIndex(db, accountRow({ id: 'ca_1', connection: 'two' }));
    await upsertAccountIndex(db, accountRow({ id: 'ca_2', connection: 'two' }));
    const seen = await listConnections(db, { limit: 10, after: null });
    expect(seen.map(({ connection, accounts, sharedWith }) => [connection.id, accounts, sharedWith])).toEqual(
      [
        ['five', 0, null],
        ['four', 0, null],
        ['three', 0, 'one'],
        ['two', 2, 'one'],
        ['one', 0, 'two'],
      ],
    );
  });

  it('is written by no ring but the right one', async () => {
    await createConnection(config, draft('one'), 1);
    const before = await dump();
    const wrong = configWith(`k1:${masterKey()}`);
    await expect(createConnection(wrong, draft('two'), 2)).rejects.toMatchObject({ code: 'vault_locked' });
    await expect(connectionSettings(wrong, 'one', '')).rejects.toMatchObject({ code: 'vault_locked' });
    expect(await dump()).toBe(before);
  });
});

describe('the list', () => {
  it('is walked newest first without a gap or a repetition, also among equal times', async () => {
    const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    for (const [n, id] of ids.entries()) await createConnection(config, draft(id), Math.floor(n / 3));
    const walked: string[] = [];
    for (let after = null as { createdAtMs: number; id: string } | null; ;) {
      const page = await listConnections(db, { limit: 2, after });
      walked.push(...page.map(({ connection }) => connection.id));
      const last = page.at(-1)?.connection;
      if (last === undefined) break;
      after = { createdAtMs: last.createdAtMs, id: last.id };
    }
    expect(walked).toEqual(['g', 'f', 'e', 'd', 'c', 'b', 'a']);
  });
});

/** Every field that a row of the first release did not have, set. */
const SET = {
  verification: 'subject',
  returnUrls: ['https://app.example.com/done'],
  tokenAccess: 'proxy_only',
  maxRefreshesPerSecond: 5,
  location: 'weur',
} as const;

describe('settings', () => {
  it('carry what the accounts need, and are stored as they came', async () => {
    await createConnection(config, draft('one', SET), 1);
    expect((await findConnection(db, 'one'))?.connection).toMatchObject(SET);
    expect(await connectionSettings(config, 'one', '')).toMatchObject({
      tokenAccess: 'proxy_only',
      maxRefreshesPerSecond: 5,
      location: 'weur',
    });
  });

  it('of a row that says nothing of the later fields are the defaults, under the MAC that it always had', async () => {
    await createConnection(config, draft('one'), 1);
    const row = await db.prepare(`SELECT * FROM connection WHERE id = 'one'`).first();
    expect(row).toMatchObject({ verification: null, return_urls: null, token_access: null, location: null });
    expect(await connectionSettings(config, 'one', '')).toMatchObject({
      tokenAccess: 'any',
      maxRefreshesPerSecond: null,
      location: null,
    });
  });

  it('are the same for the control plane and for an account', async () => {
    await createConnection(config, draft('one'), 1);
    const settings = await connectionSettings(config, 'one', '');
    expect(settings).toMatchObject({ id: 'one', version: 1, provider: 'hubspot', clientId: 'client-of-one' });
    expect(settings).not.toHaveProperty('mac');
    expect(await loadConnection(db, { id: 'one', organization: '' }, LIMIT_MS, ring)).toMatchObject({
      settings,
      strandedHolder: null,
    });
    expect(JSON.parse(JSON.stringify(settings))).toEqual(settings);
  });

  it('of a connection that does not exist are null', async () => {
    expect(await connectionSettings(config, 'none', '')).toBeNull();
    expect(await loadConnection(db, { id: 'none', organization: '' }, LIMIT_MS, ring)).toBeNull();
  });

  it.each([
    ['token_url in the descriptor', `descriptor = replace(descriptor, 'api.hubapi.com', 'evil.example')`],
    ['the client id', `client_id = 'other'`],
    ['the scopes', `scopes = '["all"]'`],
    ['the version', `version = 2`],
    ['the type', `auth_type = 'api_key'`],
    ['a removed secret', `client_secrets = '[]'`],
    [
      "another connection's secret",
      `client_secrets = (SELECT client_secrets FROM connection WHERE id = 'two')`,
    ],
    ['the verification', `verification = 'none'`],
    ['a verification of nothing', `verification = NULL`],
    ['the return URLs', `return_urls = '["https://evil.example/"]'`],
    ['the access to tokens', `token_access = NULL`],
    ['the rate', `max_refreshes_per_second = 9999`],
    ['a rate under another name', `max_refreshes_per_second = NULL, location = '5'`],
    ['a removed MAC', `mac = ''`],
    ["another connection's MAC", `mac = (SELECT mac FROM connection WHERE id = 'two')`],
  ])('of a row that was changed outside the broker are not handed out: %s', async (_, change) => {
    await createConnection(config, draft('one', SET), 1);
    await createConnection(config, draft('two', { clientSecrets: ['planted-secret-2'] }), 2);
    const { meta } = await db.prepare(`UPDATE connection SET ${change} WHERE id = 'one'`).run();
    expect(meta.changes).toBe(1);
    await expect(connectionSettings(config, 'one', '')).rejects.toMatchObject({ code: 'record_corrupt' });
    expect(await loadConnection(db, { id: 'one', organization: '' }, LIMIT_MS, ring)).toBe('unavailable');
    expect(await loadConnection(db, { id: 'two', organization: '' }, LIMIT_MS, ring)).toMatchObject({
      settings: { id: 'two' },
    });
  });

  it('of an older row that came back under a newer version are not handed out', async () => {
    await createConnection(config, draft('one'), 1);
    const old = await db
      .prepare(`SELECT client_secrets FROM connection WHERE id = 'one'`)
      .first<string>('client_secrets');
    await db.prepare(`DELETE FROM connection WHERE id = 'one'`).run();
    await createConnection(config, draft('one', { clientSecrets: ['planted-secret-2'] }), 2);
    await db.prepare(`UPDATE connection SET client_secrets = ? WHERE id = 'one'`).bind(old).run();
    await expect(connectionSettings(config, 'one', '')).rejects.toMatchObject({ code: 'record_corrupt' });
  });

  it('are not read, and no second key is drawn, when the data key has gone from the directory', async () => {
    await createConnection(config, draft('one'), 1);
    await db.prepare('DELETE FROM data_key').run();
    const before = await dump();
    await expect(connectionSettings(config, 'one', '')).rejects.toMatchObject({ code: 'record_corrupt' });
    await expect(createConnection(config, draft('two'), 2)).rejects.toMatchObject({ code: 'record_corrupt' });
    expect(await loadConnection(db, { id: 'one', organization: '' }, LIMIT_MS, ring)).toBe('unavailable');
    expect(await dump()).toBe(before);
  });

  it('survive a change of health, which decides nothing about where they are sent', async () => {
    await createConnection(config, draft('one'), 1);
    await db.prepare(`UPDATE connection SET health = 'outage', health_since_ms = 5 WHERE id = 'one'`).run();
    expect(await connectionSettings(config, 'one', '')).toMatchObject({ id: 'one' });
  });

  it('of an account are never waited for longer than it allows, and never throw', async () => {
    await createConnection(config, draft('one'), 1);
    expect(await loadConnection(silentDatabase(), { id: 'one', organization: '' }, 50, ring)).toBe(
      'unavailable',
    );
    expect(await loadConnection(downDatabase(), { id: 'one', organization: '' }, LIMIT_MS, ring)).toBe(
      'unavailable',
    );
    expect(await loadConnection(db, { id: 'one', organization: '' }, LIMIT_MS, `k1:${masterKey()}`)).toBe(
      'unavailable',
    );
    expect(await loadConnection(db, { id: 'one', organization: '' }, LIMIT_MS, null)).toBe('unavailable');
  });
});

describe('a directory that does not answer', () => {
  it('is 503 with Retry-After, without a word of the platform', async () => {
    const down = configWith(ring, downDatabase());
    for (const work of [
      () => findConnection(down.directory, 'one'),
      () => listConnections(down.directory, { limit: 1, after: null }),
      () => connectionSettings(down, 'one', ''),
      () => createConnection(down, draft('one'), 1),
    ]) {
      const error = await work().then(
        () => null,
        (thrown: unknown) => thrown,
      );
      expect(error).toMatchObject({ code: 'unavailable', details: { retryAfterS: expect.any(Number) } });
      expect(String((error as Error).message)).not.toContain('planted');
    }
  });

  it('is told from one without a schema, which names the command', async () => {
    await db.prepare('ALTER TABLE connection RENAME TO hidden').run();
    try {
      await expect(findConnection(db, 'one')).rejects.toMatchObject({
        code: 'unavailable',
        message: expect.stringContaining('d1 migrations apply'),
      });
    } finally {
      await db.prepare('ALTER TABLE hidden RENAME TO connection').run();
    }
  });

  it('is not blamed for a mistake of ours', async () => {
    const { ask } = await import('#directory/ask.ts');
    await expect(ask(() => db.prepare('SELEC 1').first())).rejects.not.toMatchObject({ code: 'unavailable' });
  });
});

/** A database whose answers are held back: what was read lies there until `open` is called. */
function held(): { db: D1Database; read: Promise<void>; open: () => void } {
  let wasRead: () => void = () => undefined;
  let open: () => void = () => undefined;
  const read = new Promise<void>((resolve) => (wasRead = resolve));
  const gate = new Promise<void>((resolve) => (open = resolve));
  let isFirst = true;
  const first = async (query: string, values: unknown[]) => {
    const row = await db
      .prepare(query)
      .bind(...values)
      .first();
    if (isFirst) {
      isFirst = false;
      wasRead();
      await gate;
    }
    return row;
  };
  const prepare = (query: string) => ({
    bind: (...values: unknown[]) => ({ first: () => first(query, values) }),
  });
  return { db: { prepare } as unknown as D1Database, read, open };
}

describe('what an isolate remembers of a connection for a second', () => {
  const PATIENT_MS = 60_000;
  const rise = () => db.prepare(`UPDATE connection SET health_rev = health_rev + 1`).run();
  const revOf = (found: Awaited<ReturnType<typeof loadConnection>>) =>
    found === null || found === 'unavailable' ? found : found.health.rev;

  it('is asked for once by those who come together', async () => {
    await createConnection(config, draft('shared'), 1);
    const before = revOf(await recentConnection(db, { id: 'shared', organization: '' }, PATIENT_MS, ring));
    await rise();
    expect(revOf(await recentConnection(db, { id: 'shared', organization: '' }, PATIENT_MS, ring))).toBe(
      before,
    );
  });

  it('is not what was read before a change of its own', async () => {
    await createConnection(config, draft('changed'), 1);
    const slow = held();
    const early = loadConnection(slow.db, { id: 'changed', organization: '' }, PATIENT_MS, ring);
    await slow.read;
    await rise();
    forgetConnection(slow.db, 'changed');
    slow.open();
    const before = Number(revOf(await early));
    expect(
      revOf(await recentConnection(slow.db, { id: 'changed', organization: '' }, PATIENT_MS, ring)),
    ).toBe(before + 1);
  });

  it('is not an older reading that ended after a newer reading', async () => {
    await createConnection(config, draft('overtaken'), 1);
    vi.useFakeTimers({ toFake: ['Date'], now: 1_000_000 });
    const slow = held();
    const early = loadConnection(slow.db, { id: 'overtaken', organization: '' }, PATIENT_MS, ring);
    await slow.read;
    await rise();
    vi.setSystemTime(1_000_001);
    const newer = revOf(
      await loadConnection(slow.db, { id: 'overtaken', organization: '' }, PATIENT_MS, ring),
    );
    slow.open();
    expect(Number(revOf(await early))).toBe(Number(newer) - 1);
    expect(
      revOf(await recentConnection(slow.db, { id: 'overtaken', organization: '' }, PATIENT_MS, ring)),
    ).toBe(newer);
  });

  it('is not the absence of one that has been made since', async () => {
    expect(
      await recentConnection(config.directory, { id: 'made', organization: '' }, PATIENT_MS, ring),
    ).toBeNull();
    await createConnection(config, draft('made'), 1);
    expect(
      await recentConnection(config.directory, { id: 'made', organization: '' }, PATIENT_MS, ring),
    ).not.toBeNull();
  });
});
