/**
 * What an answer about a token tells of the account's variables, encrypted for the grant that it was asked with. Only
 * what was not known goes on: a value that stands is not changed by a question that nobody confirms.
 */

import { encryptText, type DataKey, type Owner } from '#crypto/envelope.ts';
import { grantPlace } from '#crypto/places.ts';
import { newlyTold, type AccountValues } from '#providers/variables/account-variables.ts';
import type { Descriptor } from '#providers/descriptor.ts';
import type { LearntVariables } from '#refresh/exchange/outcome.ts';
import type { IdentityAnswer } from '../identity/identity.ts';

/** The grant that was asked about, and what it has captured. */
export interface AskedGrant extends AccountValues {
  readonly owner: Owner;
  readonly key: DataKey;
  readonly grantId: number;
  readonly generation: number;
  /** `captured` as it is stored; null: nothing was captured. */
  readonly stored: string | null;
}

/** Null where nothing new was told. */
export async function learntOf(
  descriptor: Descriptor,
  grant: AskedGrant,
  told: Extract<IdentityAnswer, { ok: true }>,
): Promise<LearntVariables | null> {
  const { owner, key, grantId, generation, stored } = grant;
  const values = newlyTold(descriptor, grant, told);
  const names = Object.keys(values);
  if (names.length === 0) return null;
  const place = grantPlace(owner, grantId, 'captured', generation);
  const captured = await encryptText(key, place, JSON.stringify({ ...grant.captured, ...values }));
  return { names, captured, replaces: stored };
}
