/**
 * The broker's own limit: how often one credential from one address may knock, right or wrong, before anything is
 * looked up for it. Counted in the memory of the isolate, and by the platform's counter where one is bound. It is far
 * above what agents need and is there so that one caller takes nobody else's place; a policy's `rate` is another thing.
 */

import type { RateLimitPolicy } from '#contract/problem.ts';
import type { Config } from '#env.ts';
import { within, type Now } from '#lib/clock.ts';
import { BoundedMap } from '#lib/bounded-map.ts';
import { perObject } from '#lib/memory/per-object.ts';
import type { AuthFailure } from './proof.ts';

const MINUTE_MS = 60_000;
const WINDOW_S = 60;
/** What may come at once: this part of a minute's worth. */
const BURST_PART = 4;
/** Callers that name no key share less: none of them is served anyway. */
const NAMELESS_PART = 10;
const REMEMBERED = 10_000;
/** The platform's counter is beside us; without an answer the request goes on. */
const PATIENCE_MS = 100;
/** It does not say when it opens again; its shortest window is this long. */
const COUNTER_RETRY_S = 10;

/** What is left of a caller's allowance, and as of when. */
export interface Bucket {
  readonly left: number;
  readonly atMs: number;
}

/** Takes one request out of a bucket that refills evenly to `burst`. A clock that has gone back refills nothing. */
export function taken(
  bucket: Bucket | undefined,
  nowMs: number,
  perMinute: number,
): { readonly bucket: Bucket; readonly retryAfterMs: number } {
  const burst = Math.max(1, perMinute / BURST_PART);
  const perMs = perMinute / MINUTE_MS;
  const since = bucket === undefined ? 0 : Math.max(0, nowMs - bucket.atMs);
  const left = bucket === undefined ? burst : Math.min(burst, bucket.left + since * perMs);
  if (left < 1) return { bucket: { left, atMs: nowMs }, retryAfterMs: (1 - left) / perMs };
  return { bucket: { left: left - 1, atMs: nowMs }, retryAfterMs: 0 };
}

const bucketsOf = perObject((_config: object) => new BoundedMap<string, Bucket>(REMEMBERED));

type Limits = Pick<Config, 'rateLimitPerMinute' | 'rateLimiter'>;

/** What is counted as one caller. */
export interface Knock {
  /** That the credential names, `admin` for `ADMIN_KEY`; null: it names none. */
  readonly keyId: string | null;
  readonly address: string | null;
}

const nameOf = ({ keyId, address }: Knock): string => `${keyId ?? ''}|${address ?? ''}`;

function perMinuteOf(config: Limits, { keyId }: Knock): number {
  return keyId === null ? config.rateLimitPerMinute / NAMELESS_PART : config.rateLimitPerMinute;
}

/** The refusal of a caller that knocks too often at this isolate; null: it may go on. */
export function overLimit(config: Limits, knock: Knock, now: Now): AuthFailure | null {
  const name = nameOf(knock);
  const buckets = bucketsOf(config);
  const { bucket, retryAfterMs } = taken(buckets.get(name), now(), perMinuteOf(config, knock));
  buckets.set(name, bucket);
  return retryAfterMs > 0 ? refusal(config, knock, Math.ceil(retryAfterMs / 1000)) : null;
}

/** The same by the platform's counter. A counter that fails or does not answer stops nobody. */
export async function overCounter(config: Limits, knock: Knock): Promise<AuthFailure | null> {
  if (config.rateLimiter === null) return null;
  const counted = await within(PATIENCE_MS, config.rateLimiter.limit({ key: nameOf(knock) }), {
    success: true,
  });
  return counted.success ? null : refusal(config, knock, COUNTER_RETRY_S);
}

function refusal(config: Limits, knock: Knock, retryAfterS: number): AuthFailure {
  const quota = Math.max(1, Math.floor(perMinuteOf(config, knock)));
  const policy: RateLimitPolicy = { name: 'requests', quota, windowS: WINDOW_S };
  return { code: 'rate_limited', detail: 'too many requests under this credential', retryAfterS, policy };
}

const browsersOf = perObject((_config: object) => new BoundedMap<string, Bucket>(REMEMBERED));

type BrowserLimits = Pick<Config, 'browserRateLimitPerMinute' | 'rateLimiter'>;

/** What counts as one address: by IPv6 a browser that has one address has the 2^64 of its network. */
function networkOf(address: string | null): string {
  if (address === null || !address.includes(':') || address.includes('.')) return address ?? '';
  const [before = '', after] = address.toLowerCase().split('::');
  const head = before.split(':').filter((group) => group !== '');
  const tail = (after ?? '').split(':').filter((group) => group !== '');
  const zeros = after === undefined ? 0 : Math.max(0, 8 - head.length - tail.length);
  const groups = [...head, ...Array.from({ length: zeros }, () => '0'), ...tail];
  return groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':');
}

/**
 * For how many seconds a browser at this address has to wait before the next page; null: not at all. Browsers prove
 * nothing, so they are counted by their address alone, in the isolate and by the platform's counter where one is bound.
 */
export async function browserOverLimit(
  config: BrowserLimits,
  address: string | null,
  now: Now,
): Promise<number | null> {
  const network = networkOf(address);
  const buckets = browsersOf(config);
  const { bucket, retryAfterMs } = taken(buckets.get(network), now(), config.browserRateLimitPerMinute);
  buckets.set(network, bucket);
  if (retryAfterMs > 0) return Math.ceil(retryAfterMs / 1000);
  if (config.rateLimiter === null) return null;
  const asked = config.rateLimiter.limit({ key: `browser|${network}` });
  const counted = await within(PATIENCE_MS, asked, { success: true });
  return counted.success ? null : COUNTER_RETRY_S;
}
