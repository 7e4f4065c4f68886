/**
 * Reads what an authorization server says of itself, at registration. Both documents are asked for at once and must name
 * the issuer byte for byte (RFC 8414, 3.3): else a server could speak for another. Where both answer, RFC 8414's wins
 * and OpenID's fills what it leaves out. It refuses to follow redirects, and to hand on an endpoint that the guard would
 * not call.
 *
 * Sources: RFC 8414 section 3, OpenID Connect Discovery 1.0 section 4.
 */

import { err, ok, type Result } from '#lib/result.ts';
import type { AuthorizationServerMetadata } from '#providers/custom.ts';
import { guardedFetch, type FetchOutcome } from './guard/guarded-fetch.ts';
import { targetProblem, type GuardOptions } from './guard/guard.ts';
import { forbiddenTargets } from './registration.ts';

const LIMITS = { timeoutMs: 10_000, maxBytes: 64 * 1024 };

/** Endpoints to which secrets, tokens or browsers are sent later. */
const ENDPOINTS = [
  'authorization_endpoint',
  'token_endpoint',
  'revocation_endpoint',
  'userinfo_endpoint',
  'jwks_uri',
  'pushed_authorization_request_endpoint',
] as const;

/** Why metadata could not be read, in words for the operator; nothing that the server wrote is in it. */
export interface MetadataProblem {
  readonly detail: string;
  /** There is a document of that kind, and it cannot be used. */
  readonly isThere?: true;
}

/**
 * The places of an issuer's metadata, or null where the issuer cannot be one (query, fragment, not a URL). `inserted`:
 * of an issuer with a path, the place of OpenID's document that RFC 8414 (section 5) gives it.
 */
export function metadataUrls(
  issuer: string,
): { oauth: string; openid: string; inserted: string | null } | null {
  if (!URL.canParse(issuer) || /[?#]/.test(issuer)) return null;
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  return {
    oauth: `${origin}/.well-known/oauth-authorization-server${path}`,
    openid: `${origin}${path}/.well-known/openid-configuration`,
    inserted: path === '' ? null : `${origin}/.well-known/openid-configuration${path}`,
  };
}

/** The metadata of `issuer`, within 10 s, of at most 64 KiB. */
export async function fetchServerMetadata(
  issuer: string,
  options: GuardOptions,
): Promise<Result<AuthorizationServerMetadata, MetadataProblem>> {
  const urls = metadataUrls(issuer);
  if (urls === null) return err({ detail: 'the issuer must be a URL without query and fragment' });
  const [oauth, appended] = await Promise.all([
    readDocument(urls.oauth, issuer, options),
    readDocument(urls.openid, issuer, options),
  ]);
  const isNone = !oauth.ok && !appended.ok && urls.inserted !== null;
  const inserted = isNone ? await readDocument(urls.inserted ?? '', issuer, options) : appended;
  const openid = inserted.ok ? inserted : appended;
  if (!oauth.ok && !openid.ok) {
    const documents = `oauth-authorization-server ${oauth.error.detail}, openid-configuration ${openid.error.detail}`;
    return err({ detail: `the issuer's metadata: ${documents}` });
  }
  const metadata = {
    ...(openid.ok ? openid.value : {}),
    ...(oauth.ok ? oauth.value : {}),
    issuer,
  } as AuthorizationServerMetadata;
  const refused =
    ENDPOINTS.find((name) => isRefused(metadata[name], options)) ?? (await misdirected(metadata, options));
  if (refused !== undefined) {
    return err({ detail: `the issuer's metadata names a ${refused} that may not be called` });
  }
  return ok(metadata);
}

function isRefused(endpoint: unknown, options: GuardOptions): boolean {
  if (endpoint === undefined || endpoint === null) return false;
  return typeof endpoint !== 'string' || targetProblem(endpoint, options) !== null;
}

/** An endpoint whose host points to where no call may go. @param metadata whose endpoints the guard lets pass */
async function misdirected(
  metadata: AuthorizationServerMetadata,
  options: GuardOptions,
): Promise<string | undefined> {
  const urls = ENDPOINTS.flatMap((name) => (metadata[name] == null ? [] : [String(metadata[name])]));
  const [forbidden] = await forbiddenTargets(urls, options);
  return forbidden === undefined ? undefined : ENDPOINTS.find((name) => metadata[name] === forbidden);
}

async function readDocument(
  url: string,
  issuer: string,
  options: GuardOptions,
): Promise<Result<Record<string, unknown>, MetadataProblem>> {
  const document = await readJsonObject(url, options);
  if (document.ok && document.value['issuer'] !== issuer) return err({ detail: 'names another issuer' });
  return document;
}

/** A JSON object at `url`, within 10 s, of at most 64 KiB; no redirect is followed. */
export async function readJsonObject(
  url: string,
  options: GuardOptions,
): Promise<Result<Record<string, unknown>, MetadataProblem>> {
  const request = { url, method: 'GET', headers: { accept: 'application/json' }, body: null } as const;
  const answer = await guardedFetch(request, LIMITS, options);
  const problem = answerProblem(answer);
  if (answer.kind === 'failure' || problem !== null)
    return err({
      detail: problem ?? 'could not be read',
      ...(problem === TOO_LARGE ? { isThere: true } : {}),
    });
  const document = parseObject(answer.body);
  return document === null ? err({ detail: 'is not a JSON object', isThere: true }) : ok(document);
}

const TOO_LARGE = 'is too large or broke off';

/** A target that is blocked, silent, slow or answers anything but 200 is told in one text: it is no probe for hosts. */
function answerProblem(answer: FetchOutcome): string | null {
  if (answer.kind === 'failure' || answer.status !== 200) return 'could not be read';
  if (answer.truncated) return TOO_LARGE;
  if (!/^application\/(?:[a-z0-9.+-]+\+)?json\b/i.test(answer.headers['content-type'] ?? ''))
    return 'is not JSON';
  return null;
}

/** The JSON object in a text; null: it holds none. */
export function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch {
    // A text that does not parse and a value that is no object are the same to the caller.
  }
  return null;
}
