/**
 * Which targets may be called at all: a pure decision over the parsed URL, asked at registration and again at each
 * send. It resolves no name; where the deployment has a resolver, `guarded-fetch.ts` asks it about names that pass here.
 *
 * Everything is judged after parsing (WHATWG URL): `2130706433`, `0x7f.1`, full-width digits and percent-encoded hosts
 * fold into their plain spelling there, and that spelling is what `fetch` would call.
 */

import type { Config } from '#env.ts';
import { areHostsGiven } from '#providers/variables/given-hosts.ts';
import { isOfThisMachine } from './address.ts';

/** What the deployment allows. */
export interface GuardOptions {
  /** Development: loopback hosts on http and https, any port. Relaxes nothing else. */
  readonly allowLoopback: boolean;
  /** Host, with its port where there is one, under which the broker itself is reached; null: not known. */
  readonly ownHost: string | null;
  /** URL of the resolver that is asked what names point to; left out or null: names are not resolved. */
  readonly resolver?: string | null;
}

/** The options of a deployment. `requestHost` stands in where BASE_URL is not set. */
export function guardOptions(
  config: Pick<Config, 'allowLoopback' | 'baseUrl' | 'dnsResolver'>,
  requestHost: string | null = null,
): GuardOptions {
  const own =
    config.baseUrl !== null && URL.canParse(config.baseUrl) ? new URL(config.baseUrl).host : requestHost;
  return { allowLoopback: config.allowLoopback, ownHost: own, resolver: config.dnsResolver };
}

/**
 * The options for calls to a connection's provider: hosts that the catalogue knows are not resolved, and cost no time.
 *
 * @param provider its name in the catalogue, or `custom`
 */
export function guardOfProvider(
  config: Pick<Config, 'allowLoopback' | 'baseUrl' | 'dnsResolver'>,
  provider: string,
): GuardOptions {
  const options = guardOptions(config);
  return options.resolver !== null && areHostsGiven(provider) ? options : { ...options, resolver: null };
}

const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/;
const LOCAL_SUFFIXES = ['.localhost', '.local', '.internal', '.home.arpa'];

/** `localhost`, 127.0.0.0/8 and `::1`, as the URL parser writes them. A mapped `::ffff:127.0.0.1` is not one of them. */
export function isLoopbackHost(hostname: string): boolean {
  return (
    hostname === 'localhost' || hostname === '[::1]' || (IPV4.test(hostname) && hostname.startsWith('127.'))
  );
}

/**
 * Whether a host is the caller's own machine, in any spelling that the URL parser leaves: loopback and the
 * unspecified address, which systems connect to loopback, also inside an IPv6 address, and names under `localhost` with
 * or without a dot behind (RFC 6761, 6.3).
 */
export function isThisMachine(hostname: string): boolean {
  const name = hostname.replace(/\.+$/, '');
  if (name === 'localhost' || name.endsWith('.localhost')) return true;
  return isOfThisMachine(name.startsWith('[') ? name.slice(1, -1) : name);
}

/**
 * Why `url` may not be called, or null when it may. The text names the rule and never repeats the URL, which may hold
 * what was meant for nobody.
 */
export function targetProblem(url: string, options: GuardOptions): string | null {
  // The parser drops tabs and line breaks and reads `\` as `/`: two readers of such a text could see two hosts.
  // eslint-disable-next-line no-control-regex
  if (/[\s\\\u0000-\u001f\u007f]/.test(url))
    return 'must not contain spaces, control characters or backslashes';
  // `https:host` and `https:///host` parse too; a reader that parses the text differently would see another host.
  if (!/^[a-z]+:\/\/[^/?#]/i.test(url) || !URL.canParse(url)) return 'must be a URL';
  const parsed = new URL(url);
  // An empty userinfo (`https://@host`) is gone after parsing, so the text is looked at as well.
  if (parsed.username !== '' || parsed.password !== '' || hasUserinfo(url))
    return 'must not contain a user or password';
  const { hostname } = parsed;
  if (options.allowLoopback && isLoopbackHost(hostname)) return loopbackProblem(parsed, options.ownHost);
  if (parsed.protocol !== 'https:') return 'must be an https URL';
  if (parsed.port !== '') return 'must use port 443';
  return hostProblem(hostname, options.ownHost);
}

function hasUserinfo(url: string): boolean {
  return /^[a-z]+:\/\/[^/?#]*@/i.test(url);
}

function loopbackProblem(url: URL, ownHost: string | null): string | null {
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'must be an http or https URL';
  if (ownHost === null || !URL.canParse(`${url.protocol}//${ownHost}`)) return null;
  // On loopback other programs share the host: only the same port is the broker, under any name of the host.
  const own = new URL(`${url.protocol}//${ownHost}`);
  return isLoopbackHost(own.hostname) && own.port === url.port ? 'must not be the broker itself' : null;
}

function hostProblem(hostname: string, ownHost: string | null): string | null {
  if (IPV4.test(hostname) || hostname.startsWith('['))
    return 'must be named by a host name, not by an address';
  if (hostname.endsWith('.')) return 'must not have a host name that ends with a dot';
  if (!hostname.includes('.')) return 'must have a public host name';
  if (hostname.split('.').includes('')) return 'must have a valid host name';
  if (LOCAL_SUFFIXES.some((suffix) => hostname.endsWith(suffix))) return 'must have a public host name';
  if (
    ownHost !== null &&
    URL.canParse(`https://${ownHost}`) &&
    new URL(`https://${ownHost}`).hostname === hostname
  ) {
    return 'must not be the broker itself';
  }
  return null;
}
