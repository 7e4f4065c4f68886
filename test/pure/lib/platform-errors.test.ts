/** Which errors say that an object's storage is broken, and which that another try may go well. */

import { describe, expect, it } from 'vitest';
import { isDamage, isPassingError } from '../../../src/lib/platform-errors.ts';

/** As an error arrives from an object: its class is lost, its name stays. */
const named = (name: string, message: string): Error => Object.assign(new Error(message), { name });

describe('damage', () => {
  it.each([
    new Error('no such table: audit_head: SQLITE_ERROR'),
    new Error('no such column: variables at offset 7: SQLITE_ERROR'),
    new Error('database disk image is malformed: SQLITE_CORRUPT'),
    new Error('file is not a database: SQLITE_NOTADB'),
    named('DamagedSchemaError', 'internal: a table is missing'),
    new Error('the alarm failed', { cause: new Error('no such table: timer: SQLITE_ERROR') }),
  ])('%s', (error) => {
    expect(isDamage(error)).toBe(true);
    expect(isPassingError(error)).toBe(false);
  });
});

describe('no damage', () => {
  it.each([
    // The directory of a deployment that was not migrated yet: no object's.
    new Error('D1_ERROR: no such table: connection: SQLITE_ERROR'),
    new Error('D1_ERROR: no such table: connection: SQLITE_ERROR', {
      cause: new Error('no such table: connection: SQLITE_ERROR'),
    }),
    new Error('database is locked: SQLITE_BUSY'),
    new Error('internal error; reference = gs5vj5gr46lrgqko55rirt1h'),
    new Error('there is no such tablet'),
    named('NewerSchemaError', 'internal: stored by a newer version'),
    null,
    undefined,
    'no such table',
  ])('%s', (error) => expect(isDamage(error)).toBe(false));
});
