/** One visit of a browser: what the flow is told of it, and what it answers. The routes turn the answer into HTTP. */

import type { RequestContext } from '#audit/record.ts';
import { isConsentedType } from '#contract/machine/kinds.ts';
import type { Config } from '#env.ts';
import { markOf } from '#providers/scopes/scope-words.ts';
import type { ConnectionSettings } from '#providers/settings.ts';
import type { Back } from '#accounts/flows/requests.ts';
import type { Frozen } from '#accounts/flows/sessions/session.ts';
import type { Asker, PageModel, PageProvider } from './page-model.ts';

export interface Visit {
  readonly config: Config;
  /** The one origin under which pages, cookie and callback meet, without a trailing slash. */
  readonly origin: string;
  /** As it was called. */
  readonly url: URL;
  readonly headers: Headers;
  readonly context: RequestContext;
  /** Work goes on when the browser has gone. */
  readonly waitUntil: (work: Promise<unknown>) => void;
  readonly now: () => number;
}

export type Reply =
  | {
      readonly kind: 'page';
      readonly model: PageModel;
      readonly cookie: string | null;
      /** When to come again, where the page's status is about that. */
      readonly retryAfterS?: number;
    }
  | { readonly kind: 'redirect'; readonly location: string; readonly cookie: string | null };

export function page(model: PageModel, cookie: string | null = null): Extract<Reply, { kind: 'page' }> {
  return { kind: 'page', model, cookie };
}

export function redirect(location: string, cookie: string | null = null): Reply {
  return { kind: 'redirect', location, cookie };
}

/** What every page has. */
export function commonOf(
  visit: { readonly config: Config; readonly context: Pick<RequestContext, 'correlationId'> },
  organization: string | null,
): { asker: Asker; correlationId: string } {
  const { operatorName: name, operatorLogo: logoUrl } = visit.config;
  return {
    asker: { name, logoUrl, organization: organization === '' ? null : organization },
    correlationId: visit.context.correlationId,
  };
}

export function providerOf(settings: ConnectionSettings): PageProvider {
  const { display_name: displayName } = settings.descriptor;
  return { id: settings.provider, displayName, mark: markOf(settings.provider, displayName) };
}

/** Where a page may lead back to: where the session was to return, if the connection still allows it, else its first address. */
export function wayBackOf(
  settings: ConnectionSettings | null,
  { connection, returnUrl }: Back,
): string | null {
  const allowed = settings?.id === connection ? settings.returnUrls : [];
  return returnUrl !== null && allowed.includes(returnUrl) ? returnUrl : (allowed[0] ?? null);
}

/** What a flow of this connection is held to; null where it cannot have one. */
export function frozenOf(settings: ConnectionSettings, origin: string): Frozen | null {
  const { descriptor, clientId, authType } = settings;
  const { authorization_url: authorizationUrl, token_url: tokenUrl, server } = descriptor;
  if (!isConsentedType(authType) || clientId === null || authorizationUrl === null || tokenUrl === null)
    return null;
  if (authType === 'oauth1' && descriptor.request_token_url === undefined) return null;
  return {
    authorizationUrl,
    tokenUrl,
    clientId,
    redirectUri: `${origin}/oauth/callback/${settings.id}`,
    issuer: server?.issuer ?? null,
    jwksUri: server?.jwks_uri ?? null,
    userinfoUrl: descriptor.userinfo_url,
    issSupported: server?.iss_supported ?? false,
  };
}
