/** The rows of a keyed audit chain in memory, and a writer of the unkeyed chain that versions up to 0.1.0 kept. */

import { recordText, systemContext, type AuditFields } from '#audit/record.ts';
import { AuditRing, PAGE_RECORDS, type ChainTable, type HeadRow, type PageRow } from '#audit/ring.ts';
import { unkeyedHead, type Checkpoint, type UnkeyedRow, type UnkeyedTable } from '#audit/unkeyed.ts';
import { chainHash, rowMac } from '#crypto/digest.ts';

export const CHAIN_KEY = new Uint8Array(32).fill(7);
const AT = '2026-11-21T00:00:00.000Z';
const FIELDS: AuditFields = { action: 'token.issue', outcome: 'ok' };
/** Small ones, so that they come round: 4 pages of 16, and 8 slots of the older ring. */
const PAGES = 4;
export const OLD_SLOTS = 8;
export const KEPT = PAGES * PAGE_RECORDS;

class MemoryUnkeyed implements UnkeyedTable {
  rows = new Map<number, UnkeyedRow>();
  point: Checkpoint | null = null;
  row = (slot: number): UnkeyedRow | null => this.rows.get(slot) ?? null;
  maxSlot = (): number | null => (this.rows.size === 0 ? null : Math.max(...this.rows.keys()));
  maxSeq = (): number | null =>
    this.rows.size === 0 ? null : Math.max(...[...this.rows.values()].map(({ seq }) => seq));
  checkpoint = (): Checkpoint | null => this.point;
  putCheckpoint = (point: Checkpoint): void => void (this.point = point);
  drop = (): void => {
    this.rows.clear();
    this.point = null;
  };
}

export class MemoryChain implements ChainTable {
  headRow: HeadRow | null = null;
  pageRows = new Map<number, PageRow>();
  unkeyed = new MemoryUnkeyed();
  /** What the object's own row says. */
  said = 0;
  written = 0;
  head = (): HeadRow | null => this.headRow;
  putHead = (row: HeadRow): void => {
    this.headRow = row;
    this.written += 1;
  };
  page = (slot: number): PageRow | null => this.pageRows.get(slot) ?? null;
  putPage = (slot: number, { seq, previous, bodies }: PageRow): void => {
    this.pageRows.set(slot, { seq, previous, bodies });
    this.written += 1;
  };
  pages = (): { count: number; maxSeq: number } => ({
    count: this.pageRows.size,
    maxSeq: Math.max(0, ...[...this.pageRows.values()].map(({ seq }) => seq)),
  });
  floor = (): number => this.said;

  copy(): MemoryChain {
    const copy = new MemoryChain();
    copy.headRow = this.headRow;
    copy.pageRows = new Map(this.pageRows);
    copy.unkeyed.rows = new Map(this.unkeyed.rows);
    copy.unkeyed.point = this.unkeyed.point;
    copy.said = this.said;
    return copy;
  }
}

export const woken = (chain: MemoryChain): AuditRing => new AuditRing(chain, PAGES, OLD_SLOTS);

/** As the objects do: the first head is told to the object's own row in the same transaction. */
export function append(ring: AuditRing, chain: MemoryChain, count: number): void {
  for (let index = 0; index < count; index += 1) {
    const { begins } = ring.append(FIELDS, systemContext(`c${index}`), AT, CHAIN_KEY);
    if (begins) chain.said = ring.floor();
  }
}

/** `count` records as an earlier version appended them, checkpoints and all. */
export function appendUnkeyed(table: MemoryUnkeyed, count: number): void {
  for (let index = 0; index < count; index += 1) {
    const head = unkeyedHead(table, OLD_SLOTS);
    const seq = head.seq + 1;
    const overwritten = table.rows.get(seq % OLD_SLOTS);
    if (overwritten !== undefined) {
      const { seq: at, hash } = overwritten;
      table.point = { seq: at, hash, mac: rowMac(CHAIN_KEY, 'audit_checkpoint', [at, hash]) };
    }
    const body = recordText(seq, AT, FIELDS, systemContext(`old${seq}`), CHAIN_KEY);
    table.rows.set(seq % OLD_SLOTS, { seq, body, hash: chainHash(head.hash, body) });
  }
}

/** A chain of `unkeyed` records of an earlier version and `keyed` ones after them. */
export function filled(keyed: number, unkeyed = 0): { chain: MemoryChain; ring: AuditRing } {
  const chain = new MemoryChain();
  appendUnkeyed(chain.unkeyed, unkeyed);
  const ring = woken(chain);
  append(ring, chain, keyed);
  return { chain, ring };
}
