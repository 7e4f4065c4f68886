/** Makes an access token for an agent that has proved itself: noted in the agent's object first, then signed. */

import { agentStub } from '#agents/stub.ts';
import type { UsedAssertion } from '#agents/tokens/tokens.ts';
import { newId } from '#crypto/api-keys.ts';
import { signedToken } from '#crypto/signing/token-key.ts';
import type { Now } from '#lib/clock.ts';
import { err, ok, type Result } from '#lib/result.ts';
import { PROOFS_BUSY, type AskedBinding } from '../binding/binding.ts';
import { agentRecords, recordIn } from '../agent-records.ts';
import {
  actorOf,
  lookupFailure,
  WRONG_KEY,
  type AgentProof,
  type AuthFailure,
  type RequestPieces,
} from '../proof.ts';
import { MAX_AGE_MS } from '../record-cache.ts';
import { issuerOf, MAX_TOKEN_S, type TokenClaims } from './claims.ts';
import { refusalOfAssertion } from './client.ts';
import { signerFor } from './signing-keys.ts';

export interface Wanted {
  readonly proof: AgentProof;
  /** By which the proof was made; null: by none. */
  readonly assertion: UsedAssertion | null;
  /** To what the token is bound, and the proof of it; left out: to nothing. */
  readonly binding?: AskedBinding;
  /** How long it shall live, in seconds; more than the most is cut. Null: as long as it may. */
  readonly lifeS: number | null;
  /** Under which the broker was asked. */
  readonly origin: string;
}

export interface MadeToken {
  readonly token: string;
  /** Seconds. */
  readonly expiresIn: number;
}

/** A suspended agent gets none, and is told so; nor does a request whose proof of a key has been used. */
export type NoToken = AuthFailure | 'suspended' | 'proof_replayed';

export async function makeToken(
  wanted: Wanted,
  request: RequestPieces,
  now: Now,
): Promise<Result<MadeToken, NoToken>> {
  const { proof, assertion, binding, origin } = wanted;
  const { config, correlationId, toolCallId, client, waitUntil } = request;
  if (proof.status !== 'active') return err('suspended');
  const ask = { now, waitUntil };
  const dated = await agentRecords(config).get(proof.id, {
    ...ask,
    notBeforeMs: -Infinity,
    maxAgeMs: MAX_AGE_MS,
  });
  const record = recordIn(dated);
  if (!record.ok) return record;
  const incarnation = record.value?.incarnation;
  if (incarnation === undefined) return err(WRONG_KEY);
  const signer = await signerFor(config, proof.id, ask);
  if (!signer.ok) return signer;
  const tokenId = newId('at');
  const { kid, privateKey, bundle } = signer.value;
  const issued = await agentStub(config, proof.id).issueToken({
    tokenId,
    keyId: proof.keyId,
    incarnation,
    assertion,
    keyProof: binding?.keyProof ?? null,
    signing: bundle,
    context: { actor: actorOf(proof), correlationId, toolCallId, client },
  });
  if (!issued.ok)
    return err(issued.code === 'not_found' ? WRONG_KEY : lookupFailure(issued.code, issued.detail, 60));
  if ('refused' in issued) {
    const { refused } = issued;
    if (refused === 'suspended' || refused === 'proof_replayed') return err(refused);
    if (refused === 'proof_busy') return err(PROOFS_BUSY);
    return err(refused === 'gone' ? WRONG_KEY : (refusalOfAssertion(refused) ?? WRONG_KEY));
  }
  const { issuedAtS: iat } = issued;
  const lifeS = lifeOf(wanted, iat);
  if (lifeS < 1) return err(WRONG_KEY);
  const claims: TokenClaims = {
    iss: issuerOf(origin),
    aud: origin,
    sub: proof.id,
    client_id: proof.id,
    jti: tokenId,
    iat,
    exp: iat + lifeS,
    agent_incarnation: incarnation,
    ...(proof.keyId === null ? {} : { key_id: proof.keyId }),
    ...(binding?.cnf == null ? {} : { cnf: binding.cnf }),
  };
  return ok({ token: await signedToken(kid, privateKey, { ...claims }), expiresIn: lifeS });
}

/** Not past the end of the key that asks: with that key it ends anyway. */
function lifeOf({ proof, lifeS }: Wanted, issuedAtS: number): number {
  const ofKey =
    proof.keyId === null || proof.expiresAtMs === null
      ? Infinity
      : Math.floor(proof.expiresAtMs / 1000) - issuedAtS;
  return Math.min(lifeS ?? MAX_TOKEN_S, MAX_TOKEN_S, ofKey);
}
