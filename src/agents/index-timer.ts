/**
 * The agent's alarm, and what it is set for. The index: its row in the directory is out of date; that is noted in the
 * transaction of the change, due at once, and stays until the directory has taken the row; only what the object says now
 * is written, so that a late run never brings an old state. The outbox: it keeps its own time and is asked for it.
 * Never throws out of the alarm: a platform that drops the alarm would lose both.
 */

import { deleteAgentIndex, upsertAgentIndex } from '#directory/agent-index.ts';
import { kidOf } from '#crypto/envelope.ts';
import { log } from '#lib/log.ts';
import type { Failure } from './outcome.ts';
import { viewOf, type AgentView } from './record.ts';
import type { Room } from './room.ts';

const FIRST_RETRY_MS = 1_000;
/** How long the index may lag behind after the directory has come back. */
const LONGEST_RETRY_MS = 5 * 60_000;

/** Half to whole of a doubling wait. `attempts`: failures so far, this one included. */
export function indexRetryMs(attempts: number, random: () => number): number {
  const ceilingMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(attempts - 1, 20));
  return Math.ceil(ceilingMs * (0.5 + random() / 2));
}

type Due = { due_at_ms: number; attempts: number; revision: number };

export class IndexTimer {
  readonly #storage: DurableObjectStorage;
  readonly #sql: SqlStorage;
  readonly #exists: () => boolean;
  readonly #outboxDueAtMs: () => number | null;
  #armed = false;

  /** @param outboxDueAtMs when the outbox wants to be woken; null: not at all */
  constructor(
    storage: DurableObjectStorage,
    exists: () => boolean,
    outboxDueAtMs: () => number | null = () => null,
  ) {
    this.#storage = storage;
    this.#sql = storage.sql;
    this.#exists = exists;
    this.#outboxDueAtMs = outboxDueAtMs;
  }

  /** Inside the transaction of the change. */
  mark(nowMs: number): void {
    this.#sql.exec(
      `INSERT INTO index_due (id, due_at_ms, attempts, revision) VALUES (1, ?, 0, 1)
         ON CONFLICT (id) DO UPDATE SET due_at_ms = excluded.due_at_ms, attempts = 0, revision = revision + 1`,
      nowMs,
    );
    this.arm(nowMs);
  }

  due(): Due | null {
    if (!this.#exists()) return null;
    return this.#sql.exec<Due>('SELECT due_at_ms, attempts, revision FROM index_due').toArray()[0] ?? null;
  }

  /** The first use after waking sets the alarm of what waits again, in case the platform has lost it. */
  rearm(): void {
    if (!this.#armed) this.arm();
  }

  /**
   * Sets the alarm for whatever waits first, `atMs` among it: rows that the first transaction of an agent has just made
   * cannot be asked for yet. Un-awaited on purpose: in a transaction it lands in the same commit.
   */
  arm(atMs: number | null = null): void {
    this.#armed = true;
    const waiting = [atMs, this.due()?.due_at_ms, this.#outboxDueAtMs()];
    const earliest = Math.min(...waiting.map((one) => one ?? Infinity));
    if (earliest !== Infinity) this.wakeAt(earliest);
  }

  /** The alarm has fired: what is due is being seen to. */
  fired(): void {
    this.#armed = true;
  }

  /** Later, unless the agent has changed again meanwhile: that change has set the alarm itself. */
  postpone(revision: number, dueAtMs: number): void {
    this.#sql.exec(
      'UPDATE index_due SET due_at_ms = ?, attempts = attempts + 1 WHERE revision = ?',
      dueAtMs,
      revision,
    );
    this.arm();
  }

  /** Done, unless the agent has changed again meanwhile. */
  done(revision: number): void {
    this.#sql.exec('DELETE FROM index_due WHERE revision = ?', revision);
  }

  wakeAt(atMs: number): void {
    this.#armed = true;
    void this.#storage.setAlarm(atMs);
  }
}

type Reading = { readonly ok: true; readonly agent: AgentView | null };

function presentAgent(room: Room): Promise<Reading | Failure> {
  return room.vault.enter<Reading>((life) => {
    const state = life?.living === true ? room.store.state(life.mac) : null;
    return { ok: true, agent: state === null ? null : viewOf(state.agent) };
  });
}

async function writeIndex(room: Room, agent: AgentView | null): Promise<void> {
  if (agent === null) return deleteAgentIndex(room.directory, room.agentId);
  return upsertAgentIndex(room.directory, {
    ...agent,
    resource: JSON.stringify(agent),
    kid: kidOf(room.store.material()?.dataKey ?? ''),
    indexedAtMs: room.now(),
  });
}

async function runDue(room: Room): Promise<void> {
  room.index.fired();
  const due = room.index.due();
  const present = await presentAgent(room);
  if (!present.ok) {
    // While the vault is locked no row may change, so the count of failures stays as it is.
    log('warn', 'agent alarm waits', { agent: room.agentId, reason: present.code });
    room.index.wakeAt(room.now() + LONGEST_RETRY_MS);
    return;
  }
  const outboxAtMs = room.outbox.nextDueAtMs();
  if (outboxAtMs !== null && outboxAtMs <= room.now()) room.outbox.start();
  if (due !== null && due.due_at_ms <= room.now()) await runIndex(room, due, present.agent);
  room.index.arm();
}

async function runIndex(room: Room, due: Due, agent: AgentView | null): Promise<void> {
  try {
    await writeIndex(room, agent);
  } catch (error) {
    log('warn', 'agent index not written', { agent: room.agentId, error });
    room.index.postpone(due.revision, room.now() + indexRetryMs(due.attempts + 1, room.random));
    return;
  }
  room.index.done(due.revision);
}

/** What the alarm runs. */
export async function runAlarm(room: Room): Promise<void> {
  try {
    await runDue(room);
  } catch (error) {
    // Rows of newer code, or storage that fails: an alarm that throws seven times is dropped for good.
    log('error', 'agent alarm', { agent: room.agentId, error });
    room.index.wakeAt(room.now() + LONGEST_RETRY_MS);
  }
}
