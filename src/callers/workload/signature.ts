/** Whether a token is signed by a key of its issuer. */

import { compactVerify, errors } from 'jose';
import type { KeySet } from '#egress/keys/issuer-keys.ts';
import { ALGORITHMS, type TokenProblem } from './token.ts';

/** `jku`, `x5u`, `jwk` and `x5c` are not looked at: the key is one of the issuer's, or none. */
export async function signatureProblem(text: string, keySet: KeySet): Promise<TokenProblem | null> {
  try {
    await compactVerify(text, keySet, { algorithms: [...ALGORITHMS] });
    return null;
  } catch (error) {
    const isUnknown =
      error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys;
    return isUnknown ? 'token_key_unknown' : 'token_signature';
  }
}
