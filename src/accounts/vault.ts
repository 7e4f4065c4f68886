/** The vault of an account: it opens only what belongs to this account, and the credentials of its grants. */

import { decryptText, encryptText, type RecordCorrupt } from '#crypto/envelope.ts';
import type { VaultLocked } from '#crypto/keyring.ts';
import { CONNECTIONS_OWNER, clientSecretPlace, grantPlace, type GrantField } from '#crypto/places.ts';
import { ok, type Result } from '#lib/result.ts';
import type { ConnectionSettings } from '#providers/settings.ts';
import { Vault, type OpenedLife } from '#objects/vault.ts';
import type { AccountStore } from './store.ts';

export type OpenedAccount = OpenedLife;

/** What an account's object knows of itself beside its rows. */
export interface Self {
  /** Its name, which is the account's id. */
  readonly accountId: string;
  /** Whether the directory has heard of this account; false where it does not say. */
  readonly isKnown: () => Promise<boolean>;
}

const BEREFT: RecordCorrupt = {
  code: 'record_corrupt',
  detail: 'rows of this account are here, and the one that names it is not',
};
const LOST: RecordCorrupt = {
  code: 'record_corrupt',
  detail: 'the directory knows this account, and of its rows nothing is there',
};

export class AccountVault extends Vault {
  readonly #store: AccountStore;

  /** @param self what the object is called; null: rows are taken at their word, for a caller that looks from outside */
  constructor(store: AccountStore, masterKeys: string | null, self: Self | null = null) {
    super(store, masterKeys, {
      name: self?.accountId ?? null,
      // Nothing was ever written here, as far as the object can see, and yet the account is known elsewhere.
      missing: async () => {
        if (store.lacksItsRow()) return BEREFT;
        return self !== null && !store.hasTables() && (await self.isKnown()) ? LOST : null;
      },
    });
    this.#store = store;
  }

  /** Whether the rows say that they are this account's: false for those of another and for none. */
  isOwnedByRows(): boolean {
    const material = this.#store.keyMaterial();
    return material !== null && this.isOwn(material.accountId);
  }

  /** The secret of the connection's client, for requests that it signs; null: it has none. Of two the first. */
  async clientSecret({
    id,
    dataKey,
    clientSecrets,
  }: Pick<ConnectionSettings, 'id' | 'dataKey' | 'clientSecrets'>): Promise<
    Result<string | null, VaultLocked | RecordCorrupt>
  > {
    const [stored] = clientSecrets;
    if (stored === undefined) return ok(null);
    const opened = await this.openLife(CONNECTIONS_OWNER, dataKey);
    return opened.ok ? decryptText(opened.value.key, clientSecretPlace(id, 0), stored) : opened;
  }

  encrypt(
    account: OpenedAccount,
    grantId: number,
    field: GrantField,
    generation: number,
    text: string,
  ): Promise<string> {
    return encryptText(account.key, grantPlace(account.owner, grantId, field, generation), text);
  }

  decrypt(
    account: OpenedAccount,
    grantId: number,
    field: GrantField,
    generation: number,
    stored: string,
  ): Promise<Result<string, RecordCorrupt>> {
    return decryptText(account.key, grantPlace(account.owner, grantId, field, generation), stored);
  }
}
