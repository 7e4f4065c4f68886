import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { freeField, systemContext, type AuditFields } from '#audit/record.ts';
import { AuditRing, type Checkpoint, type RingRow, type RingTable } from '#audit/ring.ts';

const KEY = new Uint8Array(32).fill(7);
const fields: AuditFields = { action: 'token.issue', outcome: 'ok' };

class MemoryTable implements RingTable {
  rows = new Map<number, RingRow>();
  point: Checkpoint | null = null;
  row = (slot: number): RingRow | null => this.rows.get(slot) ?? null;
  maxSlot = (): number | null => (this.rows.size === 0 ? null : Math.max(...this.rows.keys()));
  maxSeq = (): number | null =>
    this.rows.size === 0 ? null : Math.max(...[...this.rows.values()].map((row) => row.seq));
  put = (slot: number, row: RingRow): void => void this.rows.set(slot, row);
  checkpoint = (): Checkpoint | null => this.point;
  putCheckpoint = (point: Checkpoint): void => void (this.point = point);
}

function filled(count: number, slots: number): { table: MemoryTable; ring: AuditRing } {
  const table = new MemoryTable();
  const ring = new AuditRing(table, slots);
  for (let index = 0; index < count; index += 1)
    ring.append(fields, systemContext(`c${index}`), '2026-11-21T00:00:00.000Z', KEY);
  return { table, ring };
}

describe('the audit ring', () => {
  it('is intact at every length, also after waking, and never keeps more than its slots', () => {
    for (let count = 0; count <= 40; count += 1) {
      const { table, ring } = filled(count, 8);
      const woken = new AuditRing(table, 8);
      expect(woken.head(), `length ${count}`).toEqual(ring.head());
      const found = woken.verify(KEY);
      expect(found.intact, `length ${count}`).toBe(true);
      expect(found.head.seq).toBe(count);
      expect(table.rows.size).toBeLessThanOrEqual(8);
      if (count > 0) expect(found.from + found.events - 1).toBe(count);
    }
  });

  it('goes on with the chain after waking in the middle of an overwritten ring', () => {
    const { table } = filled(21, 8);
    const woken = new AuditRing(table, 8);
    expect(woken.append(fields, systemContext('next'), '2026-11-21T00:00:01.000Z', KEY).seq).toBe(22);
    expect(new AuditRing(table, 8).verify(KEY).intact).toBe(true);
  });

  it('notices every changed, removed, renumbered and exchanged record that it can still check', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 30 }),
        fc.nat(),
        fc.constantFrom('body', 'hash', 'seq', 'gone', 'swap'),
        (count, pick, how) => {
          const { table } = filled(count, 8);
          const before = new AuditRing(table, 8).verify(KEY);
          const seq = before.from + (pick % Math.max(1, before.events));
          const slot = seq % 8;
          const row = table.rows.get(slot);
          if (row === undefined) throw new Error('the record must be there');
          if (how === 'body') table.rows.set(slot, { ...row, body: row.body.replace('"ok"', '"no"') });
          if (how === 'hash')
            table.rows.set(slot, {
              ...row,
              hash: row.hash.replace(/^./, (char) => (char === 'A' ? 'B' : 'A')),
            });
          if (how === 'seq') table.rows.set(slot, { ...row, seq: row.seq + 8 });
          if (how === 'gone' && seq !== before.head.seq) table.rows.delete(slot);
          else if (how === 'gone') return;
          if (how === 'swap') {
            if (before.events < 2) return;
            const other = (seq === before.head.seq ? seq - 1 : seq + 1) % 8;
            const neighbour = table.rows.get(other);
            if (neighbour === undefined) throw new Error('the neighbour must be there');
            table.rows.set(slot, { ...neighbour, seq: row.seq });
            table.rows.set(other, { ...row, seq: neighbour.seq });
          }
          expect(new AuditRing(table, 8).verify(KEY).intact).toBe(false);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('trusts a checkpoint only with its own key', () => {
    const { table } = filled(30, 8);
    expect(new AuditRing(table, 8).verify(new Uint8Array(32).fill(8)).intact).toBe(false);
    const point = table.point;
    if (point === null) throw new Error('an overwritten ring has a checkpoint');
    table.point = { ...point, seq: point.seq + 1 };
    expect(new AuditRing(table, 8).verify(KEY).intact).toBe(false);
  });

  it('signs its checkpoint anew under the key of the next life', () => {
    const { table, ring } = filled(30, 8);
    const next = new Uint8Array(32).fill(9);
    ring.resignCheckpoint(KEY, next);
    expect(new AuditRing(table, 8).verify(next).intact).toBe(true);
  });

  it('does not sign a forged checkpoint anew', () => {
    const { table, ring } = filled(30, 8);
    const next = new Uint8Array(32).fill(9);
    if (table.point !== null) table.point = { ...table.point, hash: 'A'.repeat(43) };
    ring.resignCheckpoint(KEY, next);
    expect(new AuditRing(table, 8).verify(next).intact).toBe(false);
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
