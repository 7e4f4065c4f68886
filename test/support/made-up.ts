/** Credentials that nobody has made, as somebody who knows the code would make them up: every checksum is right. */

import { createHmac, randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { crc32 } from 'node:zlib';

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

const drawn = (alphabet: string, length: number): string =>
  Array.from(randomBytes(length), (byte) => alphabet.charAt(byte % alphabet.length)).join('');

function checksum(text: string): string {
  let out = '';
  for (let rest = crc32(text); out.length < 6; rest = Math.floor(rest / 62))
    out = BASE62.charAt(rest % 62) + out;
  return out;
}

const withChecksum = (text: string): string => text + checksum(text);

/** @param agentId an agent that may or may not exist */
export const madeUpAgentKey = (agentId = `agent-${drawn(BASE32, 12)}`): string =>
  withChecksum(`vk_agent_${agentId}_${drawn(BASE62, 53)}`);
export const madeUpAdminKey = (): string => withChecksum(`vk_admin_${drawn(BASE62, 53)}`);
export const madeUpAgentId = (): string => `agent-${drawn(BASE32, 12)}`;
export const madeUpAccountId = (): string => `ca_g${drawn(BASE32, 26)}`;
export const madeUpLink = (): string => `lk_${drawn(BASE62, 43)}`;
/** @param since as the link of an incident that began then */
export const madeUpRepairLink = (since = Date.now() - 60_000): string =>
  `rp.${madeUpAccountId()}.${since.toString(36)}.${randomBytes(32).toString('base64url')}`;

/** The state of a flow that nobody has begun, and the cookie of the browser that would have. */
export function madeUpFlow(): { state: string; cookie: string } {
  const secret = drawn(BASE62, 43);
  const session = `cs_${drawn(BASE62, 22)}`;
  const parts = ['connect', 'state', session].map((part) => {
    const head = Buffer.alloc(5);
    head.writeUInt8(2, 0);
    head.writeUInt32BE(part.length, 1);
    return Buffer.concat([head, Buffer.from(part)]);
  });
  const proof = createHmac('sha256', secret).update(Buffer.concat(parts)).digest('base64url');
  return { state: `${session}.${proof}`, cookie: secret };
}

/** How many objects have a database of their own in a broker's folder. */
export async function objectFiles(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true });
  return names.filter((name) => name.endsWith('.sqlite') && /do|durable/i.test(name)).length;
}
