/**
 * All SQL of an agent's state: agent, keys, tombstone. Rows are kept in memory and dropped by every write to them; each
 * carries a MAC, checked when it is read, and the rows are checked against one another: an older row that was put back
 * is refused like a changed one. No decision here. The audit ring and the index timer have their own files.
 */

import { rowMac } from '#crypto/digest.ts';
import type { Part } from '#crypto/encoding.ts';
import { applySchema, soundVersion, storedVersion } from '#lib/object-schema.ts';
import {
  agentFromSql,
  agentToSql,
  keyFromSql,
  keyToSql,
  tombstoneFromSql,
  tombstoneToSql,
  type SqlRow,
} from './columns.ts';
import type { AgentRow, AgentState, KeyRow, TombstoneRow } from './record.ts';
import { AGENT_SCHEMA, KEYED_CHAIN_SINCE } from './schema.ts';

/** A row does not match its MAC or the rows beside it. It is left as it is. */
export class CorruptRowError extends Error {
  override readonly name = 'CorruptRowError';
}

/** What opening the data key of the present life needs. Unauthenticated: a changed value does not open. */
export interface KeyMaterial {
  /** False: deleted; the key is the tombstone's. */
  readonly living: boolean;
  readonly organization: string;
  readonly incarnation: number;
  readonly dataKey: string;
}

type Table = 'agent' | 'agent_key' | 'tombstone';

/** The agent that was never deleted lives its first life. */
const FIRST_LIFE = 1;

/**
 * What a row's MAC is made over: names and values that are set, by name. A column added later is null in older rows
 * and leaves their MAC as it is; taking a value away or adding one changes it.
 */
function parts(values: SqlRow): Part[] {
  return Object.keys(values)
    .toSorted()
    .flatMap((name) => (values[name] == null ? [] : [name, values[name]]));
}

export class AgentStore {
  readonly #sql: SqlStorage;
  readonly #storage: DurableObjectStorage;
  readonly #onRollback: (() => void)[] = [];
  #exists: boolean | null = null;
  #schemaReady = false;
  #material: KeyMaterial | null | undefined;
  #state: AgentState | null | undefined;

  /** Null says nothing. */
  readonly #auditSeq: () => number | null;
  /** The tables of the keyed audit chain are there; null: not looked at yet. */
  #isKeyed: boolean | null = null;

  /** @param auditSeq how far the audit chain has come at least: noted under the MAC of the agent's row */
  constructor(storage: DurableObjectStorage, auditSeq: () => number = () => 0) {
    this.#auditSeq = () => auditSeq() || null;
    this.#storage = storage;
    this.#sql = storage.sql;
  }

  /**
   * `true` when anything was ever written under this name. @throws NewerSchemaError where a newer major wrote it
   * @throws DamagedSchemaError where tables were taken away
   */
  hasTables(): boolean {
    this.#exists ??= soundVersion(this.#sql, AGENT_SCHEMA) > 0;
    return this.#exists;
  }

  hasKeyedChain(): boolean {
    this.#isKeyed ??= this.hasTables() && storedVersion(this.#sql) >= KEYED_CHAIN_SINCE;
    return this.#isKeyed;
  }

  /** Called with a rolled-back transaction: whoever remembers rows outside this store forgets them. */
  onRollback(forget: () => void): void {
    this.#onRollback.push(forget);
  }

  /** One atomic write; `fn` awaits nothing. A throw rolls back and everything remembered is dropped. */
  transaction<T>(fn: () => T): T {
    try {
      return this.#storage.transactionSync(() => {
        if (!this.#schemaReady) {
          applySchema(this.#sql, AGENT_SCHEMA);
          this.#isKeyed = true;
        }
        const result = fn();
        this.#schemaReady = true;
        this.#exists = true;
        return result;
      });
    } catch (error) {
      this.#exists = null;
      this.#isKeyed = null;
      this.#schemaReady = false;
      this.#forgetRows();
      for (const forget of this.#onRollback) forget();
      throw error;
    }
  }

  /** Null where nothing was ever created. */
  material(): KeyMaterial | null {
    if (this.#material === undefined) this.#material = this.#readMaterial();
    return this.#material;
  }

  #readMaterial(): KeyMaterial | null {
    if (!this.hasTables()) return null;
    const columns = 'organization, incarnation, data_key';
    const agent = this.#first(`SELECT ${columns} FROM agent`);
    const row = agent ?? this.#first(`SELECT ${columns} FROM tombstone`);
    if (row === null) return null;
    return {
      living: agent !== null,
      organization: String(row['organization']),
      incarnation: Number(row['incarnation']),
      dataKey: String(row['data_key']),
    };
  }

  /** The living agent with its keys; null where there is none. @throws CorruptRowError */
  state(mac: Uint8Array): AgentState | null {
    if (this.#state === undefined) this.#state = this.#readState(mac);
    return this.#state;
  }

  #readState(mac: Uint8Array): AgentState | null {
    if (!this.hasTables()) return null;
    const row = this.#first('SELECT * FROM agent');
    if (row === null) return null;
    const agent = agentFromSql(this.#authentic(mac, 'agent', row));
    const life = this.#first('SELECT incarnation FROM tombstone')?.['incarnation'] ?? FIRST_LIFE;
    if (agent.incarnation !== life) throw new CorruptRowError('agent is the row of another life');
    const keys = this.#sql.exec<SqlRow>('SELECT * FROM agent_key').toArray();
    const byId = new Map(keys.map((key) => [key['id'], keyFromSql(this.#authentic(mac, 'agent_key', key))]));
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
    this.#put(mac, 'agent', { id: 1, ...agentToSql(row), audit_seq: this.#auditSeq() });
  }

  /** The keyed chain has begun: the agent's row says so, that nobody takes the chain away and nothing tells of it. */
  noteChain(mac: Uint8Array): void {
    const row = this.#first('SELECT * FROM agent');
    if (row !== null)
      this.#put(mac, 'agent', { ...this.#authentic(mac, 'agent', row), audit_seq: this.#auditSeq() });
  }

  /** A new key is named in the agent's row too: the caller saves that in the same transaction. */
  saveKey(mac: Uint8Array, row: KeyRow): void {
    this.#put(mac, 'agent_key', keyToSql(row));
  }

  deleteKey(id: string): void {
    this.#sql.exec('DELETE FROM agent_key WHERE id = ?', id);
    this.#forgetRows();
  }

  /** What stayed of the life before this one; null in a first life. @throws CorruptRowError */
  tombstone(mac: Uint8Array): TombstoneRow | null {
    if (!this.hasTables()) return null;
    const row = this.#first('SELECT * FROM tombstone');
    return row === null ? null : tombstoneFromSql(this.#authentic(mac, 'tombstone', row));
  }

  /** Erases the agent and its keys; audit and the tombstone stay. `mac` is of the key that the tombstone carries. */
  bury(mac: Uint8Array, row: TombstoneRow): void {
    const auditSeq = this.#auditSeq();
    this.#sql.exec('DELETE FROM agent');
    this.#sql.exec('DELETE FROM agent_key');
    this.#put(mac, 'tombstone', { id: 1, ...tombstoneToSql(row), audit_seq: auditSeq });
  }

  #first(query: string): SqlRow | null {
    return this.#sql.exec<SqlRow>(query).toArray()[0] ?? null;
  }

  #authentic(mac: Uint8Array, table: Table, row: SqlRow): SqlRow {
    const { mac: stored, ...values } = row;
    if (rowMac(mac, table, parts(values)) !== stored) {
      throw new CorruptRowError(`${table} does not match its MAC`);
    }
    return values;
  }

  #put(mac: Uint8Array, table: Table, values: SqlRow): void {
    const row: SqlRow = { ...values, mac: rowMac(mac, table, parts(values)) };
    const names = Object.keys(row);
    this.#sql.exec(
      `INSERT OR REPLACE INTO ${table} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`,
      ...Object.values(row),
    );
    this.#forgetRows();
  }

  #forgetRows(): void {
    this.#state = undefined;
    this.#material = undefined;
  }
}
