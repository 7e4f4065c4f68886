/** What the tests of this room start from: instants, an account, and random numbers that repeat. */
import fc from 'fast-check';
import type { EventAccount } from '#webhooks/event.ts';

/** 2026-11-21T10:00:00Z. */
export const NOW = 1_795_255_200_000;
export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export const ACCOUNT: EventAccount = {
  accountId: 'ca_gabcdefghijklmnopqrstuvwxyz',
  connection: 'crm',
  provider: 'custom',
  identifier: 'user_1',
  organization: 'acme',
};

/** mulberry32: uniform in [0, 1), the same for the same seed. */
export function drawsOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Any value of [0, 1), its ends more often than chance would. */
export const anyDraw = fc.oneof(
  fc.constant(0),
  fc.constant(1 - Number.EPSILON),
  fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
);
