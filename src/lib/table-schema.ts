/**
 * Which tables an object has, by its schema and by what is stored: numbered steps, and which tables are made when. Pure.
 *
 * Within a major every step is additive: code of an earlier step goes on with the columns of a later one. A step that
 * older code must not touch begins the next thousand.
 *
 * A schema with groups makes each table with the first write that needs it: a table costs a page of the disk and is
 * parsed with every wake. Objects that were made before a schema had groups have all tables, and keep them.
 */

const STEPS_OF_A_MAJOR = 1000;

/** Whether data of version `stored` belongs to a later major than code whose newest step is `known`. */
export function isNewerMajor(stored: number, known: number): boolean {
  return Math.floor(stored / STEPS_OF_A_MAJOR) > Math.floor(known / STEPS_OF_A_MAJOR);
}

/** The group that is made with the object. */
export const BASE = 'base';

export interface TableSchema {
  /** Of objects with all tables. A step that is released is never edited. */
  readonly steps: readonly string[];
  /** What makes the tables of each group, as after the last of `steps`. Left out: every object has all tables. */
  readonly groups?: Readonly<Record<string, string>>;
  /** Steps after those, each of one group, for objects of both kinds. */
  readonly later?: readonly { readonly group: string; readonly sql: string }[];
}

/** The schema that is stored. `version` 0: nothing was ever written. */
export interface StoredSchema {
  readonly version: number;
  /**
   * Each group that was made, with the version that its tables are of: code of an earlier step makes them as it knows
   * them, also beside those of a later step. Null: all tables of the version.
   */
  readonly made: ReadonlyMap<string, number> | null;
}

export const NOTHING: StoredSchema = { version: 0, made: null };

interface Place {
  /** From this version on it is there, in an object with all tables. */
  readonly since: number;
  readonly group: string | null;
}

const CREATED = /\bCREATE TABLE (\w+)/g;
const placesOf = new WeakMap<TableSchema, ReadonlyMap<string, Place>>();

const tablesIn = (sql: string): string[] => [...sql.matchAll(CREATED)].map(([, name = '']) => name);

/** The newest version that this code knows. */
export function versionOf({ steps, later = [] }: TableSchema): number {
  return steps.length + later.length;
}

/** Whether nothing is to be done to data in that state: it has the first tables, and every table at its last step. */
export function isNewest(schema: TableSchema, { version, made }: StoredSchema): boolean {
  const newest = versionOf(schema);
  if (version !== newest) return false;
  return made === null || (made.has(BASE) && [...made.values()].every((as) => as >= newest));
}

/** Every table of the schema, by its name. */
export function places(schema: TableSchema): ReadonlyMap<string, Place> {
  const known = placesOf.get(schema);
  if (known !== undefined) return known;
  const groups = new Map<string, string>();
  for (const [group, sql] of Object.entries(schema.groups ?? {}))
    for (const table of tablesIn(sql)) groups.set(table, group);
  const made = new Map<string, Place>();
  for (const [index, sql] of schema.steps.entries())
    for (const table of tablesIn(sql))
      made.set(table, { since: index + 1, group: groups.get(table) ?? null });
  for (const [index, { group, sql }] of (schema.later ?? []).entries())
    for (const table of tablesIn(sql)) made.set(table, { since: schema.steps.length + index + 1, group });
  placesOf.set(schema, made);
  return made;
}

/** Whether data in that state has the table. */
export function hasTable(schema: TableSchema, { version, made }: StoredSchema, table: string): boolean {
  const place = places(schema).get(table);
  if (place === undefined) return false;
  if (made === null) return version >= place.since;
  const madeAs = place.group === null ? undefined : made.get(place.group);
  return madeAs !== undefined && (place.since <= schema.steps.length || madeAs >= place.since);
}

/** The column `made`: the groups' names, with the version behind an `@` where it is not that of the object. */
export function madeToText(made: ReadonlyMap<string, number>, version: number): string {
  return [...made].map(([group, as]) => (as === version ? group : `${group}@${as}`)).join(' ');
}

export function madeFromText(text: string, version: number): ReadonlyMap<string, number> {
  return new Map(
    text.split(' ').map((word): [string, number] => {
      const [group = '', as] = word.split('@');
      return [group, as === undefined ? version : Number(as)];
    }),
  );
}

/** The group that the table is of; null where it is made in no object any more. */
export function groupOf(schema: TableSchema, table: string): string | null {
  return places(schema).get(table)?.group ?? null;
}
