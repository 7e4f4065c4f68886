/** How others call the object of a revocation: one object in, a tagged value out; fields are only added. */

import type { RecordCorrupt } from '#crypto/envelope.ts';
import type { VaultLocked } from '#crypto/keyring.ts';
import type { ReceiptStatus } from '#contract/callers/revocations.ts';
import type { Config } from '#env.ts';
import type { Result } from '#lib/result.ts';
import { NAME_PREFIX } from './object.ts';
import type { Order, ReceiptRow } from './progress.ts';

type Obstacle = VaultLocked | RecordCorrupt;

/** How a revocation stands. */
export interface Standing {
  readonly order: Order;
  readonly isComplete: boolean;
  /** Of a complete one the number of receipts. */
  readonly matched: number;
  readonly counts: Readonly<Record<ReceiptStatus, number>>;
  /** Newest first. */
  readonly receipts: readonly ReceiptRow[];
}

export interface RevocationRpc {
  /**
   * Notes what is to be done, before the cut-off is written: from then on it is carried out even where the caller dies.
   * Answers the id of the master key that the object needs.
   */
  take(argument: { readonly order: Order }): Promise<Result<{ readonly kid: string | null }, Obstacle>>;
  /** The cut-off is written, or has to be looked at again: the next step is due now. */
  go(argument: object): Promise<void>;
  /** Null: nothing was ever ordered here. @param before a receipt's number: those below it */
  view(argument: {
    readonly before: number | null;
    readonly limit: number;
  }): Promise<Result<Standing | null, Obstacle>>;
}

/** A new stub each time: a stub that threw stays broken. */
export function revocationStub(config: Pick<Config, 'revocations'>, id: string): RevocationRpc {
  return config.revocations.getByName(`${NAME_PREFIX}${id}`) as unknown as RevocationRpc;
}
