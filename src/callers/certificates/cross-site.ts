/**
 * Proofs that a browser adds by itself, to whatever page asks for the request: a client certificate, a session of the
 * operator's. A page of another site may send requests with them, so they count only where the browser says that none did,
 * or where no browser asks. Pure. Source: Fetch Metadata Request Headers (W3C).
 */

/** @param url of the request */
export function isCrossSite(headers: Headers, url: string): boolean {
  const site = headers.get('sec-fetch-site');
  if (site !== null) return site !== 'same-origin' && site !== 'none';
  const origin = headers.get('origin');
  return origin !== null && origin !== new URL(url).origin;
}
