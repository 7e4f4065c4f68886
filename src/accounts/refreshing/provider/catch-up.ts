/** Takes over newer settings of the connection between refreshes, where a request depends on it. */

import { loadConnection } from '#directory/connections/connections.ts';
import { isNewer, newest } from '#providers/clients.ts';
import type { Account } from '../../account.ts';
import type { OpenedAccount } from '../../vault.ts';

const PATIENCE_MS = 300;
/** However many ask meanwhile, the directory is asked so seldom. */
const APART_MS = 500;

export class CatchUp {
  readonly #object: Account;
  #askedAtMs: number | null = null;

  constructor(object: Account) {
    this.#object = object;
  }

  /** Stores the directory's settings where they come quickly, are authentic and newer. Never throws. */
  async now(opened: OpenedAccount): Promise<void> {
    const { store, config, now } = this.#object;
    const known = store.state(opened.key.mac)?.settings;
    const sinceMs = this.#askedAtMs === null ? APART_MS : now() - this.#askedAtMs;
    if (known === undefined || (sinceMs >= 0 && sinceMs < APART_MS)) return;
    this.#askedAtMs = now();
    const found = await loadConnection(
      config.directory,
      { id: known.id, organization: opened.owner.organization },
      PATIENCE_MS,
      config.masterKeys,
    );
    if (found === null || found === 'unavailable') return;
    const state = store.state(opened.key.mac);
    if (state === null || state.account.incarnation !== opened.owner.incarnation) return;
    if (isNewer(found.settings, state.settings))
      store.transaction(() => store.saveSettings(opened.key.mac, newest(found.settings, state.settings)));
  }
}
