/**
 * Proves an operator by a key made with `POST /v1/admin-keys`, against the directory. The isolate keeps what it has read
 * for three quarters of a second, so a deleted key stops within one. Decides nothing about what its role may do.
 */

import { ProblemError } from '#contract/problem.ts';
import { parseAdminKey } from '#crypto/api-keys.ts';
import { equalDigests } from '#crypto/digest.ts';
import { adminKeyForAuth, noteWrongSecret, touchAdminKey, type AuthKey } from '#directory/keys/admin-keys.ts';
import type { Config } from '#env.ts';
import { within } from '#lib/clock.ts';
import { err, ok, type Result } from '#lib/result.ts';
import { perObject } from '#lib/memory/per-object.ts';
import { namedAdminKeyId } from '../bearer.ts';
import {
  actorOf,
  lookupFailure,
  UNDELEGATED,
  type AuthFailure,
  type Method,
  type OperatorProof,
} from '../proof.ts';
import { RecordCache, type Dated } from '../record-cache.ts';
import {
  foundIn,
  KeyMemory,
  NO_DIGEST,
  proveStored,
  TOUCH_INTERVAL_MS,
  type Found,
  type KeyTimes,
} from '../stored-key.ts';

type Lookup =
  { readonly ok: true; readonly key: AuthKey } | { readonly ok: false; readonly failure: AuthFailure | null };

/** Shorter than other questions to the directory: nobody is served before this one is answered. */
const PATIENCE_MS = 3_000;
const RETRY_AFTER_S = 5;
const REMEMBERED_USES = 1_000;
const SILENT: Lookup = {
  ok: false,
  failure: {
    code: 'unavailable',
    detail: 'the directory does not answer, so no admin key can be checked',
    retryAfterS: RETRY_AFTER_S,
  },
};

/** What one isolate remembers of admin keys. */
class Memory extends KeyMemory {
  readonly records: RecordCache<Lookup>;

  constructor(config: Config) {
    super(REMEMBERED_USES);
    this.records = new RecordCache((keyId) => within(PATIENCE_MS, lookup(config, keyId), SILENT));
  }
}

const memoryOf = perObject((config: Config) => new Memory(config));

async function lookup(config: Config, keyId: string): Promise<Lookup> {
  try {
    const key = await adminKeyForAuth(config, keyId);
    return key === null ? { ok: false, failure: null } : { ok: true, key };
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    const { code, details } = error;
    return { ok: false, failure: lookupFailure(code, details.detail ?? error.message, RETRY_AFTER_S) };
  }
}

function compared(digest: string, { answer, askedAtMs }: Dated<Lookup>): Result<Found<AuthKey>, AuthFailure> {
  if (!answer.ok && answer.failure !== null) return err(answer.failure);
  const record = answer.ok ? answer.key : null;
  const equal = equalDigests(digest, record?.digest ?? NO_DIGEST);
  return ok({
    record,
    isStored: record !== null,
    isProved: record !== null && equal,
    expiresAtMs: record?.expiresAtMs ?? null,
    issuedAtMs: record?.createdAtMs ?? null,
    askedAtMs,
  });
}

const proofOf = ({ id, role, organization }: AuthKey, times: KeyTimes): OperatorProof => ({
  plane: 'operator',
  method: 'admin_key',
  id,
  organization,
  role,
  keyId: id,
  provedAtMs: times.askedAtMs,
  expiresAtMs: times.expiresAtMs,
  issuedAtMs: times.issuedAtMs,
  ...UNDELEGATED,
});

const written = async (work: Promise<unknown>): Promise<{ readonly ok: true }> => {
  await work;
  return { ok: true };
};

export const adminKey: Method = (request, token, now) => {
  const keyId = token === null ? null : namedAdminKeyId(token);
  if (token === null || keyId === null) return null;
  const { config, correlationId, toolCallId, client } = request;
  const memory = memoryOf(config);
  return proveStored(
    {
      keyId,
      parse: () => parseAdminKey(token),
      find: ({ digest }) => foundIn(memory.records, keyId, (dated) => compared(digest, dated), request, now),
      proofOf,
      recordWrong: (key, nowMs) => {
        const actor = actorOf({ plane: 'operator', method: 'admin_key', id: key.id, keyId: key.id });
        const context = { actor, correlationId, toolCallId, client };
        return written(noteWrongSecret(config, key, nowMs, context));
      },
      recordUse: ({ id }, nowMs) => written(touchAdminKey(config.directory, id, nowMs, TOUCH_INTERVAL_MS)),
    },
    memory,
    request,
    now,
  );
};
