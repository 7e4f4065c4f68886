/**
 * Opens the data key of an agent's present life and runs one synchronous step with it. No decision and no row here.
 * The key is opened by awaiting, during which another call may delete or create the agent: the step runs only when the
 * key that was opened is still the one that is stored, and nothing is awaited in between.
 */

import { createSignedAgentKey, type FreshKey } from '#crypto/api-keys.ts';
import { createDataKey, openDataKey, type DataKey, type Owner } from '#crypto/envelope.ts';
import { ringOf } from '#crypto/ring-cache.ts';
import { NewerSchemaError } from '#lib/object-schema.ts';
import { isDamage } from '#lib/platform-errors.ts';
import { log } from '#lib/log.ts';
import { failed, type Failure } from './outcome.ts';
import { CorruptRowError, type AgentStore, type KeyMaterial } from './store.ts';

/** The life that the rows speak of. */
export interface Life {
  /** False: deleted; `incarnation` is that of the next life. */
  readonly living: boolean;
  readonly incarnation: number;
  readonly organization: string;
  /** Authenticates rows and audit of this life. */
  readonly mac: Uint8Array;
}

/** A key that nothing is stored under yet. */
export interface DrawnKey {
  readonly wrapped: string;
  readonly mac: Uint8Array;
}

/** Lives that may end while one call waits for its key; more is a storm that the caller hears of. */
const MAX_ROUNDS = 5;

export class Vault {
  readonly #store: AgentStore;
  readonly #masterKeys: string | null;
  readonly #agentId: string;
  readonly #onUse: () => void;
  #opened: { wrapped: string; mac: Uint8Array } | null = null;

  /** @param onUse called before each step on what was ever created, never while the vault is locked */
  constructor(store: AgentStore, masterKeys: string | null, agentId: string, onUse: () => void) {
    this.#store = store;
    this.#masterKeys = masterKeys;
    this.#agentId = agentId;
    this.#onUse = onUse;
  }

  /**
   * What `step` returns, given the present life (null: nothing was ever created). A locked vault, a record that is not
   * authentic and rows of newer code are failures; a transaction inside `step` is then rolled back.
   */
  async enter<T>(step: (life: Life | null) => T): Promise<T | Failure> {
    try {
      for (let round = 0; round < MAX_ROUNDS; round += 1) {
        const material = this.#store.material();
        if (material === null) return step(null);
        if (this.#opened?.wrapped === material.dataKey) {
          const { living, incarnation, organization } = material;
          this.#onUse();
          return step({ living, incarnation, organization, mac: this.#opened.mac });
        }
        const refused = await this.#open(material);
        if (refused !== null) return refused;
      }
      return failed('conflict', 'the agent is being deleted and created again');
    } catch (error) {
      if (error instanceof CorruptRowError) return failed('record_corrupt', error.message);
      if (isDamage(error)) {
        log('error', 'an agent’s storage is damaged', { agent: this.#agentId, error });
        return failed('record_corrupt', 'the agent’s tables were changed outside the broker');
      }
      if (error instanceof NewerSchemaError) {
        return failed('newer_schema', 'the agent was stored by a newer version of the broker');
      }
      throw error;
    }
  }

  /** Runs `step` with the MAC key of the present life. Null: none opens, `step` did not run. */
  async withKey<T>(step: (mac: Uint8Array) => T): Promise<T | null> {
    const done = await this.enter<{ ok: true; value: T | null }>((life) => ({
      ok: true,
      value: life === null ? null : step(life.mac),
    }));
    return done.ok ? done.value : null;
  }

  async #open(material: KeyMaterial): Promise<Failure | null> {
    const ring = await ringOf(this.#masterKeys);
    if (!ring.ok) return failed(ring.error.code, ring.error.detail);
    const owner = this.#owner(material.organization, material.incarnation);
    const key = await openDataKey(ring.value, owner, material.dataKey);
    if (!key.ok) return failed(key.error.code, key.error.detail);
    this.#opened = { wrapped: material.dataKey, mac: key.value.mac };
    return null;
  }

  /** A fresh data key for a life that is about to begin. */
  async draw(organization: string, incarnation: number): Promise<({ ok: true } & DrawnKey) | Failure> {
    const ring = await ringOf(this.#masterKeys);
    if (!ring.ok) return failed(ring.error.code, ring.error.detail);
    const made: { wrapped: string; key: DataKey } = await createDataKey(
      ring.value,
      this.#owner(organization, incarnation),
    );
    return { ok: true, wrapped: made.wrapped, mac: made.key.mac };
  }

  /** A fresh key of the agent. Nothing is stored yet. */
  async drawAgentKey(): Promise<({ ok: true } & FreshKey) | Failure> {
    const ring = await ringOf(this.#masterKeys);
    if (!ring.ok) return failed(ring.error.code, ring.error.detail);
    return { ok: true, ...(await createSignedAgentKey(ring.value, this.#agentId)) };
  }

  /** The object's own name and not the row's: a row of another agent does not open. */
  #owner(organization: string, incarnation: number): Owner {
    return { kind: 'agent', owner: this.#agentId, organization, incarnation };
  }
}
