/**
 * All SQL of an agent's state: agent, keys, tombstone. Rows are kept in memory and dropped by every write to them; each
 * carries a MAC, checked when it is read, and the rows are checked against one another: an older row that was put back
 * is refused like a changed one. No decision here. Schema and transactions are `objects/store.ts`'s.
 */

import type { Owner } from '#crypto/envelope.ts';
import { agentOwner } from '#crypto/places.ts';
import { CorruptRowError } from '#objects/corrupt-row.ts';
import type { SqlRow } from '#objects/sql-row.ts';
import { ObjectStore } from '#objects/store.ts';
import {
  agentFromSql,
  agentToSql,
  keyFromSql,
  keyToSql,
  rateFromSql,
  rateToSql,
  tombstoneFromSql,
  tombstoneToSql,
} from './columns.ts';
import type { AgentRow, AgentState, KeyRow, RateRow, TombstoneRow } from './record.ts';
import { AGENT_SCHEMA } from './schema.ts';

type Table = 'agent' | 'agent_key' | 'rate_window';

/** The agent that was never deleted lives its first life. */
const FIRST_LIFE = 1;

/** A day: of a rule that was not used for so long, or is gone, nothing counts. */
const LONGEST_PERIOD_MS = 86_400_000;

/** Agents are few beside accounts: each has all its tables. */
const TABLES = { steps: AGENT_SCHEMA };

export class AgentStore extends ObjectStore<Table> {
  #state: AgentState | null | undefined;
  /** How many rows `used_proof` has at most: to count them at each use would cost more than all else of it. */
  #proofsAtMost = Infinity;

  /** @param auditSeq how far the audit chain has come at least: noted under the MAC of the agent's row */
  constructor(storage: DurableObjectStorage, auditSeq: () => number = () => 0) {
    super(storage, { tables: TABLES, living: 'agent', seal: null }, auditSeq);
  }

  protected ownerOf(organization: string, incarnation: number, row: SqlRow): Owner {
    return agentOwner(String(row['agent_id']), organization, incarnation);
  }

  protected forgetRows(): void {
    this.#state = undefined;
  }

  /** The living agent with its keys; null where there is none. @throws CorruptRowError */
  state(mac: Uint8Array): AgentState | null {
    if (this.#state === undefined) this.#state = this.#readState(mac);
    return this.#state;
  }

  #readState(mac: Uint8Array): AgentState | null {
    if (!this.hasTables()) return null;
    const row = this.first('SELECT * FROM agent');
    if (row === null) return null;
    const agent = agentFromSql(this.rows.authentic(mac, 'agent', row));
    const life = this.first('SELECT incarnation FROM tombstone')?.['incarnation'] ?? FIRST_LIFE;
    if (agent.incarnation !== life) throw new CorruptRowError('agent is the row of another life');
    const keys = this.sql.exec<SqlRow>('SELECT * FROM agent_key').toArray();
    const byId = new Map(
      keys.map((key) => [key['id'], keyFromSql(this.rows.authentic(mac, 'agent_key', key))]),
    );
    if (byId.size !== agent.keyIds.length)
      throw new CorruptRowError('agent_key holds other keys than the agent');
    return {
      agent,
      keys: agent.keyIds.map((id) => {
        const key = byId.get(id);
        if (key === undefined) throw new CorruptRowError('agent_key lacks a key of the agent');
        return key;
      }),
    };
  }

  saveAgent(mac: Uint8Array, row: AgentRow): void {
    this.putLiving(mac, agentToSql(row));
  }

  /** A new key is named in the agent's row too: the caller saves that in the same transaction. */
  saveKey(mac: Uint8Array, row: KeyRow): void {
    this.put(mac, 'agent_key', keyToSql(row));
  }

  deleteKey(id: string): void {
    this.sql.exec('DELETE FROM agent_key WHERE id = ?', id);
    this.forgetRows();
  }

  /** The noted requests of a rule, oldest first; null: none was. @throws CorruptRowError */
  rate(mac: Uint8Array, id: string): RateRow | null {
    if (!this.has('rate_window')) return null;
    const row = this.sql.exec<SqlRow>('SELECT * FROM rate_window WHERE id = ?', id).toArray()[0];
    return row === undefined ? null : rateFromSql(this.rows.authentic(mac, 'rate_window', row));
  }

  /** Inside a transaction. What no window reaches any more goes with it. */
  saveRate(mac: Uint8Array, row: RateRow): void {
    this.need('rate_window');
    this.sql.exec('DELETE FROM rate_window WHERE noted_at_ms < ?', row.notedAtMs - LONGEST_PERIOD_MS);
    // Other rows of the agent stay as they are remembered.
    this.rows.put(mac, 'rate_window', rateToSql(row));
  }

  /** Notes an assertion, which is taken once; those whose time is over make room. Inside a transaction. */
  useAssertion(
    { digest, expiresAtMs }: { readonly digest: string; readonly expiresAtMs: number },
    nowMs: number,
    most: number,
  ): 'first' | 'replayed' | 'busy' {
    if (this.sql.exec('SELECT 1 FROM used_assertion WHERE digest = ?', digest).toArray().length > 0)
      return 'replayed';
    this.sql.exec('DELETE FROM used_assertion WHERE expires_at_ms <= ?', nowMs);
    if (Number(this.first('SELECT count(*) AS n FROM used_assertion')?.['n']) >= most) return 'busy';
    this.sql.exec(
      'INSERT INTO used_assertion (digest, expires_at_ms) VALUES (?, ?)',
      digest,
      Math.ceil(expiresAtMs),
    );
    return 'first';
  }

  /** The same of a proof of possession of a key. Nothing is counted before so many may have come that it could be `most`. */
  useProof(
    { digest, expiresAtMs }: { readonly digest: string; readonly expiresAtMs: number },
    nowMs: number,
    most: number,
  ): 'first' | 'replayed' | 'busy' {
    if (this.sql.exec('SELECT 1 FROM used_proof WHERE digest = ?', digest).toArray().length > 0)
      return 'replayed';
    this.sql.exec('DELETE FROM used_proof WHERE expires_at_ms <= ?', nowMs);
    if (this.#proofsAtMost >= most)
      this.#proofsAtMost = Number(this.first('SELECT count(*) AS n FROM used_proof')?.['n']);
    if (this.#proofsAtMost >= most) return 'busy';
    this.sql.exec(
      'INSERT INTO used_proof (digest, expires_at_ms) VALUES (?, ?)',
      digest,
      Math.ceil(expiresAtMs),
    );
    this.#proofsAtMost += 1;
    return 'first';
  }

  /** The bundle of signing keys as it was last kept; each row in it is under a MAC of its own. Null: none was. */
  signingCopy(): string | null {
    if (!this.has('signing_copy')) return null;
    const text = this.first('SELECT text FROM signing_copy')?.['text'];
    return typeof text === 'string' ? text : null;
  }

  keepSigningCopy(text: string): void {
    this.sql.exec('INSERT OR REPLACE INTO signing_copy (id, text) VALUES (1, ?)', text);
  }

  /** What stayed of the life before this one; null in a first life. @throws CorruptRowError */
  tombstone(mac: Uint8Array): TombstoneRow | null {
    const row = this.tombstoneRow();
    return row === null ? null : tombstoneFromSql(this.rows.authentic(mac, 'tombstone', row));
  }

  /** Erases the agent and its keys; audit and the tombstone stay. `mac` is of the key that the tombstone carries. */
  bury(mac: Uint8Array, row: TombstoneRow): void {
    this.buryIn(mac, ['agent', 'agent_key', 'rate_window'], tombstoneToSql(row));
  }
}
