/**
 * The Deliverer: a stateless entrypoint that makes one attempt of one delivery and reports its end through a fresh
 * stub, so that neither the death of the object that holds the delivery nor a receiver that hangs holds anything up.
 * Gets ciphertexts only; a secret lives here for the time of one signature. It tries nothing twice: the outbox does.
 */

import { WorkerEntrypoint } from 'cloudflare:workers';
import { decryptText, openDataKey } from '#crypto/envelope.ts';
import { webhookSecretPlace, WEBHOOKS_OWNER } from '#crypto/places.ts';
import { ringOf } from '#crypto/ring-cache.ts';
import { Secret } from '#crypto/secret.ts';
import { configOf, type Config } from '#env.ts';
import { systemNow } from '#lib/clock.ts';
import { log, setLogLevel } from '#lib/log.ts';
import type { DeliveryOutcome, DeliveryRequest } from '#webhooks/delivery-request.ts';
import { ANSWER_READ_BYTES, ANSWER_WITHIN_MS } from '#webhooks/retry.ts';
import { signedHeaders } from '#webhooks/signature.ts';
import { report } from './deliver-report.ts';
import { guardOptions } from './guard/guard.ts';
import { guardedFetch } from './guard/guarded-fetch.ts';

/** What one attempt needs; the object that holds the delivery is no part of it. */
export type Attempt = Pick<DeliveryRequest, 'eventId' | 'body' | 'endpoint' | 'url' | 'secrets' | 'dataKey'>;

export class Deliverer extends WorkerEntrypoint {
  /** Resolves when the end of the attempt is reported or can't be. The work outlives the caller. */
  deliver(request: DeliveryRequest): Promise<void> {
    const config = configOf(this.env);
    setLogLevel(config.logLevel);
    const work = deliver(config, request);
    this.ctx.waitUntil(work.catch(() => undefined));
    return work;
  }
}

async function deliver(config: Config, request: DeliveryRequest): Promise<void> {
  const startedAtMs = systemNow();
  const result = await attempt(config, request);
  const { deliveryId, attempt: number } = request;
  await report(
    config,
    request.source,
    { deliveryId, attempt: number, result, durationMs: systemNow() - startedAtMs },
    startedAtMs,
  );
}

/** Signs and posts once, and says how it ended. Never throws. */
export async function attempt(config: Config, request: Attempt): Promise<DeliveryOutcome> {
  try {
    const secrets = await open(config, request);
    return 'problem' in secrets
      ? { kind: 'unsent', reason: secrets.problem }
      : await post(config, request, secrets.opened);
  } catch (error) {
    log('error', 'an attempt of a delivery failed', { event: request.eventId, error });
    return { kind: 'unsent', reason: 'internal' };
  }
}

/** `problem`: the code of what did not open. */
async function open(
  config: Config,
  { endpoint, secrets, dataKey }: Attempt,
): Promise<{ opened: Secret[] } | { problem: string }> {
  const ring = await ringOf(config.masterKeys);
  if (!ring.ok) return { problem: ring.error.code };
  const key = await openDataKey(ring.value, WEBHOOKS_OWNER, dataKey);
  if (!key.ok) return { problem: key.error.code };
  const opened: Secret[] = [];
  for (const [index, stored] of secrets.entries()) {
    const text = await decryptText(key.value, webhookSecretPlace(endpoint, index), stored);
    if (!text.ok) return { problem: text.error.code };
    opened.push(new Secret(text.value));
  }
  return { opened };
}

/** The time, and with it the signature, is that of the attempt: receivers refuse what is older than a few minutes. */
async function post(config: Config, request: Attempt, secrets: readonly Secret[]): Promise<DeliveryOutcome> {
  const { eventId, body, url } = request;
  const timestampS = Math.floor(systemNow() / 1_000);
  const outcome = await guardedFetch(
    {
      url,
      method: 'POST',
      headers: {
        ...signedHeaders({ id: eventId, timestampS, body, secrets }),
        'content-type': 'application/json',
        'user-agent': 'valetkey',
      },
      body,
    },
    { timeoutMs: ANSWER_WITHIN_MS, maxBytes: ANSWER_READ_BYTES },
    guardOptions(config),
  );
  if (outcome.kind === 'failure') {
    // The receiver is not to blame for a resolver that gives no word.
    const kind = outcome.failure === 'resolver_failed' ? 'unsent' : 'failure';
    return { kind, reason: outcome.failure };
  }
  // An answer that drips on or breaks off did not come: a receiver that died in it may not have kept the event. An
  // answer that is only longer than what is read has come.
  if (outcome.truncated && !outcome.overlong) return { kind: 'failure', reason: 'incomplete' };
  return { kind: 'response', status: outcome.status };
}
