/** Which addresses are of the public internet: every special range at its borders, in every spelling. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isPublicAddress } from '#egress/guard/address.ts';

describe('an IPv4 address', () => {
  it.each([
    ['0.0.0.0', '0.255.255.255', null, '1.0.0.0'],
    ['10.0.0.0', '10.255.255.255', '9.255.255.255', '11.0.0.0'],
    ['100.64.0.0', '100.127.255.255', '100.63.255.255', '100.128.0.0'],
    ['127.0.0.0', '127.255.255.255', '126.255.255.255', '128.0.0.0'],
    ['169.254.0.0', '169.254.255.255', '169.253.255.255', '169.255.0.0'],
    ['172.16.0.0', '172.31.255.255', '172.15.255.255', '172.32.0.0'],
    ['192.0.0.0', '192.0.0.255', '191.255.255.255', '192.0.1.0'],
    ['192.0.2.0', '192.0.2.255', '192.0.1.255', '192.0.3.0'],
    ['192.88.99.0', '192.88.99.255', '192.88.98.255', '192.88.100.0'],
    ['192.168.0.0', '192.168.255.255', '192.167.255.255', '192.169.0.0'],
    ['198.18.0.0', '198.19.255.255', '198.17.255.255', '198.20.0.0'],
    ['198.51.100.0', '198.51.100.255', '198.51.99.255', '198.51.101.0'],
    ['203.0.113.0', '203.0.113.255', '203.0.112.255', '203.0.114.0'],
    ['224.0.0.0', '255.255.255.255', '223.255.255.255', null],
  ])('from %s to %s is not public, its neighbours are', (first, last, before, after) => {
    for (const inside of [first, last]) expect(isPublicAddress(inside), inside).toBe(false);
    for (const outside of [before, after]) if (outside !== null) expect(isPublicAddress(outside)).toBe(true);
  });

  it('of the metadata services of clouds is not public', () => {
    expect(isPublicAddress('169.254.169.254')).toBe(false);
    expect(isPublicAddress('100.100.100.200')).toBe(false);
  });

  it.each(['010.1.1.1', '8.8.8', '0x08.8.8.8', '8.8.8.256', '8.8.8.8 ', '8.8.8.8:53', '134744072', ''])(
    'is not written %j',
    (text) => expect(isPublicAddress(text)).toBe(false),
  );
});

describe('an IPv6 address', () => {
  it.each([
    ['::', 'unspecified'],
    ['::1', 'loopback'],
    ['0:0:0:0:0:0:0:1', 'loopback, spelt out'],
    ['::127.0.0.1', 'compatible with IPv4, which is deprecated'],
    ['::ffff:10.0.0.1', 'mapped private'],
    ['::ffff:8.8.8.8', 'mapped'],
    ['::ffff:a9fe:a9fe', 'mapped link-local'],
    ['::ffff:0:8.8.8.8', 'translated (SIIT)'],
    ['64:ff9b::10.0.0.1', 'NAT64 to a private one'],
    ['64:ff9b::a9fe:a9fe', 'NAT64 to a metadata service'],
    ['64:ff9b:1::8.8.8.8', 'NAT64 of local use'],
    ['100::1', 'discarded'],
    ['1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 'before global unicast'],
    ['2001::1', 'Teredo'],
    ['2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff', 'the last protocol assignment'],
    ['2001:db8::1', 'documentation'],
    ['2002:0a00:0001::1', '6to4 of a private one'],
    ['2002:7f00:1::', '6to4 of loopback'],
    ['3fff::1', 'documentation'],
    ['3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff', 'documentation, the last'],
    ['4000::', 'after global unicast'],
    ['5f00::1', 'segment routing'],
    ['fc00::1', 'unique local'],
    ['fd00:ec2::254', 'unique local, a metadata service'],
    ['FE80::1', 'link-local'],
    ['fec0::1', 'site-local'],
    ['ff02::1', 'multicast'],
    ['fe80::1%eth0', 'with a zone'],
    ['[2606:4700::1]', 'in brackets'],
    ['2606:4700:::1', 'no address'],
    ['2606:4700::1]:80/[', 'no address, and what would leave its brackets'],
    ['1:2:3:4:5:6:7:8:9', 'no address'],
  ])('%s is not public: %s', (text) => expect(isPublicAddress(text)).toBe(false));

  it.each([
    '2606:4700:4700::1111',
    '2606:4700:4700:0:0:0:0:1111',
    '2A00:1450:4001:81B::200E',
    '2001:200::1',
    '2001:db7:ffff::1',
    '2001:db9::1',
    '2003::1',
    '3fff:1000::1',
    '3ffe:ffff::1',
    '64:ff9b::8.8.8.8',
    '2002:808:808::1',
  ])('%s is public', (text) => expect(isPublicAddress(text)).toBe(true));
});

const byte = fc.integer({ min: 0, max: 255 });
const quad = fc.tuple(byte, byte, byte, byte);
const hex = (high: number, low: number): string => (high * 256 + low).toString(16);

describe('properties', () => {
  it('an address that carries an IPv4 address is as public as that one, however it is written', () => {
    fc.assert(
      fc.property(quad, ([a, b, c, d]) => {
        const v4 = `${a}.${b}.${c}.${d}`;
        const verdict = isPublicAddress(v4);
        expect(isPublicAddress(`64:ff9b::${v4}`)).toBe(verdict);
        expect(isPublicAddress(`64:FF9B::${hex(a, b)}:${hex(c, d)}`)).toBe(verdict);
        expect(isPublicAddress(`2002:${hex(a, b)}:${hex(c, d)}::1`)).toBe(verdict);
        // ISATAP, whichever public prefix it stands behind.
        for (const flag of ['0', '200'])
          expect(isPublicAddress(`2606:4700::${flag}:5efe:${hex(a, b)}:${hex(c, d)}`)).toBe(verdict);
        expect(isPublicAddress(`2002:808:808::5efe:${hex(a, b)}:${hex(c, d)}`)).toBe(verdict);
        expect(isPublicAddress(`2002:${hex(a, b)}:${hex(c, d)}::5efe:808:808`)).toBe(verdict);
        expect(isPublicAddress(`2001:0:${hex(a, b)}:${hex(c, d)}::1`)).toBe(false);
        for (const prefix of ['::ffff:', '::ffff:0:', '::', '64:ff9b:1::'])
          expect(isPublicAddress(prefix + v4)).toBe(false);
      }),
    );
  });

  it('an address in a private, local or multicast range is never public', () => {
    const inside = fc.oneof(
      quad.map(([, b, c, d]) => `10.${b}.${c}.${d}`),
      quad.map(([, b, c, d]) => `172.${16 + (b % 16)}.${c}.${d}`),
      quad.map(([, , c, d]) => `192.168.${c}.${d}`),
      quad.map(([, b, c, d]) => `100.${64 + (b % 64)}.${c}.${d}`),
      quad.map(([a, b, c, d]) => `${224 + (a % 32)}.${b}.${c}.${d}`),
      quad.map(([a, b, c, d]) => `${hex(0xfc + (a % 2), b)}::${hex(c, d)}`),
      quad.map(([a, b, c, d]) => `${hex(0xfe, 0x80 + (a % 64))}::${hex(b, c)}:${d.toString(16)}`),
      quad.map(([a, b, c, d]) => `${hex(0xff, a)}:${hex(b, c)}::${d.toString(16)}`),
    );
    fc.assert(
      fc.property(inside, (text) => {
        expect(isPublicAddress(text)).toBe(false);
      }),
    );
  });

  it('every text has a verdict', () => {
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: fc.constantFrom(...'0123456789abcdef:.[]%/@'.split('')) }),
    );
    fc.assert(
      fc.property(text, (one) => {
        expect(typeof isPublicAddress(one)).toBe('boolean');
      }),
    );
  });
});
