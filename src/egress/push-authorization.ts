/**
 * Leaves an authorization request at a server that refuses requests which a browser carries (RFC 9126). The client
 * proves itself as at the token endpoint.
 */

import * as oauth from 'oauth4webapi';
import { isNothingWord } from '#contract/nothing-words.ts';
import { ringOf } from '#crypto/ring-cache.ts';
import type { Config } from '#env.ts';
import { parseBody } from '#providers/answers/body.ts';
import { valueAt } from '#providers/reading/json-path.ts';
import type { ConnectionSettings } from '#providers/settings.ts';
import { requestAuth } from '#providers/requests/token-request.ts';
import { clientAuth, FORM_TYPE } from './exchange/client-auth.ts';
import { openClientSecrets } from './exchange/client-secrets.ts';
import { guardOfProvider } from './guard/guard.ts';
import { guardedFetch, type FetchOutcome } from './guard/guarded-fetch.ts';

const LIMITS = { timeoutMs: 10_000, maxBytes: 64 * 1024 };

export type Pushed =
  | { readonly ok: true; readonly requestUri: string }
  | {
      readonly ok: false;
      readonly reason: 'misconfigured' | 'provider_error' | 'provider_unavailable' | 'vault_locked';
    };

/** The reference that stands for `params` at the authorization endpoint. Never throws. */
export async function pushAuthorization(
  config: Config,
  settings: ConnectionSettings,
  params: Readonly<Record<string, string>>,
): Promise<Pushed> {
  const endpoint = settings.descriptor.server?.par_endpoint ?? null;
  if (endpoint === null) return { ok: false, reason: 'misconfigured' };
  const ring = await ringOf(config.masterKeys);
  if (!ring.ok) return { ok: false, reason: 'vault_locked' };
  const secrets = await openClientSecrets(ring.value, settings);
  if ('problem' in secrets) return { ok: false, reason: 'vault_locked' };
  let answer: FetchOutcome | null = null;
  for (const secret of secrets.length === 0 ? [null] : secrets) {
    answer = await push(config, settings, endpoint, params, secret);
    if (answer === null || answer.kind === 'failure' || answer.status !== 401) break;
  }
  return read(answer);
}

async function push(
  config: Config,
  settings: ConnectionSettings,
  endpoint: string,
  params: Readonly<Record<string, string>>,
  secret: string | null,
): Promise<FetchOutcome | null> {
  const sent: FetchOutcome[] = [];
  const auth = requestAuth(settings.descriptor, secret) ?? 'client_secret_post';
  try {
    await oauth.pushedAuthorizationRequest(
      { issuer: new URL(endpoint).origin, pushed_authorization_request_endpoint: endpoint },
      { client_id: settings.clientId ?? '' },
      clientAuth(auth, secret),
      { ...params },
      {
        [oauth.allowInsecureRequests]: config.allowLoopback,
        [oauth.customFetch]: async (_url, init) => {
          const headers = { ...init.headers, 'content-type': FORM_TYPE };
          const body = new URLSearchParams(init.body).toString();
          sent.push(
            await guardedFetch(
              { url: endpoint, method: 'POST', headers, body },
              LIMITS,
              guardOfProvider(config, settings.provider),
            ),
          );
          return new Response(null, { status: 204 });
        },
      },
    );
  } catch {
    // What the library makes of our stand-in for the answer does not matter: only the answer itself does.
  }
  return sent[0] ?? null;
}

function read(answer: FetchOutcome | null): Pushed {
  if (answer === null) return { ok: false, reason: 'misconfigured' };
  if (answer.kind === 'failure' || answer.status >= 500 || answer.status === 429)
    return { ok: false, reason: 'provider_unavailable' };
  if (answer.status === 401) return { ok: false, reason: 'misconfigured' };
  const parsed = parseBody(answer.body, answer.headers['content-type'] ?? null);
  const uri = parsed.kind === 'json' ? valueAt(parsed.value, 'request_uri') : undefined;
  const usable =
    typeof uri === 'string' && uri.length <= 2048 && /^[\x21-\x7e]+$/.test(uri) && !isNothingWord(uri);
  return answer.status >= 200 && answer.status < 300 && usable
    ? { ok: true, requestUri: uri }
    : { ok: false, reason: 'provider_error' };
}
