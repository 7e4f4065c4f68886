/**
 * Opens what is encrypted in one account: its data key, once per life of the object, and values under it.
 * No decision and no row is written here.
 */

import {
  createDataKey,
  decryptText,
  encryptText,
  openDataKey,
  type DataKey,
  type Owner,
  type RecordCorrupt,
} from '#crypto/envelope.ts';
import { accountOwner, grantPlace, type GrantField } from '#crypto/places.ts';
import type { VaultLocked } from '#crypto/keyring.ts';
import { ringOf } from '#crypto/ring-cache.ts';
import { err, ok, type Result } from '#lib/result.ts';
import type { AccountStore } from './store.ts';

export interface OpenedAccount {
  readonly owner: Owner;
  readonly key: DataKey;
}

/** What an object knows of itself beside its rows. */
export interface Self {
  /** Its name, which is the account's id. */
  readonly accountId: string;
  /** Whether the directory has heard of this account; false where it does not say. */
  readonly isKnown: () => Promise<boolean>;
}

const FOREIGN: RecordCorrupt = {
  code: 'record_corrupt',
  detail: 'the rows are those of another account',
};
const BEREFT: RecordCorrupt = {
  code: 'record_corrupt',
  detail: 'rows of this account are here, and the one that names it is not',
};
const LOST: RecordCorrupt = {
  code: 'record_corrupt',
  detail: 'the directory knows this account, and of its rows nothing is there',
};

/** Lives that may end while a key is being opened; more is a storm. */
const MAX_ROUNDS = 5;

export class Vault {
  readonly #store: AccountStore;
  readonly #masterKeys: string | null;
  readonly #self: Self | null;
  #opened: { wrapped: string; account: OpenedAccount } | null = null;

  /** @param self what the object is called; null: rows are taken at their word, for who looks at them from outside */
  constructor(store: AccountStore, masterKeys: string | null, self: Self | null = null) {
    this.#store = store;
    this.#masterKeys = masterKeys;
    this.#self = self;
  }

  /** The opened account if that costs nothing: its key has been opened before and is still the one in the row. */
  ready(): OpenedAccount | null {
    return this.#opened?.account ?? null;
  }

  /** Forgets the key, after a deletion or a rolled-back transaction. */
  forget(): void {
    this.#opened = null;
  }

  /** The living account's key; null where there is no living account. */
  async open(): Promise<Result<OpenedAccount | null, VaultLocked | RecordCorrupt>> {
    if (this.#opened !== null) return ok(this.#opened.account);
    const material = this.#store.keyMaterial();
    if (material === null) {
      if (this.#store.lacksItsRow()) return err(BEREFT);
      return (await this.#isLost()) ? err(LOST) : ok(null);
    }
    if (!this.isOwn(material)) return err(FOREIGN);
    return this.#openWrapped(
      accountOwner(material.accountId, material.organization, material.incarnation),
      material.dataKey,
    );
  }

  /** The key of a life that may be over, from where it was kept. */
  openLife(owner: Owner, wrapped: string): Promise<Result<OpenedAccount, VaultLocked | RecordCorrupt>> {
    return this.#openWrapped(owner, wrapped);
  }

  async #openWrapped(
    owner: Owner,
    wrapped: string,
  ): Promise<Result<OpenedAccount, VaultLocked | RecordCorrupt>> {
    const ring = await ringOf(this.#masterKeys);
    if (!ring.ok) return ring;
    const key = await openDataKey(ring.value, owner, wrapped);
    if (!key.ok) return key;
    const account: OpenedAccount = { owner, key: key.value };
    if (this.#store.keyMaterial()?.dataKey === wrapped) this.#opened = { wrapped, account };
    return ok(account);
  }

  /** A wrapped key for a life that is about to begin: drawn, or the one that the tombstone keeps for it. */
  async keyForNewLife(
    owner: Owner,
    kept: string | null,
  ): Promise<Result<{ wrapped: string; account: OpenedAccount }, VaultLocked | RecordCorrupt>> {
    const ring = await ringOf(this.#masterKeys);
    if (!ring.ok) return ring;
    if (kept !== null) {
      const key = await openDataKey(ring.value, owner, kept);
      return key.ok ? ok({ wrapped: kept, account: { owner, key: key.value } }) : key;
    }
    const made = await createDataKey(ring.value, owner);
    return ok({ wrapped: made.wrapped, account: { owner, key: made.key } });
  }

  /** The key that the tombstone keeps for the next life; null where there is no tombstone. */
  async heir(): Promise<Result<OpenedAccount | null, VaultLocked | RecordCorrupt>> {
    const grave = this.#store.tombstone();
    if (grave === null) return ok(null);
    if (!this.isOwn(grave)) return err(FOREIGN);
    const owner = accountOwner(grave.accountId, grave.organization, grave.incarnation);
    const made = await this.keyForNewLife(owner, grave.dataKey);
    return made.ok ? ok(made.value.account) : made;
  }

  /**
   * Runs `step` with the MAC key of the living account, or of the life after a deletion, when the key that was opened is
   * still the one that is stored: nothing is awaited in between. Null: none opens, `step` did not run.
   */
  async withKey<T>(step: (mac: Uint8Array) => T): Promise<T | null> {
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const stored = this.#storedKey();
      const opened = this.#store.keyMaterial() === null ? await this.heir() : await this.open();
      if (!opened.ok || opened.value === null) return null;
      if (this.#storedKey() === stored) return step(opened.value.key.mac);
    }
    return null;
  }

  #storedKey(): string | null {
    return this.#store.keyMaterial()?.dataKey ?? this.#store.tombstone()?.dataKey ?? null;
  }

  /** A file that was copied under another name opens nothing there. */
  isOwn({ accountId }: { readonly accountId: string }): boolean {
    return this.#self === null || this.#self.accountId === accountId;
  }

  /** Whether the rows say that they are this account's: false for those of another and for none. */
  isOwnedByRows(): boolean {
    const material = this.#store.keyMaterial();
    return material !== null && this.isOwn(material);
  }

  /** Nothing was ever written here, as far as the object can see, and yet somebody has heard of the account. */
  async #isLost(): Promise<boolean> {
    return this.#self !== null && !this.#store.hasTables() && (await this.#self.isKnown());
  }

  async encrypt(
    account: OpenedAccount,
    grantId: number,
    field: GrantField,
    generation: number,
    text: string,
  ): Promise<string> {
    return encryptText(account.key, grantPlace(account.owner, grantId, field, generation), text);
  }

  async decrypt(
    account: OpenedAccount,
    grantId: number,
    field: GrantField,
    generation: number,
    stored: string,
  ): Promise<Result<string, RecordCorrupt>> {
    return decryptText(account.key, grantPlace(account.owner, grantId, field, generation), stored);
  }
}
