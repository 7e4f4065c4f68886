import { describe, expect, it } from 'vitest';
import { freeField } from '#audit/record.ts';
import { PAGE_RECORDS } from '#audit/ring.ts';
import {
  append,
  appendUnkeyed,
  CHAIN_KEY as KEY,
  filled,
  KEPT,
  MemoryChain,
  OLD_SLOTS,
  woken,
} from './memory-chain.ts';

const LENGTHS = Array.from({ length: 2 * KEPT + 20 }, (_, index) => index + 1);

describe('the audit chain', () => {
  it('is intact at every length, over every border of its ring, and never keeps more than that', () => {
    const { chain, ring } = filled(0);
    for (const count of LENGTHS) {
      append(ring, chain, 1);
      const found = woken(chain).verify(KEY);
      expect(found, `length ${count}`).toMatchObject({ intact: true, head: { seq: count }, brokenAt: null });
      expect(found.from + found.events - 1).toBe(count);
      expect(found.events).toBeGreaterThanOrEqual(Math.min(count, KEPT));
      expect(found.events).toBeLessThanOrEqual(KEPT + PAGE_RECORDS);
    }
  });

  it('goes on where it was, whenever the object wakes', () => {
    const { chain } = filled(0);
    for (const count of LENGTHS) {
      append(woken(chain), chain, 1);
      expect(woken(chain).verify(KEY), `length ${count}`).toMatchObject({
        intact: true,
        head: { seq: count },
      });
    }
  });

  it('costs seventeen written rows for sixteen records', () => {
    const { chain, ring } = filled(PAGE_RECORDS);
    const before = chain.written;
    append(ring, chain, 100 * PAGE_RECORDS);
    expect(chain.written - before).toBe(100 * (PAGE_RECORDS + 1));
  });

  it('lists its records newest first, each with the hashes around it', () => {
    for (const count of [1, PAGE_RECORDS, PAGE_RECORDS + 1, KEPT, KEPT + 1, 2 * KEPT + 5]) {
      const { chain } = filled(count);
      const ring = woken(chain);
      const all = ring.list(null, 1_000);
      expect(all.map(({ seq }) => seq)).toEqual(
        Array.from({ length: ring.verify(KEY).events }, (_, index) => count - index),
      );
      for (const [index, record] of all.entries()) {
        expect(JSON.parse(record.body)).toMatchObject({ seq: record.seq });
        if (index + 1 < all.length) expect(record.previous).toBe(all[index + 1]?.hash);
      }
      expect(ring.list(all[2]?.seq ?? 1, 2)).toEqual(all.slice(3, 5));
    }
  });

  it('is not trusted under another key, and signs its head anew for the key of the next life', () => {
    const next = new Uint8Array(32).fill(9);
    const { chain, ring } = filled(40, 3);
    expect(woken(chain).verify(next).intact).toBe(false);
    ring.resign(KEY, next);
    expect(woken(chain).verify(next).intact).toBe(true);
  });

  it('signs no chain anew that was changed', () => {
    const next = new Uint8Array(32).fill(9);
    const { chain } = filled(40);
    if (chain.headRow !== null) chain.headRow = { ...chain.headRow, seq: 39 };
    woken(chain).resign(KEY, next);
    expect(woken(chain).verify(next).intact).toBe(false);
  });
});

describe('a chain that an earlier version wrote without a key', () => {
  it.each([1, OLD_SLOTS - 1, OLD_SLOTS, OLD_SLOTS + 3, 5 * OLD_SLOTS])(
    'of %i records goes on keyed, is verified with what follows it, and goes when the ring has come round',
    (old) => {
      const { chain, ring } = filled(0, old);
      expect(woken(chain).verify(KEY)).toMatchObject({ intact: true, head: { seq: old } });
      expect(woken(chain).list(null, 99)[0]).toMatchObject({ seq: old });
      for (const count of LENGTHS) {
        append(ring, chain, 1);
        const found = woken(chain).verify(KEY);
        expect(found, `${count} after ${old}`).toMatchObject({ intact: true, head: { seq: old + count } });
        expect(woken(chain).list(null, 1_000).at(-1)?.seq).toBeLessThanOrEqual(found.from);
      }
      expect(chain.unkeyed.rows.size).toBe(0);
    },
  );

  it('does not verify where it was written on beside the keyed one, and neither is written over', () => {
    const { chain, ring } = filled(20, 5);
    appendUnkeyed(chain.unkeyed, 2);
    expect(woken(chain).verify(KEY)).toMatchObject({ intact: false, brokenAt: 6 });
    append(ring, chain, 1);
    expect(
      woken(chain)
        .list(null, 100)
        .map(({ seq }) => seq),
    ).toContain(26);
    expect(chain.unkeyed.rows.size).toBe(7);
  });

  it('that has no record at all does not verify: what is there was created, and that is one', () => {
    expect(woken(new MemoryChain()).verify(KEY)).toMatchObject({ intact: false, events: 0 });
  });
});

describe('a free field of a record', () => {
  it('keeps short words and hides what could be a secret', () => {
    expect(freeField('call_42', KEY)).toBe('call_42');
    expect(freeField('python-requests/2.31.0', KEY)).toBe('python-requests/2.31.0');
    const hidden = freeField('x ya29.A0ARrdaM-abcdefghijklmnop y', KEY) ?? '';
    expect(hidden).toMatch(/^x hmac:[\w-]{16} y$/);
  });

  it('escapes control characters and is cut', () => {
    expect(freeField('a\u001b[31mb\nc', KEY)).toBe('a\\u001b[31mb\\u000ac');
    expect((freeField('ab '.repeat(1000), KEY) ?? '').length).toBeLessThanOrEqual(200);
  });
});
