/**
 * The client certificate of a request, as far as it was verified before it came here: by Cloudflare's edge, which says so
 * in `request.cf.tlsClientAuth`, or by a proxy of the operator's own, which hands the certificate on in a header. Decides
 * whether it may prove anybody at all. Pure.
 *
 * Sources: Cloudflare, `IncomingRequestCfPropertiesTLSClientAuth`; nginx, `$ssl_client_escaped_cert`; RFC 8705.
 */

import { readCertificate } from '#crypto/certificate.ts';
import { timeOf } from '#lib/clock.ts';

export type CertificateProblem =
  | 'certificate_unverified'
  | 'certificate_revoked'
  | 'certificate_unreadable'
  | 'certificate_expired'
  | 'certificate_not_yet_valid';

/** `none`: the request has no certificate. `thumbprint` of a refused one, as far as it can be read: for the record. */
export type Presented =
  | { readonly kind: 'none' }
  | { readonly kind: 'refused'; readonly problem: CertificateProblem; readonly thumbprint: string | null }
  | {
      readonly kind: 'good';
      /** SHA-256 in lower-case hexadecimal. */
      readonly thumbprint: string;
      readonly notBeforeMs: number;
      readonly notAfterMs: number;
    };

const NONE: Presented = { kind: 'none' };
const THUMBPRINT = /^[0-9a-f]{64}$/;
const MAX_HEADER = 16_384;

interface Dates {
  readonly thumbprint: string;
  readonly notBefore: unknown;
  readonly notAfter: unknown;
}

function dated({ thumbprint, notBefore, notAfter }: Dates, nowMs: number): Presented {
  const refused = (problem: CertificateProblem): Presented => ({ kind: 'refused', problem, thumbprint });
  const notBeforeMs = typeof notBefore === 'string' ? timeOf(notBefore) : null;
  const notAfterMs = typeof notAfter === 'string' ? timeOf(notAfter) : null;
  if (notBeforeMs === null || notAfterMs === null) return refused('certificate_unreadable');
  if (notAfterMs <= nowMs) return refused('certificate_expired');
  if (notBeforeMs > nowMs) return refused('certificate_not_yet_valid');
  return { kind: 'good', thumbprint, notBeforeMs, notAfterMs };
}

/** Whether the edge says that there is one, good or not. */
export function isAtEdge(tlsClientAuth: unknown): boolean {
  return (tlsClientAuth as { certPresented?: unknown } | null | undefined)?.certPresented === '1';
}

/** What the edge says. It says `SUCCESS` of a revoked certificate too: both are looked at. */
export function fromEdge(tlsClientAuth: unknown, nowMs: number): Presented {
  if (!isAtEdge(tlsClientAuth)) return NONE;
  const said = tlsClientAuth as Readonly<Record<string, unknown>>;
  const given = said['certFingerprintSHA256'];
  const thumbprint =
    typeof given === 'string' && THUMBPRINT.test(given.toLowerCase()) ? given.toLowerCase() : null;
  const refused = (problem: CertificateProblem): Presented => ({ kind: 'refused', problem, thumbprint });
  // Revoked first: the edge says both of a certificate that it does not take for that reason.
  if (said['certRevoked'] !== '0') return refused('certificate_revoked');
  if (said['certVerified'] !== 'SUCCESS') return refused('certificate_unverified');
  if (thumbprint === null) return refused('certificate_unreadable');
  return dated({ thumbprint, notBefore: said['certNotBefore'], notAfter: said['certNotAfter'] }, nowMs);
}

/** What the operator's proxy says: the certificate as URL-encoded PEM, empty or left out where there is none. */
export function fromProxy(header: string | null, nowMs: number): Presented {
  if (header === null || header === '') return NONE;
  const certificate = header.length > MAX_HEADER ? null : readCertificate(decoded(header));
  if (certificate === null) return { kind: 'refused', problem: 'certificate_unreadable', thumbprint: null };
  return dated(certificate, nowMs);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
