/** Asks a provider whose token this is: for a credential that an operator brought, whose user is not known yet. */

import { decryptText, openDataKey, type DataKey, type Owner } from '#crypto/envelope.ts';
import { accountOwner, grantPlace } from '#crypto/places.ts';
import { ringOf } from '#crypto/ring-cache.ts';
import type { Config } from '#env.ts';
import { systemNow } from '#lib/clock.ts';
import type { ConnectionSettings } from '#providers/settings.ts';
import type { IdentifyRequest, Identified } from '#refresh/exchange/code-exchange.ts';
import { guardOfProvider } from '../guard/guard.ts';
import { answeredOf, askIdentity } from './identity.ts';
import { learntOf } from '../exchange/learnt-variables.ts';

/** Never throws. */
export async function identify(
  config: Config,
  request: IdentifyRequest<ConnectionSettings>,
): Promise<Identified> {
  const { settings } = request;
  const opened = await openForQuestion(config, request);
  if (opened === null) return { kind: 'unsure' };
  const { accessToken, captured } = opened;
  const given = request.variables ?? {};
  const told = await askIdentity({
    descriptor: settings.descriptor,
    clientId: settings.clientId ?? '',
    accessToken,
    captured,
    tokenResponse: null,
    callback: {},
    answered: answeredOf(settings.descriptor, captured),
    given,
    nonce: null,
    nowMs: systemNow(),
    guard: guardOfProvider(config, settings.provider),
  });
  if (!told.ok) return { kind: 'unsure' };
  const { identity, userinfo, unsure } = told;
  const grant = { ...opened, ...request, captured, given, stored: request.captured };
  const learnt = await learntOf(settings.descriptor, grant, told);
  if (unsure && !userinfo && learnt === null) return { kind: 'unsure' };
  return {
    kind: 'told',
    subject: identity.subject,
    label: identity.label,
    userinfo,
    ...(learnt === null ? {} : { learnt }),
    ...(unsure ? { incomplete: true } : {}),
  };
}

/** In plain for the time of one question. */
export interface OpenedForQuestion {
  readonly owner: Owner;
  readonly key: DataKey;
  readonly accessToken: string;
  readonly captured: Readonly<Record<string, string>>;
}

/** What a question about a stored token is asked with, in plain for its time; null: it does not open. */
export async function openForQuestion(
  config: Config,
  request: IdentifyRequest<ConnectionSettings>,
): Promise<OpenedForQuestion | null> {
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
  const values = captured === null ? {} : JSON.parse(captured.value);
  return { owner, key: key.value, accessToken: token.value, captured: values };
}
