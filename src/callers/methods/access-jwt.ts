/**
 * Proves an operator by the token that Cloudflare Access puts on requests of people who have signed in, where the request
 * carries no key. A deployment that names no team does not look at that header. The browser sends along what Access made
 * of a session, so a request that a page of another site has made proves nobody.
 */

import { IssuerKeys } from '#egress/keys/issuer-keys.ts';
import { guardOptions } from '#egress/guard/guard.ts';
import type { Config } from '#env.ts';
import type { Now } from '#lib/clock.ts';
import { err, ok } from '#lib/result.ts';
import { perObject } from '#lib/memory/per-object.ts';
import { accessSettings, emailIn, roleOf, type AccessSettings } from '../access/settings.ts';
import { isCrossSite } from '../certificates/cross-site.ts';
import {
  UNDELEGATED,
  WRONG_KEY,
  type AuthFailure,
  type Method,
  type Outcome,
  type RequestPieces,
} from '../proof.ts';
import { signatureProblem } from '../workload/signature.ts';
import { headProblem, isJwt, readToken, timeProblem, timesOf } from '../workload/token.ts';

const HEADER = 'cf-access-jwt-assertion';

const NO_KEYS: AuthFailure = {
  code: 'unavailable',
  detail: 'the keys of the Access team cannot be read',
  retryAfterS: 10,
};
const NO_ROLE: AuthFailure = { code: 'forbidden', detail: 'ACCESS_ROLES gives this person no role' };

interface Memory {
  /** Null: the deployment has no Access, or settings that cannot be used. */
  readonly settings: AccessSettings | null;
  readonly keys: IssuerKeys;
}

const memoryOf = perObject((config: Config): Memory => {
  const settings = accessSettings(config);
  return { settings: settings.ok ? settings.value : null, keys: new IssuerKeys() };
});

export const accessJwt: Method = (request, _token, now) => {
  const { headers, config } = request;
  const text = headers.get(HEADER);
  if (text === null || headers.get('authorization') !== null) return null;
  const { settings, keys } = memoryOf(config);
  return settings === null ? null : prove(text, settings, keys, request, now);
};

async function prove(
  text: string,
  { issuer, jwksUri, audiences, roles }: AccessSettings,
  keys: IssuerKeys,
  { config, headers, url, waitUntil }: RequestPieces,
  now: Now,
): Promise<Outcome> {
  if (isCrossSite(headers, url)) return err(WRONG_KEY);
  const token = isJwt(text) ? readToken(text) : null;
  if (token === null || token.issuer !== issuer || !audiences.includes(token.audience)) return err(WRONG_KEY);
  if (headProblem(token) !== null || timeProblem(token, now(), Infinity) !== null) return err(WRONG_KEY);
  const keySet = await keys.get({ issuer, jwksUri }, token.kid, {
    now,
    guard: () => guardOptions(config, new URL(url).host),
    waitUntil,
  });
  if (keySet === null) return err(NO_KEYS);
  if ((await signatureProblem(text, keySet)) !== null) return err(WRONG_KEY);
  const { claims } = token;
  const email = emailIn(claims);
  const role = roleOf(claims, roles);
  if (email === null) return err(WRONG_KEY);
  if (role === null) return err(NO_ROLE);
  return ok({
    plane: 'operator',
    method: 'access_jwt',
    id: email,
    organization: null,
    role,
    keyId: null,
    provedAtMs: now(),
    ...timesOf(token),
    ...UNDELEGATED,
  });
}
