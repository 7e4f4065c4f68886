/** Tables that an object makes with their first use, under code of an earlier step and of a later one in turn. */

import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { applySchema, soundSchema } from '#lib/object-schema.ts';
import type { TableSchema } from '#lib/table-schema.ts';

const { TALLIES } = env as unknown as { TALLIES: DurableObjectNamespace };

const EARLIER: TableSchema = {
  steps: [
    'CREATE TABLE thing (id INTEGER);',
    'CREATE TABLE extra (id INTEGER);',
    'CREATE TABLE other (id INTEGER);',
  ],
  groups: {
    base: 'CREATE TABLE thing (id INTEGER);',
    extra: 'CREATE TABLE extra (id INTEGER);',
    other: 'CREATE TABLE other (id INTEGER);',
  },
};
/** One step grows a table, and one brings a table that code before does not know. */
const LATER: TableSchema = {
  ...EARLIER,
  later: [
    { group: 'extra', sql: 'ALTER TABLE extra ADD COLUMN grown TEXT;' },
    { group: 'news', sql: 'CREATE TABLE news (id INTEGER);' },
    { group: 'base', sql: 'ALTER TABLE thing ADD COLUMN grown TEXT;' },
  ],
};

/** Each entry: whose code needs a table of which group. What is there afterwards, and what the tables' columns are. */
async function after(...uses: readonly [TableSchema, string][]): Promise<Record<string, string[]>> {
  const object = TALLIES.getByName(`schema-${crypto.randomUUID()}`) as never;
  return runInDurableObject(object, (_tally, { storage: { sql } }: DurableObjectState) => {
    for (const [schema, group] of uses) {
      soundSchema(sql, schema);
      expect(applySchema(sql, schema, group)).toEqual(soundSchema(sql, schema));
    }
    const columns = (table: string) =>
      sql
        .exec<{ name: string }>('SELECT name FROM pragma_table_info(?)', table)
        .toArray()
        .map(({ name }) => name);
    const tables = ['thing', 'extra', 'other', 'news'].filter((table) => columns(table).length > 0);
    return Object.fromEntries(tables.map((table) => [table, columns(table)]));
  });
}

const GROWN = ['id', 'grown'];

describe('a table that comes with its first use', () => {
  it.each([
    ['code of the later step alone', [LATER, 'base'], [LATER, 'extra']],
    ['code of the earlier step, and then the later', [EARLIER, 'extra'], [LATER, 'base']],
    [
      'code of the earlier step that goes on with data of the later',
      [LATER, 'base'],
      [EARLIER, 'extra'],
      [LATER, 'base'],
    ],
    [
      'each in turn',
      [EARLIER, 'base'],
      [LATER, 'other'],
      [EARLIER, 'extra'],
      [EARLIER, 'base'],
      [LATER, 'extra'],
    ],
  ] as const)('has the columns of the later step after %s', async (_name, ...uses) => {
    const there = await after(...(uses as unknown as [TableSchema, string][]));
    expect(there).toMatchObject({ thing: GROWN, extra: GROWN });
    expect(there['news']).toBeUndefined();
  });

  it('may be one that only the later step knows', async () => {
    expect(await after([EARLIER, 'extra'], [LATER, 'news'], [EARLIER, 'other'], [LATER, 'base'])).toEqual({
      thing: GROWN,
      extra: GROWN,
      other: ['id'],
      news: ['id'],
    });
  });
});
