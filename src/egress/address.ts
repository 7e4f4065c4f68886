/**
 * Whether an IP address is one of the public internet. Pure, and total: what is no address is not public. It knows no
 * names and asks nobody.
 *
 * Sources: IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890), RFC 4291 (IPv6), RFC 6052 (NAT64),
 * RFC 3056 (6to4).
 */

/** First address and length of prefix. Not globally reachable, or of a protocol of its own; multicast and reserved. */
const SPECIAL_V4: readonly (readonly [first: string, bits: number])[] = [
  ['0.0.0.0', 8], // "this network", the unspecified address among it
  ['10.0.0.0', 8], // private (RFC 1918)
  ['100.64.0.0', 10], // shared behind carriers' NAT (RFC 6598)
  ['127.0.0.0', 8], // loopback
  ['169.254.0.0', 16], // link-local, with the metadata services of clouds
  ['172.16.0.0', 12], // private
  ['192.0.0.0', 24], // IETF protocol assignments
  ['192.0.2.0', 24], // documentation
  ['192.88.99.0', 24], // 6to4 relays, deprecated (RFC 7526)
  ['192.168.0.0', 16], // private
  ['198.18.0.0', 15], // benchmarks
  ['198.51.100.0', 24], // documentation
  ['203.0.113.0', 24], // documentation
  ['224.0.0.0', 4], // multicast
  ['240.0.0.0', 4], // reserved, the limited broadcast among it
];

/** Within global unicast (2000::/3). What lies outside of it is private, local, reserved or multicast as a whole. */
const SPECIAL_V6: readonly (readonly [first: string, bits: number])[] = [
  ['2001::', 23], // IETF protocol assignments: Teredo, benchmarks, ORCHID
  ['2001:db8::', 32], // documentation
  ['3fff::', 20], // documentation
];

/** The prefixes after which an IPv4 address follows, by which the target is reached. */
const CARRIES_V4: readonly (readonly [first: string, bits: number])[] = [
  ['64:ff9b::', 96], // NAT64, the well-known prefix
  ['2002::', 16], // 6to4
];

const GLOBAL_UNICAST = ['2000::', 3] as const;
/** The longest spelling: eight groups, the last two as IPv4. */
const LONGEST = 45;

/** False for every address that is special in any way, and for what is no address at all. */
export function isPublicAddress(text: string): boolean {
  const v4 = parseV4(text);
  if (v4 !== null) return isPublicV4(v4);
  const v6 = parseV6(text);
  return v6 !== null && isPublicV6(v6);
}

function isPublicV4(address: bigint): boolean {
  return !SPECIAL_V4.some(([first, bits]) => isWithin(address, parseV4(first), bits, 32));
}

/** A mapped address (`::ffff:10.0.0.1`) is outside of global unicast: no name has a reason to point to one. */
function isPublicV6(address: bigint): boolean {
  for (const [first, bits] of CARRIES_V4) {
    if (isWithin(address, parseV6(first), bits, 128)) {
      return isPublicV4((address >> BigInt(128 - bits - 32)) & 0xffffffffn);
    }
  }
  return (
    isWithin(address, parseV6(GLOBAL_UNICAST[0]), GLOBAL_UNICAST[1], 128) &&
    !SPECIAL_V6.some(([first, bits]) => isWithin(address, parseV6(first), bits, 128))
  );
}

function isWithin(address: bigint, first: bigint | null, bits: number, width: number): boolean {
  const rest = BigInt(width - bits);
  return first !== null && address >> rest === first >> rest;
}

/** Dotted decimal alone: other spellings (octal, hexadecimal, fewer parts) are no answer of a resolver. */
export function parseV4(text: string): bigint | null {
  if (!/^(?:(?:0|[1-9]\d{0,2})\.){3}(?:0|[1-9]\d{0,2})$/.test(text)) return null;
  const parts = text.split('.').map(Number);
  if (parts.some((part) => part > 255)) return null;
  return parts.reduce((sum, part) => sum * 256n + BigInt(part), 0n);
}

/** Any spelling of RFC 4291, 2.2, without a zone. The URL parser reads it, and writes it in one form. */
export function parseV6(text: string): bigint | null {
  if (text.length > LONGEST || !/^[0-9a-f:.]+$/i.test(text) || !URL.canParse(`http://[${text}]/`))
    return null;
  const [head = '', tail] = new URL(`http://[${text}]/`).hostname.slice(1, -1).split('::');
  const groups = (part: string | undefined): string[] => (part ? part.split(':') : []);
  const [before, after] = [groups(head), groups(tail)];
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return [...before, ...zeros, ...after].reduce((sum, group) => sum * 65536n + BigInt(`0x${group}`), 0n);
}
