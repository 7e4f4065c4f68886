/**
 * The published keys of issuers whose tokens prove callers, as one isolate remembers them. An issuer is asked when its
 * first token comes, and from then on beside the requests: a warm proof waits for nobody. What an issuer answers is held
 * to limits of time and size and never redirected; where it does not answer, what it said last stands in for an hour.
 *
 * One question per issuer at a time: requests that come meanwhile wait for its answer, each with a timer of its own
 * beside it (`callers/record-cache.ts` says why). A token's key id is its sender's text: it makes us ask again at most
 * once a minute.
 *
 * Sources: OpenID Connect Discovery 1.0 section 4, RFC 7517, RFC 8725.
 */

import { createLocalJWKSet, type JSONWebKeySet } from 'jose';
import { within, type Now } from '#lib/clock.ts';
import { BoundedMap } from '#lib/bounded-map.ts';
import { log } from '#lib/log.ts';
import { guardedFetch } from '../guard/guarded-fetch.ts';
import type { GuardOptions } from '../guard/guard.ts';
import { metadataUrls } from '../metadata.ts';

/** Of each of the two documents. */
const LIMITS = { timeoutMs: 4_000, maxBytes: 256 * 1024 };
const MAX_KEYS = 100;
/** Keys that are older are asked for before they are used, and from half of that on beside the requests. */
export const KEYS_LIFE_MS = 600_000;
const RENEW_AFTER_MS = KEYS_LIFE_MS / 2;
/** How long keys stand in for an issuer that does not answer. */
export const KEYS_STAND_IN_MS = 3_600_000;
/** How long an issuer that failed is not asked again. */
export const AFTER_FAILURE_MS = 10_000;
/** An unknown key id makes us look again, but not more often. */
export const KEYS_AGAIN_MS = 60_000;
/** What a request waits for an answer: where no keys can stand in, and where some can. */
const PATIENCE_MS = 9_000;
const STANDING_IN_PATIENCE_MS = 1_000;
/** A question may end with the request that asked it: after this it is given up and asked again. */
const LOST_AFTER_MS = 10_000;
const REMEMBERED_ISSUERS = 500;

/** Finds the key of a token, as jose takes it. The same object as long as the issuer publishes the same keys. */
export type KeySet = ReturnType<typeof createLocalJWKSet>;

/** `jwksUri` left out: the issuer's metadata names it. */
export interface KeySource {
  readonly issuer: string;
  readonly jwksUri?: string;
}

/** What one request gives to its question. */
export interface KeyAsk {
  readonly now: Now;
  readonly guard: () => GuardOptions;
  /** Keeps the isolate until the answer is there. */
  readonly waitUntil: (work: Promise<unknown>) => void;
}

interface Published {
  readonly text: string;
  readonly keySet: KeySet;
  readonly kids: ReadonlySet<string>;
}

interface Question {
  readonly askedAtMs: number;
  /** Settles when the answer is kept, or will not come. Never rejects. */
  readonly done: Promise<void>;
}

interface Kept {
  published: Published | null;
  /** When they were asked for: they are not older. */
  atMs: number;
  question: Question | null;
  askedAtMs: number;
  failedAtMs: number;
}

/** Whether `atMs` was less than `ms` ago. A clock that has gone back makes everything old. */
const isWithin = (ms: number, atMs: number, nowMs: number): boolean => nowMs >= atMs && nowMs - atMs < ms;

export class IssuerKeys {
  readonly #kept = new BoundedMap<string, Kept>(REMEMBERED_ISSUERS);

  /**
   * The keys of an issuer; null where it does not answer and nothing stands in. Never throws.
   *
   * @param kid that the token names; null: none
   */
  async get(source: KeySource, kid: string | null, ask: KeyAsk): Promise<KeySet | null> {
    const kept = this.#keptOf(source);
    const nowMs = ask.now();
    if (kept.question !== null && !isWithin(LOST_AFTER_MS, kept.question.askedAtMs, nowMs))
      kept.question = null;
    const { published } = kept;
    const isFresh = published !== null && isWithin(KEYS_LIFE_MS, kept.atMs, nowMs);
    const isKnown = published !== null && (kid === null || published.kids.has(kid));
    if (isFresh && (isKnown || isWithin(KEYS_AGAIN_MS, kept.askedAtMs, nowMs))) {
      if (!isWithin(RENEW_AFTER_MS, kept.atMs, nowMs)) this.#ask(source, kept, ask);
      // The question that is under way may know the key.
      if (!isKnown && kept.question !== null) await within(PATIENCE_MS, kept.question.done, undefined);
      return kept.published?.keySet ?? null;
    }
    const standsIn = published !== null && isWithin(KEYS_STAND_IN_MS, kept.atMs, nowMs);
    const question = this.#ask(source, kept, ask);
    if (question !== null)
      await within(standsIn && isKnown ? STANDING_IN_PATIENCE_MS : PATIENCE_MS, question.done, undefined);
    return kept.published !== null && isWithin(KEYS_STAND_IN_MS, kept.atMs, ask.now())
      ? kept.published.keySet
      : null;
  }

  #keptOf({ issuer }: KeySource): Kept {
    let kept = this.#kept.get(issuer);
    if (kept === undefined) {
      kept = {
        published: null,
        atMs: -Infinity,
        question: null,
        askedAtMs: -Infinity,
        failedAtMs: -Infinity,
      };
      this.#kept.set(issuer, kept);
    }
    return kept;
  }

  /** The question that is under way, or a new one; null where the issuer failed a moment ago. */
  #ask(source: KeySource, kept: Kept, { now, guard, waitUntil }: KeyAsk): Question | null {
    if (kept.question !== null) return kept.question;
    const askedAtMs = now();
    if (isWithin(AFTER_FAILURE_MS, kept.failedAtMs, askedAtMs)) return null;
    kept.askedAtMs = askedAtMs;
    const done = read(source, guard()).then((text) => {
      if (kept.question === question) kept.question = null;
      // A question that was given up may be overtaken: older keys never follow newer ones.
      if (askedAtMs < kept.atMs) return;
      const published = text === null ? null : publishedFrom(text, kept.published);
      if (published === null) {
        kept.failedAtMs = now();
        log('warn', 'the keys of an issuer were not read', { issuer: source.issuer });
        return;
      }
      Object.assign(kept, { published, atMs: askedAtMs });
    });
    const question: Question = { askedAtMs, done };
    kept.question = question;
    waitUntil(done);
    return question;
  }
}

/** The text of the key set, or null. Never throws. */
async function read({ issuer, jwksUri }: KeySource, guard: GuardOptions): Promise<string | null> {
  const url = jwksUri ?? (await jwksUriOf(issuer, guard));
  return url === null ? null : document(url, guard);
}

/** What the issuer's metadata names, which must be that of this issuer. The guard looks at the URL when it is called. */
async function jwksUriOf(issuer: string, guard: GuardOptions): Promise<string | null> {
  const urls = metadataUrls(issuer);
  const text = urls === null ? null : await document(urls.openid, guard);
  const metadata = text === null ? null : parsed(text);
  const jwksUri = metadata?.['jwks_uri'];
  return metadata?.['issuer'] === issuer && typeof jwksUri === 'string' ? jwksUri : null;
}

async function document(url: string, guard: GuardOptions): Promise<string | null> {
  const headers = { accept: 'application/json', 'user-agent': 'valetkey' };
  const answer = await guardedFetch({ url, method: 'GET', headers, body: null }, LIMITS, guard);
  if (answer.kind === 'failure' || answer.status !== 200 || answer.truncated) return null;
  return /\bjson\b/i.test(answer.headers['content-type'] ?? '') ? answer.body : null;
}

function parsed(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** Null where the text is no key set. Keys that can sign nothing that is taken here are left out. */
function publishedFrom(text: string, before: Published | null): Published | null {
  if (before?.text === text) return before;
  const listed = parsed(text)?.['keys'];
  if (!Array.isArray(listed) || listed.length > MAX_KEYS) return null;
  const keys = listed.flatMap((key: unknown) => usable(key));
  const keySet = createLocalJWKSet({ keys } as JSONWebKeySet);
  return { text, keySet, kids: new Set(keys.flatMap(({ kid }) => (typeof kid === 'string' ? [kid] : []))) };
}

/** The keys of a set that lies here, held to the same as those that issuers publish. */
export function keySetOf(keys: readonly unknown[]): KeySet {
  return createLocalJWKSet({ keys: keys.flatMap((key) => usable(key)) } as unknown as JSONWebKeySet);
}

type Jwk = Readonly<Record<string, unknown>>;

/** A public key with one fixed algorithm: of RSA keys that name none, the one that every issuer has. */
function usable(key: unknown): Jwk[] {
  if (typeof key !== 'object' || key === null) return [];
  const jwk = key as Jwk;
  if ('d' in jwk || 'k' in jwk) return [];
  switch (jwk['kty']) {
    case 'RSA':
      return [typeof jwk['alg'] === 'string' ? jwk : { ...jwk, alg: 'RS256' }];
    case 'EC':
    case 'OKP':
      return [jwk];
    default:
      return [];
  }
}
