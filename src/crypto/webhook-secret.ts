/**
 * Secrets of webhook endpoints, and the signature of one message under one of them (Standard Webhooks, symmetric `v1`).
 *
 * Owns the key's spelling and the bytes that are signed. Refuses to store, to choose between two secrets, or to name
 * headers: that is `webhooks/signature.ts`.
 */

import { Buffer } from 'node:buffer';
import { createHmac } from 'node:crypto';
import { fromBase64 } from './encoding.ts';
import type { Secret } from './secret.ts';

const PREFIX = 'whsec_';
const SECRET_BYTES = 32;
/** The specification's least: a shorter secret was not made under it. */
const LEAST_BYTES = 24;
/** No full stop: it separates the signed parts, so that a border between id and timestamp could move. */
const SIGNABLE_ID = /^[A-Za-z0-9_-]{1,128}$/;

/** A fresh secret, `whsec_` and standard base64 of 256 random bits. Shown once; what is stored of it is encrypted. */
export function createWebhookSecret(): string {
  return PREFIX + Buffer.from(crypto.getRandomValues(new Uint8Array(SECRET_BYTES))).toString('base64');
}

/**
 * `v1,` and the base64 of HMAC-SHA256 over `id.timestampS.body`. Synchronous: it is a few microseconds.
 *
 * @param timestampS whole seconds since the epoch, as they stand in the header
 * @param body the exact text that is sent
 * @throws Error (internal) for a secret, an id or a time that no caller of ours can hold; the secret is not repeated
 */
export function webhookSignature(secret: Secret, id: string, timestampS: number, body: string): string {
  if (!SIGNABLE_ID.test(id)) throw new Error('internal: a webhook id holds letters, digits, "_" and "-"');
  if (!Number.isSafeInteger(timestampS)) throw new Error('internal: a webhook timestamp is whole seconds');
  const digest = createHmac('sha256', keyOf(secret)).update(`${id}.${timestampS}.${body}`, 'utf8');
  return `v1,${digest.digest('base64')}`;
}

function keyOf(secret: Secret): Uint8Array {
  const text = secret.reveal();
  const key = text.startsWith(PREFIX) ? fromBase64(text.slice(PREFIX.length)) : null;
  if (key === null || key.length < LEAST_BYTES) throw new Error('internal: this is no webhook secret');
  return key;
}
