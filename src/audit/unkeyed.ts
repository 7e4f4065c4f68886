/**
 * The chain as versions up to 0.1.0 kept it: a ring of single rows whose head nothing authenticates. It is read, walked
 * and never written on: the keyed chain of `ring.ts` goes on from its newest record. Pure; rows come through `UnkeyedTable`.
 *
 * After a rollback such a version goes on in this ring, and writes over nothing. Back again, `verify` says `intact:
 * false` at the first record that was written without a key, because any writer could have done that.
 */

import { CHAIN_START, chainHash, rowMac } from '#crypto/digest.ts';

/** Slots of that ring; record `seq` lies in slot `seq % UNKEYED_SLOTS`. */
export const UNKEYED_SLOTS = 10_000;

export interface UnkeyedRow {
  readonly seq: number;
  readonly body: string;
  readonly hash: string;
}

/** Where walking starts when older records were overwritten: the hash of the record `seq`, authenticated. */
export interface Checkpoint {
  readonly seq: number;
  readonly hash: string;
  readonly mac: string;
}

export interface UnkeyedTable {
  row(slot: number): UnkeyedRow | null;
  maxSlot(): number | null;
  /** The highest `seq` of any row; a scan, for walking alone. */
  maxSeq(): number | null;
  checkpoint(): Checkpoint | null;
  putCheckpoint(checkpoint: Checkpoint): void;
  /** Erases rows and checkpoint. */
  drop(): void;
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

/** A record says its own number, so that a row cannot be renumbered beside its text. */
export function bodySays(body: string, seq: number): boolean {
  return body.startsWith(`{"seq":${seq},`);
}

/** The newest record; `seq` 0 where there is none. Some fourteen reads: a binary search for where the ring was written last. */
export function unkeyedHead(table: UnkeyedTable, slots: number): Head {
  const max = table.maxSlot();
  if (max === null) return { seq: 0, hash: CHAIN_START };
  const first = table.row(0);
  if (max < slots - 1 || first === null) return headOf(table.row(max));
  let low = 0;
  let high = max;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const row = table.row(middle);
    if (row !== null && row.seq === first.seq + middle) low = middle;
    else high = middle - 1;
  }
  return headOf(table.row(low));
}

/** Walks from the first record that can be checked. `macKey` null: a checkpoint cannot be trusted and is broken. */
export function verifyUnkeyed(table: UnkeyedTable, macKey: Uint8Array | null, slots: number): Verification {
  const head = unkeyedHead(table, slots);
  const checkpoint = table.checkpoint();
  // A row ahead of the head was renumbered or lost its predecessor.
  if ((table.maxSeq() ?? 0) > head.seq)
    return { intact: false, events: 0, from: 0, head, brokenAt: head.seq + 1 };
  const oldest = Math.max(1, head.seq - slots + 1);
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
    const row = table.row(seq % slots);
    const holds = row?.seq === seq && row.hash === chainHash(previous, row.body) && bodySays(row.body, seq);
    if (!holds) return { intact: false, events, from: start, head, brokenAt: seq };
    previous = row.hash;
    events += 1;
  }
  return { intact: true, events, from: head.seq === 0 ? 0 : start, head, brokenAt: null };
}

/**
 * The checkpoint under another key: its old one is about to be erased. A checkpoint that is not authentic is left as it
 * is, as evidence. Inside a transaction.
 */
export function resignUnkeyed(table: UnkeyedTable, from: Uint8Array, to: Uint8Array): void {
  const point = table.checkpoint();
  if (point === null || checkpointMac(from, point) !== point.mac) return;
  table.putCheckpoint({ ...point, mac: checkpointMac(to, point) });
}

function headOf(row: UnkeyedRow | null): Head {
  return row === null ? { seq: 0, hash: CHAIN_START } : { seq: row.seq, hash: row.hash };
}

function checkpointMac(macKey: Uint8Array, point: { seq: number; hash: string }): string {
  return rowMac(macKey, 'audit_checkpoint', [point.seq, point.hash]);
}
