/**
 * What the one alarm of an object does: starts what is due, each timer in its own try, by rank; never throws; its last
 * act is to arm the next. Alarms come at least once, late and twice: what a kind runs is idempotent. The
 * object says which kinds there are.
 */

import { doubledMs, spreadHalf } from '#lib/backoff.ts';
import type { Random } from '#lib/clock.ts';
import { log } from '#lib/log.ts';
import { DamagedSchemaError, NewerSchemaError } from '#lib/object-schema.ts';
import type { ObjectParts } from './parts.ts';
import type { ObjectStore } from './store.ts';
import type { Timer } from './timers.ts';
import type { OpenedLife } from './vault.ts';

/** `gone`: there is nothing left that it could be about; the timer is taken away. */
export type Ran = void | 'gone';

export interface TimerKind<Kind extends string = string> {
  /** Lower ones are started first. */
  readonly rank: number;
  /** The form of the text behind the colon of its name; left out: the kind has no colon. */
  readonly id?: RegExp;
  /**
   * @param life the living object's key; null: it was deleted
   * @param id what stands behind the colon; empty without one
   */
  readonly run: (life: OpenedLife | null, timer: Timer<Kind>, id: string) => Ran | Promise<Ran>;
}

/** By the word before the colon. */
export type TimerKinds<Kind extends string = string> = Readonly<Record<string, TimerKind<Kind>>>;

/** A kind that is about a living object: of a deleted one its timer goes. */
export function ofLiving<Kind extends string>(
  run: (life: OpenedLife, timer: Timer<Kind>, id: string) => Ran | Promise<Ran>,
): TimerKind<Kind>['run'] {
  return (life, timer, id) => (life === null ? 'gone' : run(life, timer, id));
}

const MAX_TIMERS_PER_RUN = 20;
/** While nothing may be written, because no key opens the object, newer code has written it or its tables are damaged: look again then. */
const LOCKED_RETRY_MS = 300_000;
/**
 * An alarm that fails as a whole is tried again by one of our own: the platform drops an alarm that throws seven times.
 */
const FAILED_RETRY_MS = 60_000;

const FIRST_RETRY_MS = 1_000;
/** How long the directory's row may lag behind after the directory has come back. */
const LONGEST_RETRY_MS = 5 * 60_000;

/** Half to whole of a doubling wait. `failures`: so far, this one included. */
export function timerRetryMs(failures: number, random: Random): number {
  return spreadHalf(doubledMs(failures, FIRST_RETRY_MS, LONGEST_RETRY_MS), random);
}

type Parts<Kind extends string> = Pick<
  ObjectParts<Kind>,
  'name' | 'store' | 'vault' | 'timers' | 'now' | 'random'
>;

/** @param retryMs when a timer that failed comes again */
export async function runAlarm<Kind extends string>(
  object: Parts<Kind>,
  kinds: TimerKinds<Kind>,
  retryMs: (failures: number, random: Random) => number = timerRetryMs,
): Promise<void> {
  const { name, store, timers, vault, now } = object;
  try {
    timers.forget();
    if (!store.hasTables()) return;
    const opened = await vault.open();
    // A deleted object has timers too: under a ring that does not open its tombstone nothing may be written either.
    const key = opened.ok && opened.value === null ? await vault.heir() : opened;
    if (!key.ok) {
      log('warn', 'timers wait: the object does not open', { object: name, reason: key.error.code });
      timers.wakeAt(now() + LOCKED_RETRY_MS);
      return;
    }
    const life = opened.ok ? opened.value : null;
    const due = timers.due(now(), MAX_TIMERS_PER_RUN).map((timer) => ({ timer, kind: kindOf(kinds, timer) }));
    due.sort((one, other) => (one.kind?.rank ?? 0) - (other.kind?.rank ?? 0));
    await Promise.all(due.map(({ timer, kind }) => runOne(object, kind, life, timer, retryMs)));
    timers.arm();
  } catch (error) {
    log('error', 'an alarm failed', { object: name, error });
    const isUnread = error instanceof NewerSchemaError || error instanceof DamagedSchemaError;
    timers.wakeAt(now() + (isUnread ? LOCKED_RETRY_MS : FAILED_RETRY_MS));
  }
}

/**
 * After the platform has lost an alarm. To be called by the constructor, and by the caller that wakes a silent object.
 */
export async function repairAlarm({
  store,
  timers,
}: {
  readonly store: ObjectStore;
  readonly timers: { repair(): Promise<void> };
}): Promise<void> {
  if (store.hasOwnTables()) await timers.repair();
}

/** Names are compared whole: null for one that only resembles a kind. */
function kindOf<Kind extends string>(kinds: TimerKinds<Kind>, timer: Timer<Kind>): TimerKind<Kind> | null {
  const [word, id] = partsOf(timer.kind);
  const kind = Object.hasOwn(kinds, word) ? kinds[word] : undefined;
  if (kind === undefined) return null;
  const fits = id === null ? kind.id === undefined : kind.id?.test(id) === true;
  return fits ? kind : null;
}

function partsOf(name: string): [string, string | null] {
  const colon = name.indexOf(':');
  return colon < 0 ? [name, null] : [name.slice(0, colon), name.slice(colon + 1)];
}

async function runOne<Kind extends string>(
  { store, timers, now, random }: Parts<Kind>,
  kind: TimerKind<Kind> | null,
  life: OpenedLife | null,
  timer: Timer<Kind>,
  retryMs: (failures: number, random: Random) => number,
): Promise<void> {
  try {
    // Of no kind of ours: it goes, else it would stay due for ever.
    const ran = kind === null ? 'gone' : await kind.run(life, timer, partsOf(timer.kind)[1] ?? '');
    if (ran === 'gone') store.transaction(() => timers.clear(timer.kind));
  } catch (error) {
    log('error', 'a timer failed', { kind: timer.kind, attempts: timer.attempts, error });
    const waitMs = retryMs(timer.attempts + 1, random);
    store.transaction(() => timers.postpone(timer, now() + waitMs));
  }
}
