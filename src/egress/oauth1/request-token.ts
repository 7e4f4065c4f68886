/**
 * The beginning of an OAuth 1 flow: a request token for one session (RFC 5849, 2.1). Its secret goes with the browser,
 * encrypted for that session of that connection, so that nothing of it is stored and no other session can use it.
 */

import { decryptText, encryptText, openDataKey, type DataKey } from '#crypto/envelope.ts';
import { CONNECTIONS_OWNER, requestTokenPlace } from '#crypto/places.ts';
import { ringOf } from '#crypto/ring-cache.ts';
import type { Config } from '#env.ts';
import type { ConnectionSettings } from '#providers/settings.ts';
import { openClientSecrets } from '../exchange/client-secrets.ts';
import { guardOfProvider } from '../guard/guard.ts';
import { askToken, type TokenPair } from './ask-token.ts';

const TIMEOUT_MS = 10_000;

export type Begun =
  /** `sealed`: what `openRequestToken` takes. */
  | { readonly ok: true; readonly token: string; readonly sealed: string }
  | {
      readonly ok: false;
      readonly reason: 'misconfigured' | 'provider_error' | 'provider_unavailable' | 'vault_locked';
    };

/** Never throws. @param callback where the provider sends the browser back to */
export async function beginOauth1(
  config: Config,
  settings: ConnectionSettings,
  { sessionId, callback }: { readonly sessionId: string; readonly callback: string },
): Promise<Begun> {
  const url = settings.descriptor.request_token_url;
  if (url === undefined || settings.clientId === null) return { ok: false, reason: 'misconfigured' };
  const ring = await ringOf(config.masterKeys);
  if (!ring.ok) return { ok: false, reason: 'vault_locked' };
  const secrets = await openClientSecrets(ring.value, settings);
  const key = await openDataKey(ring.value, CONNECTIONS_OWNER, settings.dataKey);
  if ('problem' in secrets || !key.ok) return { ok: false, reason: 'vault_locked' };
  for (const consumerSecret of secrets.length === 0 ? [''] : secrets) {
    const keys = { consumerKey: settings.clientId, consumerSecret, token: null, tokenSecret: null };
    const asked = await askToken(
      url,
      keys,
      { oauth_callback: callback },
      {
        guard: guardOfProvider(config, settings.provider),
        timeoutMs: TIMEOUT_MS,
      },
    );
    if (asked.kind === 'refused') continue;
    if (asked.kind === 'unavailable') return { ok: false, reason: 'provider_unavailable' };
    // A server that does not confirm the callback would let whoever knows the token finish the flow (section 2.1).
    if (asked.kind === 'odd' || asked.answer['oauth_callback_confirmed'] !== 'true')
      return { ok: false, reason: 'provider_error' };
    const text = JSON.stringify(asked.pair);
    const sealed = await encryptText(key.value, requestTokenPlace(settings.id, sessionId), text);
    return { ok: true, token: asked.pair.token, sealed };
  }
  return { ok: false, reason: 'misconfigured' };
}

/** The request token that a browser carries for this session of this connection; null: it carries another, or none. */
export async function openRequestToken(
  config: Config,
  settings: ConnectionSettings,
  sessionId: string,
  sealed: string,
): Promise<TokenPair | null> {
  const ring = await ringOf(config.masterKeys);
  const key = ring.ok ? await openDataKey(ring.value, CONNECTIONS_OWNER, settings.dataKey) : null;
  return key?.ok === true ? opened(key.value, settings.id, sessionId, sealed) : null;
}

async function opened(
  key: DataKey,
  connectionId: string,
  sessionId: string,
  sealed: string,
): Promise<TokenPair | null> {
  const text = await decryptText(key, requestTokenPlace(connectionId, sessionId), sealed);
  return text.ok ? (JSON.parse(text.value) as TokenPair) : null;
}
