/**
 * The content that a person who approves a call says yes to, beside its method and path: the base URL that it names, the
 * query, the headers that change its meaning, and the body. Made only for agents with a rule that asks. Pure but for the
 * digest of a body that is not kept.
 */

import type { AskedUse } from '#accounts/approvals/machine.ts';
import type { AgentProof } from '#callers/proof.ts';
import { contentDigest, purposeDigest } from '#crypto/digest.ts';
import type { OutgoingBody } from '#proxy/body.ts';
import { isListable } from '#providers/requests/headers.ts';
import { outgoingHeaders } from '#proxy/headers.ts';

export interface Content {
  readonly query: string;
  /** That the request names; null: none. */
  readonly baseUrl: string | null;
  readonly headers: Headers;
  readonly body: OutgoingBody;
}

type Shown = Pick<AskedUse, 'digest' | 'preview' | 'otherHeaders' | 'isUnkept'>;

const MOST_SHOWN = 2_000;
/** A program that is asked again may name itself or its trace anew. */
const OF_NO_MEANING: ReadonlySet<string> = new Set(['user-agent', 'traceparent', 'tracestate']);
const NOTHING: Shown = { digest: null, preview: null };

/** A body that is not kept is told as such: nobody can say yes to it. */
export function approvedContent(
  { policy, grantedRules }: AgentProof,
  { query, baseUrl, headers, body }: Content,
): Shown {
  const rules = [policy.rules, ...(grantedRules ?? [])].flat();
  if (rules.every(({ approval }) => approval === undefined)) return NOTHING;
  if (body.bytes === null) return { ...NOTHING, isUnkept: true };
  const common = outgoingHeaders(headers, []);
  const sent = Object.entries(common)
    .filter(([name]) => !OF_NO_MEANING.has(name))
    .map(([name, value]) => `${name}: ${value}`);
  // The account knows which of the others its API takes.
  const otherHeaders = [...headers]
    .filter(([name]) => !Object.hasOwn(common, name) && isListable(name))
    .map(([name, value]) => [name, purposeDigest('approved header', value)] as const);
  const digest = contentDigest([baseUrl ?? '', query, ...sent.toSorted()], body.bytes);
  return { digest, preview: shown([baseUrl ?? '', query], body.bytes), otherHeaders };
}

function shown(parts: readonly string[], bytes: Uint8Array): string | null {
  if (parts.join('').length + bytes.byteLength > MOST_SHOWN) return null;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    const all = [...parts, text].filter((part) => part !== '').join('\n');
    return all === '' ? null : all;
  } catch {
    return null;
  }
}
