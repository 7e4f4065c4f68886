/**
 * From a classified answer to what is settled: the outcome as the account sees it, and ciphertexts for its generation.
 */

import { fingerprint } from '#crypto/digest.ts';
import { encryptText } from '#crypto/envelope.ts';
import { grantPlace, type GrantField } from '#crypto/places.ts';
import type { TokenSet } from '#providers/answers/answer.ts';
import type { Classified } from '#providers/answers/classify.ts';
import { scopeFactsOf } from '#providers/catalogue/scope-facts.ts';
import { openingScopes, scopeKeyOf, statedScopes, withImplied } from '#providers/scopes/scopes.ts';
import type { EncryptedTokens, SettleArgument } from '#refresh/exchange/outcome.ts';
import type { OutcomeSummary } from '#refresh/exchange/settle-plan.ts';
import { presentedField, type Opened, type Request } from './open.ts';

export type Finding = Pick<SettleArgument, 'summary' | 'evidence' | 'tokens' | 'unsent'>;

/** Nothing left, so nothing is in doubt. */
export function unsent(why: string): Finding {
  const reason = why === 'record_corrupt' ? why : null;
  return {
    summary: { outcome: 'transient', doubt: false, retryAfterMs: null, providerError: null, reason },
    evidence: [why],
    tokens: null,
    unsent: true,
  };
}

/** The answer came and could not be made use of by our own fault: what the provider did with it is not known. */
export function unread(): Finding {
  return {
    summary: { outcome: 'malformed', doubt: true, retryAfterMs: null, providerError: null, reason: null },
    evidence: ['internal'],
    tokens: null,
  };
}

export async function findingOf(request: Request, opened: Opened, classified: Classified): Promise<Finding> {
  const summary = summaryOf(classified);
  const evidence = 'evidence' in classified ? classified.evidence : [];
  if (classified.outcome === 'refreshed') {
    return { summary, evidence, tokens: await encrypted(request, opened, classified.tokens) };
  }
  if (classified.outcome === 'malformed' && classified.successor !== null) {
    return { summary, evidence, tokens: await successorOnly(request, opened, classified.successor) };
  }
  return { summary, evidence, tokens: null };
}

type Encrypt = (field: GrantField, text: string) => Promise<string>;

function encrypter(request: Request, opened: Opened): Encrypt {
  return (field, text) =>
    encryptText(opened.key, grantPlace(opened.owner, request.grantId, field, request.generationTo), text);
}

async function encrypted(request: Request, opened: Opened, tokens: TokenSet): Promise<EncryptedTokens> {
  const narrowed = isNarrowed(request, tokens.scopes);
  const own = narrowed ? opened.accessToken : tokens.accessToken;
  const captured = { ...opened.captured, ...tokens.captured };
  const encrypt = encrypter(request, opened);
  return {
    accessToken: own === null ? null : await encrypt('access_token', own),
    // No successor came along: the presented one stays, encrypted anew for the generation that is about to be stored.
    refreshToken: await renewing(request, opened, tokens.refreshToken, encrypt),
    narrowedAccessToken: narrowed
      ? await encrypt(`narrowed:${scopeKeyOf(request.scopes ?? [])}`, tokens.accessToken)
      : null,
    tokenType: tokens.tokenType,
    lifetimeMs: tokens.lifetimeMs,
    refreshLifetimeMs: tokens.refreshLifetimeMs,
    scopes: tokens.scopes,
    captured: Object.keys(captured).length === 0 ? null : await encrypt('captured', JSON.stringify(captured)),
    rotated:
      request.exchanges === true ||
      (tokens.refreshToken !== null && tokens.refreshToken !== opened.refreshToken),
    fingerprint: fingerprint(opened.key.mac, tokens.accessToken),
  };
}

/** What renews the grant from now on; null: nothing does, because a token that was exchanged stays somebody else's. */
async function renewing(
  request: Request,
  opened: Opened,
  successor: string | null,
  encrypt: Encrypt,
): Promise<string | null> {
  if (request.exchanges === true) return successor === null ? null : encrypt('refresh_token', successor);
  return encrypt(presentedField(request), successor ?? opened.refreshToken);
}

/** The successor is what lives now; the access token stays the present one. */
async function successorOnly(request: Request, opened: Opened, successor: string): Promise<EncryptedTokens> {
  const encrypt = encrypter(request, opened);
  const { accessToken, captured } = opened;
  return {
    accessToken: accessToken === null ? null : await encrypt('access_token', accessToken),
    refreshToken: await encrypt('refresh_token', successor),
    narrowedAccessToken: null,
    tokenType: '',
    lifetimeMs: null,
    refreshLifetimeMs: null,
    scopes: null,
    captured: Object.keys(captured).length === 0 ? null : await encrypt('captured', JSON.stringify(captured)),
    rotated: successor !== opened.refreshToken,
    fingerprint: null,
  };
}

/**
 * The outcome as the account sees it. A request that the provider calls wrong is the connection's matter only when
 * several accounts meet it; to this account it passes. `reason` of a transient error says that a table knows it.
 */
function summaryOf(classified: Classified): OutcomeSummary {
  const wrongRequest =
    classified.outcome === 'client_rejected' &&
    classified.kind === 'request' &&
    !classified.evidence.includes('narrowed');
  return {
    outcome: wrongRequest ? 'transient' : classified.outcome,
    doubt: classified.doubt,
    retryAfterMs: 'retryAfterMs' in classified ? classified.retryAfterMs : null,
    providerError: 'providerError' in classified ? classified.providerError : null,
    reason: reasonOf(classified, wrongRequest),
  };
}

function reasonOf(classified: Classified, wrongRequest: boolean): string | null {
  if (wrongRequest) return 'fix_request';
  if (classified.outcome === 'grant_dead') return classified.reason;
  return classified.outcome === 'transient' && classified.listed === true ? 'listed_transient' : null;
}

/**
 * A provider may ignore that less was asked for: then the token is the full one, and no agent gets it as narrowed.
 * Silence was read as what was asked for, so null here is an answer that names no scope: it may be the full one as
 * well.
 */
function isNarrowed(request: Request, granted: readonly string[] | null): boolean {
  const { scopes } = request;
  if (scopes === null || granted === null) return false;
  const facts = scopeFactsOf(request.settings);
  const asked = new Set(withImplied(facts, statedScopes(facts, scopes)));
  return openingScopes(facts, granted).every((scope) => asked.has(scope));
}
