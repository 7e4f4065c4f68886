/** The broker's own limit: far above what agents need, per credential and address, and never for ever. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { overCounter, overLimit, taken, type Bucket, type Knock } from '#callers/rate-limits.ts';

const NOW = 1_800_000_000_000;
const knock: Knock = { keyId: '4nB2xQ9ZkT', address: '203.0.113.7' };
const limits = (rateLimitPerMinute: number, limit?: () => Promise<{ success: boolean }>) => ({
  rateLimitPerMinute,
  rateLimiter: limit === undefined ? null : { limit },
});

describe('a bucket', () => {
  it('lets through at most its burst and what has refilled, and opens when it says', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000 }),
        fc.array(fc.integer({ min: -1_000, max: 5_000 }), { maxLength: 200 }),
        (perMinute, steps) => {
          let bucket: Bucket | undefined;
          let passed = 0;
          let nowMs = NOW;
          let forwardMs = 0;
          for (const step of steps) {
            nowMs += step;
            forwardMs += Math.max(0, step);
            const next = taken(bucket, nowMs, perMinute);
            bucket = next.bucket;
            if (next.retryAfterMs === 0) passed += 1;
            else
              expect(taken(bucket, nowMs + Math.ceil(next.retryAfterMs) + 1, perMinute).retryAfterMs).toBe(0);
          }
          expect(passed).toBeLessThanOrEqual(
            Math.max(1, perMinute / 4) + (forwardMs * perMinute) / 60_000 + 1,
          );
        },
      ),
    );
  });
});

describe('a caller', () => {
  it('is refused past his burst with the limit and a time, and goes on after it; others are not', () => {
    const config = limits(40);
    for (let n = 0; n < 10; n += 1) expect(overLimit(config, knock, () => NOW)).toBeNull();
    expect(overLimit(config, knock, () => NOW)).toEqual({
      code: 'rate_limited',
      detail: 'too many requests under this credential',
      retryAfterS: 2,
      policy: { name: 'requests', quota: 40, windowS: 60 },
    });
    expect(overLimit(config, { ...knock, address: '203.0.113.8' }, () => NOW)).toBeNull();
    expect(overLimit(config, { ...knock, keyId: 'another000' }, () => NOW)).toBeNull();
    expect(overLimit(config, knock, () => NOW + 2_000)).toBeNull();
  });

  it('without a credential has a tenth', () => {
    const config = limits(400);
    const passed = Array.from({ length: 100 }, () => overLimit(config, { ...knock, keyId: null }, () => NOW));
    expect(passed.filter((refused) => refused === null)).toHaveLength(10);
  });

  it('of four thousand requests a second is refused by no default', () => {
    const config = limits(240_000);
    let nowMs = NOW;
    let refused = 0;
    for (let n = 0; n < 60_000; n += 1) {
      nowMs += n % 4 === 0 ? 1 : 0;
      if (overLimit(config, knock, () => nowMs) !== null) refused += 1;
    }
    expect(refused).toBe(0);
  });

  it('is also counted by the platform where that is bound, and a counter that fails stops nobody', async () => {
    expect(
      await overCounter(
        limits(40, async () => ({ success: false })),
        knock,
      ),
    ).toMatchObject({
      code: 'rate_limited',
      retryAfterS: 10,
    });
    expect(
      await overCounter(
        limits(40, async () => ({ success: true })),
        knock,
      ),
    ).toBeNull();
    expect(
      await overCounter(
        limits(40, () => Promise.reject(new Error('down'))),
        knock,
      ),
    ).toBeNull();
    expect(
      await overCounter(
        limits(40, () => new Promise(() => undefined)),
        knock,
      ),
    ).toBeNull();
    expect(await overCounter(limits(40), knock)).toBeNull();
  });
});
