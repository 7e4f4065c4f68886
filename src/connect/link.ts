/** Makes a connect link: checks what the operator asks for against the connection, and opens its session. */

import { askFlow } from '#accounts/flows/ask.ts';
import type { RequestContext } from '#audit/record.ts';
import { LINK_SECONDS, type CreateConnectLink } from '#contract/connections/connect.ts';
import type { Verification } from '#contract/connections/connections.ts';
import { invalid, ProblemError } from '#contract/problem.ts';
import { newLinkToken, newSessionId } from '#crypto/connect-secrets.ts';
import { noteSession } from '#directory/connect-sessions.ts';
import type { Config } from '#env.ts';
import { systemNow } from '#lib/clock.ts';
import { forNewGrant } from '#providers/clients.ts';
import { scopeFactsOf } from '#providers/catalogue/scope-facts.ts';
import { askedScopeWarnings, unknownScopeWarnings } from '#providers/scopes/scope-warnings.ts';
import { scopesToAsk } from '#providers/scopes/scopes.ts';
import type { ConnectionSettings } from '#providers/settings.ts';
import { frozenOf } from './visit.ts';

export interface LinkRequest {
  readonly config: Config;
  readonly origin: string;
  /** Of the account. */
  readonly id: string;
  /** Of a bound operator; null: unbound. */
  readonly organization: string | null;
  /** Of the account; empty for none. */
  readonly accountOrganization: string;
  readonly settings: ConnectionSettings;
  readonly context: RequestContext;
}

export interface MadeLink {
  readonly url: string;
  readonly sessionId: string;
  readonly expiresAtMs: number;
  readonly warnings: readonly string[];
}

/** @throws ProblemError 400 for what the connection does not allow, 404, 409 where no flow can be begun, 503 */
export async function createLink(request: LinkRequest, body: CreateConnectLink): Promise<MadeLink> {
  const { config } = request;
  const settings = forNewGrant(request.settings);
  if (frozenOf(settings, request.origin) === null) {
    throw new ProblemError('conflict', {
      detail: 'accounts of this connection cannot be connected in a browser: import a credential',
    });
  }
  const returnUrl = body.return_url ?? null;
  if (returnUrl !== null && !settings.returnUrls.includes(returnUrl))
    throw invalid('return_url', "must be exactly one of the connection's return_urls");
  const verification = verificationOf(body, settings, config);
  const facts = scopeFactsOf(settings);
  const named = body.scopes ?? settings.scopes;
  const asked = scopesToAsk(facts, named);
  const sessionId = newSessionId();
  const { token, digest } = newLinkToken();
  const answer = await askFlow(config, request.id, 'open', {
    organization: request.organization,
    sessionId,
    linkDigest: digest,
    lifeMs: (body.expires_in ?? LINK_SECONDS.default) * 1000,
    scopes: asked.scopes,
    verification,
    expectedSubject: body.expected_subject ?? null,
    expectedEmail: body.expected_email ?? null,
    allowSubjectChange: body.allow_subject_change === true,
    returnUrl,
    settings,
    context: request.context,
  });
  if (!answer.ok) {
    const { code, ...details } = answer.error;
    throw new ProblemError(code, details);
  }
  switch (answer.value.kind) {
    case 'full':
      throw new ProblemError('conflict', { detail: 'five sessions of this account are under way' });
    case 'too_many_grants':
      throw new ProblemError('conflict', {
        detail: 'the account holds 8 grants, and this link would replace none',
      });
    case 'nobody_expected':
      throw invalid('verification', 'needs expected_subject or expected_email: nobody is known yet');
    case 'done':
      break;
  }
  // After the session, so that a reader that finds the link finds its session too.
  await noteSession(config.directory, {
    id: sessionId,
    accountId: request.id,
    organization: request.accountOrganization,
    linkDigest: digest,
    createdAtMs: systemNow(),
  });
  return {
    url: `${request.origin}/connect/${token}`,
    sessionId,
    expiresAtMs: answer.value.expiresAtMs,
    warnings: [
      ...unknownScopeWarnings(facts, named, 'scopes', settings.scopes),
      ...askedScopeWarnings(facts, named, 'scopes'),
    ],
  };
}

function verificationOf(body: CreateConnectLink, settings: ConnectionSettings, config: Config): Verification {
  if (body.verification === 'none' && !config.allowUnverifiedLinks)
    throw invalid('verification', '`none` needs the setting ALLOW_UNVERIFIED_LINKS of the deployment');
  if (body.verification != null) return body.verification;
  if (body.expected_subject != null || body.expected_email != null) return 'subject';
  // A connection that was made while unverified links were allowed does not allow them by itself.
  return settings.verification === 'none' && !config.allowUnverifiedLinks ? 'confirm' : settings.verification;
}
