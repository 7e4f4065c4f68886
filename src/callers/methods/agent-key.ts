/**
 * Proves an agent by its key, against the agent's object: signature first, so that a key that was made up calls no
 * object, then record and digest. Decides nothing about what the agent may do: a suspended agent is a caller whose
 * `status` says so.
 */

import type { AuthRecord } from '#agents/record.ts';
import { agentStub } from '#agents/stub.ts';
import { isOwnKey, parseAgentKey, type ParsedKey } from '#crypto/api-keys.ts';
import { equalDigests } from '#crypto/digest.ts';
import { ringOf } from '#crypto/ring-cache.ts';
import { admitUnproved } from '#directory/indexes/known-objects.ts';
import type { Config } from '#env.ts';
import type { Now } from '#lib/clock.ts';
import { BoundedMap } from '#lib/bounded-map.ts';
import { err, ok, type Result } from '#lib/result.ts';
import { perObject } from '#lib/memory/per-object.ts';
import { agentRecords, ofRecord, recordIn, type AgentLookup } from '../agent-records.ts';
import { namedKeyId } from '../bearer.ts';
import {
  actorOf,
  UNDELEGATED,
  WRONG_KEY,
  type AuthFailure,
  type Method,
  type Outcome,
  type RequestPieces,
} from '../proof.ts';
import type { Dated, RecordCache } from '../record-cache.ts';
import { foundIn, KeyMemory, NO_DIGEST, proveStored, type Found } from '../stored-key.ts';

const REMEMBERED_USES = 10_000;
const REMEMBERED_KEYS = 1_000;

/** What one isolate remembers of agents. */
class Memory extends KeyMemory {
  readonly records: RecordCache<AgentLookup>;
  /**
   * What keys say of themselves, by their text: of those alone that have proved themselves here, so that checksum and
   * digest are taken once. What a key is worth is asked of the record each time.
   */
  readonly known = new BoundedMap<string, ParsedKey>(REMEMBERED_KEYS);

  constructor(config: Config) {
    super(REMEMBERED_USES);
    this.records = agentRecords(config);
  }
}

const memoryOf = perObject((config: Config) => new Memory(config));

const DIRECTORY_AWAY: AuthFailure = {
  code: 'unavailable',
  detail: 'the directory does not answer, so an agent that was not seen here before cannot be looked up',
  retryAfterS: 5,
};

export const agentKey: Method = (request, token, now) => {
  const keyId = token === null ? null : namedKeyId(token);
  return token === null || keyId === null ? null : proveAgentKey(token, keyId, request, now);
};

async function proveAgentKey(
  token: string,
  keyId: string,
  request: RequestPieces,
  now: Now,
): Promise<Outcome> {
  const { config, correlationId, toolCallId, client } = request;
  const memory = memoryOf(config);
  const known = memory.known.get(token);
  let key = known ?? null;
  const stub = (record: AuthRecord) => agentStub(config, record.id);
  const as = { plane: 'agent', method: 'agent_key', keyId } as const;
  const outcome = await proveStored<ParsedKey, AuthRecord>(
    {
      keyId,
      parse: () => (key ??= parseAgentKey(token)),
      find: async (parsed) =>
        known === undefined && !(await isOwn(parsed, config))
          ? recordOfStranger(parsed, memory, request, now)
          : recordProvedBy(parsed, memory, request, now),
      proofOf: (record, { askedAtMs, expiresAtMs, issuedAtMs }) => ({
        ...as,
        ...ofRecord(record),
        provedAtMs: askedAtMs,
        expiresAtMs,
        issuedAtMs,
        ...UNDELEGATED,
      }),
      recordWrong: (record) => {
        const context = { actor: actorOf({ ...as, id: record.id }), correlationId, toolCallId, client };
        return stub(record).recordAuthFail({ keyId, context });
      },
      recordUse: (record, nowMs) => stub(record).touchKey({ keyId, atMs: nowMs }),
    },
    memory,
    request,
    now,
  );
  if (outcome.ok && known === undefined && key !== null) memory.known.set(token, key);
  if (!outcome.ok && outcome.error === WRONG_KEY) memory.known.delete(token);
  return outcome;
}

/** Whether the key's own id says that it was made here. Without a ring nothing says so. */
async function isOwn(key: ParsedKey, { masterKeys }: Config): Promise<boolean> {
  const ring = await ringOf(masterKeys);
  return ring.ok && isOwnKey(ring.value, key);
}

/**
 * A key that nothing vouches for: somebody made it up, or it is of a version that did not sign them. Its agent's object
 * is called only where the directory knows the agent. Where it does not, another agent's is asked in its place, so that
 * neither the answer nor its time tells which agents there are.
 */
async function recordOfStranger(
  key: ParsedKey,
  memory: Memory,
  request: RequestPieces,
  now: Now,
): Promise<Result<Found<AuthRecord>, AuthFailure>> {
  const admission = await admitUnproved(request.config, 'agent', key.agentId);
  if (admission.ok) {
    let exists = false;
    try {
      const found = await recordProvedBy(key, memory, request, now);
      exists = !found.ok || found.value.record !== null;
      return found;
    } finally {
      admission.report(exists);
    }
  }
  if (admission.why === 'away') return err(DIRECTORY_AWAY);
  const { other } = admission;
  if (other !== null) await recordProvedBy({ ...key, agentId: other }, memory, request, now);
  return ok({
    record: null,
    isStored: false,
    isProved: false,
    expiresAtMs: null,
    issuedAtMs: null,
    askedAtMs: now(),
  });
}

function recordProvedBy(
  key: ParsedKey,
  { records }: Memory,
  request: RequestPieces,
  now: Now,
): Promise<Result<Found<AuthRecord>, AuthFailure>> {
  return foundIn(records, key.agentId, (dated) => compared(key, dated), request, now);
}

function compared(key: ParsedKey, dated: Dated<AgentLookup>): Result<Found<AuthRecord>, AuthFailure> {
  const found = recordIn(dated);
  if (!found.ok) return found;
  const record = found.value;
  const stored = record?.keys.find(({ id }) => id === key.keyId);
  const equal = equalDigests(key.digest, stored?.digest ?? NO_DIGEST);
  return ok({
    record,
    isStored: stored !== undefined,
    isProved: stored !== undefined && equal,
    expiresAtMs: stored?.expiresAtMs ?? null,
    issuedAtMs: stored?.createdAtMs ?? null,
    askedAtMs: dated.askedAtMs,
  });
}
