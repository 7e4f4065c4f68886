/**
 * A real OAuth 2 and OpenID Connect server on loopback, for tests, crash tests and `npm start`: oidc-provider
 * on Node's http, with grants made without a browser, a fault script on the token endpoint and a record of
 * every request that reached it. It knows nothing of the broker, and forgets everything when it ends, but for what an
 * `OAuthMemory` keeps.
 *
 * The parts: `provider.ts` (configuration, API), `token-gate.ts` (the token endpoint's way),
 * `interaction.ts` and `grants.ts` (what its user does),
 * `call.ts` (the record), `faults.ts` and `answer.ts` (what breaks, and how), `store.ts` (what is remembered),
 * `memory.ts` (what of it outlives the server, in a file).
 */

import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ProviderContext } from './oidc-provider.ts';
import { serveInteraction, type OAuthUser } from './interaction.ts';
import type { OAuthSettings, TokenCall, TokenHook } from './call.ts';
import { createFaultScript } from './faults.ts';
import type { FaultScript } from './faults.ts';
import { GRANTS_PATH, serveGrants } from './grants.ts';
import type { OAuthMemory } from './memory.ts';
import { createProvider, newSigningKey, serveApi, serveMetadata } from './provider.ts';
import { OAuthStore } from './store.ts';
import { createTokenGate } from './token-gate.ts';

export type { OAuthSettings, TokenCall, TokenHook } from './call.ts';
export type { FaultScript } from './faults.ts';
export type { OAuthUser } from './interaction.ts';

export interface OAuthServerOptions extends Partial<OAuthSettings> {
  /** 0, the default, takes a free one. */
  port?: number;
  redirectUris?: readonly string[];
  /** What the metadata offers and the authorization endpoint accepts; `grant` takes any. */
  scopes?: readonly string[];
  /** Authorization requests have to be pushed (RFC 9126). */
  requirePar?: boolean;
  /** One line on stdout per token request, without any credential. */
  logRequests?: boolean;
  /** Goes on with the client, the grants and the keys of the server that wrote it, and keeps its own there. */
  memory?: OAuthMemory | null;
}

export interface OAuthClient {
  clientId: string;
  clientSecret: string;
}

export interface GrantOptions {
  subject?: string;
  scope?: string;
  accessTokenTtlS?: number;
  /** Of a client made with `setClient`; default: `client`. */
  clientId?: string;
}

export interface IssuedGrant {
  grantId: string;
  subject: string;
  scope: string;
  refreshToken: string;
  accessToken: string;
  expiresInS: number;
}

export interface OAuthServer extends OAuthSettings {
  /** `http://127.0.0.1:PORT`; discovery and RFC 8414 metadata are served under it. */
  readonly issuer: string;
  readonly tokenUrl: string;
  readonly authorizationUrl: string;
  readonly revocationUrl: string;
  readonly userinfoUrl: string;
  /** Answers 200 to a living access token and 401 to any other; `contactsUrl` likewise. */
  readonly apiUrl: string;
  readonly contactsUrl: string;
  /** The user's page of what was granted, with a button that revokes it. */
  readonly grantsUrl: string;
  /** Confidential; may authenticate by basic and by post. */
  readonly client: OAuthClient;
  /** Makes a client, or gives one another secret or other redirect URIs; its grants stay. */
  setClient(client: OAuthClient, redirectUris?: readonly string[]): Promise<void>;
  /** One more redirect URI for `client`; those that it has stay. */
  allowRedirect(uri: string): Promise<void>;
  /** Takes one back. */
  forgetRedirect(uri: string): Promise<void>;
  /** A real grant with its tokens, as if a user had consented. */
  grant(options?: GrantOptions): Promise<IssuedGrant>;
  /** The user takes the consent back: grant and tokens are gone. */
  revokeGrant(grantId: string): Promise<void>;
  state(grantId: string): Promise<{ alive: boolean; liveRefreshTokens: string[] }>;
  /** The user at the browser, who says yes unless told otherwise. */
  readonly user: OAuthUser;
  readonly faults: FaultScript;
  readonly calls: TokenCall[];
  /** What went wrong inside the server itself; a test that ends with any has found a bug in it or in a hook. */
  readonly errors: unknown[];
  /** When a token request was read, before anything happens to it. Gives the function that ends it. */
  onReceived(hook: TokenHook): () => void;
  /** After the provider's part (a rotation is done), before any answer leaves. Gives the function that ends it. */
  onProcessed(hook: TokenHook): () => void;
  /** Clears faults, hooks, calls and errors; grants, clients and settings stay. */
  reset(): void;
  /** Refuses connections and cuts the open ones, until `up`, on the same port with all state. */
  down(): Promise<void>;
  up(): Promise<void>;
  close(): Promise<void>;
}

const DEFAULT_SCOPE = 'openid offline_access contacts.read contacts.write files.read';
const DEFAULT_REDIRECT_URI = 'http://127.0.0.1:8787/oauth/callback';
/** A thousand connections at once must not overflow the queue, where a lost SYN costs a second. */
const BACKLOG = 4096;
/** Longer than clients keep idle connections, so that they and not the server close them. */
const KEEP_ALIVE_MS = 120_000;

export async function startOAuthServer(options: OAuthServerOptions = {}): Promise<OAuthServer> {
  const http = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: 0 });
  http.on('clientError', (_error, socket) => socket.destroy());
  const listen = async (port: number): Promise<number> => {
    http.listen({ host: '127.0.0.1', port, backlog: BACKLOG });
    await once(http, 'listening');
    return (http.address() as AddressInfo).port;
  };
  const down = async (): Promise<void> => {
    if (!http.listening) return;
    const closed = once(http, 'close');
    http.close();
    http.closeAllConnections();
    await closed;
  };
  const port = await listen(options.port ?? 0);
  const issuer = `http://127.0.0.1:${port}`;

  const settings: OAuthSettings = {
    rotation: options.rotation ?? 'rotating',
    graceS: options.graceS ?? 0,
    accessTokenTtlS: options.accessTokenTtlS ?? 3600,
    reuseKillsGrant: options.reuseKillsGrant ?? true,
    issueRefreshTokenOnRefresh: options.issueRefreshTokenOnRefresh ?? true,
  };
  const memory = options.memory ?? null;
  const kept = memory?.kept ?? null;
  const store = new OAuthStore(kept?.store, () => memory?.changed());
  const signingKey = kept?.signingKey ?? newSigningKey();
  const client = {
    clientId: 'valetkey',
    clientSecret: kept?.clientSecret ?? randomBytes(24).toString('base64url'),
  };
  const settled = async (): Promise<void> => await memory?.settled();
  const settingsOfRequest = new WeakMap<ProviderContext, OAuthSettings>();
  const settingsOf = (ctx: ProviderContext | undefined) => (ctx && settingsOfRequest.get(ctx)) ?? settings;
  const scopes = options.scopes ?? [...DEFAULT_SCOPE.split(' '), 'email', 'profile'];
  const provider = createProvider({
    issuer,
    scopes,
    store,
    signingKey,
    settingsOf,
    requirePar: options.requirePar ?? false,
  });

  const calls: TokenCall[] = [];
  const errors: unknown[] = [];
  const faults = createFaultScript();
  const received = new Set<TokenHook>();
  const processed = new Set<TokenHook>();
  const closing = new AbortController();
  const failed = (error: unknown): void => {
    if (!isDisconnect(error)) errors.push(error);
  };
  provider.on('server_error', (_ctx, error) => failed(error));
  provider.on('error', failed);
  provider.use(async (_ctx, next) => {
    await next();
    // An answer that was given is not forgotten.
    await settled();
  });
  provider.use(serveMetadata);
  provider.use(serveApi(provider));
  const user: OAuthUser = { subject: null, answer: 'allow', scopes: null };
  provider.use(serveInteraction(provider, user));
  provider.use(serveGrants({ issuer, store, revoke: revokeGrant }));
  const gate = createTokenGate({
    store,
    settings,
    settingsOfRequest,
    faults,
    received,
    processed,
    failed,
    settled,
    closing: closing.signal,
    record: (call) => calls.push(call),
    finished: (call) => {
      if (options.logRequests) process.stdout.write(`${lineOf(call)}\n`);
    },
  });
  provider.use(gate);
  http.on('request', provider.callback());

  const redirectsOf = (clientId: string): readonly string[] => {
    const before = store.find('Client', clientId)?.redirect_uris;
    return Array.isArray(before) ? before.map(String) : (options.redirectUris ?? [DEFAULT_REDIRECT_URI]);
  };
  const setClient: OAuthServer['setClient'] = async ({ clientId, clientSecret }, redirectUris) => {
    await provider.Client.adapter.upsert(clientId, {
      client_id: clientId,
      client_secret: clientSecret,
      grant_types: ['authorization_code', 'refresh_token'],
      redirect_uris: redirectUris ?? redirectsOf(clientId),
    });
    await settled();
  };
  const redirectsBut = (uri: string): string[] => redirectsOf(client.clientId).filter((each) => each !== uri);
  memory?.holds(() => ({
    port,
    clientSecret: client.clientSecret,
    signingKey,
    store: store.state(settings.graceS),
  }));
  await setClient(client);

  async function grant(wanted: GrantOptions = {}): Promise<IssuedGrant> {
    const subject = wanted.subject ?? `user-${randomUUID()}`;
    const scope = wanted.scope ?? DEFAULT_SCOPE;
    const expiresInS = wanted.accessTokenTtlS ?? settings.accessTokenTtlS;
    const owner = await provider.Client.find(wanted.clientId ?? client.clientId);
    if (owner === undefined) throw new Error(`no client ${wanted.clientId}`);
    const consent = new provider.Grant({ accountId: subject, clientId: owner.clientId });
    consent.addOIDCScope(scope);
    const grantId = await consent.save();
    const common = { accountId: subject, client: owner, grantId, gty: 'authorization_code', scope };
    const refreshToken = await new provider.RefreshToken(common).save();
    const accessToken = await new provider.AccessToken({ ...common, expiresIn: expiresInS }).save();
    await settled();
    return { grantId, subject, scope, refreshToken, accessToken, expiresInS };
  }

  async function revokeGrant(grantId: string): Promise<void> {
    const { AccessToken, AuthorizationCode, RefreshToken, Grant } = provider;
    for (const model of [AccessToken, AuthorizationCode, RefreshToken]) await model.revokeByGrantId(grantId);
    await (await Grant.find(grantId))?.destroy();
    await settled();
  }

  const hookInto = (hooks: Set<TokenHook>) => (hook: TokenHook) => {
    hooks.add(hook);
    return () => void hooks.delete(hook);
  };

  // The settings object itself becomes the server, so that `server.graceS = 30` is all it takes.
  return Object.assign(settings, {
    issuer,
    tokenUrl: `${issuer}/token`,
    authorizationUrl: `${issuer}/auth`,
    revocationUrl: `${issuer}/token/revocation`,
    userinfoUrl: `${issuer}/me`,
    apiUrl: `${issuer}/api/me`,
    contactsUrl: `${issuer}/api/contacts`,
    grantsUrl: issuer + GRANTS_PATH,
    client,
    setClient,
    allowRedirect: (uri: string) => setClient(client, [...redirectsBut(uri), uri]),
    forgetRedirect: (uri: string) => setClient(client, redirectsBut(uri)),
    grant,
    revokeGrant,
    user,
    faults,
    calls,
    errors,
    down,
    state: async (grantId: string) => store.stateOf(grantId),
    onReceived: hookInto(received),
    onProcessed: hookInto(processed),
    reset() {
      faults.clear();
      received.clear();
      processed.clear();
      calls.length = 0;
      errors.length = 0;
    },
    async up() {
      if (!http.listening) await listen(port);
    },
    async close() {
      closing.abort();
      await down();
      await settled();
    },
  });
}

/** A client that hangs up is no fault of the server. */
function isDisconnect(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return /^(ECONNRESET|EPIPE|ECONNABORTED|ERR_STREAM_)/.test(code);
}

function lineOf(call: TokenCall): string {
  const took = `${Date.now() - call.at} ms`;
  return `oauth  POST /token  ${call.grantType ?? '-'}  ${call.verdict}  ${call.status ?? 'no answer'}  ${took}`;
}
