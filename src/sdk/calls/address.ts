/** Where a call of a program goes, and whether a credential may go there. Pure. */

/**
 * @param path of the API, with or without a slash before it, or an absolute URL under one of the base URLs. A path that
 *   begins with the base URL's own path is not doubled, as the broker's proxy has it.
 * @throws TypeError for a URL to which the credential does not belong; the text names the hosts, never the credential
 */
export function addressOf(path: string, baseUrls: readonly string[], apiBaseUrl: string | null): URL {
  if (/^[a-z][a-z0-9+.-]*:/i.test(path)) return allowed(new URL(path), baseUrls);
  if (apiBaseUrl === null)
    throw new TypeError(
      'valetkey: no address of this API is known: pass an absolute URL, or give the connection `api_base_urls`',
    );
  // `//host` would be another host.
  const [front = '', ...rest] = path.replace(/^\/+/, '/').split(/(?=[?#])/);
  const base = new URL(apiBaseUrl);
  const basePath = base.pathname.replace(/\/+$/, '');
  const asked = front.startsWith('/') ? front : `/${front}`;
  const isWhole = basePath !== '' && (asked === basePath || asked.startsWith(`${basePath}/`));
  return allowed(new URL(`${base.origin}${isWhole ? '' : basePath}${asked}${rest.join('')}`), baseUrls);
}

/** @throws TypeError as `addressOf` */
function allowed(url: URL, baseUrls: readonly string[]): URL {
  if (isAllowed(url, baseUrls)) return url;
  const hosts = [...new Set(baseUrls.map((one) => new URL(one).host))].join(', ');
  throw new TypeError(
    `valetkey: the credential goes to ${hosts === '' ? 'no known host' : hosts}, not to ${url.host}`,
  );
}

export function isAllowed(url: URL, baseUrls: readonly string[]): boolean {
  return (
    url.username === '' && url.password === '' && baseUrls.some((base) => new URL(base).origin === url.origin)
  );
}
