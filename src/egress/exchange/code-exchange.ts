/**
 * Redeems an authorization code. It runs in the Worker that got the callback and not in the account's object: the code
 * never crosses RPC, and what goes on to the object are ciphertexts for the candidate's own place. One call; a second
 * only with the other secret of a pair, when the first was refused as the client's.
 */

import { fingerprint } from '#crypto/digest.ts';
import { decryptText, encryptText, openDataKey, type DataKey, type Owner } from '#crypto/envelope.ts';
import { accountOwner, grantPlace, verifierPlace, type GrantField } from '#crypto/places.ts';
import { ringOf } from '#crypto/ring-cache.ts';
import type { Config } from '#env.ts';
import { systemNow } from '#lib/clock.ts';
import { log } from '#lib/log.ts';
import { fillAccount, variablesTold } from '#providers/variables/account-variables.ts';
import type { TokenSet } from '#providers/answers/answer.ts';
import { isOpenId, usesPkce } from '#providers/requests/authorization-request.ts';
import { longLivedUrl } from '#providers/requests/token-request.ts';
import { parseBody } from '#providers/answers/body.ts';
import { classify, type Classified } from '#providers/answers/classify.ts';
import type { ConnectionSettings } from '#providers/settings.ts';
import type { CallbackChange, CodeClaim, CodeFailure, CodeFinding } from '#refresh/exchange/code-exchange.ts';
import type { EncryptedTokens } from '#refresh/exchange/outcome.ts';
import { openClientSecrets } from './client-secrets.ts';
import { guardOfProvider } from '../guard/guard.ts';
import { askIdentity, type IdentityAnswer } from '../identity/identity.ts';
import { sendCode, sendQuery, type SendOptions, type Sent } from './token-endpoint.ts';

const CALL_MS = 10_000;
const NOTHING_SAID = { idToken: null, userinfo: null, tokenResponse: null };

/** The part of the callback that only this Worker knows. */
export interface Brought {
  readonly code: string;
  /** As it was sent, where it was: the browser's cookie makes it again. */
  readonly nonce: string;
  /** All parameters that the browser brought. */
  readonly callback: Readonly<Record<string, string>>;
}

/** Never throws. */
export async function exchangeCode(
  config: Config,
  settings: ConnectionSettings,
  claim: CodeClaim,
  brought: Brought,
): Promise<CodeFinding> {
  const sentAtMs = systemNow();
  const failed = (
    reason: CodeFailure,
    providerError: string | null = null,
    evidence: readonly string[] = [],
  ): CodeFinding => ({ kind: 'failed', reason, providerError, evidence, durationMs: systemNow() - sentAtMs });
  try {
    const ring = await ringOf(config.masterKeys);
    if (!ring.ok) return failed('vault_locked');
    const owner = accountOwner(claim.accountId, claim.organization, claim.incarnation);
    const key = await openDataKey(ring.value, owner, claim.dataKey);
    const secrets = await openClientSecrets(ring.value, settings);
    if (!key.ok || 'problem' in secrets) return failed('vault_locked');
    const verifier = await decryptText(key.value, verifierPlace(owner, claim.sessionId), claim.verifier);
    if (!verifier.ok) return failed('vault_locked');
    const { answer, classified } = await redeem(
      config,
      settings,
      claim,
      brought,
      verifier.value,
      secrets,
      sentAtMs,
    );
    if (classified === null || answer.kind !== 'response') return failed(...failureOf(classified, answer));
    if (classified.outcome !== 'refreshed') return failed(...failureOf(classified, answer));
    const { tokens } = classified;
    const parsed = parseBody(answer.body, answer.headers['content-type'] ?? null);
    const known = await knownValues(key.value, owner, claim);
    const told = await askIdentity({
      descriptor: settings.descriptor,
      clientId: settings.clientId ?? '',
      accessToken: tokens.accessToken,
      tokenResponse: parsed.kind === 'json' || parsed.kind === 'form' ? parsed.value : null,
      callback: brought.callback,
      captured: { ...capturedOf(settings, brought.callback), ...tokens.captured },
      answered: tokens.captured,
      given: claim.variables ?? {},
      nonce: isOpenId(claim.scopes) ? brought.nonce : null,
      nowMs: systemNow(),
      guard: guardOfProvider(config, settings.provider),
    });
    if (!told.ok) return failed(told.problem === 'keys_unavailable' ? 'provider_unavailable' : told.problem);
    const isSame = told.identity.subject !== null && told.identity.subject === claim.known?.subject;
    // A value that only an earlier answer held is still the account's, as long as it is the same user's.
    const kept = isSame ? (known?.at(-1) ?? {}) : {};
    const captured = { ...kept, ...told.captured };
    const encrypt = (field: GrantField, text: string): Promise<string> =>
      encryptText(key.value, grantPlace(owner, claim.grantId, field, claim.generation), text);
    return {
      kind: 'granted',
      tokens: await encrypted(key.value, tokens, captured, encrypt),
      identity: told.identity,
      ...(known === null ? {} : { callback: changeOf(claim, known, told.ofBrowser) }),
      warnings: warningsOf(told),
      userinfo: told.userinfo,
      sentAtMs,
      durationMs: systemNow() - sentAtMs,
    };
  } catch (error) {
    log('error', 'a code could not be redeemed', { session: claim.sessionId, error });
    return failed('provider_error', null, ['internal']);
  }
}

async function redeem(
  config: Config,
  settings: ConnectionSettings,
  claim: CodeClaim,
  brought: Brought,
  verifier: string,
  secrets: readonly string[],
  sentAtMs: number,
): Promise<{ answer: Sent; classified: Classified | null }> {
  const guard = guardOfProvider(config, settings.provider);
  const named = {
    ...capturedOf(settings, brought.callback),
    ...variablesTold(settings.descriptor, { ...NOTHING_SAID, callback: brought.callback }),
  };
  const given = claim.variables ?? {};
  let last: { answer: Sent; classified: Classified | null } | null = null;
  for (const clientSecret of secrets.length === 0 ? [null] : secrets) {
    const leftMs = sentAtMs + CALL_MS - systemNow();
    if (last !== null && leftMs < 2_000) break;
    const answer = await sendCode(
      { ...settings, descriptor: fillAccount(settings.descriptor, { captured: named, given }) },
      {
        code: brought.code,
        redirectUri: claim.redirectUri,
        verifier: usesPkce(settings.descriptor) ? verifier : null,
        clientSecret,
      },
      { guard, ownUrl: config.baseUrl, timeoutMs: Math.max(1, leftMs) },
    );
    if (answer.kind === 'unsendable') return last ?? { answer, classified: null };
    const classified = classify(settings.descriptor, answer, {
      nowMs: sentAtMs,
      inDoubt: false,
      narrowed: false,
      isFirst: true,
      setLifetimeS: claim.accessTokenTtlS ?? settings.accessTokenTtlS,
      ...(claim.scopes.length === 0 ? {} : { requestedScopes: [...claim.scopes] }),
    });
    last = { answer, classified };
    const longer = longLivedUrl(settings.descriptor, {
      client_id: settings.clientId ?? '',
      client_secret: clientSecret ?? '',
      access_token: classified.outcome === 'refreshed' ? classified.tokens.accessToken : '',
    });
    if (longer !== null && classified.outcome === 'refreshed')
      return prolonged(settings, claim, longer, classified.tokens.scopes, {
        guard,
        ownUrl: config.baseUrl,
        timeoutMs: CALL_MS,
      });
    if (classified.outcome !== 'client_rejected' || classified.kind !== 'credentials') break;
  }
  return last ?? { answer: { kind: 'unsendable', reason: 'no_client_secret' }, classified: null };
}

/** The code's token lives an hour: it is exchanged at once, and the one that comes of it is kept. */
async function prolonged(
  settings: ConnectionSettings,
  claim: CodeClaim,
  url: string,
  granted: string[] | null,
  options: SendOptions,
): Promise<{ answer: Sent; classified: Classified | null }> {
  const nowMs = systemNow();
  const answer = await sendQuery(url, {}, options);
  if (answer.kind === 'unsendable') return { answer, classified: null };
  const classified = classify(settings.descriptor, answer, {
    nowMs,
    inDoubt: false,
    narrowed: false,
    isFirst: true,
    setLifetimeS: claim.accessTokenTtlS ?? settings.accessTokenTtlS,
    ...(granted === null ? {} : { requestedScopes: granted }),
  });
  return { answer, classified };
}

function failureOf(
  classified: Classified | null,
  answer: Sent,
): [reason: CodeFailure, providerError: string | null, evidence: readonly string[]] {
  if (classified === null)
    return ['misconfigured', null, answer.kind === 'unsendable' ? [answer.reason] : []];
  const code = 'providerError' in classified ? classified.providerError : null;
  const evidence = 'evidence' in classified ? classified.evidence : [];
  switch (classified.outcome) {
    case 'grant_dead':
      return ['code_rejected', code, evidence];
    case 'client_rejected':
      return ['misconfigured', code, evidence];
    case 'throttled':
      return ['provider_unavailable', code, evidence];
    case 'transient':
      // A parsed refusal without doubt is the provider's word; everything else is its absence.
      return [
        classified.doubt || classified.listed === true || code === null
          ? 'provider_unavailable'
          : 'provider_error',
        code,
        evidence,
      ];
    case 'malformed':
    case 'refreshed':
      return ['provider_error', code, evidence];
  }
}

/** Named parameters of the callback that requests need later, e.g. a realm. */
function capturedOf(
  settings: ConnectionSettings,
  callback: Readonly<Record<string, string>>,
): Record<string, string> {
  const captured: Record<string, string> = {};
  for (const name of settings.descriptor.capture_from_callback) {
    const value = Object.hasOwn(callback, name) ? callback[name] : undefined;
    if (value !== undefined && /^[\x21-\x7e]{1,512}$/.test(value)) captured[name] = value;
  }
  return captured;
}

/** What each of the account's grants has captured, the oldest first; null: the claim does not say. A corrupt value counts as none. */
async function knownValues(
  key: DataKey,
  owner: Owner,
  { known }: CodeClaim,
): Promise<readonly Readonly<Record<string, string>>[] | null> {
  if (known === undefined) return null;
  const values = known.grants.map(async ({ grantId, generation, captured }) => {
    if (captured === null) return {};
    const text = await decryptText(key, grantPlace(owner, grantId, 'captured', generation), captured);
    return text.ok ? (JSON.parse(text.value) as Record<string, string>) : {};
  });
  return Promise.all(values);
}

/** Does the browser bring another value than the account works with, or one where it had none? */
function changeOf(
  { known }: CodeClaim,
  before: readonly Readonly<Record<string, string>>[],
  ofBrowser: Readonly<Record<string, string>>,
): CallbackChange {
  const changed = Object.entries(ofBrowser).some(([name, value]) =>
    before.some((values) => !Object.hasOwn(values, name) || values[name] !== value),
  );
  const grantIds = (known?.grants ?? []).map(({ grantId }) => grantId);
  return { changed, brought: Object.keys(ofBrowser).length > 0, grantIds };
}

const IGNORED: Readonly<Record<string, string>> = {
  unreadable: 'it is opaque or encrypted',
  signature: 'its signature is not one of the published keys',
  claims: 'it is for another audience, by another issuer or over',
  nonce: 'it does not carry the nonce that was sent',
  keys_unavailable: "the issuer's keys could not be read",
  contradicts_userinfo: 'it names another subject than userinfo does',
};

function warningsOf(told: Extract<IdentityAnswer, { ok: true }>): string[] {
  const why = told.ignoredIdToken === null ? undefined : IGNORED[told.ignoredIdToken];
  return why === undefined ? [] : [`id_token: ignored, because ${why}`];
}

async function encrypted(
  key: DataKey,
  tokens: TokenSet,
  captured: Readonly<Record<string, string>>,
  encrypt: (field: GrantField, text: string) => Promise<string>,
): Promise<EncryptedTokens> {
  return {
    accessToken: await encrypt('access_token', tokens.accessToken),
    refreshToken: tokens.refreshToken === null ? null : await encrypt('refresh_token', tokens.refreshToken),
    narrowedAccessToken: null,
    tokenType: tokens.tokenType,
    lifetimeMs: tokens.lifetimeMs,
    refreshLifetimeMs: tokens.refreshLifetimeMs,
    scopes: tokens.scopes,
    captured: Object.keys(captured).length === 0 ? null : await encrypt('captured', JSON.stringify(captured)),
    fingerprint: fingerprint(key.mac, tokens.accessToken),
  };
}
