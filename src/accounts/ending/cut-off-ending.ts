/**
 * A cut-off that has reached an account with a call holds from then on, also where the next list contradicts or lacks
 * it: an account of a deleted connection ends then, as it would when the sweep tells it. Refuses to judge whether it is
 * of that connection's life: the step that ends it does.
 */

import { systemContext } from '#audit/record.ts';
import type { CutOffs } from '#directory/cut-offs.ts';
import { log } from '#lib/log.ts';
import type { Account } from '../account.ts';
import type { ReleaseResult } from '../door/answer.ts';
import type { AccountRpc } from '../stub.ts';

export class CutOffEnding {
  readonly #object: Pick<Account, 'store' | 'waitUntil'>;
  readonly #endWith: AccountRpc['endWith'];
  #isEnding = false;

  constructor(object: Pick<Account, 'store' | 'waitUntil'>, endWith: AccountRpc['endWith']) {
    this.#object = object;
    this.#endWith = endWith;
  }

  /** The same answer; where it is the refusal of a cut-off, the account ends after it. */
  after<T extends ReleaseResult | null>(cutOffs: CutOffs | null | undefined, result: T): T {
    if (result?.ok === false && 'refusal' in result && result.refusal.code === 'account_revoked')
      this.end(cutOffs);
    return result;
  }

  /** By the grave of the account's connection, where the list has one. Once at a time. */
  end(cutOffs: CutOffs | null | undefined): void {
    const connection = this.#object.store.claimedNames()?.connection;
    const grave = cutOffs?.deleted.find((one) => one.connection === connection);
    if (grave === undefined || this.#isEnding) return;
    this.#isEnding = true;
    const ended = this.#endWith({ grave, context: systemContext('cut_off') })
      .catch((error: unknown) =>
        log('warn', 'an account of a deleted connection waits for the sweep', { error }),
      )
      .finally(() => (this.#isEnding = false));
    this.#object.waitUntil(ended);
  }
}
