/**
 * The hash-chained ring: the newest 10,000 records of one object, one written row per record.
 * The logic only; the rows are reached through `RingTable`, which the object's store implements.
 * Appending happens inside the caller's transaction and awaits nothing; after a rolled-back transaction the
 * caller calls `forget()`, because the head in memory may be ahead of the rows.
 */

import { CHAIN_START, chainHash, rowMac } from '#crypto/digest.ts';
import { recordText, type AuditFields, type RequestContext } from './record.ts';

/** Slots of the ring; record `seq` lies in slot `seq % RING_SLOTS`. */
export const RING_SLOTS = 10_000;
/** How many records a checkpoint moves ahead at once: one extra row per this many records. */
const CHECKPOINT_STEP = 256;

export interface RingRow {
  readonly seq: number;
  readonly body: string;
  readonly hash: string;
}

/** Where `verify` starts when older records were overwritten: the hash of the record `seq`, authenticated. */
export interface Checkpoint {
  readonly seq: number;
  readonly hash: string;
  readonly mac: string;
}

export interface RingTable {
  row(slot: number): RingRow | null;
  maxSlot(): number | null;
  /** The highest `seq` of any row; a scan, for `verify` alone. */
  maxSeq(): number | null;
  put(slot: number, row: RingRow): void;
  checkpoint(): Checkpoint | null;
  putCheckpoint(checkpoint: Checkpoint): void;
}

export interface Head {
  readonly seq: number;
  readonly hash: string;
}

export interface Verification {
  readonly intact: boolean;
  /** Records walked. */
  readonly events: number;
  /** `seq` of the first record that could be checked; 0 when there is none. */
  readonly from: number;
  readonly head: Head;
  /** The first `seq` at which the chain does not hold. */
  readonly brokenAt: number | null;
}

export class AuditRing {
  readonly #table: RingTable;
  #head: Head | null = null;
  #checkpointSeq: number | null = null;
  readonly slots: number;

  constructor(table: RingTable, slots: number = RING_SLOTS) {
    this.#table = table;
    this.slots = slots;
  }

  /** The newest record; `seq` 0 when there is none. */
  head(): Head {
    this.#head ??= this.#findHead();
    return this.#head;
  }

  /** Drops what is remembered; the next use reads the rows. */
  forget(): void {
    this.#head = null;
    this.#checkpointSeq = null;
  }

  /** Appends one record and returns it. Must run inside a transaction. */
  append(fields: AuditFields, context: RequestContext, at: string, macKey: Uint8Array): RingRow {
    const head = this.head();
    const seq = head.seq + 1;
    if (seq > this.slots) this.#makeRoom(seq, macKey);
    const body = recordText(seq, at, fields, context, macKey);
    const row: RingRow = { seq, body, hash: chainHash(head.hash, body) };
    this.#table.put(seq % this.slots, row);
    this.#head = { seq, hash: row.hash };
    return row;
  }

  /** Walks the chain from the first record that can be checked. `macKey` null: a checkpoint cannot be trusted and is broken. */
  verify(macKey: Uint8Array | null): Verification {
    const head = this.#findHead();
    const checkpoint = this.#table.checkpoint();
    // A row ahead of the head is one that was renumbered or lost its predecessor.
    if ((this.#table.maxSeq() ?? 0) > head.seq)
      return { intact: false, events: 0, from: 0, head, brokenAt: head.seq + 1 };
    const oldest = Math.max(1, head.seq - this.slots + 1);
    let previous = CHAIN_START;
    let start = 1;
    if (checkpoint !== null && checkpoint.seq + 1 >= oldest) {
      previous = checkpoint.hash;
      start = checkpoint.seq + 1;
      const mac = macKey === null ? null : checkpointMac(macKey, checkpoint);
      if (mac !== checkpoint.mac)
        return { intact: false, events: 0, from: start, head, brokenAt: checkpoint.seq };
    }
    if (oldest > start) return { intact: false, events: 0, from: oldest, head, brokenAt: oldest };
    let events = 0;
    for (let seq = start; seq <= head.seq; seq += 1) {
      const row = this.#table.row(seq % this.slots);
      if (
        row === null ||
        row.seq !== seq ||
        row.hash !== chainHash(previous, row.body) ||
        !bodySays(row.body, seq)
      ) {
        return { intact: false, events, from: start, head, brokenAt: seq };
      }
      previous = row.hash;
      events += 1;
    }
    return { intact: true, events, from: head.seq === 0 ? 0 : start, head, brokenAt: null };
  }

  /**
   * The checkpoint under another key: its old one is about to be erased. One that is not authentic is left as it is,
   * as evidence. Inside a transaction.
   */
  resignCheckpoint(from: Uint8Array, to: Uint8Array): void {
    const point = this.#table.checkpoint();
    if (point === null || checkpointMac(from, point) !== point.mac) return;
    this.#table.putCheckpoint({ ...point, mac: checkpointMac(to, point) });
  }

  /** Before the first overwriting of a slot: everything up to the checkpoint may be overwritten, nothing after it. */
  #makeRoom(seq: number, macKey: Uint8Array): void {
    const overwritten = seq - this.slots;
    this.#checkpointSeq ??= this.#table.checkpoint()?.seq ?? 0;
    if (this.#checkpointSeq >= overwritten) return;
    const step = Math.min(CHECKPOINT_STEP, this.slots);
    const at = Math.min(overwritten + step - 1, seq - 1);
    const row = this.#table.row(at % this.slots);
    if (row === null || row.seq !== at) throw new Error('internal: the audit ring lost a record');
    this.#table.putCheckpoint({ seq: at, hash: row.hash, mac: checkpointMac(macKey, row) });
    this.#checkpointSeq = at;
  }

  /** Binary search for the place where the ring was last written: some fourteen reads after waking, none afterwards. */
  #findHead(): Head {
    const max = this.#table.maxSlot();
    if (max === null) return { seq: 0, hash: CHAIN_START };
    const first = this.#table.row(0);
    if (max < this.slots - 1 || first === null) return headOf(this.#table.row(max));
    let low = 0;
    let high = max;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      const row = this.#table.row(middle);
      if (row !== null && row.seq === first.seq + middle) low = middle;
      else high = middle - 1;
    }
    return headOf(this.#table.row(low));
  }
}

function headOf(row: RingRow | null): Head {
  return row === null ? { seq: 0, hash: CHAIN_START } : { seq: row.seq, hash: row.hash };
}

function checkpointMac(macKey: Uint8Array, point: { seq: number; hash: string }): string {
  return rowMac(macKey, 'audit_checkpoint', [point.seq, point.hash]);
}

/** A record says its own number, so that a row cannot be renumbered beside its text. */
function bodySays(body: string, seq: number): boolean {
  return body.startsWith(`{"seq":${seq},`);
}
