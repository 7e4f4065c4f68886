/**
 * The configured oidc-provider, and the two things a real provider has beside it: metadata under the name of
 * RFC 8414 and an API that takes the access tokens. Every default that would print advice is replaced, so
 * the console stays silent.
 */

import { createHash, generateKeyPairSync, randomBytes, type JsonWebKey } from 'node:crypto';
import { Provider } from './oidc-provider.ts';
import type { Client, ProviderContext } from './oidc-provider.ts';
import { interactionUrl } from './interaction.ts';
import type { OAuthSettings } from './call.ts';
import type { OAuthStore } from './store.ts';

/** Refresh tokens and grants outlive every test. */
const GRANT_LIFETIME_S = 365 * 24 * 60 * 60;
const REST_LIFETIME_S = 60 * 60;

export interface ProviderParts {
  issuer: string;
  scopes: readonly string[];
  store: OAuthStore;
  /** A private P-256 key, which signs the ID tokens. */
  signingKey: JsonWebKey;
  /** Authorization requests have to be left at the server beforehand (RFC 9126). */
  requirePar: boolean;
  /** The settings that hold for a request; without one, those of the server. */
  settingsOf: (ctx: ProviderContext | undefined) => OAuthSettings;
}

/** As `signingKey` of a server that goes on with none. */
export function newSigningKey(): JsonWebKey {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
}

export function createProvider(parts: ProviderParts): Provider {
  const { issuer, scopes, store, signingKey, requirePar, settingsOf } = parts;
  const provider = new Provider(issuer, {
    adapter: store.adapter,
    jwks: { keys: [{ ...signingKey, alg: 'ES256', use: 'sig' }] },
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    scopes: [...scopes],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    clientAuthMethods: ['client_secret_basic', 'client_secret_post'],
    clientBasedCORS: () => false,
    // The store ends records to the millisecond; a second of tolerance keeps whole seconds from ending them sooner.
    clockTolerance: 1,
    responseTypes: ['code'],
    pkce: { required: () => false },
    interactions: { url: interactionUrl },
    features: {
      devInteractions: { enabled: false },
      dPoP: { enabled: false },
      pushedAuthorizationRequests: { enabled: requirePar, requirePushedAuthorizationRequests: requirePar },
      resourceIndicators: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      revocation: {
        enabled: true,
        allowedPolicy: (_ctx: ProviderContext, client: Client, token: { clientId: string }) =>
          token.clientId === client.clientId,
      },
      userinfo: { enabled: true },
    },
    findAccount: (_ctx: ProviderContext, subject: string) => ({
      accountId: subject,
      claims: () => ({ sub: subject, name: subject, email: `${subject}@example.com`, email_verified: true }),
    }),
    expiresWithSession: () => false,
    issueRefreshToken: (_ctx: ProviderContext, client: Client) => client.grantTypeAllowed('refresh_token'),
    rotateRefreshToken: (ctx: ProviderContext) => settingsOf(ctx).rotation === 'rotating',
    revokeGrantPolicy: () => true,
    renderError: (ctx: ProviderContext, out: Record<string, string>) => {
      ctx.set('content-type', 'application/json; charset=utf-8');
      ctx.body = out;
    },
    ttl: {
      AccessToken: (ctx: ProviderContext | undefined) => settingsOf(ctx).accessTokenTtlS,
      AuthorizationCode: 60,
      Grant: GRANT_LIFETIME_S,
      RefreshToken: GRANT_LIFETIME_S,
      IdToken: REST_LIFETIME_S,
      Interaction: REST_LIFETIME_S,
      Session: REST_LIFETIME_S,
    },
  });
  provider.silent = true;
  return provider;
}

/** RFC 8414 and OpenID Connect Discovery describe the same server in one document under two names. */
export async function serveMetadata(ctx: ProviderContext, next: () => Promise<void>): Promise<void> {
  if (ctx.path === '/.well-known/oauth-authorization-server') ctx.path = '/.well-known/openid-configuration';
  await next();
}

/** The protected API: what it answers says whose token it was, and never the token. */
export function serveApi(provider: Provider) {
  return async (ctx: ProviderContext, next: () => Promise<void>): Promise<void> => {
    if (ctx.path !== '/api/me' && ctx.path !== '/api/contacts') return await next();
    ctx.set('cache-control', 'no-store');
    if (ctx.method !== 'GET') {
      ctx.status = 405;
      ctx.set('allow', 'GET');
      return;
    }
    const value = /^Bearer ([\w.~+/-]+=*)$/i.exec(ctx.get('authorization'))?.[1];
    const token = value === undefined ? undefined : await provider.AccessToken.find(value);
    if (value === undefined || token === undefined) {
      ctx.status = 401;
      ctx.set('www-authenticate', value === undefined ? 'Bearer' : 'Bearer error="invalid_token"');
      ctx.body = { error: 'invalid_token' };
      return;
    }
    const fingerprint = createHash('sha256').update(value).digest('hex').slice(0, 16);
    const contacts = ctx.path === '/api/contacts' ? { contacts: [] } : {};
    ctx.body = {
      subject: token.accountId,
      scope: token.scope ?? '',
      token_fingerprint: fingerprint,
      ...contacts,
    };
  };
}
