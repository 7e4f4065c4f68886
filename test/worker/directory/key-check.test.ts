/** Whether the ring is the one that the data was encrypted with, and what a wrong one leaves behind. */

import { beforeEach, describe, expect, it } from 'vitest';
import { assertVault, checkVault } from '#directory/keys/key-check.ts';
import { configWith, db, downDatabase, dump, emptyVault, masterKey } from './world.ts';

async function kids(): Promise<string[]> {
  const rows = await db.prepare('SELECT kid FROM key_check ORDER BY kid').all<{ kid: string }>();
  return rows.results.map((row) => row.kid);
}

beforeEach(emptyVault);

describe('an empty directory', () => {
  it('takes the first ring and notes its current key alone', async () => {
    const ring = await assertVault(configWith(`k1:${masterKey()},k0:${masterKey()}`));
    expect(ring.ok && ring.value.current.kid).toBe('k1');
    expect(await kids()).toEqual(['k1']);
  });

  it('is not written by a probe', async () => {
    expect((await checkVault(configWith(`k1:${masterKey()}`))).ok).toBe(true);
    expect(await kids()).toEqual([]);
  });

  it('lets one of two different rings win and tells the other', async () => {
    const outcomes = await Promise.all([
      assertVault(configWith(`a:${masterKey()}`)),
      assertVault(configWith(`b:${masterKey()}`)),
      assertVault(configWith(`c:${masterKey()}`)),
    ]);
    expect(outcomes.filter((one) => one.ok)).toHaveLength(1);
    expect(outcomes.filter((one) => !one.ok).map((one) => !one.ok && one.error.code)).toEqual([
      'vault_locked',
      'vault_locked',
    ]);
    expect(await kids()).toHaveLength(1);
  });
});

describe('a directory that knows a key', () => {
  const right = masterKey();

  beforeEach(async () => {
    expect((await assertVault(configWith(`k1:${right}`))).ok).toBe(true);
  });

  it.each([
    ['another key under the same id', () => `k1:${masterKey()}`],
    ['a key of another id', () => `k2:${masterKey()}`],
    ['no key', () => null],
    ['an empty text', () => ''],
    ['a short key', () => `k1:${btoa('short')}`],
    ['a key of zeros', () => `k1:${btoa('\0'.repeat(32))}`],
    ['something that is no ring', () => 'planted'],
    ['the right key beside a wrong one of its id', () => `k1:${right},k1:${masterKey()}`],
  ])('refuses %s, changes no row, and works again with the right one', async (_, ring) => {
    const before = await dump();
    const refused = await assertVault(configWith(ring()));
    expect(refused).toMatchObject({ ok: false, error: { code: 'vault_locked' } });
    expect(await checkVault(configWith(ring()))).toMatchObject({
      ok: false,
      error: { code: 'vault_locked' },
    });
    expect(await dump()).toBe(before);
    expect((await assertVault(configWith(`k1:${right}`))).ok).toBe(true);
  });

  it('says what to do without a byte of any key', async () => {
    const wrong = masterKey();
    const refused = await assertVault(configWith(`k1:${wrong}`));
    const detail = refused.ok ? '' : refused.error.detail;
    expect(detail).toContain('put the right key back');
    expect(detail).not.toContain(wrong.slice(0, 8));
    expect(detail).not.toContain(right.slice(0, 8));
  });

  it('takes a new current key beside the old one, and then the new one alone', async () => {
    const next = masterKey();
    expect((await assertVault(configWith(`k2:${next},k1:${right}`))).ok).toBe(true);
    expect(await kids()).toEqual(['k1', 'k2']);
    expect((await assertVault(configWith(`k2:${next}`))).ok).toBe(true);
  });

  it('that does not answer is `unavailable` and not `vault_locked`', async () => {
    for (const ask of [assertVault, checkVault]) {
      const answer = await ask(configWith(`k1:${right}`, downDatabase()));
      expect(answer).toMatchObject({ ok: false, error: { code: 'unavailable' } });
      expect(JSON.stringify(answer)).not.toContain('planted');
    }
  });

  it('is asked once per isolate while the ring is right, and each time while it is not', async () => {
    let questions = 0;
    const counted = {
      prepare: (query: string) => ((questions += 1), db.prepare(query)),
    } as unknown as D1Database;
    await assertVault(configWith(`k1:${right}`, counted));
    const first = questions;
    await assertVault(configWith(`k1:${right}`, counted));
    expect(questions).toBe(first);
    await assertVault(configWith(`k9:${masterKey()}`, counted));
    await assertVault(configWith(`k9:${masterKey()}`, counted));
    expect(questions).toBe(first + 2);
  });
});
