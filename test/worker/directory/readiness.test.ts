/** What `/readyz` says: check by check, with what to do, and nothing that is a secret. */

import { beforeEach, describe, expect, it } from 'vitest';
import { upsertAccountIndex } from '#directory/indexes/account-index.ts';
import { upsertAgentIndex } from '#directory/indexes/agent-index.ts';
import { connectionKey, webhookKey } from '#directory/keys/data-key.ts';
import { SCHEMA_VERSION } from '#directory/migrate.ts';
import { readiness } from '#directory/readiness.ts';
import { assertVault } from '#directory/keys/key-check.ts';
import { accountRow } from './account-row.ts';
import { configWith, db, downDatabase, dump, emptyVault, masterKey } from './world.ts';

const key = masterKey();
const HOST = '127.0.0.1:8787';

beforeEach(emptyVault);

async function failing(config: ReturnType<typeof configWith>): Promise<Record<string, string>> {
  const checks = Object.entries(await readiness(config, HOST)).filter(([, check]) => !check.ok);
  return Object.fromEntries(checks.map(([name, check]) => [name, check.detail]));
}

describe('readiness', () => {
  it('is whole for a deployment that has all it needs, and writes nothing', async () => {
    const before = await dump();
    expect(await failing(configWith(`k1:${key}`))).toEqual({});
    expect(await dump()).toBe(before);
  });

  it('names the missing and the wrong master key', async () => {
    expect(await failing(configWith(null))).toEqual({
      master_keys: expect.stringContaining('MASTER_KEYS is not set: make one'),
    });
    await assertVault(configWith(`k1:${key}`));
    expect(await failing(configWith(`k1:${masterKey()}`))).toEqual({
      master_keys: expect.stringContaining('put the right key back'),
    });
  });

  describe('where a key of before is gone from the ring', () => {
    const [before, now] = [`k1:${key}`, `k2:${masterKey()}`];
    const clear = () =>
      db.batch(
        ['account_index', 'agent_index', 'data_key'].map((table) => db.prepare(`DELETE FROM ${table}`)),
      );
    beforeEach(async () => {
      await clear();
      await assertVault(configWith(before));
      await assertVault(configWith(`${now},${before}`));
    });

    const agentRow = (kid: string | null) => ({
      id: 'a',
      organization: '',
      name: null,
      status: 'active',
      createdAtMs: 1,
      updatedAtMs: 1,
      resource: '{}',
      indexedAtMs: 1,
      kid,
    });

    it.each<[string, () => Promise<unknown>, string]>([
      [
        'an account',
        () => upsertAccountIndex(db, accountRow({ kid: 'k1' })),
        'accounts were encrypted with it',
      ],
      ['an agent', () => upsertAgentIndex(db, agentRow('k1')), 'agents were encrypted with it'],
      ['a secret of the directory', () => connectionKey(configWith(before)), 'secrets in the directory'],
      ['a secret of a webhook', () => webhookKey(configWith(before)), 'secrets in the directory'],
      ['an account of before that column', () => upsertAccountIndex(db, accountRow()), 'may need it'],
      ['an agent of before that column', () => upsertAgentIndex(db, agentRow(null)), 'may need it'],
    ])('and %s needs it, it is named, and good again when it is back', async (_, write, why) => {
      await write();
      expect(await failing(configWith(now))).toEqual({
        master_keys: expect.stringMatching(new RegExp(`"k1" \\(.*${why}`)),
      });
      expect(await failing(configWith(`${now},${before}`))).toEqual({});
    });

    it('and nothing needs it, all is well', async () => {
      await upsertAccountIndex(db, accountRow({ kid: 'k2' }));
      await upsertAgentIndex(db, agentRow('k2'));
      await connectionKey(configWith(now));
      expect(await failing(configWith(now))).toEqual({});
    });
  });

  it('names the missing admin key', async () => {
    const config = { ...configWith(`k1:${key}`), adminKey: null, adminKeyProblem: 'ADMIN_KEY is not set' };
    expect(await failing(config)).toEqual({ admin_key: expect.stringContaining('ADMIN_KEY is not set') });
  });

  it('tells a directory that does not answer from one without a schema', async () => {
    const down = await failing(configWith(`k1:${key}`, downDatabase()));
    expect(Object.keys(down).toSorted()).toEqual(['directory', 'master_keys', 'schema']);
    expect(JSON.stringify(down)).not.toContain('planted');
    await db.prepare('ALTER TABLE meta RENAME TO hidden').run();
    try {
      expect(await failing(configWith(`k1:${key}`))).toEqual({
        schema: expect.stringContaining('d1 migrations apply'),
      });
    } finally {
      await db.prepare('ALTER TABLE hidden RENAME TO meta').run();
    }
  });

  it('takes a newer schema, whose steps are additive, and refuses an older one', async () => {
    const set = (version: string) =>
      db.prepare(`UPDATE meta SET value = ? WHERE key = 'schema_version'`).bind(version).run();
    await set('99');
    expect(await failing(configWith(`k1:${key}`))).toEqual({});
    await set('0');
    expect(Object.keys(await failing(configWith(`k1:${key}`)))).toEqual(['schema']);
    await set(String(SCHEMA_VERSION));
  });

  it('warns of loopback and of a host that is not BASE_URL, without refusing', async () => {
    const config = configWith(`k1:${key}`);
    const warned = await readiness({ ...config, allowLoopback: true }, 'other.example.com');
    expect(warned['loopback']).toEqual({
      ok: true,
      detail: expect.stringMatching(/^warning: ALLOW_LOOPBACK/),
    });
    expect(warned['base_url']).toEqual({ ok: true, detail: expect.stringMatching(/^warning: /) });
    const quiet = await readiness({ ...config, allowLoopback: false }, HOST);
    expect(quiet['loopback']?.detail).toBe('off');
    expect(quiet['base_url']?.detail).not.toContain('warning');
    expect((await readiness({ ...config, baseUrl: null }, HOST))['base_url']?.detail).toContain(
      'BASE_URL is not set',
    );
  });

  it('shows no key', async () => {
    const text = JSON.stringify(await readiness(configWith(`k1:${key}`), HOST));
    expect(text).not.toContain(key.slice(0, 8));
    expect(text).not.toContain('worker-test-admin-key');
  });
});
