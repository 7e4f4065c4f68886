/**
 * Whoever owns the rows of a chain and not its key: whatever is changed, cut, taken away, put back or exchanged does not
 * verify, neither at once nor after the chain was used again.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PAGE_RECORDS, type HeadRow, type PageRow } from '#audit/ring.ts';
import type { UnkeyedRow, Verification } from '#audit/unkeyed.ts';
import { chainHash } from '#crypto/digest.ts';
import { append, CHAIN_KEY, filled, KEPT, MemoryChain, woken } from './memory-chain.ts';

type Pick = (count: number) => number;
type Attack = (chain: MemoryChain, pick: Pick) => void;

const otherText = (text: string, pick: Pick): string => {
  const at = pick(text.length);
  return text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
};

function changedBatch<T extends PageRow>(row: T, pick: Pick): T {
  const field = (['seq', 'previous', 'bodies'] as const)[pick(3)];
  if (field === 'seq') return { ...row, seq: row.seq + [1, -1, PAGE_RECORDS, -PAGE_RECORDS][pick(4)]! };
  return { ...row, [field ?? 'bodies']: otherText(row[field ?? 'bodies'], pick) };
}

function changedHead(row: HeadRow, pick: Pick): HeadRow {
  const field = (['since', 'hash', 'mac', 'brokenAt', 'batch'] as const)[pick(5)];
  if (field === 'since') return { ...row, since: row.since + [1, -1, PAGE_RECORDS][pick(3)]! };
  if (field === 'brokenAt') return { ...row, brokenAt: 1 + pick(9) };
  if (field === 'hash' || field === 'mac') return { ...row, [field]: otherText(row[field], pick) };
  return changedBatch(row, pick);
}

const aPage = (chain: MemoryChain, pick: Pick): [number, PageRow] | undefined =>
  [...chain.pageRows][pick(chain.pageRows.size)];
const anOld = (chain: MemoryChain, pick: Pick): [number, UnkeyedRow] | undefined =>
  [...chain.unkeyed.rows][pick(chain.unkeyed.rows.size)];

/** The newest half is gone, and what is left is made to look like a whole chain as far as no key is needed. */
function cut(chain: MemoryChain, pick: Pick): void {
  const head = chain.headRow;
  if (head === null) return;
  const records = head.bodies.split('\n');
  const left = pick(records.length);
  const pages = [...chain.pageRows].toSorted(([, a], [, b]) => b.seq - a.seq);
  const [slot, newest] = pages[pick(pages.length)] ?? [];
  if (left > 0 || newest === undefined || slot === undefined) {
    const kept = records.slice(0, left);
    const hash = kept.reduce((before, body) => chainHash(before, body), head.previous);
    chain.headRow = { ...head, bodies: kept.join('\n'), seq: head.seq - records.length + left, hash };
    return;
  }
  for (const [at, page] of pages) if (page.seq >= newest.seq) chain.pageRows.delete(at);
  const hash = newest.bodies.split('\n').reduce((before, body) => chainHash(before, body), newest.previous);
  chain.headRow = { ...head, ...newest, hash };
}

/** A column takes any value, whatever its type is called. */
const NO_NUMBERS = [NaN, Infinity, -Infinity, 1.5, -4, Number.MAX_SAFE_INTEGER];

const ATTACKS: Record<string, Attack> = {
  'the head is changed': (chain, pick) => {
    if (chain.headRow !== null) chain.headRow = changedHead(chain.headRow, pick);
  },
  'the head is taken away': (chain) => void (chain.headRow = null),
  'everything is taken away': (chain) => {
    chain.headRow = null;
    chain.pageRows.clear();
    chain.unkeyed.drop();
  },
  'what is keyed is taken away': (chain) => {
    chain.headRow = null;
    chain.pageRows.clear();
  },
  'the newest records are cut off': cut,
  'a page is changed': (chain, pick) => {
    const found = aPage(chain, pick);
    if (found !== undefined) chain.pageRows.set(found[0], changedBatch(found[1], pick));
  },
  'a page is taken away': (chain, pick) => {
    const found = aPage(chain, pick);
    if (found !== undefined) chain.pageRows.delete(found[0]);
  },
  'two pages are exchanged': (chain, pick) => {
    const [one, two] = [aPage(chain, pick), aPage(chain, pick)];
    if (one === undefined || two === undefined) return;
    chain.pageRows.set(one[0], { ...two[1], seq: one[1].seq });
    chain.pageRows.set(two[0], { ...one[1], seq: two[1].seq });
  },
  'two records of a page are exchanged': (chain, pick) => {
    const found = aPage(chain, pick);
    if (found === undefined) return;
    const bodies = found[1].bodies.split('\n');
    const [one, two] = [pick(bodies.length), pick(bodies.length)];
    [bodies[one], bodies[two]] = [bodies[two]!, bodies[one]!];
    chain.pageRows.set(found[0], { ...found[1], bodies: bodies.join('\n') });
  },
  'a page is added': (chain, pick) => {
    const found = aPage(chain, pick);
    const free = [0, 1, 2, 3].find((slot) => !chain.pageRows.has(slot));
    if (found !== undefined && free !== undefined) chain.pageRows.set(free, found[1]);
  },
  'a number of the head is none': (chain, pick) => {
    const name = (['seq', 'since', 'brokenAt'] as const)[pick(3)] ?? 'seq';
    if (chain.headRow !== null) chain.headRow = { ...chain.headRow, [name]: NO_NUMBERS[pick(6)] };
  },
  'a number of a page is none, and the head is taken away': (chain, pick) => {
    const found = aPage(chain, pick);
    if (found === undefined) return;
    chain.pageRows.set(found[0], { ...found[1], seq: NO_NUMBERS[pick(6)] ?? 0 });
    chain.headRow = null;
  },
  'an unkeyed record is changed': (chain, pick) => {
    const found = anOld(chain, pick);
    if (found === undefined) return;
    const [slot, row] = found;
    const lies = [
      { ...row, body: row.body.replace('"ok"', '"no"') },
      { ...row, hash: otherText(row.hash, pick) },
      { ...row, seq: row.seq + 1 },
    ];
    chain.unkeyed.rows.set(slot, lies[pick(3)]!);
  },
  'an unkeyed record is taken away': (chain, pick) => {
    const found = anOld(chain, pick);
    if (found !== undefined) chain.unkeyed.rows.delete(found[0]);
  },
};

/** As the contract shows it: numbers are numbers, also of a chain that has none. */
function verified(chain: MemoryChain): Verification {
  const found = woken(chain).verify(CHAIN_KEY);
  const { events, from, head, brokenAt } = found;
  for (const count of [events, from, head.seq, brokenAt ?? 0])
    expect(Number.isSafeInteger(count) && count >= 0).toBe(true);
  expect(brokenAt !== null).toBe(!found.intact);
  return found;
}

const shape = (chain: MemoryChain): string =>
  JSON.stringify([chain.headRow, [...chain.pageRows], [...chain.unkeyed.rows], chain.unkeyed.point]);

describe('a chain that was changed with the rows alone', () => {
  it.each(Object.keys(ATTACKS))('%s: it does not verify, nor after it was used again', (name) => {
    let met = 0;
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2 * KEPT + 9 }),
        fc.integer({ min: 0, max: 20 }),
        fc.integer({ min: 1, max: 2 * KEPT }),
        fc.infiniteStream(fc.nat()),
        (keyed, unkeyed, more, stream) => {
          const { chain } = filled(keyed, unkeyed);
          expect(woken(chain).verify(CHAIN_KEY).intact).toBe(true);
          const before = shape(chain);
          const pick: Pick = (count) => (count <= 0 ? 0 : Number(stream.next().value) % count);
          ATTACKS[name]?.(chain, pick);
          if (shape(chain) === before) return;
          met += 1;
          expect(verified(chain).intact).toBe(false);
          const after = chain.copy();
          append(woken(after), after, more);
          const found = verified(after);
          expect(Number.isSafeInteger(after.headRow?.seq) && (after.headRow?.seq ?? 0) >= more).toBe(true);
          // A record that the ring has written over meanwhile is nobody's to check any more, and so is a page too many.
          const isWrittenOver = [...chain.pageRows].some(
            ([slot, row]) => JSON.stringify(after.pageRows.get(slot)) !== JSON.stringify(row),
          );
          const isGone =
            (name === 'a page is added' && isWrittenOver) ||
            ((name.includes('page') || name.includes('unkeyed')) && keyed + more >= KEPT);
          if (!isGone) expect(found.intact).toBe(false);
        },
      ),
      { numRuns: 100 },
    );
    expect(met).toBeGreaterThan(3);
  });

  it('an earlier head with its own MAC is refused as far as the row of the object reaches', () => {
    const { chain, ring } = filled(20);
    const earlier = chain.copy();
    append(ring, chain, 10);
    // The object's row is written again, with whatever it was written for.
    chain.said = ring.floor();
    chain.headRow = earlier.headRow;
    chain.pageRows = earlier.pageRows;
    expect(woken(chain).verify(CHAIN_KEY)).toMatchObject({ intact: false, brokenAt: 21 });
    append(woken(chain), chain, 3);
    expect(woken(chain).verify(CHAIN_KEY).intact).toBe(false);
  });
});
