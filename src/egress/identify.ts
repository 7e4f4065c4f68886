/** Asks a provider whose token this is: for a credential that an operator brought, of which nobody was told. */

import { decryptText, openDataKey } from '#crypto/envelope.ts';
import { accountOwner, grantPlace } from '#crypto/places.ts';
import { ringOf } from '#crypto/ring-cache.ts';
import type { Config } from '#env.ts';
import { systemNow } from '#lib/clock.ts';
import type { ConnectionSettings } from '#providers/settings.ts';
import type { IdentifyRequest, Identified } from '#refresh/code-exchange.ts';
import { guardOfProvider } from './guard.ts';
import { answeredOf, askIdentity } from './identity.ts';

/** Never throws. */
export async function identify(
  config: Config,
  request: IdentifyRequest<ConnectionSettings>,
): Promise<Identified> {
  const { settings } = request;
  const opened = await openForQuestion(config, request);
  if (opened === null) return { kind: 'unsure' };
  const told = await askIdentity({
    descriptor: settings.descriptor,
    clientId: settings.clientId ?? '',
    ...opened,
    tokenResponse: null,
    callback: {},
    answered: answeredOf(settings.descriptor, opened.captured),
    given: request.variables ?? {},
    nonce: null,
    nowMs: systemNow(),
    guard: guardOfProvider(config, settings.provider),
  });
  if (!told.ok || told.unsure) return { kind: 'unsure' };
  const { identity, userinfo } = told;
  return { kind: 'told', subject: identity.subject, label: identity.label, userinfo };
}

/** What a question about a stored token is asked with, in plain for its time; null: it does not open. */
export async function openForQuestion(
  config: Config,
  request: IdentifyRequest<ConnectionSettings>,
): Promise<{ readonly accessToken: string; readonly captured: Record<string, string> } | null> {
  const { grantId, generation } = request;
  const ring = await ringOf(config.masterKeys);
  if (!ring.ok) return null;
  const owner = accountOwner(request.accountId, request.organization, request.incarnation);
  const key = await openDataKey(ring.value, owner, request.dataKey);
  if (!key.ok) return null;
  const place = (field: 'access_token' | 'captured') => grantPlace(owner, grantId, field, generation);
  const token = await decryptText(key.value, place('access_token'), request.accessToken);
  const captured =
    request.captured === null ? null : await decryptText(key.value, place('captured'), request.captured);
  if (!token.ok || captured?.ok === false) return null;
  return { accessToken: token.value, captured: captured === null ? {} : JSON.parse(captured.value) };
}
