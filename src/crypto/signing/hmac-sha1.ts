/** HMAC-SHA1 in base64 (RFC 2104), for protocols that know no other: nothing of ours is proved with it. */

import { createHmac } from 'node:crypto';

export function hmacSha1(key: string, text: string): string {
  return createHmac('sha1', key).update(text).digest('base64');
}
