/** Tokens that are bound to a key, over isolates: each config is one that remembers nothing. */

import { evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { MAX_PROOFS } from '#agents/tokens/tokens.ts';
import { prove } from '#callers/prove.ts';
import type { RequestPieces } from '#callers/proof.ts';
import { makeToken } from '#callers/tokens/issue.ts';
import { tokenHash } from '#crypto/digest.ts';
import { applyMigrations } from '#directory/migrate.ts';
import { edgeSays } from './workloads.ts';
import type { Config } from '#env.ts';
import { systemNow } from '#lib/clock.ts';
import { config, newAgent } from '../agents/world.ts';

const ORIGIN = 'https://broker.test';
const URL_ASKED = `${ORIGIN}/v1/agents/self/credentials/hubspot`;
let pair: Awaited<ReturnType<typeof generateKeyPair>>;
let jwk: Awaited<ReturnType<typeof exportJWK>>;

beforeAll(async () => {
  await applyMigrations(config.directory);
  pair = await generateKeyPair('ES256', { extractable: true });
  jwk = await exportJWK(pair.publicKey);
});

const isolate = (changed: Partial<Config> = {}): Config => ({ ...config, baseUrl: ORIGIN, ...changed });

function pieces(where: Config, headers: Record<string, string>): RequestPieces {
  return {
    config: where,
    method: 'GET',
    headers: new Headers(headers),
    url: URL_ASKED,
    correlationId: 'test',
    toolCallId: null,
    client: { ip: null, country: null, colo: null, user_agent: null },
    waitUntil: (work) => void work.catch(() => undefined),
  };
}

async function boundToken(cnf: Record<string, string>): Promise<{ id: string; token: string }> {
  const { id, key } = await newAgent();
  const where = isolate();
  const asks = pieces(where, { authorization: `Bearer ${key}` });
  const proof = await prove(asks, systemNow);
  if (!proof.ok || proof.value.plane !== 'agent') throw new Error('expected an agent');
  const binding = { cnf, keyProof: null };
  const wanted = {
    proof: proof.value,
    assertion: null,
    source: null,
    lineage: {},
    binding,
    lifeS: null,
    origin: ORIGIN,
  };
  const made = await makeToken(wanted, asks, systemNow);
  if (!made.ok) throw new Error(JSON.stringify(made.error));
  return { id, token: made.value.token };
}

const proofOf = (token: string, jti: string = crypto.randomUUID()) =>
  new SignJWT({
    jti,
    htm: 'GET',
    htu: URL_ASKED,
    iat: Math.floor(Date.now() / 1000),
    ath: tokenHash(token),
  })
    .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk })
    .sign(pair.privateKey);

const underDpop = async (token: string, dpop?: string) => ({
  authorization: `DPoP ${token}`,
  dpop: dpop ?? (await proofOf(token)),
});

describe('a token that is bound to a key', () => {
  const bound = async () => boundToken({ jkt: await calculateJwkThumbprint(jwk) });

  it('opens in every isolate, with a proof of its own each time', async () => {
    const { id, token } = await bound();
    const dpop = await proofOf(token);
    const asked = pieces(isolate(), await underDpop(token, dpop));
    expect(await prove(asked, systemNow)).toMatchObject({ ok: true, value: { id } });
    for (const where of [asked.config, isolate()])
      expect(await prove(pieces(where, await underDpop(token, dpop)), systemNow)).toMatchObject({
        ok: false,
        error: { code: 'unauthenticated', challenge: expect.stringMatching(/invalid_dpop_proof/) },
      });
    expect(await prove(pieces(isolate(), await underDpop(token)), systemNow)).toMatchObject({ ok: true });
  });

  it('is proved again within one request by the proof that it came with, also when that is over', async () => {
    const { id, token } = await bound();
    const asked = pieces(isolate(), await underDpop(token));
    expect(await prove(asked, systemNow)).toMatchObject({ ok: true, value: { id } });
    const later = () => systemNow() + 120_000;
    expect(await prove(asked, later)).toMatchObject({ ok: true, value: { id } });
    expect(await prove({ ...asked }, later)).toMatchObject({ ok: false });
  });

  it('has so many proofs at once as its agent remembers, and the next waits', async () => {
    const { id, token } = await bound();
    const ask = async () => prove(pieces(isolate(), await underDpop(token)), systemNow);
    expect(await ask()).toMatchObject({ ok: true });
    const fill = (expiresAtMs: number) =>
      runInDurableObject(config.agents.getByName(id) as never, (_object, state: DurableObjectState) => {
        state.storage.sql.exec('DELETE FROM used_proof');
        state.storage.sql.exec(
          `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
           INSERT INTO used_proof SELECT 'x' || i, ? FROM n`,
          MAX_PROOFS - 1,
          expiresAtMs,
        );
      });
    await fill(Date.now() + 60_000);
    await evictDurableObject(config.agents.getByName(id) as never);
    expect(await ask()).toMatchObject({ ok: true });
    expect(await ask()).toMatchObject({
      ok: false,
      error: { code: 'rate_limited', policy: { name: 'proofs', quota: MAX_PROOFS } },
    });
    await fill(Date.now() - 1);
    expect(await ask()).toMatchObject({ ok: true });
  });
});

it('a token that is bound to a certificate opens over that one alone, as the edge tells of it', async () => {
  const certificate = edgeSays('0123456789abcdef'.repeat(4));
  const hex = certificate.certFingerprintSHA256;
  const x5t = Buffer.from(hex, 'hex').toString('base64url');
  const { id, token } = await boundToken({ 'x5t#S256': x5t });
  const ask = (tlsClientAuth: unknown) =>
    prove({ ...pieces(isolate(), { authorization: `Bearer ${token}` }), tlsClientAuth }, systemNow);
  expect(await ask(certificate)).toMatchObject({ ok: true, value: { id, method: 'broker_token' } });
  for (const other of [
    undefined,
    { ...certificate, certFingerprintSHA256: 'a'.repeat(64) },
    { ...certificate, certRevoked: '1' },
    { ...certificate, certVerified: 'FAILED' },
    { ...certificate, certPresented: '0' },
  ])
    expect(await ask(other)).toMatchObject({
      ok: false,
      error: { code: 'unauthenticated', challenge: 'Bearer error="invalid_token"' },
    });
});
