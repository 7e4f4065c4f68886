/**
 * Years of 100,000 accounts in the directory: each table gets the rows of a day, day after day, and loses what its
 * retention takes. How often what happens, and what deletes how fast, stands in `test/architecture/bounds.ts`.
 */

import { describe, expect, it } from 'vitest';
import { A_DAY, BOUNDS, play, type Bound, type Growth } from '../../architecture/bounds.ts';

const YEAR = 365;
const BYTES_OF_A_ROW = 2_000;
/** D1's limit for one database. */
const DATABASE_BYTES = 10_000_000_000;

type Aging = Extract<Growth, { kind: 'aging' }>;
const aging = BOUNDS.flatMap(({ table, growth }) => (growth.kind === 'aging' ? [{ table, growth }] : []));
const after = (growth: Growth, days: number): number => play(growth, days).at(-1) ?? Number.NaN;

it('every kind of row that comes by itself is one that goes by itself', () => {
  expect(aging.map(({ table }) => table).toSorted()).toEqual([
    'connect_session',
    'connection_news',
    'delivery_index',
    'event',
    'grave_told',
    'idempotency',
    'organization_audit',
  ]);
});

describe.each(aging)('the table $table', ({ growth }) => {
  it('has as many rows after five years as after two, and never more than come while one is kept', () => {
    const ends = play(growth, 5 * YEAR);
    expect(ends.at(-1)).toBe(ends[2 * YEAR - 1]);
    expect(Math.max(...ends)).toBeLessThanOrEqual(growth.perDay * (growth.days + 1));
    expect(Math.max(...ends)).toBeGreaterThanOrEqual(growth.perDay);
  });

  it('is held as well where ten times as much comes', () => {
    const crowded: Aging = { ...growth, perDay: 10 * growth.perDay };
    const ends = play(crowded, 3 * YEAR);
    expect(Math.max(...ends)).toBeLessThanOrEqual(crowded.perDay * (crowded.days + 1));
  });
});

it('one that is dropped more slowly than it comes would be seen to grow', () => {
  const slow: Growth = { kind: 'aging', perDay: 100, days: 30, dropped: 90 };
  expect(after(slow, 3 * YEAR)).toBeGreaterThan(after(slow, 2 * YEAR) + 3_000);
});

it('what is kept for ever is what operators end, a row for each', () => {
  const kept = BOUNDS.filter(({ growth }: Bound) => growth.kind === 'kept');
  expect(kept.map(({ place, table }) => `${place} ${table}`)).toEqual(['D1 connection_grave']);
  for (const { growth } of kept) expect(after(growth, YEAR)).toBe(YEAR * A_DAY.deletedConnections);
});

it('the directory fits into one database, after years', () => {
  const directory = BOUNDS.filter(({ place }) => place === 'D1');
  const rows = directory.reduce((sum, { growth }) => sum + after(growth, 3 * YEAR), 0);
  expect(rows).toBeGreaterThan(100_000);
  expect(rows * BYTES_OF_A_ROW).toBeLessThan(DATABASE_BYTES);
});
