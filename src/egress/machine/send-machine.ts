/**
 * A machine grant's request for a token: its assertion signed, its client proved, sent as any other token request. Where
 * the signed assertion is itself what the API takes, nothing is sent. Reading the answer is not done here.
 */

import { signedAssertion } from '#crypto/signing/private-key.ts';
import { assertionOf } from '#providers/machine/assertion.ts';
import type { MachineCredential } from '#providers/machine/credential.ts';
import { machineRequest, templateValues } from '#providers/machine/machine-request.ts';
import type { ConnectionSettings } from '#providers/settings.ts';
import { clientAuth } from '../exchange/client-auth.ts';
import { sendFields, type SendOptions, type Sent } from '../exchange/token-endpoint.ts';

export interface PresentedMachine {
  readonly credential: MachineCredential;
  /** The connection's: a client's secret, or the private key of an app. Null: it has none. */
  readonly clientSecret: string | null;
  readonly scopes: readonly string[];
  readonly nowMs: number;
  /** Never used twice. */
  readonly jti: string;
}

/** Never throws. */
export async function sendMachine(
  settings: ConnectionSettings,
  presented: PresentedMachine,
  options: SendOptions,
): Promise<Sent> {
  const { descriptor, clientId } = settings;
  const { credential, clientSecret, scopes } = presented;
  const signed = await signedFor(settings, presented);
  if (!signed.ok) return { kind: 'unsendable', reason: signed.reason };
  const { assertion } = signed;
  if (assertion !== null && descriptor.assertion?.sent === 'access_token')
    return selfMade(assertion, descriptor.assertion.lifetime_s);
  const built = machineRequest(descriptor, { credential, clientId, clientSecret, scopes, assertion });
  if (!built.ok) return { kind: 'unsendable', reason: built.reason };
  const { request, fields, client } = built;
  const body = new URLSearchParams(fields);
  const headers = new Headers();
  if (client !== null) {
    const server = { issuer: new URL(request.url).origin };
    await clientAuth(request.auth, client.secret)(server, { client_id: client.id }, body, headers);
  }
  return sendFields(request, body, Object.fromEntries(headers), options);
}

type Signed = { ok: true; assertion: string | null } | { ok: false; reason: string };

async function signedFor(
  { descriptor, clientId }: ConnectionSettings,
  { credential, clientSecret, scopes, nowMs, jti }: PresentedMachine,
): Promise<Signed> {
  const facts = descriptor.assertion;
  if (facts === undefined) return { ok: true, assertion: null };
  const pem = credential.privateKey ?? clientSecret;
  if (pem === null) return { ok: false, reason: 'no_private_key' };
  const values = templateValues(descriptor, { credential, clientId }, scopes);
  const made = assertionOf(facts, values, { nowMs, jti });
  if (!made.ok) return { ok: false, reason: 'missing_value' };
  const { header, claims } = made.assertion;
  try {
    return { ok: true, assertion: await signedAssertion(pem, header, claims) };
  } catch {
    // It was read when it was stored: what signs no more is another key than the one that was brought.
    return { ok: false, reason: 'unusable_private_key' };
  }
}

/** As a token endpoint would say it (RFC 6749, 5.1). */
function selfMade(token: string, lifetimeS: number): Sent {
  return {
    kind: 'response',
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ access_token: token, token_type: 'Bearer', expires_in: lifetimeS }),
  };
}
