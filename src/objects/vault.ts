/**
 * Opens the data key of an object's present life, once per life, and runs synchronous steps with it. No decision and no
 * row is written here. A key is opened by awaiting, during which another call may delete or create the object: a step
 * runs only when the key that was opened is still the one that is stored, and nothing is awaited in between.
 */

import {
  createDataKey,
  openDataKey,
  type DataKey,
  type Owner,
  type RecordCorrupt,
} from '#crypto/envelope.ts';
import type { VaultLocked } from '#crypto/keyring.ts';
import { ringOf } from '#crypto/ring-cache.ts';
import { err, ok, type Result } from '#lib/result.ts';
import type { KeyMaterial } from './store.ts';

/** A life with its key. */
export interface OpenedLife {
  readonly owner: Owner;
  readonly key: DataKey;
}

/** The life that the rows speak of. */
export interface PresentLife extends OpenedLife {
  /** False: deleted; owner and key are of the life that follows. */
  readonly living: boolean;
}

/** Lives ended and began for as long as a call waited for a key. */
export interface Unsteady {
  readonly code: 'conflict';
  readonly detail: string;
}

/** Whose rows the vault opens. */
export interface KeyHolder {
  /** The life that the rows speak of; null where nothing was ever created. */
  material(): KeyMaterial | null;
}

/** What an object knows of itself beside its rows. */
export interface Self {
  /** The object's name; null: rows are taken at their word, for a caller that looks at them from outside. */
  readonly name: string | null;
  /** Where no life stands in the rows: why that is not to be believed. Left out: it is always believed. */
  readonly missing?: () => Promise<RecordCorrupt | null>;
}

const FOREIGN: RecordCorrupt = { code: 'record_corrupt', detail: 'the rows are those of another object' };

/** Lives that may end while one call waits for its key; more is a storm that the caller hears of. */
const MAX_ROUNDS = 5;

export class Vault {
  readonly #holder: KeyHolder;
  readonly #masterKeys: string | null;
  readonly #self: Self;
  #opened: { readonly wrapped: string; readonly life: PresentLife } | null = null;

  /** @param masterKeys the setting as it is; null where it is missing, and then nothing opens */
  constructor(holder: KeyHolder, masterKeys: string | null, self: Self = { name: null }) {
    this.#holder = holder;
    this.#masterKeys = masterKeys;
    this.#self = self;
  }

  /** The living object's key if that costs nothing: it has been opened before and is still the one in the row. */
  ready(): OpenedLife | null {
    if (this.#opened === null) return null;
    const life = this.#known(this.#holder.material());
    return life?.living === true ? life : null;
  }

  /** The living object's key; null where none lives. */
  async open(): Promise<Result<OpenedLife | null, VaultLocked | RecordCorrupt>> {
    const material = this.#holder.material();
    const known = this.#known(material);
    if (material?.living === true) return known === null ? this.#open(material) : ok(known);
    const missing = (await this.#self.missing?.()) ?? null;
    return missing === null ? ok(null) : err(missing);
  }

  /** The key that the tombstone keeps for the next life; null where an object lives, and where none ever did. */
  async heir(): Promise<Result<OpenedLife | null, VaultLocked | RecordCorrupt>> {
    const material = this.#holder.material();
    if (material === null || material.living) return ok(null);
    const known = this.#known(material);
    return known === null ? this.#open(material) : ok(known);
  }

  /** The key of the present life, or of the one that follows it; null where nothing was ever created. */
  async present(): Promise<Result<OpenedLife | null, VaultLocked | RecordCorrupt>> {
    const opened = await this.open();
    return opened.ok && opened.value === null ? this.heir() : opened;
  }

  /** The key of a life that may be over, from where it was kept. */
  async openLife(owner: Owner, wrapped: string): Promise<Result<OpenedLife, VaultLocked | RecordCorrupt>> {
    const ring = await ringOf(this.#masterKeys);
    if (!ring.ok) return ring;
    const key = await openDataKey(ring.value, owner, wrapped);
    return key.ok ? ok({ owner, key: key.value }) : key;
  }

  /** A wrapped key for a life that is about to begin: drawn, or the one that the tombstone keeps for it. */
  async keyForNewLife(
    owner: Owner,
    kept: string | null,
  ): Promise<Result<{ wrapped: string; life: OpenedLife }, VaultLocked | RecordCorrupt>> {
    const ring = await ringOf(this.#masterKeys);
    if (!ring.ok) return ring;
    if (kept !== null) {
      const key = await openDataKey(ring.value, owner, kept);
      return key.ok ? ok({ wrapped: kept, life: { owner, key: key.value } }) : key;
    }
    const made = await createDataKey(ring.value, owner);
    return ok({ wrapped: made.wrapped, life: { owner, key: made.key } });
  }

  /**
   * What `step` returns, given the present life (null: nothing was ever created). `step` awaits nothing; what it throws
   * is thrown on.
   */
  async enter<T>(
    step: (life: PresentLife | null) => T,
  ): Promise<Result<T, VaultLocked | RecordCorrupt | Unsteady>> {
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const material = this.#holder.material();
      const known = this.#known(material);
      if (material === null || known !== null) return ok(step(known));
      const opened = await this.#open(material);
      if (!opened.ok) return opened;
    }
    return err({ code: 'conflict', detail: 'it is being deleted and created again' });
  }

  /** Runs `step` with the MAC key of the present life, or of the next one. Null: none opens, `step` did not run. */
  async withKey<T>(step: (mac: Uint8Array) => T): Promise<T | null> {
    const done = await this.enter((life) => (life === null ? null : step(life.key.mac)));
    return done.ok ? done.value : null;
  }

  /** A file that was copied under another name opens nothing there. */
  isOwn(name: string): boolean {
    return this.#self.name === null || this.#self.name === name;
  }

  /** The key that is open already. Whether its life has begun, the rows say: a tombstone's key becomes the next life's. */
  #known(material: KeyMaterial | null): PresentLife | null {
    if (material === null || this.#opened?.wrapped !== material.dataKey) return null;
    const { life } = this.#opened;
    if (life.living !== material.living)
      this.#opened = { ...this.#opened, life: { ...life, living: material.living } };
    return this.#opened.life;
  }

  async #open(material: KeyMaterial): Promise<Result<PresentLife, VaultLocked | RecordCorrupt>> {
    if (!this.isOwn(material.owner.owner)) return err(FOREIGN);
    const opened = await this.openLife(material.owner, material.dataKey);
    if (!opened.ok) return opened;
    const life = { ...opened.value, living: material.living };
    this.#opened = { wrapped: material.dataKey, life };
    return ok(life);
  }
}
