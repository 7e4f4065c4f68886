/**
 * What differs in a flow of OAuth 1 (RFC 5849, section 2): the provider gives a token for the flow before the browser goes
 * to it, the state is part of the address to come back to, and a verifier comes back in the place of a code.
 */

import { beginOauth1, openRequestToken, type Begun } from '#egress/oauth1/request-token.ts';
import { authorizationUrl } from '#providers/requests/authorization-request.ts';
import { fillParam } from '#providers/requests/token-request.ts';
import type { ConnectionSettings } from '#providers/settings.ts';
import type { Visit } from './visit.ts';

/** Under which name it comes back (section 2.2). */
export const VERIFIER = 'oauth_verifier';

/** The protocol knows no state: the address of the callback carries it, and comes back as it was given. */
export function callbackUrl(origin: string, connection: string, state: string): string {
  return authorizationUrl(`${origin}/oauth/callback/${connection}`, { state });
}

/** The token of this session: the one that the browser has begun it with, so that two clicks lead to one place, or a new one. */
export async function requestTokenFor(
  visit: Visit,
  settings: ConnectionSettings,
  sessionId: string,
  callback: string,
  carried: string | null,
): Promise<Begun> {
  const held = carried === null ? null : await openRequestToken(visit.config, settings, sessionId, carried);
  if (held !== null && carried !== null) return { ok: true, token: held.token, sealed: carried };
  return beginOauth1(visit.config, settings, { sessionId, callback });
}

/** Where the browser goes (section 2.2); null: the facts make no address. */
export function oauth1Url(
  { config }: Visit,
  { descriptor }: ConnectionSettings,
  scopes: readonly string[],
  token: string,
): string | null {
  const endpoint = descriptor.authorization_url;
  if (endpoint === null) return null;
  const values = { app_name: config.operatorName ?? 'Valetkey' };
  const params: Record<string, string> = {};
  for (const [name, template] of Object.entries(descriptor.extra_authorization_params)) {
    const filled = fillParam(template, values);
    if (!filled.ok) return null;
    params[name] = filled.text;
  }
  if (scopes.length > 0) params[descriptor.scope_param] = scopes.join(descriptor.scope_separator);
  return authorizationUrl(endpoint, { ...params, oauth_token: token });
}

/** How a callback says that no verifier comes; null: it does not. */
export function oauth1Error(all: Readonly<Record<string, string>>): string | null {
  const problem = all['oauth_problem'];
  if (Object.hasOwn(all, 'denied') || problem === 'user_refused' || problem === 'permission_denied')
    return 'access_denied';
  return problem === undefined ? null : 'other';
}
