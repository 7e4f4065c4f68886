/**
 * One request to a token or revocation endpoint: built by oauth4webapi, put into the provider's format, sent by the guarded fetch.
 * The answer comes back as it is (status, headers, text): reading it is `providers/answers/classify.ts`'s, because a library
 * that throws on an odd answer would throw away a rotated token with it.
 */

import * as oauth from 'oauth4webapi';
import type { Answer } from '#providers/answers/classify.ts';
import type { ConnectionSettings } from '#providers/settings.ts';
import {
  codeRequest,
  exchangeRequest,
  refreshRequest,
  revocationRequest,
  type RefreshRequest,
} from '#providers/requests/token-request.ts';
import { clientAuth, FORM_TYPE } from './client-auth.ts';
import type { GuardOptions } from '../guard/guard.ts';
import { guardedFetch } from '../guard/guarded-fetch.ts';

/** RFC 6749 answers are a few hundred bytes. Some providers add profiles, and a rotated token may stand behind one. */
const MAX_ANSWER_BYTES = 1024 * 1024;

export interface Presented {
  readonly refreshToken: string;
  /** Null for a public client. */
  readonly clientSecret: string | null;
  /** Narrow to these; null: as granted. */
  readonly scopes: readonly string[] | null;
}

export interface SendOptions {
  readonly guard: GuardOptions;
  /** The broker's own origin, for what it tells providers; null: not known. */
  readonly ownUrl: string | null;
  /** For connecting, headers and body together. */
  readonly timeoutMs: number;
}

/** `unsendable`: nothing left; the descriptor or the settings do not make a request. */
export type Sent = Answer | { readonly kind: 'unsendable'; readonly reason: string };

/** A code as the browser brought it, with what proves that its flow was begun here. */
export interface PresentedCode {
  readonly code: string;
  readonly redirectUri: string;
  /** Null where the flow ran without PKCE. */
  readonly verifier: string | null;
  /** Null for a public client. */
  readonly clientSecret: string | null;
}

/** Redeems an authorization code. Never throws. */
export async function sendCode(
  settings: ConnectionSettings,
  presented: PresentedCode,
  options: SendOptions,
): Promise<Sent> {
  const clientId = settings.clientId ?? '';
  const built = codeRequest(settings.descriptor, { clientId, ...presented });
  if (!built.ok) return { kind: 'unsendable', reason: built.reason };
  return sendBuilt(built.request, clientId, presented.clientSecret, {}, options);
}

/** Presents a refresh token. Never throws. */
export async function sendRefresh(
  settings: ConnectionSettings,
  presented: Presented,
  options: SendOptions,
): Promise<Sent> {
  const clientId = settings.clientId ?? '';
  const built = refreshRequest(settings.descriptor, {
    clientId,
    clientSecret: presented.clientSecret,
    refreshToken: presented.refreshToken,
    // A few providers want the address of the connect flow named again at each refresh.
    values:
      options.ownUrl === null
        ? {}
        : { redirect_uri: `${new URL(options.ownUrl).origin}/oauth/callback/${settings.id}` },
    ...(presented.scopes === null ? {} : { scope: [...presented.scopes] }),
  });
  if (!built.ok) return { kind: 'unsendable', reason: built.reason };
  const token = { [settings.descriptor.refresh_token_param]: presented.refreshToken };
  if (settings.descriptor.refresh_request === 'get') {
    const { request } = built;
    return sendQuery(request.url, { grant_type: request.grantType, ...token, ...request.params }, options);
  }
  return sendBuilt(built.request, clientId, presented.clientSecret, token, options);
}

/** A request whose parameters stand in the URL, as a few providers have it. Never throws. */
export async function sendQuery(
  address: string,
  params: Readonly<Record<string, string>>,
  options: SendOptions,
): Promise<Sent> {
  const url = new URL(address);
  for (const [name, value] of Object.entries(params)) url.searchParams.set(name, value);
  const headers = { accept: 'application/json', 'user-agent': 'valetkey' };
  const limits = { timeoutMs: options.timeoutMs, maxBytes: MAX_ANSWER_BYTES };
  return guardedFetch({ url: url.href, method: 'GET', headers, body: null }, limits, options.guard);
}

/** Exchanges a token of somebody else's for a grant (RFC 8693). Never throws. */
export async function sendExchange(
  settings: ConnectionSettings,
  { subjectToken, clientSecret }: { readonly subjectToken: string; readonly clientSecret: string | null },
  options: SendOptions,
): Promise<Sent> {
  const clientId = settings.clientId ?? '';
  const built = exchangeRequest(settings.descriptor, { clientId, clientSecret });
  if (!built.ok) return { kind: 'unsendable', reason: built.reason };
  return sendBuilt(built.request, clientId, clientSecret, { subject_token: subjectToken }, options);
}

/** A token that is to end, and what proves the client, as at the token endpoint. */
export interface PresentedToken {
  readonly token: string;
  readonly hint: 'refresh_token' | 'access_token';
  /** Null for a public client. */
  readonly clientSecret: string | null;
}

/** Asks for the end of a token (RFC 7009, 2.1). Never throws. */
export async function sendRevocation(
  settings: ConnectionSettings,
  { token, hint, clientSecret }: PresentedToken,
  options: SendOptions,
): Promise<Sent> {
  const built = revocationRequest(settings.descriptor, clientSecret);
  if (!built.ok) return { kind: 'unsendable', reason: built.reason };
  const { request } = built;
  return captured(request, options, (leaving) =>
    oauth.revocationRequest(
      { issuer: new URL(request.url).origin, revocation_endpoint: request.url },
      { client_id: settings.clientId ?? '' },
      clientAuth(request.auth, clientSecret),
      token,
      { ...leaving, additionalParameters: { token_type_hint: hint } },
    ),
  );
}

async function sendBuilt(
  request: RefreshRequest,
  clientId: string,
  clientSecret: string | null,
  params: Readonly<Record<string, string>>,
  options: SendOptions,
): Promise<Sent> {
  return captured(request, options, (leaving) =>
    oauth.genericTokenEndpointRequest(
      { issuer: new URL(request.url).origin, token_endpoint: request.url },
      { client_id: clientId },
      clientAuth(request.auth, clientSecret),
      request.grantType,
      { ...params, ...request.params },
      leaving,
    ),
  );
}

/** What the library hands to `fetch` leaves by our own way, and the answer stays here. */
interface Leaving {
  readonly [oauth.allowInsecureRequests]: boolean;
  readonly [oauth.customFetch]: (
    url: string,
    init: { readonly body: URLSearchParams; readonly headers: Record<string, string> },
  ) => Promise<Response>;
}

async function captured(
  request: RefreshRequest,
  options: SendOptions,
  ask: (leaving: Leaving) => Promise<unknown>,
): Promise<Sent> {
  const sent: Answer[] = [];
  try {
    await ask({
      [oauth.allowInsecureRequests]: options.guard.allowLoopback,
      [oauth.customFetch]: async (_url, init) => {
        sent.push(await sendFields(request, init.body, init.headers, options));
        return new Response(null, { status: 204 });
      },
    });
  } catch {
    // A request that the library refuses to make has sent nothing; after the fetch only the answer counts.
  }
  return sent[0] ?? { kind: 'unsendable', reason: 'invalid_request' };
}

function rename(fields: URLSearchParams, name: string, own: string): void {
  const value = fields.get(name);
  if (value === null || own === name) return;
  fields.delete(name);
  fields.set(own, value);
}

/** These fields, in the provider's format and under its names, to the endpoint of `request`. */
export async function sendFields(
  request: RefreshRequest,
  params: URLSearchParams,
  headers: Record<string, string>,
  options: SendOptions,
): Promise<Answer> {
  const fields = new URLSearchParams(params);
  rename(fields, 'client_id', request.clientIdParam);
  rename(fields, 'client_secret', request.clientSecretParam);
  const json = request.format === 'json';
  const outcome = await guardedFetch(
    {
      url: request.url,
      method: 'POST',
      headers: {
        ...headers,
        ...request.headers,
        'content-type': json ? 'application/json' : FORM_TYPE,
        'user-agent': 'valetkey',
      },
      body: json ? JSON.stringify({ ...Object.fromEntries(fields), ...request.json }) : fields.toString(),
    },
    { timeoutMs: options.timeoutMs, maxBytes: MAX_ANSWER_BYTES },
    options.guard,
  );
  return outcome;
}
