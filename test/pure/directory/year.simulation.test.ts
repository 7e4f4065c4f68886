/**
 * Years of 100,000 accounts: each table of the directory and of an object gets the rows of a day, day after day, and loses what its
 * retention takes. How often what happens, and what deletes how fast, stands in `test/architecture/bounds.ts`.
 */

import { describe, expect, it } from 'vitest';
import { A_DAY, BOUNDS, play, type Bound, type Growth } from '../../architecture/bounds.ts';

const YEAR = 365;
const BYTES_OF_A_ROW = 2_000;
/** D1's limit for one database. */
const DATABASE_BYTES = 10_000_000_000;

type Aging = Extract<Growth, { kind: 'aging' }>;
const aging = BOUNDS.flatMap(({ place, table, growth }) =>
  growth.kind === 'aging' ? [{ name: `${place} ${table}`, growth }] : [],
);
const after = (growth: Growth, days: number): number => play(growth, days).at(-1) ?? Number.NaN;

it('every kind of row that comes by itself is one that goes by itself', () => {
  expect(aging.map(({ name }) => name).toSorted()).toEqual([
    'D1 approval_index',
    'D1 connect_session',
    'D1 connection_news',
    'D1 delivery_index',
    'D1 event',
    'D1 grave_told',
    'D1 idempotency',
    'D1 organization_audit',
    'D1 own_client_news',
    'account delivery',
    'account event',
    'agent delivery',
    'agent event',
  ]);
});

describe.each(aging)('the table $name', ({ growth }) => {
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
  expect(kept.map(({ place, table }) => `${place} ${table}`)).toEqual(['D1 connection_grave', 'D1 cut_off']);
  expect(kept.map(({ growth }) => after(growth, YEAR))).toEqual([
    YEAR * A_DAY.deletedConnections,
    YEAR * A_DAY.revocations,
  ]);
});

it('the directory fits into one database, after years', () => {
  const directory = BOUNDS.filter(({ place }) => place === 'D1');
  const rows = directory.reduce((sum, { growth }) => sum + after(growth, 3 * YEAR), 0);
  expect(rows).toBeGreaterThan(100_000);
  expect(rows * BYTES_OF_A_ROW).toBeLessThan(DATABASE_BYTES);
});
