/**
 * The provider's redirect back. The token endpoint is called only after the browser's cookie, the state, the
 * connection, the issuer and the frozen endpoints agree, and only by the one callback that the account's object gave
 * the session to. The exchange goes on when the browser has gone.
 */

import { askFlow } from '#accounts/flows/ask.ts';
import { lifeOf, type Claimed, type SessionView } from '#accounts/flows/requests.ts';
import {
  browserDigest,
  confirmCodeOf,
  confirmDigest,
  nonceOf,
  type Ticket,
  readState,
} from '#crypto/connect-secrets.ts';
import { organizationOf } from '#directory/indexes/account-index.ts';
import { findSession, noteSession } from '#directory/connect-sessions.ts';
import { connectionSettings } from '#directory/connections/connections.ts';
import { wantMetadata } from '#directory/connections/metadata-age.ts';
import { NAME_PATTERN } from '#contract/ids.ts';
import { exchangeCode } from '#egress/exchange/code-exchange.ts';
import { finishOauth1 } from '#egress/oauth1/access-token.ts';
import { log } from '#lib/log.ts';
import { tellHome } from '#egress/tell-home.ts';
import { forNewGrant } from '#providers/clients.ts';
import { MCP } from '#providers/mcp.ts';
import type { ConnectionSettings } from '#providers/settings.ts';
import { heldOfState, type HeldByBrowser } from './browser.ts';
import { codeIn, readCallback, type CallbackParams } from './callback-params.ts';
import { oauth1Error, VERIFIER } from './oauth1.ts';
import { outcomeReply, unwrapOr } from './models.ts';
import { commonOf, frozenOf, page, wayBackOf, type Reply, type Visit } from './visit.ts';

/** The tokens are in hand: storing them is worth trying for as long as the platform lets this run. */
const ARRIVE_LIMIT_MS = 15_000;

/** `GET /oauth/callback/{connection}`. */
export async function receiveCallback(visit: Visit, connection: string): Promise<Reply> {
  const invalid = (): Reply => page({ kind: 'invalid_callback', ...commonOf(visit, null) });
  const told = readCallback(visit.url.searchParams);
  const state = told === null ? null : readState(told.state);
  if (told === null || state === null || !NAME_PATTERN.test(connection)) return invalid();
  const { sessionId, ticket } = state;
  // Before anything is looked up: a browser that did not begin the flow learns nothing of it, and costs nothing.
  const held = heldOfState(visit.origin, told.state, visit.headers.get('cookie'));
  if (held === null) return page({ kind: 'wrong_browser', ...commonOf(visit, null) });
  const { secret } = held;
  const account = await accountOf(visit, sessionId, ticket);
  if (account === null) return invalid();
  const { id: accountId, organization } = account;
  const known = await connectionSettings(visit.config, connection, organization);
  const settings = known === null ? null : forNewGrant(known);
  const isOauth1 = settings?.authType === 'oauth1';
  const params = isOauth1 ? { ...told, error: told.error ?? oauth1Error(told.all) } : told;
  const code = codeIn(params, isOauth1 ? VERIFIER : (settings?.descriptor.callback_code_param ?? 'code'));
  if (params.error === null && code === null) return invalid();
  const answer = await askFlow(visit.config, accountId, 'claim', {
    sessionId,
    ticket,
    settings: ticket === null ? null : settings,
    browserDigest: browserDigest(secret),
    connection,
    frozen: settings === null ? null : frozenOf(settings, visit.origin),
    issuer: params.issuer,
    error: params.error,
    context: visit.context,
  });
  const claimed = unwrapOr(answer, { kind: 'unknown' as const });
  if (ticket !== null && (claimed.kind === 'exchange' || claimed.kind === 'ended'))
    await noteRepair(visit, sessionId, ticket, organization);
  const { issuer } = params;
  if (settings?.provider === MCP && issuer !== null && issuer !== settings.descriptor.server?.issuer)
    visit.waitUntil(noteOtherIssuer(visit, connection));
  if (claimed.kind !== 'exchange' || settings === null) return refusal(visit, settings, claimed, params);
  const work = finish(visit, settings, claimed, { ...params, code: code ?? '' }, held);
  visit.waitUntil(work.catch(() => undefined));
  const session = await work;
  if (session === null) return page({ kind: 'unavailable', ...commonOf(visit, claimed.claim.organization) });
  return outcomeReply(visit, settings, session, confirmCodeOf(secret, sessionId), null);
}

/** Personal data that a provider posts beside the answer: not read, and not written into an address. */
const NOT_TAKEN_ALONG = new Set(['user', 'id_token', 'access_token']);

/**
 * `POST /oauth/callback/{connection}` (OAuth 2.0 Form Post Response Mode; Apple answers in no other way). The browser
 * posts from the provider's page, so that our cookie, `SameSite=Lax`, does not come along: nothing is judged, looked up
 * or redeemed here. The page that is answered brings the browser to the GET of the same address by a navigation of our
 * own, and there the cookie counts as in every flow. A stranger's form is worth what a stranger's link is worth.
 */
export function receivePosted(visit: Visit, connection: string, form: URLSearchParams): Reply {
  const params = readCallback(form);
  if (params === null || readState(params.state) === null || !NAME_PATTERN.test(connection))
    return page({ kind: 'invalid_callback', ...commonOf(visit, null) });
  const query = new URLSearchParams([...form].filter(([key]) => !NOT_TAKEN_ALONG.has(key)));
  const path = `/oauth/callback/${connection}?${String(query)}`;
  return page({ kind: 'coming_back', path, ...commonOf(visit, null) });
}

/**
 * The account of the session; null: none. A repair carries its account's name, which a browser can make up: a name that
 * the directory does not know is not asked, so that no object comes into being for it.
 */
async function accountOf(
  visit: Visit,
  sessionId: string,
  ticket: Ticket | null,
): Promise<{ readonly id: string; readonly organization: string } | null> {
  const { directory } = visit.config;
  const session = ticket === null ? await findSession(directory, sessionId) : null;
  const id = ticket === null ? session?.accountId : ticket.accountId;
  if (id === undefined) return null;
  const organization = session?.organization ?? (await organizationOf(directory, id));
  if (organization !== null) return { id, organization };
  return ticket === null ? { id, organization: '' } : null;
}

/**
 * From here on the operator finds a repair's session by its id, like any other. The user does not wait for it to work.
 */
async function noteRepair(
  visit: Visit,
  id: string,
  { accountId, startedAtMs }: Ticket,
  organization: string,
): Promise<void> {
  try {
    const noted = { id, accountId, organization, linkDigest: null, createdAtMs: startedAtMs };
    await noteSession(visit.config.directory, noted);
  } catch (error) {
    log('warn', 'a repair session could not be noted in the directory', { session: id, error });
  }
}

/** The server may have moved to another authorization server: it is asked again. */
async function noteOtherIssuer(visit: Visit, connection: string): Promise<void> {
  const wanted = wantMetadata(visit.config.directory, connection, visit.now());
  await wanted.catch((error: unknown) => log('warn', 'metadata was not asked for', { connection, error }));
}

function refusal(
  visit: Visit,
  settings: ConnectionSettings | null,
  claimed: Claimed,
  params: CallbackParams,
): Reply {
  const nobody = commonOf(visit, null);
  switch (claimed.kind) {
    case 'wrong_browser':
      return page({ kind: 'wrong_browser', ...nobody });
    case 'ended':
      return outcomeReply(visit, settings, claimed.session, '', params.error);
    case 'expired':
      return outcomeReply(visit, settings, claimed.session, '', null);
    case 'already': {
      const { session, running } = claimed;
      const done = session.status === 'succeeded' || session.status === 'pending_confirmation';
      return page({
        kind: 'already_finished',
        outcome: running ? 'running' : done ? 'done' : 'failed',
        returnUrl: wayBackOf(settings, session),
        ...commonOf(visit, session.organization),
      });
    }
    case 'full':
      return page({ kind: 'unavailable', ...nobody });
    case 'exchange':
    case 'invalid':
    case 'unknown':
      return page({ kind: 'invalid_callback', ...nobody });
  }
}

/** Redeems the code and stores what came of it. Null: it could not be stored, and the session says so in its time. */
async function finish(
  visit: Visit,
  settings: ConnectionSettings,
  { claim }: Extract<Claimed, { kind: 'exchange' }>,
  params: CallbackParams & { readonly code: string },
  { secret, carried }: HeldByBrowser,
): Promise<SessionView | null> {
  const finding =
    settings.authType === 'oauth1'
      ? await finishOauth1(visit.config, settings, claim, {
          verifier: params.code,
          token: params.all['oauth_token'] ?? null,
          sealed: carried,
        })
      : await exchangeCode(visit.config, settings, claim, {
          code: params.code,
          nonce: nonceOf(secret, claim.sessionId),
          callback: params.all,
        });
  const { sessionId, incarnation, generation, accountId } = claim;
  const arrival = {
    sessionId,
    incarnation,
    generation,
    life: lifeOf(claim),
    finding,
    settings,
    confirmDigest: confirmDigest(confirmCodeOf(secret, sessionId)),
    context: visit.context,
  };
  const tell = async (): Promise<SessionView | 'refused' | null> => {
    const stored = await askFlow(visit.config, accountId, 'arrive', arrival);
    if (stored.ok) return stored.value;
    return stored.error.code === 'vault_locked' ? null : 'refused';
  };
  const told = await tellHome(tell, ARRIVE_LIMIT_MS, { session: sessionId });
  return told === 'refused' ? null : told;
}
