/** What a proof of a key says, and which one is for this request and of this time. */

import { createHash } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { checkProof, DPOP_ALGORITHMS, readProof, targetOf } from '#callers/binding/dpop.ts';
import { isConfirmation } from '#callers/binding/confirmation.ts';
import { heldKey, keyProof, type HeldKey } from '../../support/key-proofs.ts';

const NOW_MS = 1_790_000_000_000;
const URL_ASKED = 'https://broker.test/v1/agents/self/credentials/hubspot?identifier=shared';
const REQUEST = { method: 'GET', url: URL_ASKED, token: 'a token' };
const iat = NOW_MS / 1000;

let keys: HeldKey[];
beforeAll(async () => {
  keys = await Promise.all(DPOP_ALGORITHMS.map((alg) => heldKey(alg)));
});

describe('a proof of a key', () => {
  it('names the key by its thumbprint, and is remembered for longer than it would be taken', async () => {
    for (const key of keys) {
      const good = await checkProof(await keyProof(key, REQUEST, { iat, jti: 'one' }), REQUEST, NOW_MS);
      expect(good).toEqual({
        jkt: await calculateJwkThumbprint(key.jwk),
        jti: 'one',
        rememberedUntilMs: NOW_MS + 90_000,
      });
    }
  });

  it('is of this time to the second', async () => {
    const key = keys[0]!;
    for (const [offsetMs, problem] of [
      [-60_000, null],
      [-60_001, 'proof_time'],
      [60_000, null],
      [60_001, 'proof_time'],
    ] as const) {
      const read = readProof(await keyProof(key, REQUEST, { iat }), REQUEST, NOW_MS + offsetMs);
      if (problem === null) expect(read).toMatchObject({ iatMs: NOW_MS });
      else expect(read).toBe(problem);
    }
    for (const wrong of [null, Number.MAX_VALUE, '1790000000', {}])
      expect(readProof(await keyProof(key, REQUEST, { iat: wrong }), REQUEST, NOW_MS)).toBe('proof_time');
  });

  it('that says when it begins or ends is held to that', async () => {
    const read = async (claims: object) =>
      readProof(await keyProof(keys[0]!, REQUEST, { iat, ...claims }), REQUEST, NOW_MS);
    for (const claims of [{ exp: iat - 60 }, { exp: '1' }, { exp: null }, { nbf: iat + 61 }, { nbf: 'soon' }])
      expect(await read(claims), JSON.stringify(claims)).toBe('proof_time');
    for (const claims of [{ exp: iat - 59 }, { nbf: iat + 60 }, { exp: iat + 9_000, nbf: 1 }])
      expect(await read(claims), JSON.stringify(claims)).toMatchObject({ iatMs: NOW_MS });
  });

  it('under each algorithm takes no key of another', async () => {
    const families = new Map([
      ['EdDSA', 'Ed25519'],
      ['PS256', 'RS256'],
    ]);
    const familyOf = (alg: string) => families.get(alg) ?? alg;
    for (const one of keys)
      for (const other of keys) {
        if (familyOf(one.alg) === familyOf(other.alg)) continue;
        const proof = await keyProof(one, REQUEST, { iat }, { jwk: other.jwk });
        expect(readProof(proof, REQUEST, NOW_MS), `${one.alg} with ${other.alg}`).toBe('proof_key');
      }
  });

  it('with any private member of any key is refused', async () => {
    for (const key of keys)
      for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']) {
        const proof = await keyProof(key, REQUEST, { iat }, { jwk: { ...key.jwk, [member]: 'AQ' } });
        expect(readProof(proof, REQUEST, NOW_MS), `${key.alg} ${member}`).toBe('proof_key');
      }
  });

  it('names the token by its digest, at a use alone', async () => {
    const key = keys[0]!;
    const ath = createHash('sha256').update(REQUEST.token).digest('base64url');
    const proof = await keyProof(key, { method: 'GET', url: URL_ASKED }, { iat, ath });
    expect(readProof(proof, REQUEST, NOW_MS)).toMatchObject({ alg: 'ES256' });
    expect(readProof(proof, { ...REQUEST, token: 'another' }, NOW_MS)).toBe('proof_token');
    expect(readProof(proof, { ...REQUEST, token: null }, NOW_MS)).toMatchObject({ alg: 'ES256' });
  });
});

it('an address is compared by scheme, host and path, as the standard for URLs spells them', () => {
  expect(targetOf('HTTPS://Broker.Test:443/a/%7eb/%2f/../c?d#e')).toBe('https://broker.test/a/~b/c');
  expect(targetOf('http://broker.test:8787/a%2fb')).toBe('http://broker.test:8787/a%2Fb');
});

it('a confirmation of a kind that is not known is none', () => {
  expect(isConfirmation({ jkt: 'a' })).toBe(true);
  expect(isConfirmation({ 'x5t#S256': 'a' })).toBe(true);
  for (const other of [{}, null, 'a', { jkt: 1 }, { jkt: 'a', kid: 'b' }, { jwk: {} }, []])
    expect(isConfirmation(other)).toBe(false);
});
