/**
 * Which agents and accounts there are, asked before an object is called by a name that a caller has chosen: the
 * platform makes a database for each object that is called, and keeps it for ever. The index of the directory says so
 * (`agent_index`, `account_index`), and the isolate remembers what it has seen. Where the directory does not answer, or
 * has not heard of a thing yet, a bounded number is let through: a name that turns out to exist costs nothing.
 *
 * Refuses to decide what a caller may do: to be let through here is no proof.
 */

import type { Config } from '#env.ts';
import { Allowance } from '#lib/allowance.ts';
import { sleep, systemNow, within } from '#lib/clock.ts';
import { BoundedMap } from '#lib/bounded-map.ts';

export type ObjectKind = 'agent' | 'account';

export interface Standing {
  /** `away`: the directory did not answer. */
  readonly is: 'known' | 'unknown' | 'away';
  /** A name of the kind that does exist: the asked one, or another; null: none is known. */
  readonly other: string | null;
}

/** `report`: to be told whether there was anything under the name, also where asking it failed. */
export type Admission =
  | { readonly ok: true; readonly report: (exists: boolean) => void }
  | { readonly ok: false; readonly why: 'unknown' | 'away'; readonly other: string | null };

/** No token waits longer for the directory. */
const PATIENCE_MS = 300;
const WINDOW_MS = 60_000;
/** Names without an object that unproved callers may try in a minute while the directory is away. */
const UNPROVED_AWAY = 20;
/** The same of callers who have proved themselves; and of names that the directory has not heard of. */
const PROVED_AWAY = 50;
const PROVED_UNKNOWN = 100;
/** Names without an account that one agent may ask for in a minute before the directory is asked first. */
const AGENT_MISSES = 20;
/** Accounts that one agent may ask for at once that this isolate has not seen yet. */
const AGENT_AT_ONCE = 64;
/** The index hears of a new thing a moment after it was made. */
const SECOND_LOOK_MS = 300;
const REMEMBERED_NAMES = 20_000;
const REMEMBERED_AGENTS = 1_000;

/** What one agent has on its way to accounts that this isolate has not seen, and how often there was none. */
interface Asking {
  readonly misses: Allowance;
  readonly underWay: Map<string, number>;
}

interface Memory {
  readonly seen: BoundedMap<string, true>;
  readonly unprovedAway: Allowance;
  readonly provedAway: Allowance;
  readonly provedUnknown: Allowance;
  readonly asking: BoundedMap<string, Asking>;
}

const memories = new WeakMap<D1Database, Memory>();

function memoryOf(db: D1Database): Memory {
  let memory = memories.get(db);
  if (memory === undefined) {
    memory = {
      seen: new BoundedMap(REMEMBERED_NAMES),
      unprovedAway: new Allowance(UNPROVED_AWAY, WINDOW_MS),
      provedAway: new Allowance(PROVED_AWAY, WINDOW_MS),
      provedUnknown: new Allowance(PROVED_UNKNOWN, WINDOW_MS),
      asking: new BoundedMap(REMEMBERED_AGENTS),
    };
    memories.set(db, memory);
  }
  return memory;
}

const TABLES = { agent: 'agent_index', account: 'account_index' } as const;
const nameOf = (kind: ObjectKind, id: string): string => `${kind}:${id}`;
const IGNORED = (): void => undefined;

/** What the index says of a name; never throws, and is never waited for longer than 300 ms. */
async function standingOf(db: D1Database, kind: ObjectKind, id: string): Promise<Standing> {
  const table = TABLES[kind];
  // One read for a name that exists and for one that does not, with something to look up in either case.
  const question = `SELECT coalesce((SELECT id FROM ${table} WHERE id >= ?1 ORDER BY id LIMIT 1),
    (SELECT min(id) FROM ${table})) AS id`;
  const asked = async (): Promise<Standing> => {
    const found = await db.prepare(question).bind(id).first<string>('id');
    return { is: found === id ? 'known' : 'unknown', other: found };
  };
  return within<Standing, Standing>(PATIENCE_MS, asked(), { is: 'away', other: null });
}

/** Notes that the object of that name exists: for a caller that has made it, or had an answer from it. */
export function noteKnown(db: D1Database, kind: ObjectKind, id: string): void {
  memoryOf(db).seen.set(nameOf(kind, id), true);
}

/** One of the allowance; given back where the name turns out to exist. */
function letThrough(allowance: Allowance, db: D1Database, kind: ObjectKind, id: string): Admission | null {
  if (!allowance.take(systemNow())) return null;
  const report = (exists: boolean): void => {
    if (!exists) return;
    allowance.giveBack();
    noteKnown(db, kind, id);
  };
  return { ok: true, report };
}

/** For a caller that has proved nothing yet: the directory must know the name. */
export async function admitUnproved(
  { directory: db }: Pick<Config, 'directory'>,
  kind: ObjectKind,
  id: string,
): Promise<Admission> {
  const { is, other } = await standingOf(db, kind, id);
  if (is === 'known') return { ok: true, report: IGNORED };
  if (is === 'unknown') return { ok: false, why: 'unknown', other };
  if (memoryOf(db).seen.get(nameOf(kind, id)) === true) return { ok: true, report: IGNORED };
  return letThrough(memoryOf(db).unprovedAway, db, kind, id) ?? { ok: false, why: 'away', other };
}

/**
 * For an operator. An object that the directory has not heard of may exist all the same (it was restored, or the thing
 * is younger than the index), so a few are asked for themselves.
 */
export async function admitProved(
  { directory: db }: Pick<Config, 'directory'>,
  kind: ObjectKind,
  id: string,
): Promise<Admission> {
  const memory = memoryOf(db);
  if (memory.seen.get(nameOf(kind, id)) === true) return { ok: true, report: IGNORED };
  let standing = await standingOf(db, kind, id);
  if (standing.is === 'unknown') {
    const admitted = letThrough(memory.provedUnknown, db, kind, id);
    if (admitted !== null) return admitted;
    await sleep(SECOND_LOOK_MS);
    standing = await standingOf(db, kind, id);
  }
  if (standing.is === 'known') {
    noteKnown(db, kind, id);
    return { ok: true, report: IGNORED };
  }
  if (standing.is === 'unknown') return { ok: false, why: 'unknown', other: null };
  return letThrough(memory.provedAway, db, kind, id) ?? { ok: false, why: 'away', other: null };
}

/**
 * For an agent that asks for an account. Nothing is asked and nothing waited for, until the agent has named too many
 * accounts that do not exist.
 */
export function admitAgent(
  config: Pick<Config, 'directory'>,
  agentId: string,
  accountId: string,
): Admission | Promise<Admission> {
  const memory = memoryOf(config.directory);
  if (memory.seen.get(nameOf('account', accountId)) === true) return { ok: true, report: IGNORED };
  let asking = memory.asking.get(agentId);
  if (asking === undefined) {
    asking = { misses: new Allowance(AGENT_MISSES, WINDOW_MS), underWay: new Map() };
    memory.asking.set(agentId, asking);
  }
  const { misses, underWay } = asking;
  const others = underWay.get(accountId) ?? 0;
  if (others === 0 && (underWay.size >= AGENT_AT_ONCE || !misses.take(systemNow())))
    return admitProved(config, 'account', accountId);
  // Of the requests for the same account at once the first has taken from the allowance, for all of them.
  underWay.set(accountId, others + 1);
  return { ok: true, report: (exists) => reported(config.directory, asking, accountId, exists) };
}

function reported(db: D1Database, { misses, underWay }: Asking, accountId: string, exists: boolean): void {
  const left = (underWay.get(accountId) ?? 1) - 1;
  if (left > 0) underWay.set(accountId, left);
  else underWay.delete(accountId);
  if (!exists) return;
  const isFirst = memoryOf(db).seen.get(nameOf('account', accountId)) === undefined;
  noteKnown(db, 'account', accountId);
  if (isFirst) misses.giveBack();
}
