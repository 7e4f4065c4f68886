/**
 * Reads what a resolver answers over HTTPS in the JSON form, and decides what the two answers about a host mean. Pure
 * and total: every text is read as something. It asks nobody, and trusts the resolver for whose records it sends: the
 * links of a chain of aliases are not followed again here.
 *
 * Sources: the JSON form that Google's and Cloudflare's public resolvers share (it has no RFC): `Status` is a response
 * code of RFC 1035, `TC` says that the answer was cut, `Answer` lists records with `type`, `TTL` in seconds and `data`.
 */

import { isPublicAddress, parseV4, parseV6 } from './address.ts';

/** Record types of RFC 1035 and RFC 3596, as the answer numbers them. */
const A = 1;
const AAAA = 28;

/** Names with more addresses than that are no targets; it bounds what is looked at. */
const MAX_RECORDS = 200;
const NO_ERROR = 0;
const NAME_ERROR = 3;
/** RFC 2181, 8: larger ones mean zero. */
const MAX_TTL_S = 2 ** 31 - 1;

/**
 * `empty`: there is no such name, or it has no address of the family asked for. `failed`: the resolver says that it could not
 * find out. `garbage`: no answer in this form.
 */
export type DnsAnswer =
  | { readonly kind: 'addresses'; readonly addresses: readonly string[]; readonly ttlS: number }
  | { readonly kind: 'empty' | 'failed' | 'garbage' };

const GARBAGE = { kind: 'garbage' } as const;

/** The addresses in a resolver's answer to one question. `ttlS`: the least of all records, aliases included. */
export function readDnsAnswer(text: string): DnsAnswer {
  const message = parse(text);
  if (message === null || !Number.isInteger(message['Status']) || message['TC'] === true) return GARBAGE;
  const { Status: status, Answer: records = [] } = message;
  if (status === NAME_ERROR) return { kind: 'empty' };
  if (status !== NO_ERROR) return { kind: 'failed' };
  if (!Array.isArray(records) || records.length > MAX_RECORDS) return GARBAGE;
  const addresses: string[] = [];
  let ttlS = MAX_TTL_S;
  for (const record of records as unknown[]) {
    if (!isRecord(record)) return GARBAGE;
    ttlS = Math.min(ttlS, record.TTL > MAX_TTL_S ? 0 : record.TTL);
    // Of the other types an answer has aliases and signatures, which are no targets.
    if (record.type !== A && record.type !== AAAA) continue;
    const parsed = record.type === A ? parseV4(record.data) : parseV6(record.data);
    if (parsed === null) return GARBAGE;
    addresses.push(record.data);
  }
  return addresses.length === 0 ? { kind: 'empty' } : { kind: 'addresses', addresses, ttlS };
}

/** Why a host may not be called. Nothing is sent to it. */
export type HostProblem = 'forbidden_address' | 'unresolved_name' | 'resolver_failed';

/**
 * Whether a host may be called. `forbidden_address`: one of its addresses is not public, even if all others are.
 * `unresolved_name`: the resolver knows no address, or could not find out. `resolver_failed`: no word of the resolver's
 * that could be read; the host is not to blame.
 */
export type HostVerdict =
  | { readonly verdict: 'allowed' | 'forbidden_address'; readonly ttlS: number }
  | { readonly verdict: 'unresolved_name' | 'resolver_failed' };

/** What the answers for both families mean together. Half an answer allows nothing. */
export function judgeAnswers(answers: readonly DnsAnswer[]): HostVerdict {
  const found = answers.filter((answer) => answer.kind === 'addresses');
  const ttlS = Math.min(...found.map((answer) => answer.ttlS));
  const addresses = found.flatMap((answer) => answer.addresses);
  if (addresses.some((address) => !isPublicAddress(address))) return { verdict: 'forbidden_address', ttlS };
  if (answers.some(({ kind }) => kind === 'garbage')) return { verdict: 'resolver_failed' };
  if (addresses.length === 0 || answers.some(({ kind }) => kind === 'failed'))
    return { verdict: 'unresolved_name' };
  return { verdict: 'allowed', ttlS };
}

interface DnsRecord {
  readonly type: number;
  readonly TTL: number;
  readonly data: string;
}

function isRecord(value: unknown): value is DnsRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { type, TTL, data } = value as Partial<Record<keyof DnsRecord, unknown>>;
  return Number.isInteger(type) && Number.isInteger(TTL) && Number(TTL) >= 0 && typeof data === 'string';
}

function parse(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
