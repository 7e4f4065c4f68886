/**
 * The three headers of one attempt (Standard Webhooks).
 *
 * Owns their names and the order of signatures. Refuses to read a clock or to keep secrets: both are arguments, and the
 * HMAC is made in `crypto/webhook-secret.ts`.
 */

import type { Secret } from '#crypto/secret.ts';
import { webhookSignature } from '#crypto/webhook-secret.ts';

export interface SignedHeaders {
  readonly 'webhook-id': string;
  readonly 'webhook-timestamp': string;
  readonly 'webhook-signature': string;
}

/**
 * Signs one attempt. `id` and `body` are those of the event on every retry; the time, and with it each signature, is
 * that of the attempt, because receivers refuse what is older than a few minutes.
 *
 * @param message.timestampS whole seconds since the epoch
 * @param message.secrets newest first; two while a secret is replaced, so that a receiver may hold either
 * @throws Error (internal) without a secret: nothing leaves unsigned
 */
export function signedHeaders(message: {
  id: string;
  timestampS: number;
  body: string;
  secrets: readonly Secret[];
}): SignedHeaders {
  const { id, timestampS, body, secrets } = message;
  if (secrets.length === 0) throw new Error('internal: a webhook endpoint has a secret');
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestampS),
    'webhook-signature': secrets.map((secret) => webhookSignature(secret, id, timestampS, body)).join(' '),
  };
}
