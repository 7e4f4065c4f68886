/**
 * A cut-off that has reached an account with a call holds from then on, also where the next list contradicts or lacks
 * it: an account of a deleted connection ends then, as it would when the sweep tells it, and one that the kill switch
 * has ended, as it would when the object of the revocation tells it. Refuses to judge whether it is meant: the step that
 * ends it does.
 */

import { systemContext } from '#audit/record.ts';
import type { CutOffs } from '#directory/revocations/cut-offs.ts';
import { log } from '#lib/log.ts';
import type { Account } from '../account.ts';
import type { ReleaseResult } from '../door/answer.ts';
import type { AccountRpc } from '../stub.ts';

/** What ends the account, as the platform's class does it. */
type Ends = Pick<AccountRpc, 'endWith' | 'noteCutOff'>;

export class CutOffEnding {
  readonly #object: Pick<Account, 'store' | 'waitUntil'>;
  readonly #ends: Ends;
  #isEnding = false;
  /** Cut-offs of the kill switch that the account has noted: a list brings each with every call. */
  readonly #noted = new Set<string>();

  constructor(object: Pick<Account, 'store' | 'waitUntil'>, ends: Ends) {
    this.#object = object;
    this.#ends = ends;
  }

  /** The same answer; where it is the refusal of a cut-off, the account ends after it. */
  after<T extends ReleaseResult | null>(cutOffs: CutOffs | null | undefined, result: T): T {
    if (result?.ok === false && 'refusal' in result && result.refusal.code === 'account_revoked')
      this.end(cutOffs);
    return result;
  }

  /** By the list's word for this account, where it has one. Once at a time. */
  end(cutOffs: CutOffs | null | undefined): void {
    const names = this.#object.store.claimedNames();
    if (names === null || this.#isEnding) return;
    const grave = cutOffs?.deleted.find((one) => one.connection === names.connection);
    // The subject is the account's own to compare.
    const revoked = (cutOffs?.revoked ?? []).filter(
      ({ id, selector }) =>
        !this.#noted.has(id) &&
        [null, names.organization].includes(selector.organization) &&
        [null, names.connection].includes(selector.connection ?? selector.subject?.connection ?? null) &&
        [null, names.identifier].includes(selector.identifier),
    );
    if (grave === undefined && revoked.length === 0) return;
    this.#isEnding = true;
    const context = systemContext('cut_off');
    const told = async (): Promise<void> => {
      // Grants that are erased here cannot be ended at their provider any more: cut-offs that ask for it come first.
      for (const cutOff of revoked.toSorted(
        (one, other) => Number(other.atProvider) - Number(one.atProvider),
      ))
        if ((await this.#ends.noteCutOff({ cutOff, context })).ok) this.#noted.add(cutOff.id);
      if (grave !== undefined) await this.#ends.endWith({ grave, context });
    };
    const ended = told()
      .catch((error: unknown) => log('warn', 'an account that was cut off waits to be told', { error }))
      .finally(() => (this.#isEnding = false));
    this.#object.waitUntil(ended);
  }
}
