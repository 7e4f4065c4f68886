/**
 * Proves an agent by its key: header, checksum, signature, record, digest, in that order, so that what is malformed
 * costs no lookup, and what was made up calls no object. An id that does not exist and a secret that is wrong take the same way to the same answer. Decides nothing
 * about what the agent may do: a suspended one is a caller whose `status` says so.
 */

import { agentStub } from '#agents/stub.ts';
import type { Outcome } from '#agents/outcome.ts';
import type { AgentStatus, AuthRecord } from '#agents/record.ts';
import type { Policy } from '#contract/policy.ts';
import { isOwnKey, parseAgentKey, type ParsedKey } from '#crypto/api-keys.ts';
import { equalDigests } from '#crypto/digest.ts';
import { ringOf } from '#crypto/ring-cache.ts';
import { admitUnproved } from '#directory/known-objects.ts';
import type { Config } from '#env.ts';
import { sleep, type Now } from '#lib/clock.ts';
import { BoundedMap } from '#lib/bounded-map.ts';
import { err, ok, type Result } from '#lib/result.ts';
import { isAdminKey } from './admin-key.ts';
import { proveAdminKey } from './admin-keys.ts';
import { namedAdminKeyId, namedKeyId } from './bearer.ts';
import { knock } from './knock.ts';
import {
  closedFailure,
  ENDED_KEY,
  NO_DIGEST,
  TOUCH_INTERVAL_MS,
  unwatched,
  WRONG_KEY,
  type AuthFailure,
  type RequestPieces,
} from './proof.ts';
import { MAX_AGE_MS, RecordCache, type Dated } from './record-cache.ts';
import { WrongSecrets } from './wrong-secrets.ts';

/** An agent that has proved itself. */
export interface AgentCaller {
  readonly id: string;
  /** Empty for none. */
  readonly organization: string;
  /** `suspended`: proved, and to be refused everywhere with `agent_suspended`. */
  readonly status: AgentStatus;
  readonly policy: Policy;
  readonly keyId: string;
  readonly method: 'agent_key';
  /** When what proves it was asked for: a proof of that time, however long its answer was on its way. */
  readonly provedAtMs: number;
}

type Lookup = Outcome<{ readonly agent: AuthRecord }>;

/** What one isolate remembers of agents. */
interface Memory {
  readonly records: RecordCache<Lookup>;
  readonly wrong: WrongSecrets;
  /**
   * What keys say of themselves, by their text: of those alone that have proved themselves here, so that checksum and
   * digest are taken once. What a key is worth is asked of the record each time.
   */
  readonly known: BoundedMap<string, ParsedKey>;
  /** When this isolate last reported a use, by key id. */
  readonly touched: BoundedMap<string, number>;
}

const REMEMBERED_USES = 10_000;
const REMEMBERED_KEYS = 1000;
const memories = new WeakMap<object, Memory>();

function memoryOf(config: Config): Memory {
  let memory = memories.get(config);
  if (memory === undefined) {
    memory = {
      records: new RecordCache((agentId) => agentStub(config, agentId).lookup({})),
      wrong: new WrongSecrets(),
      known: new BoundedMap(REMEMBERED_KEYS),
      touched: new BoundedMap(REMEMBERED_USES),
    };
    memories.set(config, memory);
  }
  return memory;
}

const DIRECTORY_AWAY: AuthFailure = {
  code: 'unavailable',
  detail: 'the directory does not answer, so an agent that was not seen here before cannot be looked up',
  retryAfterS: 5,
};

const OTHER_PLANE: AuthFailure = {
  code: 'forbidden',
  detail: 'an operator uses the control plane; this route is for agents',
};

/** The agent that a request proves itself as. An operator's key is a valid proof of the other plane: `forbidden`. */
export async function authenticateAgent(
  headers: Headers,
  url: string,
  config: Config,
  request: RequestPieces,
  now: Now,
): Promise<Result<AgentCaller, AuthFailure>> {
  const knocked = await knock(headers, url, config, request, now);
  if (!knocked.ok) return knocked;
  const presented = knocked.value;
  if (presented.kind !== 'bearer') return err({ code: 'unauthenticated', detail: presented.detail });
  if (isAdminKey(config, presented.token)) return err(OTHER_PLANE);
  if (namedAdminKeyId(presented.token) !== null) {
    const operator = await proveAdminKey(presented.token, config, request, now);
    return err(operator.ok ? OTHER_PLANE : operator.error);
  }
  return proveAgentKey(presented.token, config, request, now);
}

/** The agent whose key this is. Wrong ones are counted per key id, whichever plane they knock at. */
export async function proveAgentKey(
  token: string,
  config: Config,
  request: RequestPieces,
  now: Now,
): Promise<Result<AgentCaller, AuthFailure>> {
  const memory = memoryOf(config);
  const keyId = namedKeyId(token);
  if (keyId === null) return err(WRONG_KEY);
  const closed = closedFailure(memory.wrong.blockedForMs(keyId, now()));
  if (closed !== null) return err(closed);
  const known = memory.known.get(token);
  const key = known ?? parseAgentKey(token);
  if (key === null) {
    memory.wrong.count(keyId, now());
    return err(WRONG_KEY);
  }
  const found =
    known === undefined && !(await isOwn(key, config))
      ? await recordOfStranger(key, config, memory, request, now)
      : await recordProvedBy(key, memory, request, now);
  // Guesses that were on their way together are counted one by one before any of them is answered.
  const closedMeanwhile = closedFailure(memory.wrong.blockedForMs(keyId, now()));
  if (closedMeanwhile !== null) return err(closedMeanwhile);
  if (!found.ok) return err(found.error);
  const { agent, proved, expiresAtMs, askedAtMs: provedAtMs } = found.value;
  if (proved && expiresAtMs !== null && expiresAtMs <= now()) return err(ENDED_KEY);
  if (agent === null || !proved) {
    memory.wrong.count(keyId, now());
    if (agent?.keys.some(({ id }) => id === keyId)) reportWrongSecret(key, config, request);
    memory.known.delete(token);
    return err(WRONG_KEY);
  }
  if (known === undefined) memory.known.set(token, key);
  reportUse(key, config, memory, request, now());
  const { id, organization, status, policy } = agent;
  return ok({ id, organization, status, policy, keyId, method: 'agent_key', provedAtMs });
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
  config: Config,
  memory: Memory,
  request: RequestPieces,
  now: Now,
): Promise<Result<Compared, AuthFailure>> {
  const admission = await admitUnproved(config, 'agent', key.agentId);
  if (admission.ok) {
    let exists = false;
    try {
      const found = await recordProvedBy(key, memory, request, now);
      exists = !found.ok || found.value.agent !== null;
      return found;
    } finally {
      admission.report(exists);
    }
  }
  if (admission.why === 'away') return err(DIRECTORY_AWAY);
  const { other } = admission;
  if (other !== null) await recordProvedBy({ ...key, agentId: other }, memory, request, now);
  return ok({ agent: null, proved: false, expiresAtMs: null, askedAtMs: now() });
}

interface Compared {
  readonly agent: AuthRecord | null;
  readonly proved: boolean;
  /** Of the key that is proved; null: it has no end. */
  readonly expiresAtMs: number | null;
  readonly askedAtMs: number;
}

/**
 * The agent's record and whether it proves the key. A remembered record may lack a key that was made since, so what it
 * does not prove is looked up once more: then a wrong key costs a lookup, whether its agent is known here or not.
 */
async function recordProvedBy(
  key: ParsedKey,
  memory: Memory,
  request: RequestPieces,
  now: Now,
): Promise<Result<Compared, AuthFailure>> {
  const arrivedAtMs = now();
  const ask = (notBeforeMs: number, maxAgeMs = Infinity) =>
    memory.records.get(key.agentId, { now, notBeforeMs, maxAgeMs, waitUntil: request.waitUntil });
  const remembered = await ask(-Infinity, MAX_AGE_MS);
  const found = compared(key, remembered);
  if (!found.ok || found.value.proved || remembered.askedAtMs >= arrivedAtMs) return found;
  return compared(key, await ask(arrivedAtMs));
}

function compared(key: ParsedKey, { answer, askedAtMs }: Dated<Lookup>): Result<Compared, AuthFailure> {
  if (!answer.ok && answer.code !== 'not_found') return err(lookupFailure(answer));
  const agent = answer.ok ? answer.agent : null;
  const stored = agent?.keys.find(({ id }) => id === key.keyId);
  const equal = equalDigests(key.digest, stored?.digest ?? NO_DIGEST);
  const expiresAtMs = stored?.expiresAtMs ?? null;
  return ok({ agent, proved: stored !== undefined && equal, expiresAtMs, askedAtMs });
}

function lookupFailure({ code, detail }: Extract<Lookup, { ok: false }>): AuthFailure {
  if (code === 'vault_locked' || code === 'record_corrupt') return { code, detail };
  return { code: 'unavailable', detail, retryAfterS: 60 };
}

/** After the answer has left: its time must not tell an existing key from one that is not there. */
function reportWrongSecret(key: ParsedKey, config: Config, request: RequestPieces): void {
  const { correlationId, toolCallId, client } = request;
  const actor = { type: 'agent', id: key.agentId, method: 'agent_key', key_id: key.keyId } as const;
  const context = { actor, correlationId, toolCallId, client };
  const work = sleep(0).then(() =>
    agentStub(config, key.agentId).recordAuthFail({ keyId: key.keyId, context }),
  );
  unwatched(request, 'auth.fail', work);
}

/** At most once an hour per key and isolate; the agent's object keeps to once an hour over all isolates. */
function reportUse(
  key: ParsedKey,
  config: Config,
  memory: Memory,
  request: RequestPieces,
  nowMs: number,
): void {
  const lastMs = memory.touched.get(key.keyId);
  if (lastMs !== undefined && Math.abs(nowMs - lastMs) < TOUCH_INTERVAL_MS) return;
  memory.touched.set(key.keyId, nowMs);
  unwatched(request, 'key use', agentStub(config, key.agentId).touchKey({ keyId: key.keyId, atMs: nowMs }));
}
