/**
 * The keyed chain of one object: its newest records with a head that is under a MAC. The newest up to sixteen lie in the
 * one head row, which is written with each record; a full one becomes a page of the ring, which has no MAC and is bound
 * by the head's hash. So a record costs one written row (17 for 16), and a chain that was cut ends in a page, which is
 * no head. The logic only; rows are reached through `ChainTable`, which the object's store implements.
 *
 * Appending happens inside the caller's transaction and awaits nothing; after a rolled-back transaction the caller calls
 * `forget()`, because what is in memory may be ahead of the rows.
 *
 * An older head that is put back with its own MAC was written by the broker. The object's own row, which is under a MAC
 * and a seal, notes how far the chain had come (`floor`), at the latest an hour after use: an older head than that is
 * refused. An older copy of the whole object cannot be told.
 */

import { CHAIN_START, chainHash, equalDigests, rowMac } from '#crypto/digest.ts';
import { recordText, type AuditFields, type RequestContext } from './record.ts';
import {
  bodySays,
  resignUnkeyed,
  UNKEYED_SLOTS,
  unkeyedHead,
  verifyUnkeyed,
  type Head,
  type UnkeyedTable,
  type Verification,
} from './unkeyed.ts';

/** Records of a page, and the most that the head row holds. */
export const PAGE_RECORDS = 16;
/** Pages of the ring: with the head row it keeps the newest 10,000 records. */
export const RING_PAGES = 625;

/** Records that follow one another, oldest first. */
interface Batch {
  /** Of its newest record. */
  readonly seq: number;
  /** The hash before its first record. */
  readonly previous: string;
  /** The records' stored texts, one a line. */
  readonly bodies: string;
}

export type PageRow = Batch;

export interface HeadRow extends Batch {
  /** The chain begins after this number: 0, or the newest record that an earlier version wrote without a key. */
  readonly since: number;
  /** Of its newest record. */
  readonly hash: string;
  /** Where the chain was once found changed outside the broker; it has gone on and does not verify any more. */
  readonly brokenAt: number | null;
  readonly mac: string;
}

export interface ChainTable {
  head(): HeadRow | null;
  putHead(row: HeadRow): void;
  page(slot: number): PageRow | null;
  putPage(slot: number, row: PageRow): void;
  /** How many pages there are, and the highest `seq` of any; a scan, not for every day. */
  pages(): { readonly count: number; readonly maxSeq: number };
  /**
   * How far an authenticated row of the object says that the chain has come at least. 0: it says nothing, because the
   * keyed chain has not begun or an earlier version wrote the row.
   */
  floor(): number;
  readonly unkeyed: UnkeyedTable;
}

/** A record as it is stored, with the hashes around it. */
export interface StoredRecord {
  readonly seq: number;
  readonly body: string;
  readonly previous: string;
  readonly hash: string;
}

type Loaded = Omit<HeadRow, 'mac'> & { readonly records: number };

export class AuditRing {
  readonly #table: ChainTable;
  readonly #pages: number;
  readonly #unkeyedSlots: number;
  #loaded: Loaded | null = null;
  /** Whether the rows had no head when they were read. */
  #begins = false;

  /** @param pages of the ring @param unkeyedSlots of the ring that earlier versions kept; both differ in tests alone */
  constructor(table: ChainTable, pages: number = RING_PAGES, unkeyedSlots: number = UNKEYED_SLOTS) {
    this.#table = table;
    this.#pages = pages;
    this.#unkeyedSlots = unkeyedSlots;
  }

  /** Drops what is remembered; the next use reads the rows. */
  forget(): void {
    this.#loaded = null;
  }

  /** What an authenticated row of the object may say of the chain: it has come at least so far. Never falls. */
  floor(): number {
    // A chain that is loaded has come at least as far as any row says: it was loaded so, and rows say no more than it.
    return this.#loaded?.seq ?? this.#table.floor();
  }

  /**
   * Appends one record. Must run inside a transaction.
   * @returns the record; `begins` where the keyed chain had no head before: the object's own row has to say so from now on
   */
  append(
    fields: AuditFields,
    context: RequestContext,
    at: string,
    macKey: Uint8Array,
  ): StoredRecord & { readonly begins: boolean } {
    const wasLoaded = this.#loaded !== null;
    const head = this.#room(this.#load(macKey));
    const begins = !wasLoaded && this.#begins;
    const seq = head.seq + 1;
    const body = recordText(seq, at, fields, context, macKey);
    const hash = chainHash(head.hash, body);
    const bodies = head.records === 0 ? body : `${head.bodies}\n${body}`;
    this.#keep({ ...head, seq, hash, bodies, records: head.records + 1 }, macKey);
    return { seq, body, previous: head.hash, hash, begins };
  }

  /** Walks the chain from its first record to the authenticated head. `macKey` null: nothing can be trusted. */
  verify(macKey: Uint8Array | null): Verification {
    const stored = this.#table.head();
    const floor = this.#table.floor();
    if (stored === null) {
      if (floor > 0 || this.#table.pages().count > 0) return broken({ seq: 0, hash: CHAIN_START }, 1);
      const walked = verifyUnkeyed(this.#table.unkeyed, macKey, this.#unkeyedSlots);
      // An object with tables was created, and that is a record.
      return walked.events === 0 ? { ...walked, intact: false, brokenAt: walked.brokenAt ?? 1 } : walked;
    }
    const head = { seq: counted(stored.seq), hash: stored.hash };
    if (macKey === null || !isAuthentic(stored, macKey)) return broken(head, Math.max(1, head.seq));
    if (stored.brokenAt !== null) return broken(head, stored.brokenAt);
    if (stored.seq < floor) return broken(head, stored.seq + 1);
    return this.#walk(stored, macKey);
  }

  /**
   * The records outlive the key that they were authenticated under: signs them under the next. Inside a transaction.
   */
  resign(from: Uint8Array, to: Uint8Array): void {
    resignUnkeyed(this.#table.unkeyed, from, to);
    if (this.#table.head() !== null) this.#keep(this.#load(from), to);
  }

  /** Newest first. @param before only records below this number; null: all @param limit at most so many */
  list(before: number | null, limit: number): StoredRecord[] {
    const newest = this.#table.head()?.seq ?? this.#unkeyedHead().seq;
    const found: StoredRecord[] = [];
    let batch: readonly StoredRecord[] = [];
    for (let seq = Math.min((before ?? Infinity) - 1, newest); found.length < limit && seq > 0; seq -= 1) {
      if (!holds(batch, seq)) batch = this.#batchWith(seq);
      const record = batch[seq - (batch[0]?.seq ?? 0)];
      if (record === undefined) break;
      found.push(record);
    }
    return found;
  }

  /** The batch that holds a record, at any beginning of the chain; empty where the record was overwritten. */
  #batchWith(seq: number): readonly StoredRecord[] {
    const places = [
      () => this.#table.head(),
      () => this.#table.page(this.#slotOf(seq)),
      () => this.#table.page(this.#slotOf(seq + PAGE_RECORDS)),
    ];
    for (const place of places) {
      const row = place();
      const records = row === null ? [] : recordsOf(row);
      if (holds(records, seq)) return records;
    }
    const unkeyed = this.#unkeyed(seq);
    return unkeyed === null ? [] : [unkeyed];
  }

  /** The head as appending goes on from it: an invalid head is continued too, and says so for ever. */
  #load(macKey: Uint8Array): Loaded {
    this.#loaded ??= this.#read(macKey);
    return this.#loaded;
  }

  #read(macKey: Uint8Array): Loaded {
    const stored = this.#table.head();
    const floor = this.#table.floor();
    this.#begins = stored === null;
    if (stored === null) {
      const found = this.#unkeyedHead();
      const start = { since: found.seq, seq: found.seq, previous: found.hash, hash: found.hash };
      const begins = { ...start, bodies: '', records: 0, brokenAt: null };
      // Without a word of the object and without a page no keyed record was ever written.
      return floor === 0 && this.#table.pages().count === 0 ? begins : this.#anew(null, floor);
    }
    const records = countOf(stored.bodies);
    const isWhole = isAuthentic(stored, macKey) && stored.seq >= floor;
    return isWhole ? { ...stored, records } : this.#anew(stored, floor);
  }

  /** A chain that was changed outside the broker goes on behind everything that it is known to have held. */
  #anew(stored: HeadRow | null, floor: number): Loaded {
    const said = counted(stored?.seq);
    const others = [this.#table.pages().maxSeq, this.#unkeyedHead().seq].map(counted);
    const seq = Math.max(floor, said, ...others);
    // Kept as it was found: it is evidence.
    if (stored !== null && stored.bodies !== '') this.#table.putPage(this.#slotOf(seq), { ...stored, seq });
    const hash = stored?.hash ?? CHAIN_START;
    const brokenAt = counted(stored?.brokenAt) || Math.max(1, said);
    return { since: seq, seq, previous: hash, hash, bodies: '', records: 0, brokenAt };
  }

  /** A head row that has room for one more record. */
  #room(head: Loaded): Loaded {
    if (head.records < PAGE_RECORDS) return head;
    this.#table.putPage(this.#slotOf(head.seq), {
      seq: head.seq,
      previous: head.previous,
      bodies: head.bodies,
    });
    // The pages alone hold as much as the ring keeps: older records go.
    if (head.since > 0 && (head.seq - head.since) / PAGE_RECORDS === this.#pages) this.#table.unkeyed.drop();
    return { ...head, previous: head.hash, bodies: '', records: 0 };
  }

  #keep(loaded: Loaded, macKey: Uint8Array): void {
    const { records: _, ...row } = loaded;
    this.#table.putHead({ ...row, mac: headMac(macKey, row) });
    this.#loaded = loaded;
  }

  #walk(head: HeadRow, macKey: Uint8Array): Verification {
    const { seq, hash, since } = head;
    const closed = (seq - countOf(head.bodies) - since) / PAGE_RECORDS;
    const kept = Math.min(closed, this.#pages);
    const isOlderKept = since > 0 && closed < this.#pages;
    const older = this.#walkOlder(isOlderKept, since, macKey);
    if (!older.intact) return { ...older, head: { seq, hash } };
    let { events } = older;
    // The head before the oldest page is known only where the record or page before it is still there.
    let before = closed > kept || (since > 0 && !isOlderKept) ? null : older.head;
    const from = older.events > 0 ? older.from : since + (closed - kept) * PAGE_RECORDS + 1;
    for (let page = closed - kept; page <= closed; page += 1) {
      const last = page === closed ? seq : since + (page + 1) * PAGE_RECORDS;
      const batch = page === closed ? head : this.#table.page(this.#slotOf(last));
      const walked = walkBatch(batch, since + page * PAGE_RECORDS + 1, last, before);
      events += walked.events;
      before = walked.head;
      if (walked.brokenAt !== null)
        return { intact: false, events, from, head: { seq, hash }, brokenAt: walked.brokenAt };
    }
    const intact = before?.hash === hash && this.#table.pages().count === kept;
    return { intact, events, from, head: { seq, hash }, brokenAt: intact ? null : seq };
  }

  /** What an earlier version wrote, as far as it is still to be there. Its newest record is what the keyed chain goes on from. */
  #walkOlder(isKept: boolean, since: number, macKey: Uint8Array): Verification {
    const none = {
      intact: true,
      events: 0,
      from: 0,
      head: { seq: since, hash: CHAIN_START },
      brokenAt: null,
    };
    if (!isKept) {
      const isEmpty = this.#table.unkeyed.maxSlot() === null;
      return isEmpty ? none : { ...none, intact: false, brokenAt: since + 1 };
    }
    const walked = verifyUnkeyed(this.#table.unkeyed, macKey, this.#unkeyedSlots);
    // Records beyond that number were written without a key since, so their author is unknown.
    return walked.intact && walked.head.seq !== since
      ? { ...walked, intact: false, brokenAt: Math.min(walked.head.seq, since) + 1 }
      : walked;
  }

  #unkeyedHead(): Head {
    return unkeyedHead(this.#table.unkeyed, this.#unkeyedSlots);
  }

  #unkeyed(seq: number): StoredRecord | null {
    const row = this.#table.unkeyed.row(seq % this.#unkeyedSlots);
    if (row?.seq !== seq) return null;
    const before = this.#table.unkeyed.row((seq - 1) % this.#unkeyedSlots);
    const checkpoint = this.#table.unkeyed.checkpoint();
    const overwritten = checkpoint?.seq === seq - 1 ? checkpoint.hash : CHAIN_START;
    return { ...row, previous: before?.seq === seq - 1 ? before.hash : overwritten };
  }

  /** By the page's newest record: pages that follow one another lie side by side, at any beginning of the chain. */
  #slotOf(lastSeq: number): number {
    return Math.floor((lastSeq - 1) / PAGE_RECORDS) % this.#pages;
  }
}

/** More records than any chain comes to; a number beyond it was not written by the broker. */
const MOST_RECORDS = 2 ** 48;

/** A number of a record as it may stand in a row: a column takes any value. 0: it is none. */
function counted(seq: number | null | undefined): number {
  return Number.isSafeInteger(seq) && Number(seq) > 0 && Number(seq) < MOST_RECORDS ? Number(seq) : 0;
}

function broken(head: Head, brokenAt: number): Verification {
  return { intact: false, events: 0, from: 0, head, brokenAt };
}

function countOf(bodies: string): number {
  return bodies === '' ? 0 : bodies.split('\n').length;
}

/** The records of a batch with their hashes, as they follow from the one before it. */
function recordsOf({ seq, previous, bodies }: Batch): StoredRecord[] {
  const texts = bodies === '' ? [] : bodies.split('\n');
  let before = previous;
  return texts.map((body, index) => {
    const record = {
      seq: seq - texts.length + 1 + index,
      body,
      previous: before,
      hash: chainHash(before, body),
    };
    before = record.hash;
    return record;
  });
}

/** Whether a batch is what lies between two numbers. @param from what it must go on from; null: nothing older is kept */
function walkBatch(
  batch: Batch | null,
  first: number,
  last: number,
  from: Head | null,
): { head: Head; events: number; brokenAt: number | null } {
  const before = from ?? { seq: first - 1, hash: batch?.previous ?? CHAIN_START };
  const found = batch?.seq === last ? recordsOf(batch) : [];
  if (found[0]?.seq !== first || found[0].previous !== before.hash)
    return { head: before, events: 0, brokenAt: first };
  const wrong = found.findIndex(({ seq, body }) => !bodySays(body, seq));
  const held = wrong < 0 ? found.length : wrong;
  return { head: found[held - 1] ?? before, events: held, brokenAt: wrong < 0 ? null : first + wrong };
}

function holds(batch: readonly StoredRecord[], seq: number): boolean {
  return batch.length > 0 && seq >= (batch[0]?.seq ?? Infinity) && seq <= (batch.at(-1)?.seq ?? 0);
}

/** `head` is the role: a page has no MAC, so that none of them is ever taken for the chain's end. */
function headMac(macKey: Uint8Array, { since, seq, previous, hash, brokenAt }: Omit<HeadRow, 'mac'>): string {
  return rowMac(macKey, 'audit_head', [since, seq, previous, hash, brokenAt]);
}

function isAuthentic(row: HeadRow, macKey: Uint8Array): boolean {
  if (!equalDigests(headMac(macKey, row), row.mac)) return false;
  const records = recordsOf(row);
  const ends = (records.at(-1)?.hash ?? row.previous) === row.hash;
  return ends && records.every(({ seq, body }) => bodySays(body, seq));
}
