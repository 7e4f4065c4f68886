/**
 * The content that a person who approves a call says yes to, beside its method and path: the base URL that it names, the
 * query, the headers that change its meaning, and the body. Made only for agents with a rule that asks. Pure but for the
 * digest of a body that is not kept.
 */

import type { AgentProof } from '#callers/proof.ts';
import { newId } from '#crypto/api-keys.ts';
import { contentDigest } from '#crypto/digest.ts';
import type { OutgoingBody } from '#proxy/body.ts';
import { outgoingHeaders } from '#proxy/headers.ts';

export interface Content {
  readonly query: string;
  /** That the request names; null: none. */
  readonly baseUrl: string | null;
  readonly headers: Headers;
  readonly body: OutgoingBody;
}

interface Shown {
  readonly digest: string | null;
  /** For people to read; null: there is nothing, or more than is shown. */
  readonly preview: string | null;
}

const MOST_SHOWN = 2_000;
/** A program that is asked again may name itself or its trace anew. */
const OF_NO_MEANING: ReadonlySet<string> = new Set(['user-agent', 'traceparent', 'tracestate']);
const NOTHING: Shown = { digest: null, preview: null };

/** A body that is not kept is like no other: a yes to it lets none through. */
export function approvedContent(
  { policy, grantedRules }: AgentProof,
  { query, baseUrl, headers, body }: Content,
): Shown {
  const rules = [policy.rules, ...(grantedRules ?? [])].flat();
  if (rules.every(({ approval }) => approval === undefined)) return NOTHING;
  if (body.bytes === null) return { digest: `streamed ${newId('req')}`, preview: null };
  const sent = Object.entries(outgoingHeaders(headers, []))
    .filter(([name]) => !OF_NO_MEANING.has(name))
    .map(([name, value]) => `${name}: ${value}`);
  const digest = contentDigest([baseUrl ?? '', query, ...sent.toSorted()], body.bytes);
  return { digest, preview: shown([baseUrl ?? '', query], body.bytes) };
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
