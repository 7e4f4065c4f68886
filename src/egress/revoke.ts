/**
 * Revokes a token at its provider (RFC 7009): opens it for the time of one call, and says what the answer means. One
 * call; a second only with the other secret of a pair, when the first was refused as the client's.
 */

import { decryptText, openDataKey } from '#crypto/envelope.ts';
import { accountOwner, grantPlace } from '#crypto/places.ts';
import { ringOf } from '#crypto/ring-cache.ts';
import type { Config } from '#env.ts';
import { systemNow } from '#lib/clock.ts';
import { log } from '#lib/log.ts';
import { ok } from '#lib/result.ts';
import { readRevocation, type RevocationFinding } from '#providers/requests/revocation.ts';
import { fillAccount } from '#providers/variables/account-variables.ts';
import type { ConnectionSettings } from '#providers/settings.ts';
import type { RevocationRequest } from '#refresh/revocation.ts';
import { openClientSecrets } from './exchange/client-secrets.ts';
import { guardOfProvider } from './guard/guard.ts';
import { deleteToken } from './machine/end-token.ts';
import { sendRevocation } from './exchange/token-endpoint.ts';

const CALL_MS = 10_000;

/** Never throws. */
export async function revoke(
  config: Config,
  request: RevocationRequest<ConnectionSettings>,
): Promise<RevocationFinding> {
  try {
    return await call(config, request);
  } catch (error) {
    log('error', 'a token could not be revoked', { connected_account_id: request.accountId, error });
    return again('internal');
  }
}

function again(code: string): RevocationFinding {
  return { kind: 'again', code, retryAfterMs: null };
}

async function call(
  config: Config,
  request: RevocationRequest<ConnectionSettings>,
): Promise<RevocationFinding> {
  const { grantId, generation } = request;
  const ring = await ringOf(config.masterKeys);
  if (!ring.ok) return again(ring.error.code);
  const owner = accountOwner(request.accountId, request.organization, request.incarnation);
  const key = await openDataKey(ring.value, owner, request.dataKey);
  if (!key.ok) return again(key.error.code);
  const hint = request.refreshToken === null ? 'access_token' : 'refresh_token';
  const stored = request.refreshToken ?? request.accessToken ?? '';
  const token = await decryptText(key.value, grantPlace(owner, grantId, hint, generation), stored);
  if (!token.ok) return again(token.error.code);
  const captured =
    request.captured == null
      ? ok('{}')
      : await decryptText(key.value, grantPlace(owner, grantId, 'captured', generation), request.captured);
  if (!captured.ok) return again(captured.error.code);
  const known = { captured: JSON.parse(captured.value) as Record<string, string>, given: {} };
  const settings = {
    ...request.settings,
    descriptor: fillAccount(request.settings.descriptor, known),
  };
  const secrets = await openClientSecrets(ring.value, request.newer ?? settings);
  if ('problem' in secrets) return again(secrets.problem);
  const untilMs = systemNow() + CALL_MS;
  let finding = again('no_client_secret');
  for (const clientSecret of secrets.length === 0 ? [null] : secrets) {
    const timeoutMs = untilMs - systemNow();
    if (timeoutMs <= 0) break;
    const presented = { token: token.value, hint, clientSecret } as const;
    const guard = guardOfProvider(config, settings.provider);
    const options = { guard, ownUrl: config.baseUrl, timeoutMs };
    const answer = await (settings.descriptor.revocation_request === 'delete_with_token'
      ? deleteToken(settings.descriptor, token.value, options)
      : sendRevocation(settings, presented, options));
    if (answer.kind === 'unsendable') return { kind: 'unsupported', code: answer.reason, retryAfterMs: null };
    finding = readRevocation(settings.descriptor, answer, systemNow());
    if (finding.code !== 'invalid_client') break;
  }
  return finding;
}
