import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readPrivateKey, signedAssertion } from '#crypto/signing/private-key.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pkcs8 = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const pkcs1 = rsa.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
const encrypted = rsa.privateKey
  .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' })
  .toString();

async function problemOf(text: string, alg = 'RS256'): Promise<string> {
  const read = await readPrivateKey(text, alg);
  return read.ok ? 'none' : read.error;
}

describe('a private key that an operator brings', () => {
  it.each([
    ['PKCS#8', pkcs8],
    ['PKCS#1', pkcs1],
    ['with line breaks of two characters', pkcs8.replaceAll('\n', '\\n')],
    ['with line breaks of Windows and space around it', `\r\n  ${pkcs1.replaceAll('\n', '\r\n')} `],
  ])('is read: %s', async (_, text) => {
    const read = await readPrivateKey(text, 'RS256');
    expect(read).toMatchObject({ ok: true });
    if (!read.ok) return;
    const signed = await signedAssertion(read.value.pem, { alg: 'RS256', typ: 'JWT' }, { iss: 'me' });
    const [header = '', claims = '', signature = ''] = signed.split('.');
    const isGood = verify(
      'sha256',
      Buffer.from(`${header}.${claims}`),
      createPublicKey(pkcs8),
      Buffer.from(signature, 'base64url'),
    );
    expect(isGood).toBe(true);
  });

  it('is named by the digest of its public half', async () => {
    const { createHash } = await import('node:crypto');
    const spki = rsa.publicKey.export({ type: 'spki', format: 'der' });
    const read = await readPrivateKey(pkcs1, 'RS256');
    expect(read.ok && read.value.publicKeySha256).toBe(createHash('sha256').update(spki).digest('base64'));
  });

  it('is refused for what is wrong with it, in words that hold nothing of it', async () => {
    const short = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const small = short.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const half = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const curve = ec.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const cut = pkcs8.slice(0, 300) + pkcs8.slice(500);
    const problems = [
      await problemOf('not a key'),
      await problemOf(''),
      await problemOf(encrypted),
      await problemOf(half),
      await problemOf(small),
      await problemOf(curve),
      await problemOf(pkcs8, 'ES256'),
      await problemOf(cut),
      await problemOf('x'.repeat(20_000)),
    ];
    expect(problems).toEqual([
      expect.stringContaining('is not a PEM text'),
      expect.stringContaining('is not a PEM text'),
      expect.stringContaining('encrypted with a pass phrase'),
      expect.stringContaining('public half'),
      expect.stringContaining('1024 bits'),
      'is no private key for RS256',
      'is no private key for ES256',
      'is no private key for RS256',
      'must be at most 16 KiB',
    ]);
    for (const problem of problems) expect(problem).not.toContain(pkcs8.slice(60, 80));
  });

  it('of an elliptic curve signs where its provider wants that', async () => {
    const curve = ec.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    expect((await readPrivateKey(curve, 'ES256')).ok).toBe(true);
  });
});
