/**
 * Proves an agent by an access token that the broker made: what the token says of itself, then the signature (our own
 * published keys), then the agent's record, which ends it with the agent's life, its key, or by itself. A warm proof asks
 * the directory nothing.
 */

import type { AuthRecord } from '#agents/record.ts';
import { purposeDigest } from '#crypto/digest.ts';
import { SIGNING_ALGORITHM } from '#crypto/signing/token-key.ts';
import { admitUnproved } from '#directory/indexes/known-objects.ts';
import type { Config } from '#env.ts';
import type { Now } from '#lib/clock.ts';
import { BoundedMap } from '#lib/bounded-map.ts';
import { err, ok, type Result } from '#lib/result.ts';
import { perObject } from '#lib/memory/per-object.ts';
import { compactVerify } from 'jose';
import { agentRecords, ofRecord, recordIn } from '../agent-records.ts';
import { unboundUse, type BindingProblem } from '../binding/binding.ts';
import { FailedProofs } from '../failed-proofs.ts';
import {
  WRONG_KEY,
  type AgentProof,
  type AuthFailure,
  type Method,
  type Outcome,
  type RequestPieces,
} from '../proof.ts';
import { MAX_AGE_MS } from '../record-cache.ts';
import {
  claimsOf,
  isEnded,
  issuerOf,
  tokenHeadProblem,
  tokenTimeProblem,
  type TokenClaims,
} from '../tokens/claims.ts';
import { chainIn, rulesIn } from '../tokens/lineage.ts';
import { isPublished, verifyingKey } from '../tokens/signing-keys.ts';
import { isJwt, readToken, type TokenProblem, type WorkloadToken } from '../workload/token.ts';

const REMEMBERED_TOKENS = 2_000;
const PURPOSE = 'broker token v1';

/** A token whose signature was good, by its digest: as long as its key is published, it is not taken again. */
interface Verified {
  readonly token: WorkloadToken;
  readonly claims: TokenClaims;
  readonly kid: string;
}

class Memory {
  readonly verified = new BoundedMap<string, Verified>(REMEMBERED_TOKENS);
  readonly failed = new FailedProofs('broker_token');
}

const memoryOf = perObject((_config: Config) => new Memory());

/** Under which origin the broker is asked; null: its setting is no URL, and no token is of it. */
export function originAsked({ config, url }: Pick<RequestPieces, 'config' | 'url'>): string | null {
  if (config.baseUrlProblem !== null) return null;
  return config.baseUrl ?? new URL(url).origin;
}

/** Tokens of other issuers are not ours to judge. */
export const brokerToken: Method = (request, text, now) => {
  if (text === null || !isJwt(text)) return null;
  const digest = purposeDigest(PURPOSE, text);
  const token = memoryOf(request.config).verified.get(digest)?.token ?? readToken(text);
  const origin = originAsked(request);
  if (token === null || origin === null || token.issuer !== issuerOf(origin)) return null;
  return prove(text, token, request, now);
};

async function prove(text: string, token: WorkloadToken, request: RequestPieces, now: Now): Promise<Outcome> {
  const holding = await holdingOf(text, token, request, now);
  if (!holding.ok) return holding;
  const origin = originAsked(request) ?? '';
  const { cnf, sub: agentId } = holding.value.claims;
  const unbound = await unboundUse({ text, cnf, agentId, origin }, request, now);
  if (unbound === null) return ok(proofOf(holding.value));
  if (unbound.problem !== null) noteFailed(token, unbound.problem, true, request, now);
  return err(unbound.failure);
}

/**
 * The same for a token that is to be exchanged, with what it says; one of another issuer proves nobody. Whether the
 * request brings what the token is bound to is for the endpoint that binds the new one.
 */
export async function proveSubject(
  text: string,
  request: RequestPieces,
  now: Now,
): Promise<Result<{ readonly proof: AgentProof; readonly claims: TokenClaims }, AuthFailure>> {
  const token = isJwt(text) ? readToken(text) : null;
  const origin = originAsked(request);
  if (token === null || origin === null || token.issuer !== issuerOf(origin)) return err(WRONG_KEY);
  const holding = await holdingOf(text, token, request, now);
  if (!holding.ok) return holding;
  return ok({ proof: proofOf(holding.value), claims: holding.value.claims });
}

async function holdingOf(
  text: string,
  token: WorkloadToken,
  request: RequestPieces,
  now: Now,
): Promise<Result<Holding, AuthFailure>> {
  const found = await standing(text, token, request, now);
  if (!found.ok) return found;
  if (!('problem' in found.value)) return ok(found.value);
  const { problem, isOurs } = found.value;
  noteFailed(token, problem, isOurs, request, now);
  return err(WRONG_KEY);
}

/** A token that holds, and the record that says so. */
export interface Holding {
  readonly record: AuthRecord;
  readonly claims: TokenClaims;
  readonly provedAtMs: number;
}

/** Why a token does not hold. `isOurs`: the broker has signed it, so that its agent is one that there was. */
interface Fallen {
  readonly problem: TokenProblem;
  readonly isOurs: boolean;
}

/**
 * What a token is worth now: for a caller that presents it, and for one that asks about it.
 *
 * @param live whether the agent's object is asked, and no remembered record does
 */
export async function standing(
  text: string,
  token: WorkloadToken,
  request: RequestPieces,
  now: Now,
  live = false,
): Promise<Result<Holding | Fallen, AuthFailure>> {
  const fallen = (problem: TokenProblem, isOurs: boolean) => ok({ problem, isOurs });
  const early = tokenHeadProblem(token);
  if (early !== null) return fallen(early, false);
  const verified = await verifiedOf(text, token, request, now);
  if (!verified.ok) return verified;
  if (typeof verified.value === 'string') return fallen(verified.value, false);
  const claims = verified.value;
  if (token.claims['aud'] !== originAsked(request)) return fallen('token_not_trusted', true);
  const late = tokenTimeProblem(token, now());
  if (late !== null) return fallen(late, true);
  const arrivedAtMs = now();
  // A remembered record may lack a key that was made since.
  for (const notBeforeMs of live ? [arrivedAtMs] : [-Infinity, arrivedAtMs]) {
    const { config, waitUntil } = request;
    const ask = { now, notBeforeMs, maxAgeMs: MAX_AGE_MS, waitUntil };
    const dated = await agentRecords(config).get(claims.sub, ask);
    const record = recordIn(dated);
    if (!record.ok) return record;
    if (record.value !== null && !isEnded(record.value, claims, now()))
      return ok({ record: record.value, claims, provedAtMs: dated.askedAtMs });
    if (dated.askedAtMs >= arrivedAtMs) break;
  }
  return fallen('token_ended', true);
}

/** The claims of a token that the broker has signed, or why it is none. */
async function verifiedOf(
  text: string,
  token: WorkloadToken,
  request: RequestPieces,
  now: Now,
): Promise<Result<TokenClaims | TokenProblem, AuthFailure>> {
  const { config, waitUntil } = request;
  const { kid } = token;
  if (kid === null) return ok('token_key_unknown');
  const { verified } = memoryOf(config);
  const digest = purposeDigest(PURPOSE, text);
  const known = verified.get(digest);
  if (known !== undefined && isPublished(config, known.kid, now())) return ok(known.claims);
  const agentId = token.subject;
  const isThere = async () => (await admitUnproved(config, 'agent', agentId)).ok;
  const key = await verifyingKey(config, { kid, agentId }, { now, waitUntil }, isThere);
  if (!key.ok) return key;
  if (key.value === null) {
    verified.delete(digest);
    return ok('token_key_unknown');
  }
  if (known !== undefined) return ok(known.claims);
  try {
    await compactVerify(text, key.value, { algorithms: [SIGNING_ALGORITHM] });
  } catch {
    return ok('token_signature');
  }
  const claims = claimsOf(token);
  if (claims === null) return ok('token_not_trusted');
  verified.set(digest, { token, claims, kid });
  return ok(claims);
}

/** A token that the broker has not signed names an agent that its sender has chosen: the directory must know that one. */
function noteFailed(
  { subject }: WorkloadToken,
  problem: TokenProblem | BindingProblem,
  isOurs: boolean,
  request: RequestPieces,
  now: Now,
): void {
  const { config } = request;
  memoryOf(config).failed.note(request, now, problem, async () =>
    isOurs || (await admitUnproved(config, 'agent', subject)).ok ? [subject] : [],
  );
}

function proofOf({ record, claims, provedAtMs }: Holding): AgentProof {
  return {
    ...ofRecord(record),
    method: 'broker_token',
    keyId: claims.key_id ?? null,
    provedAtMs,
    expiresAtMs: claims.exp * 1000,
    issuedAtMs: claims.iat * 1000,
    grantedRules: rulesIn(claims),
    chain: chainIn(claims),
  };
}
