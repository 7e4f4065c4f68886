/**
 * Private keys that operators bring: read once, at the write, so that a key which cannot sign is refused there; kept as
 * PKCS#8, and signed with. A refusal names what is wrong and never a part of the text.
 *
 * Sources: RFC 7468 (PEM), RFC 8017 appendix A.1.2 (PKCS#1), RFC 5958 (PKCS#8), RFC 7518 section 3.3 (2048 bits).
 */

import { Buffer } from 'node:buffer';
import { hash } from 'node:crypto';
import { exportJWK, exportSPKI, importJWK, importPKCS8, SignJWT } from 'jose';
import { err, ok, type Result } from '#lib/result.ts';

export interface PrivateKey {
  /** PKCS#8, PEM: secret. */
  readonly pem: string;
  /** SHA-256 of the public half (SubjectPublicKeyInfo, DER), base64: by which some providers name a key. */
  readonly publicKeySha256: string;
}

const MAX_PEM = 16_384;
const LEAST_RSA_BITS = 2048;
const BLOCK = /^-----BEGIN ([A-Z0-9 ]{3,40})-----([A-Za-z0-9+/=\s]+)-----END \1-----$/;
/** `SEQUENCE { OID rsaEncryption, NULL }` (RFC 8017, A.1). */
const RSA_ALGORITHM = Buffer.from('300d06092a864886f70d0101010500', 'hex');
const VERSION_0 = Buffer.from('020100', 'hex');

/**
 * A private key that signs with this algorithm, or what is wrong with the text, as the end of a sentence about it.
 * `\n` that a variable or a JSON file left as two characters is a line break.
 */
export async function readPrivateKey(text: string, alg: string): Promise<Result<PrivateKey, string>> {
  if (text.length > MAX_PEM) return err('must be at most 16 KiB');
  const plain = text.replaceAll('\\n', '\n').replaceAll('\r', '').trim();
  if (/ENCRYPTED/.test(plain))
    return err(
      'is encrypted with a pass phrase: decrypt it first (openssl pkcs8 -in key.pem -out plain.pem)',
    );
  const [, label = '', body = ''] = BLOCK.exec(plain) ?? [];
  if (/PUBLIC KEY|CERTIFICATE/.test(label)) return err('is a public half: the private key is needed');
  if (label !== 'PRIVATE KEY' && label !== 'RSA PRIVATE KEY')
    return err('is not a PEM text that begins with -----BEGIN PRIVATE KEY----- (PKCS#8) or RSA PRIVATE KEY');
  const der = Buffer.from(body.replaceAll(/\s/g, ''), 'base64');
  const pkcs8 = label === 'PRIVATE KEY' ? der : asPkcs8(der);
  const pem = `-----BEGIN PRIVATE KEY-----\n${lines(pkcs8.toString('base64'))}\n-----END PRIVATE KEY-----\n`;
  try {
    const key = await importPKCS8(pem, alg, { extractable: true });
    const { modulusLength } = key.algorithm as { modulusLength?: number };
    if (modulusLength !== undefined && modulusLength < LEAST_RSA_BITS)
      return err(`has ${modulusLength} bits: ${LEAST_RSA_BITS} are the least (RFC 7518, 3.3)`);
    const { kty, n, e, crv, x, y } = await exportJWK(key);
    const published = kty === 'RSA' ? { kty, n: n ?? '', e: e ?? '' } : { kty: kty ?? '', crv, x, y };
    const half = (await importJWK(published as never, alg, { extractable: true })) as CryptoKey;
    const spki = Buffer.from((await exportSPKI(half)).replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
    return ok({ pem, publicKeySha256: hash('sha256', spki, 'base64') });
  } catch {
    return err(`is no private key for ${alg}`);
  }
}

/** The header's `alg` is the key's. @throws Error for a text that `readPrivateKey` did not make */
export async function signedAssertion(
  pem: string,
  header: Readonly<Record<string, string>>,
  claims: Readonly<Record<string, unknown>>,
): Promise<string> {
  const alg = header['alg'] ?? '';
  const key = await importPKCS8(pem, alg);
  return new SignJWT({ ...claims }).setProtectedHeader({ ...header, alg }).sign(key);
}

function lines(base64: string): string {
  return base64.match(/.{1,64}/g)?.join('\n') ?? '';
}

function asPkcs8(pkcs1: Buffer): Buffer {
  return tagged(0x30, Buffer.concat([VERSION_0, RSA_ALGORITHM, tagged(0x04, pkcs1)]));
}

/** Tag, length and content in DER (X.690, 8.1.3). */
function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content;
  if (length < 128) return Buffer.concat([Buffer.from([tag, length]), content]);
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest >>= 8) bytes.unshift(rest & 0xff);
  return Buffer.concat([Buffer.from([tag, 0x80 | bytes.length, ...bytes]), content]);
}
