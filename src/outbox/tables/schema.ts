/**
 * The outbox's tables: additive steps, to be appended to the schema of each object that has an outbox. Made by the
 * object's first write like all its tables; a step that is released is never edited.
 */

export const OUTBOX_SCHEMA = `CREATE TABLE outbox_state (
     id INTEGER PRIMARY KEY CHECK (id = 1), sequence INTEGER NOT NULL, wake_at_ms INTEGER,
     directory_failures INTEGER NOT NULL, directory_at_ms INTEGER NOT NULL);
   CREATE TABLE event (
     n INTEGER PRIMARY KEY, id TEXT NOT NULL, type TEXT NOT NULL, sequence INTEGER, at_ms INTEGER NOT NULL,
     organization TEXT NOT NULL, body TEXT NOT NULL, left_at_ms INTEGER, suppressed INTEGER NOT NULL,
     marked INTEGER NOT NULL, shipped INTEGER NOT NULL, fanned_out INTEGER NOT NULL);
   CREATE INDEX event_unfinished ON event (n) WHERE shipped = 0 OR fanned_out = 0 OR marked <> suppressed;
   CREATE TABLE delivery (
     id TEXT PRIMARY KEY, event_n INTEGER NOT NULL, endpoint TEXT NOT NULL, organization TEXT NOT NULL,
     status TEXT NOT NULL, attempts INTEGER NOT NULL, tries INTEGER NOT NULL, next_attempt_at_ms INTEGER,
     last_status INTEGER, created_at_ms INTEGER NOT NULL, asked_at_ms INTEGER NOT NULL, delivered_at_ms INTEGER,
     in_flight_until_ms INTEGER, probing INTEGER NOT NULL, probed_at_ms INTEGER, held INTEGER NOT NULL,
     indexed INTEGER NOT NULL, updated_at_ms INTEGER NOT NULL) WITHOUT ROWID;
   CREATE INDEX delivery_waiting ON delivery (endpoint, organization, held, next_attempt_at_ms, in_flight_until_ms)
     WHERE status = 'waiting';
   CREATE INDEX delivery_by_event ON delivery (event_n);`;

/** An event without a MAC is not sent: its author is unknown. */
export const OUTBOX_MAC_SCHEMA = 'ALTER TABLE event ADD COLUMN mac TEXT;';

/** Why an attempt ended without an answer. */
export const OUTBOX_FAILURE_SCHEMA = 'ALTER TABLE delivery ADD COLUMN last_failure TEXT;';

/** The same tables as after those steps, for objects that make tables when they need them: those of events. */
export const EVENT_TABLES = `
   CREATE TABLE outbox_state (
     id INTEGER PRIMARY KEY CHECK (id = 1), sequence INTEGER NOT NULL, wake_at_ms INTEGER,
     directory_failures INTEGER NOT NULL, directory_at_ms INTEGER NOT NULL);
   CREATE TABLE event (
     n INTEGER PRIMARY KEY, id TEXT NOT NULL, type TEXT NOT NULL, sequence INTEGER, at_ms INTEGER NOT NULL,
     organization TEXT NOT NULL, body TEXT NOT NULL, left_at_ms INTEGER, suppressed INTEGER NOT NULL,
     marked INTEGER NOT NULL, shipped INTEGER NOT NULL, fanned_out INTEGER NOT NULL, mac TEXT);
   CREATE INDEX event_unfinished ON event (n) WHERE shipped = 0 OR fanned_out = 0 OR marked <> suppressed;`;

/** And that of deliveries: most objects have an event, and few have an endpoint that wants it. */
export const DELIVERY_TABLES = `
   CREATE TABLE delivery (
     id TEXT PRIMARY KEY, event_n INTEGER NOT NULL, endpoint TEXT NOT NULL, organization TEXT NOT NULL,
     status TEXT NOT NULL, attempts INTEGER NOT NULL, tries INTEGER NOT NULL, next_attempt_at_ms INTEGER,
     last_status INTEGER, created_at_ms INTEGER NOT NULL, asked_at_ms INTEGER NOT NULL, delivered_at_ms INTEGER,
     in_flight_until_ms INTEGER, probing INTEGER NOT NULL, probed_at_ms INTEGER, held INTEGER NOT NULL,
     indexed INTEGER NOT NULL, updated_at_ms INTEGER NOT NULL, last_failure TEXT) WITHOUT ROWID;
   CREATE INDEX delivery_waiting ON delivery (endpoint, organization, held, next_attempt_at_ms, in_flight_until_ms)
     WHERE status = 'waiting';
   CREATE INDEX delivery_by_event ON delivery (event_n);`;
