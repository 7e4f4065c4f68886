/** The tables of a keyed chain, for the objects that keep one. A step that is released is never edited. */

/** It has one row. */
export const AUDIT_HEAD_TABLE = `
  CREATE TABLE audit_head (
    id INTEGER PRIMARY KEY CHECK (id = 1), since INTEGER NOT NULL, seq INTEGER NOT NULL, previous TEXT NOT NULL,
    bodies TEXT NOT NULL, hash TEXT NOT NULL, broken_at INTEGER, mac TEXT NOT NULL);`;
/** A page lies in a slot of its own until the ring comes round. */
export const AUDIT_PAGE_TABLE = `
  CREATE TABLE audit_page (
    slot INTEGER PRIMARY KEY, seq INTEGER NOT NULL, previous TEXT NOT NULL, bodies TEXT NOT NULL);`;

export const AUDIT_HEAD_SCHEMA = `${AUDIT_HEAD_TABLE}${AUDIT_PAGE_TABLE}`;
