/**
 * The end of an OAuth 1 flow: the verifier that the browser brought is exchanged for an access token (RFC 5849, 2.3), and
 * the provider is asked whose it is. The account gets ciphertexts for the candidate's own place.
 */

import { fingerprint } from '#crypto/digest.ts';
import { encryptText, openDataKey } from '#crypto/envelope.ts';
import { accountOwner, grantPlace } from '#crypto/places.ts';
import { ringOf } from '#crypto/ring-cache.ts';
import type { Config } from '#env.ts';
import { systemNow } from '#lib/clock.ts';
import { log } from '#lib/log.ts';
import { parseBody } from '#providers/answers/body.ts';
import { placeholdersIn } from '#providers/descriptor.ts';
import { hasUserinfo, identityOf } from '#providers/identity.ts';
import type { ConnectionSettings } from '#providers/settings.ts';
import type { Oauth1Keys } from '#providers/signing/oauth1.ts';
import type { CodeClaim, CodeFailure, CodeFinding } from '#refresh/exchange/code-exchange.ts';
import { openClientSecrets } from '../exchange/client-secrets.ts';
import { guardOfProvider, type GuardOptions } from '../guard/guard.ts';
import { guardedFetch } from '../guard/guarded-fetch.ts';
import { oauth1Authorization } from '../injector/sign.ts';
import { askToken } from './ask-token.ts';
import { openRequestToken } from './request-token.ts';

const CALL_MS = 10_000;
const USERINFO_LIMITS = { timeoutMs: 5_000, maxBytes: 64 * 1024 };

/** What the browser brought. */
export interface BroughtBack {
  readonly verifier: string;
  /** The request token that the callback names; null: it names none. */
  readonly token: string | null;
  /** Its secret, as the browser carries it; null: it carries none. */
  readonly sealed: string | null;
}

/** Never throws. */
export async function finishOauth1(
  config: Config,
  settings: ConnectionSettings,
  claim: CodeClaim,
  brought: BroughtBack,
): Promise<CodeFinding> {
  const sentAtMs = systemNow();
  const failed = (reason: CodeFailure, providerError: string | null = null): CodeFinding => ({
    kind: 'failed',
    reason,
    providerError,
    evidence: [],
    durationMs: systemNow() - sentAtMs,
  });
  try {
    const { token_url: url } = settings.descriptor;
    if (url === null || settings.clientId === null) return failed('misconfigured');
    const ring = await ringOf(config.masterKeys);
    if (!ring.ok) return failed('vault_locked');
    const owner = accountOwner(claim.accountId, claim.organization, claim.incarnation);
    const key = await openDataKey(ring.value, owner, claim.dataKey);
    const secrets = await openClientSecrets(ring.value, settings);
    if (!key.ok || 'problem' in secrets) return failed('vault_locked');
    const held =
      brought.sealed === null
        ? null
        : await openRequestToken(config, settings, claim.sessionId, brought.sealed);
    // The token of the callback is the browser's word: it has to be the one that this session was begun with.
    if (held === null || held.token !== brought.token)
      return failed('code_rejected', 'request_token_mismatch');
    const guard = guardOfProvider(config, settings.provider);
    const client = { consumerKey: settings.clientId, token: held.token, tokenSecret: held.secret };
    const own = { oauth_verifier: brought.verifier };
    let refused: string | null = null;
    for (const consumerSecret of secrets.length === 0 ? [''] : secrets) {
      const asked = await askToken(url, { ...client, consumerSecret }, own, { guard, timeoutMs: CALL_MS });
      if (asked.kind === 'unavailable') return failed('provider_unavailable');
      if (asked.kind === 'odd') return failed('provider_error');
      if (asked.kind === 'refused') {
        refused = asked.problem;
        continue;
      }
      const { token, secret } = asked.pair;
      const keys = { consumerKey: settings.clientId, consumerSecret, token, tokenSecret: secret };
      const told = await userOf(settings, keys, asked.answer, guard);
      const place = grantPlace(owner, claim.grantId, 'static_fields', claim.generation);
      const stored = JSON.stringify({ token, token_secret: secret });
      return {
        kind: 'granted',
        tokens: {
          accessToken: null,
          refreshToken: null,
          narrowedAccessToken: null,
          staticFields: await encryptText(key.value, place, stored),
          tokenType: '',
          lifetimeMs: null,
          refreshLifetimeMs: null,
          scopes: claim.scopes.length === 0 ? null : [...claim.scopes],
          captured: null,
          fingerprint: fingerprint(key.value.mac, stored),
        },
        identity: told,
        warnings: [],
        sentAtMs,
        durationMs: systemNow() - sentAtMs,
      };
    }
    return failed('code_rejected', refused);
  } catch (error) {
    log('error', 'an OAuth 1 flow could not be finished', { session: claim.sessionId, error });
    return failed('provider_error');
  }
}

/** The user who has signed in, by the provider's own word: its userinfo, asked with the new token, and the token answer. */
async function userOf(
  { descriptor }: ConnectionSettings,
  keys: Oauth1Keys,
  tokenResponse: Readonly<Record<string, string>>,
  guard: GuardOptions,
): Promise<ReturnType<typeof identityOf>> {
  const url = hasUserinfo(descriptor) ? descriptor.userinfo_url : null;
  const userinfo = url === null || placeholdersIn(url).length > 0 ? null : await signedJson(url, keys, guard);
  return identityOf(descriptor, { idToken: null, userinfo, shownUserinfo: userinfo, tokenResponse });
}

async function signedJson(url: string, keys: Oauth1Keys, guard: GuardOptions): Promise<unknown> {
  const authorization = oauth1Authorization({ method: 'GET', url, form: null }, keys, systemNow());
  const headers = { authorization, accept: 'application/json', 'user-agent': 'valetkey' };
  const answer = await guardedFetch({ url, method: 'GET', headers, body: null }, USERINFO_LIMITS, guard);
  if (answer.kind === 'failure' || answer.status !== 200 || answer.truncated) return null;
  const parsed = parseBody(answer.body, answer.headers['content-type'] ?? null);
  return parsed.kind === 'json' ? parsed.value : null;
}
