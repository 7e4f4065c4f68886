/**
 * Agent and admin keys: prefix and checksum for secret scanners, key id for lookup, 256 random bits.
 * `vk_agent_{agent id}_{10 key id}{43 secret}{6 crc}`, all base62; the fixed parts are cut from the end by length,
 * because an agent id may hold any of its own characters. `vk_admin_{…}` has the same end and no id before it.
 */

import { crc32 } from 'node:zlib';
import { purposeDigest } from './digest.ts';
import { randomBase62, toBase62 } from './encoding.ts';
import type { Keyring } from './keyring.ts';
import { isSignature, SHORT, signatureOf } from './signature.ts';

const KEY_ID = 10;
const SECRET = 43;
const CRC = 6;
const TAIL = /^[0-9A-Za-z]+$/;
const PURPOSE = 'api key v1';
const KEY_ID_PURPOSE = 'agent key id v1';
/** Another one, so that no digest of the one kind is ever one of the other. */
const ADMIN_PURPOSE = 'operator key v1';
const ADMIN_PREFIX = 'vk_admin_';

/** What a well-formed key says of itself; only `digest` proves anything, against the stored one. */
export interface ParsedKey {
  readonly agentId: string;
  readonly keyId: string;
  readonly digest: string;
}

function checksum(text: string): string {
  return toBase62(crc32(text), CRC);
}

/** `key` is shown once; only `digest` is stored. */
export interface FreshKey {
  readonly key: string;
  readonly keyId: string;
  readonly digest: string;
}

function agentKeyOf(agentId: string, keyId: string, secret: string): FreshKey {
  const body = `vk_agent_${agentId}_${keyId}${secret}`;
  return { key: body + checksum(body), keyId, digest: purposeDigest(PURPOSE, secret) };
}

/** A fresh key of an agent, as versions made it that did not sign its id: it goes on working, see `isOwnKey`. */
export function createAgentKey(agentId: string): FreshKey {
  return agentKeyOf(agentId, randomBase62(KEY_ID), randomBase62(SECRET));
}

/**
 * A fresh key of an agent whose id is a signature of the deployment over agent and secret: a key that a stranger made
 * up is known for such without a question. It proves nothing more; the stored digest does.
 */
export async function createSignedAgentKey(ring: Keyring, agentId: string): Promise<FreshKey> {
  const secret = randomBase62(SECRET);
  const signed = [agentId, purposeDigest(PURPOSE, secret)];
  return agentKeyOf(agentId, await signatureOf(ring, KEY_ID_PURPOSE, signed, SHORT), secret);
}

/** Was this key made by the deployment? False also for keys whose ids are random, which older versions made. */
export function isOwnKey(ring: Keyring, { agentId, keyId, digest }: ParsedKey): Promise<boolean> {
  return isSignature(ring, KEY_ID_PURPOSE, [agentId, digest], keyId, SHORT);
}

/** Null for anything that was never a key of ours: a typing error costs no lookup. */
export function parseAgentKey(text: string): ParsedKey | null {
  const prefix = 'vk_agent_';
  if (!text.startsWith(prefix) || text.length > 200) return null;
  const tailLength = KEY_ID + SECRET + CRC;
  const tail = text.slice(-tailLength);
  const agentId = text.slice(prefix.length, -tailLength - 1);
  if (tail.length !== tailLength || !TAIL.test(tail) || text.at(-tailLength - 1) !== '_') return null;
  if (!/^[a-z0-9._-]{1,64}$/.test(agentId)) return null;
  if (checksum(text.slice(0, -CRC)) !== text.slice(-CRC)) return null;
  return {
    agentId,
    keyId: tail.slice(0, KEY_ID),
    digest: purposeDigest(PURPOSE, tail.slice(KEY_ID, KEY_ID + SECRET)),
  };
}

/** A fresh key of an operator. `key` is shown once; only `digest` is stored. */
export function createAdminKey(): { key: string; keyId: string; digest: string } {
  const keyId = randomBase62(KEY_ID);
  const secret = randomBase62(SECRET);
  const body = `${ADMIN_PREFIX}${keyId}${secret}`;
  return { key: body + checksum(body), keyId, digest: purposeDigest(ADMIN_PURPOSE, secret) };
}

/** Null for anything that was never a key of an operator, as `parseAgentKey`. `ADMIN_KEY` is none of these. */
export function parseAdminKey(text: string): Omit<ParsedKey, 'agentId'> | null {
  const tail = text.slice(ADMIN_PREFIX.length);
  if (!text.startsWith(ADMIN_PREFIX) || tail.length !== KEY_ID + SECRET + CRC || !TAIL.test(tail))
    return null;
  if (checksum(text.slice(0, -CRC)) !== text.slice(-CRC)) return null;
  const secret = tail.slice(KEY_ID, KEY_ID + SECRET);
  return { keyId: tail.slice(0, KEY_ID), digest: purposeDigest(ADMIN_PURPOSE, secret) };
}

/** A random id of ours: prefix and 22 base62 characters (131 bits). */
export function newId(prefix: 'at' | 'rfa' | 'req' | 'evt' | 'we' | 'wd' | 'rev' | 'apr' | 'tc'): string {
  return `${prefix}_${randomBase62(22)}`;
}
