/** What stands in an X.509 certificate that somebody else has verified: its thumbprint, and between which times it is good. */

import { X509Certificate } from 'node:crypto';

export interface CertificateText {
  /** SHA-256 of the certificate in DER: 64 hexadecimal digits in lower case. */
  readonly thumbprint: string;
  /** As `openssl` writes times: `Dec 22 19:39:00 2028 GMT`. */
  readonly notBefore: string;
  readonly notAfter: string;
}

const ONE = /^-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\s*$/;

/** Null where the text is not exactly one certificate in PEM. Says nothing about its issuer. */
export function readCertificate(pem: string): CertificateText | null {
  if (!ONE.test(pem)) return null;
  try {
    const { fingerprint256, validFrom, validTo } = new X509Certificate(pem);
    const thumbprint = fingerprint256.replaceAll(':', '').toLowerCase();
    return { thumbprint, notBefore: validFrom, notAfter: validTo };
  } catch {
    return null;
  }
}
