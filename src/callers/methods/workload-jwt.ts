/**
 * Proves an agent by the token of a workload that is trusted for it: what the token says of itself, then whose it would
 * be (directory), then the signature (the issuer's published keys), then the agent's own record, which alone decides. A
 * token of an issuer that no agent trusts costs one question to the directory and nothing else; a warm proof asks
 * neither the directory nor the issuer.
 */

import type { AuthRecord } from '#agents/record.ts';
import { matchesSubject } from '#contract/callers/subject-pattern.ts';
import { ProblemError } from '#contract/problem.ts';
import { purposeDigest } from '#crypto/digest.ts';
import { agentsTrusting } from '#directory/callers/agent-proofs.ts';
import { IssuerKeys, type KeySet } from '#egress/keys/issuer-keys.ts';
import { guardOptions } from '#egress/guard/guard.ts';
import type { Config } from '#env.ts';
import { within, type Now } from '#lib/clock.ts';
import { BoundedMap } from '#lib/bounded-map.ts';
import { err, ok, type Result } from '#lib/result.ts';
import { perObject } from '#lib/memory/per-object.ts';
import { agentRecords, ofRecord, recordIn } from '../agent-records.ts';
import { FailedProofs } from '../failed-proofs.ts';
import {
  UNDELEGATED,
  WRONG_KEY,
  type AgentProof,
  type AuthFailure,
  type Method,
  type Outcome,
  type RequestPieces,
} from '../proof.ts';
import { MAX_AGE_MS, RecordCache } from '../record-cache.ts';
import { signatureProblem } from '../workload/signature.ts';
import {
  headProblem,
  isJwt,
  readToken,
  timeProblem,
  timesOf,
  type TokenProblem,
  type WorkloadToken,
} from '../workload/token.ts';

/** Whose a token is, from the directory. `ok` where it is somebody's: only that is kept. */
type Whose =
  | { readonly ok: boolean; readonly agentIds: readonly string[]; readonly issuerIsKnown: boolean }
  | { readonly ok: false; readonly failure: AuthFailure };

const PATIENCE_MS = 3_000;
const RETRY_AFTER_S = 5;
/** How long the isolate's copy of what the directory said is used; an agent that knows better is asked each time. */
const WHOSE_LIFE_MS = 600_000;
const REMEMBERED_WORKLOADS = 5_000;
const REMEMBERED_TOKENS = 1_000;
const TOKEN_PURPOSE = 'workload token v1';

const SILENT: Whose = {
  ok: false,
  failure: {
    code: 'unavailable',
    detail: 'the directory does not answer, so a workload that was not seen here before cannot be looked up',
    retryAfterS: RETRY_AFTER_S,
  },
};
const NO_KEYS: AuthFailure = {
  code: 'unavailable',
  detail: 'the keys of the issuer of this token cannot be read',
  retryAfterS: 10,
};

/** A token whose signature was good under these keys: as long as the issuer publishes the same, it is not taken again. */
interface Verified {
  readonly token: WorkloadToken;
  readonly keySet: KeySet;
}

/** What one isolate remembers of workloads. */
class Memory {
  readonly whose: RecordCache<Whose>;
  readonly keys = new IssuerKeys();
  /** By digest: the tokens themselves are not kept. */
  readonly verified = new BoundedMap<string, Verified>(REMEMBERED_TOKENS);
  readonly failed = new FailedProofs('workload_jwt');

  constructor({ directory }: Config) {
    this.whose = new RecordCache(
      (name) => within(PATIENCE_MS, lookup(directory, name), SILENT),
      REMEMBERED_WORKLOADS,
    );
  }
}

const memoryOf = perObject((config: Config) => new Memory(config));

type Name = Pick<WorkloadToken, 'issuer' | 'audience' | 'subject'>;

const nameOf = ({ issuer, audience, subject }: Name): string => JSON.stringify({ issuer, audience, subject });

async function lookup(db: D1Database, name: string): Promise<Whose> {
  try {
    const { agentIds, issuerIsKnown } = await agentsTrusting(db, JSON.parse(name) as Name);
    return { ok: agentIds.length > 0, agentIds, issuerIsKnown };
  } catch (error) {
    if (error instanceof ProblemError) return SILENT;
    throw error;
  }
}

export const workloadJwt: Method = (request, text, now) =>
  text === null || !isJwt(text) ? null : prove(text, request, now);

async function prove(text: string, request: RequestPieces, now: Now): Promise<Outcome> {
  const { config, waitUntil } = request;
  const memory = memoryOf(config);
  const digest = purposeDigest(TOKEN_PURPOSE, text);
  const known = memory.verified.get(digest);
  const token = known?.token ?? readToken(text);
  if (token === null) return err(WRONG_KEY);
  const refused = (reason: TokenProblem): Outcome => {
    memory.failed.note(request, now, reason, async () => {
      const { answer } = await whose(memory, token, request, now);
      return 'failure' in answer ? [] : answer.agentIds;
    });
    return err(WRONG_KEY);
  };
  const problem = headProblem(token) ?? timeProblem(token, now());
  if (problem !== null) return refused(problem);
  const arrivedAtMs = now();
  const { answer, askedAtMs } = await whose(memory, token, request, now);
  if ('failure' in answer) return err(answer.failure);
  if (!answer.issuerIsKnown) return err(WRONG_KEY);
  const keySet = await memory.keys.get({ issuer: token.issuer }, token.kid, {
    now,
    guard: () => guardOptions(config, new URL(request.url).host),
    waitUntil,
  });
  if (keySet === null) return err(NO_KEYS);
  if (known?.keySet !== keySet) {
    const wrong = await signatureProblem(text, keySet);
    if (wrong !== null) return refused(wrong);
    memory.verified.set(digest, { token, keySet });
  }
  let proved = await firstProved(answer.agentIds, token, request, now);
  if (proved.ok && proved.value === null && askedAtMs < arrivedAtMs) {
    // The copy may be of a time when the workload was another agent's.
    const anew = await whose(memory, token, request, now, arrivedAtMs);
    if ('failure' in anew.answer) return err(anew.answer.failure);
    proved = await firstProved(anew.answer.agentIds, token, request, now);
  }
  if (!proved.ok) return proved;
  return proved.value === null ? refused('token_not_trusted') : ok(proved.value);
}

function whose(
  { whose: cache }: Memory,
  token: Name,
  { waitUntil }: RequestPieces,
  now: Now,
  notBeforeMs = -Infinity,
) {
  return cache.get(nameOf(token), { now, notBeforeMs, maxAgeMs: WHOSE_LIFE_MS, waitUntil });
}

/** The proof of the first of these agents whose own record trusts the token; null: none of them does. */
async function firstProved(
  agentIds: readonly string[],
  token: WorkloadToken,
  request: RequestPieces,
  now: Now,
): Promise<Result<AgentProof | null, AuthFailure>> {
  for (const agentId of agentIds) {
    const proved = await provedBy(agentId, token, request, now);
    if (!proved.ok || proved.value !== null) return proved;
  }
  return ok(null);
}

/** A remembered record may lack a trust that was added since, so what it does not prove is looked up once more. */
async function provedBy(
  agentId: string,
  token: WorkloadToken,
  { config, waitUntil }: RequestPieces,
  now: Now,
): Promise<Result<AgentProof | null, AuthFailure>> {
  const records = agentRecords(config);
  const arrivedAtMs = now();
  for (const notBeforeMs of [-Infinity, arrivedAtMs]) {
    const dated = await records.get(agentId, { now, notBeforeMs, maxAgeMs: MAX_AGE_MS, waitUntil });
    const record = recordIn(dated);
    if (!record.ok) return record;
    if (record.value !== null && trusts(record.value, token))
      return ok(proofOf(record.value, token, dated.askedAtMs));
    if (dated.askedAtMs >= arrivedAtMs) break;
  }
  return ok(null);
}

function trusts({ trusts: list = [] }: AuthRecord, { issuer, audience, subject }: WorkloadToken): boolean {
  return list.some(
    (trust) =>
      trust.issuer === issuer && trust.audience === audience && matchesSubject(trust.subject, subject),
  );
}

function proofOf(record: AuthRecord, token: WorkloadToken, provedAtMs: number): AgentProof {
  const { expiresAtMs, issuedAtMs } = timesOf(token);
  return {
    ...ofRecord(record),
    method: 'workload_jwt',
    keyId: null,
    provedAtMs,
    expiresAtMs,
    issuedAtMs,
    ...UNDELEGATED,
  };
}
