/**
 * The content that a person who approves a call says yes to: the query, the headers that leave, and the body. Made only
 * for agents with a rule that asks. Headers that leave to some APIs alone go along by themselves: the account knows which
 * of them its API takes. Pure but for the digest of a body that is not kept.
 */

import type { AskedUse } from '#accounts/approvals/machine.ts';
import type { AgentProof } from '#callers/proof.ts';
import { newId } from '#crypto/api-keys.ts';
import { contentDigest } from '#crypto/digest.ts';
import type { OutgoingBody } from '#proxy/body.ts';
import { outgoingHeaders } from '#proxy/headers.ts';
import type { Asked } from '#proxy/target.ts';

export interface Content {
  readonly method: string;
  readonly asked: Asked;
  /** That the request names; null: none. */
  readonly baseUrl: string | null;
  readonly headers: Headers;
  readonly body: OutgoingBody;
}

type Approved = Partial<Pick<AskedUse, 'digest' | 'preview' | 'baseUrl' | 'headers'>>;

const MOST_SHOWN = 2_000;
/** A program that is asked again may name itself or its trace anew. */
const OF_NO_MEANING: ReadonlySet<string> = new Set(['user-agent', 'traceparent', 'tracestate']);
/** Of the way to the broker, and never of a call: what proves the caller above all. */
const OF_THE_WAY =
  /^(?:authorization|proxy-.*|cookie|dpop|host|connection|upgrade|te|trailer|transfer-encoding|content-length|accept-encoding|origin|referer|forwarded|x-valetkey-.*|x-forwarded-.*|x-real-ip|cf-.*|sec-.*)$/;

/** A body that is not kept is like no other: a yes to it lets none through. */
export function approvedContent(
  { policy, grantedRules }: Pick<AgentProof, 'policy' | 'grantedRules'>,
  { method, asked, baseUrl, headers, body }: Content,
): Approved {
  const rules = [policy.rules, ...(grantedRules ?? [])].flat();
  if (rules.every(({ approval }) => approval === undefined)) return {};
  const common = outgoingHeaders(headers, []);
  const others = [...headers].filter(
    ([name]) => !Object.hasOwn(common, name) && !OF_THE_WAY.test(name) && !OF_NO_MEANING.has(name),
  );
  const named = { baseUrl, headers: Object.fromEntries(others) };
  if (body.bytes === null) return { ...named, digest: `streamed ${newId('req')}`, preview: null };
  const sent = Object.entries(common)
    .filter(([name]) => !OF_NO_MEANING.has(name))
    .map(([name, value]) => `${name}: ${value}`)
    .toSorted();
  const digest = contentDigest([asked.query, ...sent], body.bytes);
  const head = [`${method} ${asked.path}${asked.query}`, ...sent].join('\n');
  return { ...named, digest, preview: shown(head, body.bytes) };
}

/** As HTTP writes it: an empty line stands before the body, so that no body can pass for a query or a header. */
function shown(head: string, bytes: Uint8Array): string | null {
  if (head.length + bytes.byteLength > MOST_SHOWN) return null;
  if (bytes.byteLength === 0) return head;
  try {
    return `${head}\n\n${new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)}`;
  } catch {
    return null;
  }
}
