/**
 * The only file that names a binding. Turns what the platform gives into a checked `Config`, once per isolate.
 * Nothing here opens a key or reads a row.
 */

/** What the runtime hands over, unchecked: any of it may be missing. */
export interface UncheckedEnv {
  readonly ACCOUNTS?: DurableObjectNamespace;
  readonly AGENTS?: DurableObjectNamespace;
  readonly REVOCATIONS?: DurableObjectNamespace;
  readonly DB?: D1Database;
  readonly ADMIN_KEY?: string;
  readonly MASTER_KEYS?: string;
  readonly BASE_URL?: string;
  readonly ALLOW_LOOPBACK?: string;
  readonly ALLOW_UNVERIFIED_LINKS?: string;
  readonly OPERATOR_NAME?: string;
  readonly OPERATOR_LOGO?: string;
  readonly DNS_RESOLVER?: string;
  readonly EXCHANGE_BUDGET_MS?: string;
  readonly LOG_LEVEL?: string;
  readonly RATE_LIMIT_PER_MINUTE?: string;
  readonly BROWSER_RATE_LIMIT_PER_MINUTE?: string;
  readonly CLIENT_CERT_HEADER?: string;
  readonly MCP_OAUTH?: string;
  readonly ACCESS_TEAM?: string;
  readonly ACCESS_AUD?: string;
  readonly ACCESS_ROLES?: string;
  readonly RATE_LIMITER?: RateLimiter;
  readonly ASSETS?: StaticAssets;
}

/** The deployment's static assets (`[assets]` of wrangler.toml), asked by their path. */
export interface StaticAssets {
  fetch(request: Request): Promise<Response>;
}

/** The platform's own counter (a rate limiting binding), as far as it is used here. */
export interface RateLimiter {
  limit(options: { key: string }): Promise<{ readonly success: boolean }>;
}

export interface Config {
  /** Objects of connected accounts by account id. */
  readonly accounts: DurableObjectNamespace;
  /** Objects of agents by agent id. */
  readonly agents: DurableObjectNamespace;
  /** Objects that carry out revocations, by `revocation:` and the id of the revocation. */
  readonly revocations: DurableObjectNamespace;
  readonly directory: D1Database;
  /** Null where it is missing or shorter than 32 characters: then no caller is an operator. */
  readonly adminKey: string | null;
  readonly adminKeyProblem: string | null;
  /** The text of the ring; `crypto/keyring.ts` reads it. */
  readonly masterKeys: string | null;
  /** Origin under which the broker is reached, without a trailing slash; null: the request's own. */
  readonly baseUrl: string | null;
  /** Why `BASE_URL` is not used although it is set: no address is made then; null: it is, or there is none. */
  readonly baseUrlProblem: string | null;
  /** Development: connections and other targets may be on loopback and plain http. */
  readonly allowLoopback: boolean;
  /** Connections may be set to take the person who finishes a connect flow for the user that it was made for. */
  readonly allowUnverifiedLinks: boolean;
  /** The name that pages of the connect flow show as the asker's; null: they show none. */
  readonly operatorName: string | null;
  /** A `data:image/…` URL, so that a page loads nothing from elsewhere; null: none, or another kind of URL. */
  readonly operatorLogo: string | null;
  /**
   * URL of a resolver over HTTPS (JSON form) that is asked what named hosts point to; null: names are not resolved. As
   * it was given: a resolver that may not be called, or is no URL, answers nothing, so that no name is taken for
   * checked.
   */
  readonly dnsResolver: string | null;
  /**
   * How long an exchange may stay unfinished before it is in doubt: two thirds for the call, one third for the settle.
   */
  readonly exchangeBudgetMs: number;
  /** How often one credential from one address may ask in a minute, per isolate. */
  readonly rateLimitPerMinute: number;
  /** How often browsers at one address may ask for pages of the connect flow in a minute, per isolate. */
  readonly browserRateLimitPerMinute: number;
  /**
   * Name of the header in which the operator's own proxy hands on the client certificate that it has verified, in lower
   * case; null: certificates are the edge's word. `serve --client-cert-header` sets it.
   */
  readonly clientCertHeader: string | null;
  /** The MCP endpoint says where its tokens come from (RFC 9728): clients may then ignore a key that they were given. */
  readonly mcpOauth: boolean;
  /**
   * Cloudflare Access for operators, as it was given: the team, the tags of its applications, and who has which role.
   * `callers/access/settings.ts` reads it. Null: not set.
   */
  readonly accessTeam: string | null;
  readonly accessAudience: string | null;
  readonly accessRoles: string | null;
  /**
   * A secret of the deployment that a credential names in the place of a value: `env:NAME`, or `secrets-store:NAME` of
   * a binding. Null: there is none, it is empty, or the name is none that a credential may have. Read anew each time.
   */
  readonly secretAt: (source: string) => Promise<string | null>;
  /** Counts over isolates; null: not bound, and each isolate counts alone. */
  readonly rateLimiter: RateLimiter | null;
  /** Null: the deployment has none, and the page of the contract has no viewer. */
  readonly assets: StaticAssets | null;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
}

const DEFAULT_EXCHANGE_BUDGET_MS = 15_000;
const MIN_EXCHANGE_BUDGET_MS = 500;
/** More than one isolate answers: a limit for what is out of order, and not for a busy agent. */
const DEFAULT_RATE_LIMIT_PER_MINUTE = 240_000;
/** A flow takes three requests, and an office of people may share one address. */
const DEFAULT_BROWSER_RATE_LIMIT_PER_MINUTE = 600;

const LOGO = /^data:image\/(?:png|jpeg|gif|webp|svg\+xml)[;,][\x21-\x7e]{1,200000}$/;

/** This deployment cannot work at all. Its text names bindings and settings, and repeats no value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(problems: readonly string[]) {
    super(`this deployment is not set up: ${problems.join('; ')}`);
  }
}

/** Bindings that have to be there, each with a method that tells it from a text or from another kind of binding. */
const BINDINGS = [
  ['ACCOUNTS', 'getByName', 'a Durable Object namespace'],
  ['AGENTS', 'getByName', 'a Durable Object namespace'],
  ['REVOCATIONS', 'getByName', 'a Durable Object namespace'],
  ['DB', 'prepare', 'a D1 database'],
] as const satisfies readonly [keyof UncheckedEnv, string, string][];

/** wrangler.toml also takes numbers, switches and tables for variables. */
const TEXTS = [
  'ADMIN_KEY',
  'MASTER_KEYS',
  'BASE_URL',
  'OPERATOR_NAME',
  'OPERATOR_LOGO',
  'DNS_RESOLVER',
  'CLIENT_CERT_HEADER',
  'ACCESS_TEAM',
  'ACCESS_AUD',
  'ACCESS_ROLES',
] as const;

type Complete = UncheckedEnv & Required<Pick<UncheckedEnv, 'ACCOUNTS' | 'AGENTS' | 'REVOCATIONS' | 'DB'>>;

function assertComplete(env: UncheckedEnv): asserts env is Complete {
  const problems: string[] = [];
  for (const [name, method, what] of BINDINGS) {
    const value: unknown = env[name] ?? null;
    if (value === null) problems.push(`the binding ${name} is missing, see wrangler.toml`);
    else if (typeof (value as Record<string, unknown>)[method] !== 'function')
      problems.push(`the binding ${name} is not ${what}, see wrangler.toml`);
  }
  for (const name of TEXTS) {
    if (!isText(env[name])) problems.push(`the setting ${name} is not a text`);
  }
  if (problems.length > 0) throw new ConfigError(problems);
}

function isText(value: unknown): boolean {
  return value === undefined || value === null || typeof value === 'string';
}

/** Without the slashes at its end, and the reason why it is not used. */
function baseUrlOf(given: string | undefined): Pick<Config, 'baseUrl' | 'baseUrlProblem'> {
  if (!given) return { baseUrl: null, baseUrlProblem: null };
  const baseUrl = given.replace(/\/+$/, '');
  return /^https?:\/\//i.test(baseUrl) && URL.canParse(baseUrl)
    ? { baseUrl, baseUrlProblem: null }
    : { baseUrl: null, baseUrlProblem: 'BASE_URL is not a URL that begins with https://' };
}

function exchangeBudget(env: UncheckedEnv, allowLoopback: boolean): number {
  const asked = Number(env.EXCHANGE_BUDGET_MS ?? DEFAULT_EXCHANGE_BUDGET_MS);
  if (!allowLoopback || !Number.isFinite(asked)) return DEFAULT_EXCHANGE_BUDGET_MS;
  return Math.min(Math.max(asked, MIN_EXCHANGE_BUDGET_MS), DEFAULT_EXCHANGE_BUDGET_MS);
}

const HEADER_NAME = /^[a-z0-9-]{1,64}$/;
/** Headers that mean something else already. */
const TAKEN_HEADERS: readonly string[] = ['authorization', 'cookie', 'host'];

function headerNameOf(given: string | undefined): string | null {
  const name = given?.trim().toLowerCase() ?? '';
  return HEADER_NAME.test(name) && !TAKEN_HEADERS.includes(name) ? name : null;
}

function perMinute(given: string | undefined, usual: number): number {
  const asked = Number(given ?? usual);
  return Number.isFinite(asked) && asked >= 1 ? asked : usual;
}

const MAKE_ADMIN_KEY = `make one with: node -e "console.log(crypto.randomBytes(32).toString('hex'))"`;
const MAKE_BOTH = 'in development `npm start -- --keys` writes .dev.vars';

function adminKeyProblem(key: string | undefined): string | null {
  if (!key) return `ADMIN_KEY is not set (${MAKE_BOTH}; or ${MAKE_ADMIN_KEY})`;
  return /^[\x21-\x7e]{32,256}$/.test(key)
    ? null
    : 'ADMIN_KEY must be 32 to 256 printable characters without space';
}

/**
 * `ADMIN_KEY` as `Config` has it, also of a deployment that has no `Config`: the broker must know the secret that it
 * must not repeat.
 */
export function adminKeyOf(env: unknown): string | null {
  const { ADMIN_KEY: key } = env as UncheckedEnv;
  return isText(key) && adminKeyProblem(key) === null ? (key ?? null) : null;
}

function checked(env: UncheckedEnv): Config {
  assertComplete(env);
  const allowLoopback = env.ALLOW_LOOPBACK === 'true';
  const keyProblem = adminKeyProblem(env.ADMIN_KEY);
  const level = env.LOG_LEVEL;
  return {
    accounts: env.ACCOUNTS,
    agents: env.AGENTS,
    revocations: env.REVOCATIONS,
    directory: env.DB,
    adminKey: adminKeyOf(env),
    adminKeyProblem: keyProblem,
    masterKeys: env.MASTER_KEYS ?? null,
    ...baseUrlOf(env.BASE_URL),
    allowLoopback,
    allowUnverifiedLinks: env.ALLOW_UNVERIFIED_LINKS === 'true',
    operatorName: env.OPERATOR_NAME?.trim().slice(0, 100) || null,
    operatorLogo: LOGO.test(env.OPERATOR_LOGO ?? '') ? (env.OPERATOR_LOGO ?? null) : null,
    dnsResolver: env.DNS_RESOLVER?.trim() || null,
    exchangeBudgetMs: exchangeBudget(env, allowLoopback),
    rateLimitPerMinute: perMinute(env.RATE_LIMIT_PER_MINUTE, DEFAULT_RATE_LIMIT_PER_MINUTE),
    browserRateLimitPerMinute: perMinute(
      env.BROWSER_RATE_LIMIT_PER_MINUTE,
      DEFAULT_BROWSER_RATE_LIMIT_PER_MINUTE,
    ),
    clientCertHeader: headerNameOf(env.CLIENT_CERT_HEADER),
    mcpOauth: env.MCP_OAUTH === 'true',
    accessTeam: env.ACCESS_TEAM?.trim() || null,
    accessAudience: env.ACCESS_AUD?.trim() || null,
    accessRoles: env.ACCESS_ROLES?.trim() || null,
    secretAt: (source) => secretAt(env, source),
    rateLimiter: env.RATE_LIMITER ?? null,
    assets: env.ASSETS ?? null,
    logLevel: level === 'debug' || level === 'warn' || level === 'error' ? level : 'info',
  };
}

/** Of all secrets those alone whose name begins so are for accounts: no key of the broker's own has such a name. */
const CREDENTIAL_SOURCE = /^(env|secrets-store):(CREDENTIAL_[A-Z0-9_]{1,100})$/;

async function secretAt(env: UncheckedEnv, source: string): Promise<string | null> {
  const [, kind, name = ''] = CREDENTIAL_SOURCE.exec(source) ?? [];
  if (kind === undefined) return null;
  const bound: unknown = Object.hasOwn(env, name) ? Reflect.get(env, name) : null;
  const value = kind === 'env' ? bound : await storedText(bound);
  const text = typeof value === 'string' ? value.trim() : '';
  return text === '' ? null : text;
}

/** A binding of a Secrets Store is an object that is asked. */
async function storedText(bound: unknown): Promise<unknown> {
  if (typeof bound !== 'object' || bound === null || !('get' in bound) || typeof bound.get !== 'function')
    return null;
  try {
    return await bound.get();
  } catch {
    // A secret that is gone and a store that is away look the same.
    return null;
  }
}

const configs = new WeakMap<object, Config>();

/** The checked configuration of this env; the same object for the same env. @throws ConfigError */
export function configOf(env: unknown): Config {
  const key = env as UncheckedEnv & object;
  let config = configs.get(key);
  if (config === undefined) {
    config = checked(key);
    configs.set(key, config);
  }
  return config;
}
