/**
 * Whether the directory was migrated by a newer major: then this code neither reads nor writes it. Within a major
 * migrations are additive and older code goes on.
 */

import { ProblemError } from '#contract/problem.ts';
import { systemNow, within } from '#lib/clock.ts';
import { isNewerMajor } from '#lib/table-schema.ts';
import { SCHEMA_VERSION, schemaVersion } from './migrate.ts';

/** A migration while isolates live is met this much later; a deploy brings new isolates with it. */
const LOOK_AGAIN_MS = 60_000;
const RETRY_AFTER_S = 60;
/** How long the look may take. The caller's next query shows by itself that the directory does not answer. */
const PATIENCE_MS = 1_000;

/** The schema version that was found last, by database. */
let looked = new WeakMap<D1Database, { readonly atMs: number; readonly version: number }>();

/** For tests: the next question looks again. */
export function forgetDirectoryVersions(): void {
  looked = new WeakMap();
}

/** Costs one read of D1 a minute per isolate; no answer is no newer major. @throws ProblemError `unavailable` at one */
export async function refuseNewerDirectory(db: D1Database): Promise<void> {
  const nowMs = systemNow();
  let known = looked.get(db);
  if (known === undefined || nowMs - known.atMs > LOOK_AGAIN_MS) {
    const asked = schemaVersion(db).catch(() => null);
    const version = await within(PATIENCE_MS, asked, null);
    if (version === null) return;
    known = { atMs: nowMs, version };
    looked.set(db, known);
  }
  if (!isNewerMajor(known.version, SCHEMA_VERSION)) return;
  throw new ProblemError('unavailable', {
    detail: 'the directory was migrated by a newer version of the broker: deploy that version',
    retryAfterS: RETRY_AFTER_S,
  });
}
