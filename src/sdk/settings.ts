/** What a client is made with, and what it takes from the environment where it is made with nothing. */

/** A proof of the agent: a key, or a function that is asked before each request (a workload's token that is replaced). */
export type Key = string | (() => string | Promise<string>);

export interface ValetkeyOptions {
  /** Where the broker is; left out: `VALETKEY_URL`. */
  readonly url?: string;
  /** The agent's key or token; left out: `VALETKEY_KEY`. */
  readonly key?: Key;
  /** Whose accounts, where a call names nobody; left out: the agent's own, else `default`. */
  readonly identifier?: string;
  /** Whose tenant, for an agent without one whose rules name `organizations`. */
  readonly organization?: string;
  /** Why, for the audit record: 1 to 200 characters. */
  readonly purpose?: string;
  /** False: each credential is asked for anew. */
  readonly cache?: boolean;
  /** How long a request may be repeated after 429, 503 and a lost connection, in all. Default 20,000. */
  readonly retryBudgetMs?: number;
  /** Left out: `globalThis.fetch`, as it is at each call. */
  readonly fetch?: typeof globalThis.fetch;
}

export interface Settings {
  /** Without a slash at its end. */
  readonly url: string;
  readonly key: () => Promise<string>;
  readonly identifier: string | undefined;
  readonly organization: string | undefined;
  readonly purpose: string | undefined;
  readonly isCached: boolean;
  readonly retryBudgetMs: number;
  readonly fetch: typeof globalThis.fetch;
}

const RETRY_BUDGET_MS = 20_000;
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** @throws TypeError where the URL or the key is missing or can be none; the text never holds the key */
export function settingsOf(options: ValetkeyOptions): Settings {
  const { key = fromEnvironment('VALETKEY_KEY') } = options;
  if (key === undefined || key === '')
    throw new TypeError('valetkey: no key: pass `key`, or set VALETKEY_KEY to a key of the agent');
  const retryBudgetMs = options.retryBudgetMs ?? RETRY_BUDGET_MS;
  if (!(retryBudgetMs >= 0)) throw new TypeError('valetkey: `retryBudgetMs` must be milliseconds, 0 or more');
  return {
    url: brokerUrl(options.url ?? fromEnvironment('VALETKEY_URL')),
    key: async () => sendable(typeof key === 'function' ? await key() : key),
    identifier: options.identifier,
    organization: options.organization,
    purpose: options.purpose,
    isCached: options.cache ?? true,
    retryBudgetMs,
    fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
  };
}

/** A key travels in a header: whatever cannot stand there is refused before `fetch` would print it in its error. */
function sendable(key: unknown): string {
  if (typeof key !== 'string' || !/^[\x21-\x7e]{1,16384}$/.test(key))
    throw new TypeError(
      'valetkey: the key must be printable ASCII without spaces: is a line break at its end?',
    );
  return key;
}

function brokerUrl(given: string | undefined): string {
  if (given === undefined || given === '')
    throw new TypeError('valetkey: no URL: pass `url`, or set VALETKEY_URL to the address of the broker');
  if (!URL.canParse(given))
    throw new TypeError('valetkey: `url` must be the address of the broker, as https://…');
  const url = new URL(given);
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    throw new TypeError('valetkey: `url` must have no user, query or fragment');
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && LOOPBACK.test(url.hostname)))
    throw new TypeError(
      'valetkey: `url` must be https, or http on this machine: a key would travel in clear text',
    );
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

function fromEnvironment(name: string): string | undefined {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  return process?.env?.[name];
}
