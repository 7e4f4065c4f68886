/**
 * Proves an agent by its client certificate, where the request carries no other credential: verified before it came here,
 * not revoked, of this time, and with the thumbprint that the agent's own record has. The directory only says whose it is.
 */

import { ProblemError } from '#contract/problem.ts';
import { agentWithCertificate } from '#directory/callers/agent-proofs.ts';
import type { Config } from '#env.ts';
import { within, type Now } from '#lib/clock.ts';
import { err, ok } from '#lib/result.ts';
import { perObject } from '#lib/memory/per-object.ts';
import { agentRecords, ofRecord, recordIn } from '../agent-records.ts';
import { fromEdge, fromProxy, isAtEdge, type Presented } from '../certificates/presented.ts';
import { isCrossSite } from '../certificates/cross-site.ts';
import { FailedProofs } from '../failed-proofs.ts';
import {
  UNDELEGATED,
  WRONG_KEY,
  type AuthFailure,
  type Method,
  type Outcome,
  type RequestPieces,
} from '../proof.ts';
import { MAX_AGE_MS, RecordCache } from '../record-cache.ts';

/** Whose a certificate is, from the directory. `ok` where it is somebody's: only that is kept. */
type Whose =
  | { readonly ok: boolean; readonly agentId: string | null }
  | { readonly ok: false; readonly failure: AuthFailure };

const PATIENCE_MS = 3_000;
/** How long the isolate's copy of what the directory said is used; an agent that knows better is asked each time. */
const WHOSE_LIFE_MS = 600_000;
const REMEMBERED = 5_000;

const SILENT: Whose = {
  ok: false,
  failure: {
    code: 'unavailable',
    detail:
      'the directory does not answer, so a certificate that was not seen here before cannot be looked up',
    retryAfterS: 5,
  },
};

/** What one isolate remembers of certificates. */
class Memory {
  readonly whose: RecordCache<Whose>;
  readonly failed = new FailedProofs('client_certificate');

  constructor({ directory }: Config) {
    const asked = (thumbprint: string) => within(PATIENCE_MS, lookup(directory, thumbprint), SILENT);
    this.whose = new RecordCache(asked, REMEMBERED);
  }
}

const memoryOf = perObject((config: Config) => new Memory(config));

async function lookup(db: D1Database, thumbprint: string): Promise<Whose> {
  try {
    const agentId = await agentWithCertificate(db, thumbprint);
    return { ok: agentId !== null, agentId };
  } catch (error) {
    if (error instanceof ProblemError) return SILENT;
    throw error;
  }
}

/** The certificate of a request, whatever else it carries. */
export function certificateOf({ config, headers, tlsClientAuth }: RequestPieces, nowMs: number): Presented {
  const { clientCertHeader: header } = config;
  return header === null ? fromEdge(tlsClientAuth, nowMs) : fromProxy(headers.get(header), nowMs);
}

/** Whether the request has a certificate that counts where it carries no other credential; says nothing about which. */
export function carriesCertificate({ config, headers, tlsClientAuth }: RequestPieces): boolean {
  const { clientCertHeader: header } = config;
  return header === null ? isAtEdge(tlsClientAuth) : (headers.get(header) ?? '') !== '';
}

export const clientCertificate: Method = (request, _token, now) => {
  if (request.headers.get('authorization') !== null) return null;
  const presented = certificateOf(request, now());
  return presented.kind === 'none' ? null : prove(presented, request, now);
};

async function prove(
  presented: Exclude<Presented, { kind: 'none' }>,
  request: RequestPieces,
  now: Now,
): Promise<Outcome> {
  const { config, headers, url, waitUntil } = request;
  const { thumbprint } = presented;
  const memory = memoryOf(config);
  const whose = (notBeforeMs: number) =>
    memory.whose.get(thumbprint ?? '', { now, notBeforeMs, maxAgeMs: WHOSE_LIFE_MS, waitUntil });
  if (isCrossSite(headers, url)) return err(WRONG_KEY);
  if (presented.kind === 'refused') {
    if (thumbprint !== null)
      memory.failed.note(request, now, presented.problem, async () => {
        const { answer } = await whose(-Infinity);
        return 'failure' in answer || answer.agentId === null ? [] : [answer.agentId];
      });
    return err(WRONG_KEY);
  }
  const arrivedAtMs = now();
  // A copy may be of a time when the certificate was another agent's, or a record of one when it had none.
  for (const notBeforeMs of [-Infinity, arrivedAtMs]) {
    const { answer, askedAtMs } = await whose(notBeforeMs);
    if ('failure' in answer) return err(answer.failure);
    const proved =
      answer.agentId === null ? null : await provedBy(answer.agentId, presented, request, now, notBeforeMs);
    if (proved !== null) return proved;
    if (askedAtMs >= arrivedAtMs && answer.agentId === null) break;
  }
  return err(WRONG_KEY);
}

/** Null where the agent's own record does not have this certificate. */
async function provedBy(
  agentId: string,
  { thumbprint, notBeforeMs: issuedAtMs, notAfterMs: expiresAtMs }: Extract<Presented, { kind: 'good' }>,
  { config, waitUntil }: RequestPieces,
  now: Now,
  notBeforeMs: number,
): Promise<Outcome | null> {
  const ask = { now, notBeforeMs, maxAgeMs: MAX_AGE_MS, waitUntil };
  const dated = await agentRecords(config).get(agentId, ask);
  const record = recordIn(dated);
  if (!record.ok) return record;
  if (record.value?.thumbprint !== thumbprint) return null;
  return ok({
    ...ofRecord(record.value),
    method: 'client_certificate',
    keyId: null,
    provedAtMs: dated.askedAtMs,
    expiresAtMs,
    issuedAtMs,
    ...UNDELEGATED,
  });
}
