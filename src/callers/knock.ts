/** What every request passes before a caller is proved: where its credential stands, and how often it has come. */

import type { Config } from '#env.ts';
import type { Now } from '#lib/clock.ts';
import { err, ok, type Result } from '#lib/result.ts';
import { namedAdminKeyId, namedKeyId, presentedCredential, type Presented } from './bearer.ts';
import { isRootKey } from './methods/root-key.ts';
import type { AuthFailure, RequestPieces } from './proof.ts';
import { overCounter, overLimit } from './rate-limits.ts';
import { isJwt } from './workload/token.ts';

/**
 * The key id that a request knocks with, for counting: `admin` for `ADMIN_KEY`, `jwt` for every token of an issuer, which
 * names nothing that can be counted before it is verified; null where it names none.
 */
function knocking(presented: Presented, config: Config): string | null {
  if (presented.kind !== 'bearer') return null;
  const { token } = presented;
  return (
    namedKeyId(token) ??
    namedAdminKeyId(token) ??
    (isRootKey(config, token) ? 'admin' : isJwt(token) ? 'jwt' : null)
  );
}

/** The credential that the request presents, proved by nothing yet; or that its sender has come too often. */
export async function knock(
  { headers, url, config, client }: RequestPieces,
  now: Now,
): Promise<Result<Presented, AuthFailure>> {
  const presented = presentedCredential(headers, url, (text) => isRootKey(config, text));
  const sender = { keyId: knocking(presented, config), address: client.ip };
  const over = overLimit(config, sender, now) ?? (config.rateLimiter && (await overCounter(config, sender)));
  return over === null ? ok(presented) : err(over);
}
