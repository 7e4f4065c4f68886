/** What every request passes before anybody is proved: where its credential stands, and how often it has come. */

import type { Config } from '#env.ts';
import type { Now } from '#lib/clock.ts';
import { err, ok, type Result } from '#lib/result.ts';
import { isAdminKey, knocking } from './admin-key.ts';
import { presentedCredential, type Presented } from './bearer.ts';
import type { AuthFailure, RequestPieces } from './proof.ts';
import { overCounter, overLimit } from './rate-limits.ts';

/** The credential that the request presents, proved by nothing yet; or that its sender has come too often. */
export async function knock(
  headers: Headers,
  url: string,
  config: Config,
  request: RequestPieces,
  now: Now,
): Promise<Result<Presented, AuthFailure>> {
  const presented = presentedCredential(headers, url, (text) => isAdminKey(config, text));
  const sender = { keyId: knocking(presented, config), address: request.client.ip };
  const over = overLimit(config, sender, now) ?? (config.rateLimiter && (await overCounter(config, sender)));
  return over === null ? ok(presented) : err(over);
}
