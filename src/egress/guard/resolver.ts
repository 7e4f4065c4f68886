/**
 * Asks the deployment's resolver which addresses a host has, and keeps the verdict for as long as the answer lives. The
 * request itself is made by the caller, so that this file has no way out of its own. The verdict is a snapshot:
 * the platform resolves the name again when it connects, and no Worker can pin an address.
 *
 * Only hosts that an operator named are asked about; the catalogue's are facts. One address that is not public, no
 * address (`unresolved_name`) or no readable answer (`resolver_failed`): nothing is sent, and a send is tried again.
 * `resolver_failed` is not held against the endpoint or the provider.
 *
 * Sources: RFC 8484 (GET), and the JSON form of public resolvers (`dns-answer.ts`).
 */

import { systemNow } from '#lib/clock.ts';
import { BoundedMap } from '#lib/bounded-map.ts';
import { judgeAnswers, readDnsAnswer, type HostVerdict } from './dns-answer.ts';

/** For both questions together, which are asked at once. */
export const RESOLVE_WITHIN_MS = 2_000;
/** A hundred addresses with their aliases are a quarter of it. */
export const RESOLVER_ANSWER_BYTES = 64 * 1024;

/**
 * A name that changes all the time is asked for no more often than this; a name that never changes is asked for again.
 */
const MIN_KEPT_MS = 30_000;
const MAX_KEPT_MS = 300_000;

/** The text of a 200 answer to a GET with `accept: application/dns-json`; null: there was none in its time. */
export type AskResolver = (url: string) => Promise<string | null>;

interface Kept {
  readonly verdict: 'allowed' | 'forbidden_address';
  readonly atMs: number;
  readonly forMs: number;
}

/** Per isolate, by resolver and host; addresses are not kept, only what they mean. */
const kept = new BoundedMap<string, Kept>(1_000);

/** How long a verdict holds. @param ttlS of the answer */
export function keptForMs(ttlS: number): number {
  return Math.min(Math.max(ttlS * 1_000, MIN_KEPT_MS), MAX_KEPT_MS);
}

/** The question about one family, at a resolver's URL as the setting gives it. */
export function questionUrl(resolver: string, hostname: string, type: 'A' | 'AAAA'): string {
  const url = new URL(resolver);
  url.searchParams.set('name', hostname);
  url.searchParams.set('type', type);
  return url.href;
}

/**
 * What the resolver's word about `hostname` means. Verdicts on addresses are kept; that a name has none, or that the
 * resolver fails, is asked again each time. Throws only what `ask` throws.
 */
export async function judgeHost(
  hostname: string,
  resolver: string,
  ask: AskResolver,
): Promise<HostVerdict['verdict']> {
  if (!URL.canParse(resolver)) return 'resolver_failed';
  const key = `${resolver} ${hostname}`;
  const known = kept.get(key);
  const agoMs = known === undefined ? 0 : systemNow() - known.atMs;
  // A clock that went back makes nothing last longer.
  if (known !== undefined && agoMs >= 0 && agoMs < known.forMs) return known.verdict;
  const texts = await Promise.all(
    (['A', 'AAAA'] as const).map((type) => ask(questionUrl(resolver, hostname, type))),
  );
  const found = judgeAnswers(texts.map((text) => readDnsAnswer(text ?? '')));
  if ('ttlS' in found) {
    kept.set(key, { verdict: found.verdict, atMs: systemNow(), forMs: keptForMs(found.ttlS) });
  }
  return found.verdict;
}
