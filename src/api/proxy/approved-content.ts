/**
 * The content that a person who approves a call says yes to, beside its method and path: the query, the kind of the body, and the body.
 * Made only for agents with a rule that asks.
 */

import type { AgentProof } from '#callers/proof.ts';
import { newId } from '#crypto/api-keys.ts';
import { contentDigest } from '#crypto/digest.ts';
import type { OutgoingBody } from '#proxy/body.ts';

export interface Content {
  readonly query: string;
  readonly contentType: string;
  readonly body: OutgoingBody;
}

interface Shown {
  readonly digest: string | null;
  /** For people to read; null: there is nothing, or more than is shown. */
  readonly preview: string | null;
}

const MOST_SHOWN = 2_000;
const NOTHING: Shown = { digest: null, preview: null };

/** A body that is not kept is like no other: a yes to it lets none through. */
export function approvedContent(
  { policy, grantedRules }: AgentProof,
  { query, contentType, body }: Content,
): Shown {
  const rules = [policy.rules, ...(grantedRules ?? [])].flat();
  if (rules.every(({ approval }) => approval === undefined)) return NOTHING;
  if (body.bytes === null) return { digest: `streamed ${newId('req')}`, preview: null };
  const digest = contentDigest([query, contentType], body.bytes);
  return { digest, preview: shown(query, body.bytes) };
}

function shown(query: string, bytes: Uint8Array): string | null {
  if (query.length + bytes.byteLength > MOST_SHOWN) return null;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    const all = [query, text].filter((part) => part !== '').join('\n');
    return all === '' ? null : all;
  } catch {
    return null;
  }
}
