/**
 * The beginning of a flow: the page behind a link, which consumes nothing, and the form that binds this browser, uses
 * the link up and leads to the provider. A second click of the same browser leads to the same place.
 */

import { askFlow } from '#accounts/flows/ask.ts';
import type { Back, LinkProof, Looked, Started } from '#accounts/flows/requests.ts';
import { accountOfRepairToken } from '#accounts/flows/repair-link.ts';
import { ProblemError } from '#contract/problem.ts';
import { browserDigest, LINK_PATTERN, linkDigest, nonceOf, stateOf } from '#crypto/connect-secrets.ts';
import { findSessionOfLink } from '#directory/connect-sessions.ts';
import { connectionSettings } from '#directory/connections/connections.ts';
import { admitUnproved } from '#directory/indexes/known-objects.ts';
import { pushAuthorization } from '#egress/push-authorization.ts';
import { isoTime } from '#lib/clock.ts';
import {
  authorizationRequest,
  authorizationUrl,
  pushedUrl,
} from '#providers/requests/authorization-request.ts';
import { forNewGrant } from '#providers/clients.ts';
import type { ConnectionSettings } from '#providers/settings.ts';
import { browserCookie, heldFor, isOwnPost, type HeldByBrowser } from './browser.ts';
import { callbackUrl, oauth1Url, requestTokenFor } from './oauth1.ts';
import { scopesOf, unwrapOr } from './models.ts';
import type { PageModel } from './page-model.ts';
import {
  commonOf,
  frozenOf,
  page,
  providerOf,
  redirect,
  wayBackOf,
  type Reply,
  type Visit,
} from './visit.ts';

interface Opened {
  readonly accountId: string;
  readonly proof: LinkProof;
  /** Whether there was such an account. */
  readonly report: (exists: boolean) => void;
}

/**
 * The account that a token opens, without asking it yet; null for what was never a link of ours. A repair link names
 * its account by itself and is proved by that account alone: an account that the directory does not know is not asked.
 *
 * @throws ProblemError `unavailable`
 */
async function accountOf(visit: Visit, token: string): Promise<Opened | null> {
  const repaired = accountOfRepairToken(token);
  if (repaired !== null) {
    const admission = await admitUnproved(visit.config, 'account', repaired);
    if (!admission.ok && admission.why === 'away') throw new ProblemError('unavailable');
    if (!admission.ok) return null;
    return { accountId: repaired, proof: { kind: 'repair', token }, report: admission.report };
  }
  if (!LINK_PATTERN.test(token)) return null;
  const digest = linkDigest(token);
  const found = await findSessionOfLink(visit.config.directory, digest);
  return found === null
    ? null
    : {
        accountId: found.accountId,
        proof: { kind: 'link', sessionId: found.id, digest },
        report: () => undefined,
      };
}

const PAGE_OF = { used: 'used_link', expired: 'expired_link', unknown: 'unknown_link' } as const;

type NoStart =
  | { readonly kind: keyof typeof PAGE_OF; readonly back?: Back }
  | { readonly kind: 'repair_over'; readonly repaired: boolean; readonly back?: Back };

/** As the connection is now; where its settings cannot be read, the page goes without a way back. */
async function allowedBack({ config }: Visit, back: Back | undefined): Promise<string | null> {
  if (back === undefined) return null;
  try {
    return wayBackOf(await connectionSettings(config, back.connection, ''), back);
  } catch {
    return null;
  }
}

async function linkPage(visit: Visit, answer: NoStart): Promise<Reply> {
  const common = commonOf(visit, null);
  if (answer.kind === 'unknown') return page({ kind: 'unknown_link', ...common });
  const returnUrl = await allowedBack(visit, answer.back);
  const model: PageModel =
    answer.kind === 'repair_over'
      ? { kind: 'repair_over', repaired: answer.repaired, returnUrl, ...common }
      : { kind: PAGE_OF[answer.kind], returnUrl, ...common };
  return page(model);
}

async function look(visit: Visit, opened: Opened, secret: string): Promise<Looked> {
  const { accountId, proof, report } = opened;
  let exists = false;
  const asked = { proof, browserDigest: browserDigest(secret) };
  const answer = await askFlow(visit.config, accountId, 'look', asked)
    .then((found) => {
      exists = found.ok || found.error.code !== 'not_found';
      return found;
    })
    .finally(() => report(exists));
  return unwrapOr(answer, { kind: 'unknown' });
}

/** `GET /connect/{token}`. Link previews, mail scanners and reloads change nothing. */
export async function showStart(visit: Visit, token: string): Promise<Reply> {
  const opened = await accountOf(visit, token);
  if (opened === null) return linkPage(visit, { kind: 'unknown' });
  const { secret, carried } = heldFor(visit.origin, token, visit.headers.get('cookie'));
  const looked = await look(visit, opened, secret);
  if (looked.kind !== 'start') return linkPage(visit, looked);
  const { settings, granted } = looked;
  const common = commonOf(visit, looked.organization);
  if (frozenOf(settings, visit.origin) === null)
    return page({ kind: 'misconfigured', provider: providerOf(settings), reason: 'settings', ...common });
  return page(
    {
      kind: 'start',
      purpose: looked.purpose,
      provider: providerOf(settings),
      connection: looked.connection,
      scopes: scopesOf(settings, looked.scopes, looked.purpose === 'connect' ? [] : granted),
      action: `/connect/${token}`,
      subjectLabel: looked.subjectLabel,
      expiresAt: isoTime(looked.expiresAtMs),
      ...common,
    },
    browserCookie(visit.origin, token, secret, carried),
  );
}

/** `POST /connect/{token}`. */
export async function postStart(visit: Visit, token: string): Promise<Reply> {
  const opened = await accountOf(visit, token);
  if (opened === null) return linkPage(visit, { kind: 'unknown' });
  if (!isOwnPost(visit.origin, visit.headers))
    return page({ kind: 'foreign_post', startPath: `/connect/${token}`, ...commonOf(visit, null) });
  const held = heldFor(visit.origin, token, visit.headers.get('cookie'));
  const { secret } = held;
  const looked = await look(visit, opened, secret);
  if (looked.kind !== 'start') return linkPage(visit, looked);
  const common = commonOf(visit, looked.organization);
  const known = await connectionSettings(visit.config, looked.connection, looked.organization);
  const settings = known === null ? null : forNewGrant(known);
  const frozen = settings === null ? null : frozenOf(settings, visit.origin);
  if (settings === null || frozen === null)
    return page({ kind: 'misconfigured', provider: null, reason: 'settings', ...common });
  const started = unwrapOr(
    await askFlow(visit.config, opened.accountId, 'start', {
      proof: opened.proof,
      browserDigest: browserDigest(secret),
      settings,
      frozen,
      context: visit.context,
    }),
    { kind: 'unknown' as const },
  );
  switch (started.kind) {
    case 'used':
    case 'expired':
    case 'unknown':
    case 'repair_over':
      return linkPage(visit, started);
    case 'too_often':
      return { ...page({ kind: 'failure', status: 429, ...common }), retryAfterS: started.retryAfterS };
    case 'changed':
      return page({ kind: 'misconfigured', provider: providerOf(settings), reason: 'changed', ...common });
    case 'go':
      break;
  }
  const cookie = browserCookie(visit.origin, token, secret);
  return settings.authType === 'oauth1'
    ? leaveByOauth1(visit, settings, started, { held, token }, common)
    : leave(visit, settings, started, secret, cookie, common);
}

async function leave(
  visit: Visit,
  settings: ConnectionSettings,
  started: Extract<Started, { kind: 'go' }>,
  secret: string,
  cookie: string,
  common: ReturnType<typeof commonOf>,
): Promise<Reply> {
  const { descriptor } = settings;
  const clientId = settings.clientId ?? '';
  const misconfigured = (): Reply =>
    page({ kind: 'misconfigured', provider: providerOf(settings), reason: 'settings', ...common }, cookie);
  const built = authorizationRequest(descriptor, {
    clientId,
    redirectUri: `${visit.origin}/oauth/callback/${settings.id}`,
    scopes: started.scopes,
    state: stateOf(secret, started.sessionId, started.ticket),
    nonce: nonceOf(secret, started.sessionId),
    challenge: started.challenge,
    loginHint: started.loginHint,
  });
  if (!built.ok) return misconfigured();
  if (descriptor.server?.par_required !== true)
    return redirect(authorizationUrl(built.endpoint, built.params), cookie);
  const pushed = await pushAuthorization(visit.config, settings, built.params);
  if (pushed.ok)
    return redirect(
      pushedUrl(built.endpoint, descriptor.client_id_param, clientId, pushed.requestUri),
      cookie,
    );
  return notBegun(visit, settings, pushed.reason, cookie, common);
}

/** The same where the provider gives a token for the flow first, and the browser carries its secret. */
async function leaveByOauth1(
  visit: Visit,
  settings: ConnectionSettings,
  started: Extract<Started, { kind: 'go' }>,
  { held, token }: { readonly held: HeldByBrowser; readonly token: string },
  common: ReturnType<typeof commonOf>,
): Promise<Reply> {
  const state = stateOf(held.secret, started.sessionId, started.ticket);
  const callback = callbackUrl(visit.origin, settings.id, state);
  const begun = await requestTokenFor(visit, settings, started.sessionId, callback, held.carried);
  const cookie = (carried: string | null) => browserCookie(visit.origin, token, held.secret, carried);
  if (!begun.ok) return notBegun(visit, settings, begun.reason, cookie(null), common);
  const url = oauth1Url(visit, settings, started.scopes, begun.token);
  return url === null
    ? notBegun(visit, settings, 'misconfigured', cookie(null), common)
    : redirect(url, cookie(begun.sealed));
}

/** The provider was asked first, and did not let the flow begin. */
function notBegun(
  visit: Visit,
  settings: ConnectionSettings,
  reason: 'misconfigured' | 'provider_error' | 'provider_unavailable' | 'vault_locked',
  cookie: string,
  common: ReturnType<typeof commonOf>,
): Reply {
  const of = { provider: providerOf(settings), retryPath: visit.url.pathname, returnUrl: null, ...common };
  switch (reason) {
    case 'misconfigured':
      return page(
        { kind: 'misconfigured', provider: providerOf(settings), reason: 'settings', ...common },
        cookie,
      );
    case 'provider_error':
      return page({ kind: 'provider_error', code: null, ...of }, cookie);
    case 'provider_unavailable':
      return page({ kind: 'provider_unavailable', ...of }, cookie);
    case 'vault_locked':
      return page({ kind: 'unavailable', ...common }, cookie);
  }
}
