/** What every request passes before a caller is proved: where its credential stands, and how often it has come. */

import type { Now } from '#lib/clock.ts';
import { err, ok, type Result } from '#lib/result.ts';
import { namedAdminKeyId, namedKeyId, presentedCredential, type Presented } from './bearer.ts';
import { carriesCertificate } from './methods/client-certificate.ts';
import { isRootKey } from './methods/root-key.ts';
import type { AuthFailure, RequestPieces } from './proof.ts';
import { overCounter, overLimit } from './rate-limits.ts';
import { isJwt } from './workload/token.ts';

/**
 * The key id that a request knocks with, for counting: `admin` for `ADMIN_KEY`; `jwt` for every token of an issuer and
 * `certificate` for every certificate, which name nothing that can be counted before they are verified; null where it
 * names none.
 */
function knocking(presented: Presented, request: RequestPieces): string | null {
  if (presented.kind !== 'bearer') return carriesCertificate(request) ? 'certificate' : null;
  const { token } = presented;
  const { config } = request;
  return (
    namedKeyId(token) ??
    namedAdminKeyId(token) ??
    (isRootKey(config, token) ? 'admin' : isJwt(token) ? 'jwt' : null)
  );
}

/** The credential that the request presents, proved by nothing yet; or that its sender has come too often. */
export async function knock(request: RequestPieces, now: Now): Promise<Result<Presented, AuthFailure>> {
  const { headers, url, config } = request;
  const presented = presentedCredential(headers, url, (text) => isRootKey(config, text));
  const over = await tooOften(knocking(presented, request), request, now);
  return over === null ? ok(presented) : err(over);
}

/** The refusal of a sender that has come too often under this name (see `knocking`); null: it may go on. */
export async function tooOften(
  keyId: string | null,
  { config, client }: Pick<RequestPieces, 'config' | 'client'>,
  now: Now,
): Promise<AuthFailure | null> {
  const sender = { keyId, address: client.ip };
  return overLimit(config, sender, now) ?? (config.rateLimiter && (await overCounter(config, sender)));
}
