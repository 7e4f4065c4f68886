/**
 * Whether an IP address is one of the public internet. Pure, and total: a text that is no address is not public. It
 * knows no names and asks no resolver.
 *
 * Sources: IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890), RFC 4291 (IPv6), RFC 6052 (NAT64),
 * RFC 3056 (6to4), RFC 5214 (ISATAP).
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

/** Within global unicast (2000::/3). An address outside of it is private, local, reserved or multicast as a whole. */
const SPECIAL_V6: readonly (readonly [first: string, bits: number])[] = [
  ['2001::', 23], // IETF protocol assignments: Teredo, benchmarks, ORCHID
  ['2001:db8::', 32], // documentation
  ['3fff::', 20], // documentation
];

/** The longest spelling: eight groups, the last two as IPv4. */
const LONGEST = 45;

/**
 * Where an IPv4 address stands inside an IPv6 one, by which the target is reached: `shift` bits from the right, where
 * the bits under `mask` are `value`.
 */
interface Carrier {
  readonly mask: bigint;
  readonly value: bigint;
  readonly shift: bigint;
}

const prefixed = (first: string, bits: number, shift: number): Carrier => {
  const mask = ((1n << BigInt(bits)) - 1n) << BigInt(128 - bits);
  return { mask, value: (parseV6(first) ?? 0n) & mask, shift: BigInt(shift) };
};

/** Carriers whose own address may be public: what is carried decides. */
const CARRIERS: readonly Carrier[] = [
  prefixed('64:ff9b::', 96, 0), // NAT64, the well-known prefix (RFC 6052)
  prefixed('2002::', 16, 80), // 6to4 (RFC 3056)
  // ISATAP (RFC 5214, 6.1): an interface of any prefix, with the universal bit or without.
  { mask: 0xfdff_ffff_0000_0000n, value: 0x0000_5efe_0000_0000n, shift: 0n },
];

/** Carriers that lie outside of global unicast and are never public: read to tell what machine is meant. */
const OTHER_CARRIERS: readonly Carrier[] = [
  prefixed('::ffff:0:0', 96, 0), // mapped (RFC 4291, 2.5.5.2)
  prefixed('::ffff:0:0:0', 96, 0), // translated (RFC 2765)
  prefixed('64:ff9b:1::', 48, 0), // NAT64 of a site (RFC 8215), most often with a prefix of 96
  prefixed('::', 96, 0), // compatible (RFC 4291, 2.5.5.1), `::` and `::1` among them
];

const carried = (carriers: readonly Carrier[], address: bigint): bigint[] =>
  carriers.flatMap(({ mask, value, shift }) =>
    (address & mask) === value ? [(address >> shift) & 0xffffffffn] : [],
  );

const GLOBAL_UNICAST = ['2000::', 3] as const;

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

/**
 * A mapped address (`::ffff:10.0.0.1`) is outside of global unicast: no name has a reason to point to one. A carrier's
 * is as public as what it carries; NAT64's prefix alone lies outside, and what resolvers of such networks answer with.
 */
function isPublicV6(address: bigint): boolean {
  if (!carried(CARRIERS, address).every(isPublicV4)) return false;
  const isNat64 = isWithin(address, parseV6('64:ff9b::'), 96, 128);
  return (
    isNat64 ||
    (isWithin(address, parseV6(GLOBAL_UNICAST[0]), GLOBAL_UNICAST[1], 128) &&
      !SPECIAL_V6.some(([first, bits]) => isWithin(address, parseV6(first), bits, 128)))
  );
}

/** Whether an address is loopback or unspecified, also one that an IPv6 address carries. False for what is none. */
export function isOfThisMachine(text: string): boolean {
  const v4 = parseV4(text);
  if (v4 !== null) return isOfThisMachineV4(v4);
  const v6 = parseV6(text);
  if (v6 === null) return false;
  return v6 <= 1n || carried([...CARRIERS, ...OTHER_CARRIERS], v6).some(isOfThisMachineV4);
}

function isOfThisMachineV4(address: bigint): boolean {
  return ['0.0.0.0', '127.0.0.0'].some((first) => isWithin(address, parseV4(first), 8, 32));
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
