/** Which tables an object has, as its files ask for them, and the table that every class of objects shares. */

/** The table of timers: a step of the object's schema. */
export const TIMER_SCHEMA = `
  CREATE TABLE timer (
    kind TEXT PRIMARY KEY, due_at_ms INTEGER NOT NULL, attempts INTEGER NOT NULL, payload TEXT) WITHOUT ROWID;`;
/** Which tables an object has, for the files that hold the SQL of some of them. */
export interface Tables {
  /** Whether the table is there. @throws as `ObjectStore.hasTables` */
  has(table: string): boolean;
  /** Makes the table where it is not there yet. Inside a write. */
  need(table: string): void;
}
