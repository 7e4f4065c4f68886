/**
 * A call to an API with a credential of the account: to its own hosts alone, and once more with a fresh credential where
 * the API says that the first is dead.
 */

import type { Credential } from '../credential.ts';
import { addressOf, isAllowed } from './address.ts';
import { saysDead } from './dead-token.ts';

/** How a credential is had: `rejected` is the fingerprint of the one that an API has just refused. */
export type Obtain = (rejected?: string) => Promise<Credential>;

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** As the Fetch standard has it. */
const MAX_REDIRECTS = 20;

/** @param init as `fetch` takes it; what it says of headers that the credential brings gives way to the credential */
export async function direct(
  fetch: typeof globalThis.fetch,
  obtain: Obtain,
  path: string,
  init: RequestInit,
): Promise<Response> {
  const first = await obtain();
  const response = await sent(fetch, first, path, init);
  if (!(await saysDead(response, first.deadToken))) return response;
  if (!canRepeat(init.body)) {
    // The body is gone; the next call is not to meet the same dead token, and this one says as it is what the API said.
    await obtain(first.fingerprint).catch(() => null);
    return response;
  }
  const second = await obtain(first.fingerprint);
  void response.body?.cancel().catch(() => undefined);
  return sent(fetch, second, path, init);
}

async function sent(
  fetch: typeof globalThis.fetch,
  credential: Credential,
  path: string,
  init: RequestInit,
): Promise<Response> {
  let url = addressOf(path, credential.baseUrls, credential.apiBaseUrl);
  let current = init;
  for (let followed = 0; ; followed += 1) {
    const response = await fetch(withQuery(url, credential.query), {
      ...current,
      headers: headersOf(current.headers, credential.headers),
      redirect: 'manual',
    });
    const location = response.headers.get('location');
    if (!REDIRECTS.has(response.status) || location === null || init.redirect === 'manual') return response;
    if (init.redirect === 'error')
      throw new TypeError('valetkey: the API redirects, and `redirect` is "error"');
    const next = URL.canParse(location, url) ? new URL(location, url) : null;
    // Another host is not to get the credential, nor the body: its caller sees where the API points.
    if (next === null || !isAllowed(next, credential.baseUrls) || followed === MAX_REDIRECTS) return response;
    const follow = redirected(response.status, current);
    if (follow === null) return response;
    void response.body?.cancel().catch(() => undefined);
    [url, current] = [next, follow];
  }
}

/** The request that follows a redirect; null: its body cannot be sent again. */
function redirected(status: number, init: RequestInit): RequestInit | null {
  const method = (init.method ?? 'GET').toUpperCase();
  const becomesGet = (status === 303 && method !== 'HEAD') || (status <= 302 && method === 'POST');
  if (!becomesGet) return canRepeat(init.body) ? init : null;
  const { body: _, ...rest } = init;
  const headers = [...new Headers(rest.headers)].filter(([name]) => !name.startsWith('content-'));
  return { ...rest, method: 'GET', headers };
}

function headersOf(given: HeadersInit | undefined, own: Readonly<Record<string, string>>): Headers {
  const headers = new Headers(given);
  for (const [name, value] of Object.entries(own)) headers.set(name, value);
  return headers;
}

function withQuery(url: URL, query: Readonly<Record<string, string>>): URL {
  const full = new URL(url);
  for (const [name, value] of Object.entries(query)) full.searchParams.set(name, value);
  return full;
}

/** A stream is gone once it was sent. */
function canRepeat(body: RequestInit['body']): boolean {
  return !(body instanceof ReadableStream) && !isAsyncIterable(body);
}

function isAsyncIterable(body: unknown): boolean {
  return body !== null && typeof body === 'object' && Symbol.asyncIterator in body && !(body instanceof Blob);
}
