/** Beats: which accounts have fallen silent, and that nobody who is alive is among them. */

import { beforeEach, describe, expect, it } from 'vitest';
import { upsertAccountIndex } from '#directory/indexes/account-index.ts';
import { BEAT_OVERDUE_MS, overdueBeats, recordBeat, type OverdueBeat } from '#directory/beats.ts';
import { accountRow } from './account-row.ts';
import { db, downDatabase } from './world.ts';

const NOW = 1_800_000_000_000;
const LONG_AGO = NOW - BEAT_OVERDUE_MS - 1;

beforeEach(async () => {
  await db.prepare('DELETE FROM account_index').run();
});

async function account(id: string, indexedAtMs: number, beats?: boolean): Promise<void> {
  await upsertAccountIndex(db, accountRow({ id, indexedAtMs, ...(beats === undefined ? {} : { beats }) }));
}

const ids = (found: readonly OverdueBeat[]): string[] => found.map(({ accountId }) => accountId);

describe('an account', () => {
  it('is overdue 26 hours after it was heard of last, and not a moment earlier', async () => {
    await account('ca_1', LONG_AGO + 1, true);
    expect(await overdueBeats(db, NOW, 10)).toEqual([]);
    expect(await overdueBeats(db, NOW + 1, 10)).toEqual([{ accountId: 'ca_1', beatAtMs: LONG_AGO + 1 }]);
  });

  it('that beats is not overdue any more, and a late beat moves nothing back', async () => {
    await account('ca_1', LONG_AGO, true);
    expect(await recordBeat(db, 'ca_1', NOW)).toBe(true);
    expect(await recordBeat(db, 'ca_1', LONG_AGO)).toBe(true);
    expect(await overdueBeats(db, NOW, 10)).toEqual([]);
  });

  it('without timers is never overdue, and one that beats has them', async () => {
    await account('ca_1', LONG_AGO, false);
    await account('ca_2', LONG_AGO);
    expect(await overdueBeats(db, NOW, 10)).toEqual([]);
    await recordBeat(db, 'ca_2', LONG_AGO);
    expect(ids(await overdueBeats(db, NOW, 10))).toEqual(['ca_2']);
  });

  it('that the index does not know is told so, and brings its row', async () => {
    expect(await recordBeat(db, 'ca_9', NOW)).toBe(false);
  });
});

describe('overdue accounts', () => {
  it('come longest silent first, page by page, each once', async () => {
    for (const [id, ageMs] of [
      ['ca_a', 5],
      ['ca_b', 9],
      ['ca_c', 9],
      ['ca_d', 1],
    ] as const) {
      await account(id, LONG_AGO - ageMs, true);
    }
    await db.prepare(`UPDATE account_index SET beat_at_ms = NULL WHERE id = 'ca_d'`).run();
    const first = await overdueBeats(db, NOW, 2);
    expect(ids(first)).toEqual(['ca_d', 'ca_b']);
    const second = await overdueBeats(db, NOW, 2, first.at(-1));
    expect(ids(second)).toEqual(['ca_c', 'ca_a']);
    expect(await overdueBeats(db, NOW, 2, second.at(-1))).toEqual([]);
  });

  it('are unknown while the directory does not answer', async () => {
    await expect(overdueBeats(downDatabase(), NOW, 1)).rejects.toMatchObject({ code: 'unavailable' });
    await expect(recordBeat(downDatabase(), 'ca_1', NOW)).rejects.toMatchObject({ code: 'unavailable' });
  });
});
