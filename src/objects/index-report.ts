/** Brings what lists show of an object to the directory. The timer stays until the directory has it; nothing waits for it. */

import type { ObjectStore } from './store.ts';

/** What the object says of itself now: only that is written, so that a late run never brings an old state. */
export interface IndexReport {
  /** @throws when the directory does not answer: the timer is then postponed */
  readonly write: () => Promise<unknown>;
  /** Whether the object is still as it was told. */
  readonly isCurrent: () => boolean;
}

/** To be run by the timer `index`. A change that came in while the directory was written keeps the timer. */
export async function reportIndex(
  { store, timers }: { readonly store: ObjectStore; readonly timers: { clear(kind: 'index'): void } },
  report: IndexReport,
): Promise<void> {
  await report.write();
  if (report.isCurrent()) store.transaction(() => timers.clear('index'));
}
