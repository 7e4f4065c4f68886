/** From what the account's object answers to what a browser gets: the page, or the way back to the app. */

import type { SessionView } from '#accounts/flows/requests.ts';
import type { Answer } from '#accounts/stub.ts';
import { unwrap } from '#contract/answer.ts';
import { isoTime } from '#lib/clock.ts';
import { markOf, phraseOf } from '#providers/scopes/scope-words.ts';
import type { ConnectionSettings } from '#providers/settings.ts';
import { OTHER_ERROR } from './callback-params.ts';
import type { PageModel, PageProvider, PageScope } from './page-model.ts';
import { commonOf, page, providerOf, redirect, wayBackOf, type Reply, type Visit } from './visit.ts';

/** The value; `absent` where there is no such account. @throws ProblemError for a locked vault or a corrupt row */
export function unwrapOr<T, A>(answer: Answer<T>, absent: A): T | A {
  return !answer.ok && answer.error.code === 'not_found' ? absent : unwrap(answer);
}

/** Scopes with the short names that the facts give them. */
export function scopesOf(
  { descriptor, provider }: ConnectionSettings,
  scopes: readonly string[],
  granted: readonly string[],
): PageScope[] {
  const aliases = Object.entries(descriptor.scope_aliases);
  return scopes.map((scope) => ({
    scope,
    alias: aliases.find(([, means]) => means === scope)?.[0] ?? null,
    phrase: phraseOf(provider, scope),
    added: !granted.includes(scope),
  }));
}

/** What the return URL is told. A code goes with `pending_confirmation` alone. */
function returnUrlOf(returnUrl: string, session: SessionView, confirmCode: string): string {
  const url = new URL(returnUrl);
  url.searchParams.set('session_id', session.id);
  if (session.status === 'pending_confirmation') url.searchParams.set('confirm_code', confirmCode);
  url.searchParams.set('status', statusTold(session));
  return url.href;
}

function statusTold({ status }: SessionView): 'pending_confirmation' | 'succeeded' | 'denied' | 'failed' {
  return status === 'pending_confirmation' || status === 'succeeded' || status === 'denied'
    ? status
    : 'failed';
}

/**
 * The end of a flow in this browser: back to the return URL, on failure too, else a page.
 *
 * @param error the provider's code where it sent one; `other` is not shown
 */
export function outcomeReply(
  visit: Visit,
  settings: ConnectionSettings | null,
  session: SessionView,
  confirmCode: string,
  error: string | null,
): Reply {
  if (session.returnUrl !== null) return redirect(returnUrlOf(session.returnUrl, session, confirmCode));
  return page(outcomePage(visit, settings, session, confirmCode, error));
}

function outcomePage(
  visit: Visit,
  settings: ConnectionSettings | null,
  session: SessionView,
  confirmCode: string,
  error: string | null,
): PageModel {
  const common = commonOf(visit, session.organization);
  const provider = settings === null ? null : providerOf(settings);
  const returnUrl = wayBackOf(settings, session);
  const of = {
    provider: provider ?? {
      id: '',
      displayName: session.connection,
      mark: markOf('', session.connection),
    },
    retryPath: session.retryPath,
    returnUrl,
    ...common,
  };
  const { subjectLabel } = session;
  switch (session.status) {
    case 'pending_confirmation':
      return {
        kind: 'done',
        sessionId: session.id,
        confirmCode,
        subjectLabel,
        expiresAt: isoTime(session.expiresAtMs),
        ...of,
      };
    case 'succeeded':
      return { kind: 'succeeded', reconnected: session.reconnected, subjectLabel, ...of };
    case 'denied':
      return { kind: 'denied', ...of };
    case 'expired':
      return { kind: 'expired_session', ...of };
    case 'created':
    case 'started':
    case 'rejected':
      return { kind: 'already_finished', outcome: 'failed', returnUrl, ...common };
    case 'failed':
      return failedPage(session, of, error === OTHER_ERROR ? null : error);
  }
}

type OfSession = { provider: PageProvider; retryPath: string | null; returnUrl: string | null } & ReturnType<
  typeof commonOf
>;

function failedPage(session: SessionView, of: OfSession, code: string | null): PageModel {
  const { provider, retryPath: _path, returnUrl, ...common } = of;
  switch (session.reason) {
    case 'subject_mismatch':
      return {
        kind: 'mismatch',
        reason: session.mismatch ?? 'other_account',
        signedInAs: session.subjectLabel,
        expected: session.expectedLabel,
        ...of,
      };
    case 'connection_changed':
      return { kind: 'misconfigured', provider, reason: 'changed', ...common };
    case 'misconfigured':
      return { kind: 'misconfigured', provider, reason: 'settings', ...common };
    case 'provider_unavailable':
      return { kind: 'provider_unavailable', ...of };
    case 'vault_locked':
      return { kind: 'unavailable', ...common };
    case 'interrupted':
      return { kind: 'expired_session', ...of };
    case 'superseded':
    case 'revoked':
    case 'too_many_grants':
      return { kind: 'already_finished', outcome: 'failed', returnUrl, ...common };
    case null:
    default:
      return { kind: 'provider_error', code, ...of };
  }
}
