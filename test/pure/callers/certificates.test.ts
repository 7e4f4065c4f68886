/** Which client certificates may prove anybody, by what the edge said of real ones and by what a proxy hands on. */

import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isCrossSite } from '#callers/certificates/cross-site.ts';
import { fromEdge, fromProxy } from '#callers/certificates/presented.ts';
import { selfSigned } from '../../support/self-signed.ts';

const NOW_MS = Date.parse('2026-11-21T10:00:00Z');
const THUMBPRINT = '2b1c9f3e5d7a8b6c4f0e1d2c3b4a59687786a5b4c3d2e1f00f1e2d3c4b5a6978';

/** As Cloudflare's edge hands it to a Worker, for a certificate of the zone's own CA. */
const RECORDED = {
  certIssuerDNLegacy: '/C=US/ST=California/O=Managed CA/CN=Managed CA 1',
  certIssuerSKI: 'A5AC7E1F0D1B2C3D4E5F60718293A4B5C6D7E8F9',
  certSubjectDNRFC2253: 'CN=crm-agent,O=Acme',
  certSubjectDNLegacy: '/O=Acme/CN=crm-agent',
  certFingerprintSHA256: THUMBPRINT,
  certNotBefore: 'Nov 20 09:12:00 2026 GMT',
  certSKI: '1F2E3D4C5B6A79880102030405060708090A0B0C',
  certSerial: '5A0B1C2D3E4F5061728394A5B6C7D8E9F0A1B2C3',
  certIssuerDN: 'CN=Managed CA 1,O=Managed CA,ST=California,C=US',
  certVerified: 'SUCCESS',
  certNotAfter: 'Nov 17 09:12:00 2036 GMT',
  certSubjectDN: 'CN=crm-agent,O=Acme',
  certPresented: '1',
  certRevoked: '0',
  certIssuerSerial: '1122334455667788',
  certIssuerDNRFC2253: 'CN=Managed CA 1,O=Managed CA,ST=California,C=US',
  certFingerprintSHA1: '0a1b2c3d4e5f60718293a4b5c6d7e8f9a0b1c2d3',
};
/** The same for a request without a certificate. */
const ABSENT = Object.fromEntries(
  Object.keys(RECORDED).map((name) => [
    name,
    name === 'certPresented' || name === 'certRevoked' ? '0' : name === 'certVerified' ? 'NONE' : '',
  ]),
);
const refused = (problem: string) => ({ kind: 'refused', problem });

describe('of the edge', () => {
  it('a verified certificate of this time is good', () => {
    expect(fromEdge(RECORDED, NOW_MS)).toEqual({
      kind: 'good',
      thumbprint: THUMBPRINT,
      notBeforeMs: Date.parse('2026-11-20T09:12:00Z'),
      notAfterMs: Date.parse('2036-11-17T09:12:00Z'),
    });
  });

  it.each([undefined, null, 'SUCCESS', {}, ABSENT])('%j is no certificate', (said) => {
    expect(fromEdge(said, NOW_MS)).toEqual({ kind: 'none' });
  });

  it.each([
    [{ certRevoked: '1' }, 'certificate_revoked'],
    [{ certRevoked: undefined }, 'certificate_revoked'],
    [{ certRevoked: '1', certVerified: 'FAILED:certificate revoked' }, 'certificate_revoked'],
    [{ certVerified: 'FAILED:self signed certificate' }, 'certificate_unverified'],
    [{ certVerified: 'FAILED:unable to get local issuer certificate' }, 'certificate_unverified'],
    [{ certVerified: 'FAILED:certificate has expired' }, 'certificate_unverified'],
    [{ certVerified: 'NONE' }, 'certificate_unverified'],
    [{ certVerified: 'success' }, 'certificate_unverified'],
    [{ certVerified: undefined }, 'certificate_unverified'],
    [{ certFingerprintSHA256: '' }, 'certificate_unreadable'],
    [{ certFingerprintSHA256: RECORDED.certFingerprintSHA1 }, 'certificate_unreadable'],
    [{ certNotAfter: '' }, 'certificate_unreadable'],
    [{ certNotBefore: undefined }, 'certificate_unreadable'],
    [{ certNotAfter: 'Nov 21 10:00:00 2026 GMT' }, 'certificate_expired'],
    [{ certNotBefore: 'Nov 21 10:00:01 2026 GMT' }, 'certificate_not_yet_valid'],
  ])('%j is refused: %s', (change, problem) => {
    expect(fromEdge({ ...RECORDED, ...change }, NOW_MS)).toMatchObject(refused(problem));
  });
});

describe('of a proxy', () => {
  const { cert } = selfSigned('crm-agent');
  const escaped = encodeURIComponent(cert);
  const nowMs = Date.now();

  it('the certificate as nginx escapes it is good, with the thumbprint that openssl has', () => {
    const thumbprint = new X509Certificate(cert).fingerprint256.replaceAll(':', '').toLowerCase();
    expect(fromProxy(escaped, nowMs)).toMatchObject({ kind: 'good', thumbprint });
  });

  it('an empty header is no certificate', () => {
    expect(fromProxy(null, nowMs)).toEqual({ kind: 'none' });
    expect(fromProxy('', nowMs)).toEqual({ kind: 'none' });
  });

  it.each([
    ['not escaped', cert.replaceAll('\n', ' ')],
    ['two of them', encodeURIComponent(cert + cert)],
    ['given twice', `${escaped}, ${escaped}`],
    ['cut', escaped.slice(0, -60)],
    ['with something before', `x${escaped}`],
    ['a key', encodeURIComponent(selfSigned().key)],
    ['a broken escape', '%E0%A4%A'],
    ['too long', 'x'.repeat(20_000)],
  ])('%s is refused', (_what, header) => {
    expect(fromProxy(header, nowMs)).toEqual({ ...refused('certificate_unreadable'), thumbprint: null });
  });

  it('one that is over, or not yet good, is refused', () => {
    const dayMs = 86_400_000;
    expect(fromProxy(escaped, nowMs + 2 * dayMs)).toMatchObject(refused('certificate_expired'));
    expect(fromProxy(escaped, nowMs - 2 * dayMs)).toMatchObject(refused('certificate_not_yet_valid'));
  });
});

it.each([
  [{}, false],
  [{ 'sec-fetch-site': 'same-origin' }, false],
  [{ 'sec-fetch-site': 'none' }, false],
  [{ 'sec-fetch-site': 'same-site' }, true],
  [{ 'sec-fetch-site': 'cross-site', origin: 'https://broker.test' }, true],
  [{ origin: 'https://broker.test' }, false],
  [{ origin: 'https://evil.example' }, true],
  [{ origin: 'null' }, true],
])('a request with %j comes from another site: %s', (headers, expected) => {
  expect(isCrossSite(new Headers(headers as Record<string, string>), 'https://broker.test/v1/a')).toBe(
    expected,
  );
});
