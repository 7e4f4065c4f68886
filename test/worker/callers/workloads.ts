/** What the tests of this folder share of workloads: an issuer whose documents a stubbed `fetch` answers, and its tokens. */

import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { vi } from 'vitest';
import { claimProofs, rowsOf } from '#directory/callers/agent-proofs.ts';
import { systemNow } from '#lib/clock.ts';
import { config, context, newAgent, right, stub } from '../agents/world.ts';

const ISSUER = 'https://issuer.example';
const AUDIENCE = 'broker';

export interface Issuer {
  /** URLs that were fetched, in their order. */
  readonly asked: string[];
  token(subject: string, lifeS?: number): Promise<string>;
}

/** Stands in for every fetch until `vi.unstubAllGlobals()`. */
export async function stubIssuer(): Promise<Issuer> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const asked: string[] = [];
  const documents: Record<string, unknown> = {
    [`${ISSUER}/.well-known/openid-configuration`]: { issuer: ISSUER, jwks_uri: `${ISSUER}/keys` },
    [`${ISSUER}/keys`]: { keys: [{ ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES256' }] },
  };
  vi.stubGlobal('fetch', (url: string) => {
    asked.push(url);
    return Promise.resolve(Response.json(documents[url] ?? {}));
  });
  const token = (subject: string, lifeS = 3_600) =>
    new SignJWT({ iss: ISSUER, sub: subject, aud: AUDIENCE })
      .setProtectedHeader({ alg: 'ES256', kid: 'one' })
      .setIssuedAt()
      .setExpirationTime(Math.floor(systemNow() / 1000) + lifeS)
      .sign(privateKey);
  return { asked, token };
}

let count = 0;

/** An agent that trusts a workload of its own. @param inRecord false: the directory has a row of it, the agent does not */
export async function trustedAgent(inRecord = true): Promise<{ id: string; subject: string }> {
  const { id } = await newAgent();
  const subject = `workload-${(count += 1)}-${crypto.randomUUID().slice(0, 8)}`;
  const oidc = { issuer: ISSUER, subject, audience: AUDIENCE };
  await claimProofs(config.directory, id, rowsOf({ oidc, certificate_thumbprint: null }), systemNow());
  if (inRecord) right(await stub(id).update({ proofs: { oidc }, context }));
  return { id, subject };
}

/** What the edge says of a verified certificate with this thumbprint. */
export const edgeSays = (thumbprint: string, more: Record<string, string> = {}) => ({
  certPresented: '1',
  certVerified: 'SUCCESS',
  certRevoked: '0',
  certFingerprintSHA256: thumbprint,
  certNotBefore: 'Nov 20 09:12:00 2020 GMT',
  certNotAfter: 'Nov 17 09:12:00 2056 GMT',
  ...more,
});

/** An agent with a certificate of its own. */
export async function certifiedAgent(): Promise<{ id: string; thumbprint: string }> {
  const { id } = await newAgent();
  const thumbprint = Array.from(crypto.getRandomValues(new Uint8Array(32)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
  const proofs = { oidc: null, certificate_thumbprint: thumbprint };
  await claimProofs(config.directory, id, rowsOf(proofs), systemNow());
  right(await stub(id).update({ proofs, context }));
  return { id, thumbprint };
}
