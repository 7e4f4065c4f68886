import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  afterWrong,
  BLOCK_MS,
  blockedForMs,
  WINDOW_MS,
  WRONG_LIMIT,
  WrongSecrets,
} from '#callers/wrong-secrets.ts';

/** Times of wrong secrets, in milliseconds since the first: bursts, pauses, and everything between. */
const pauses = fc.array(fc.oneof(fc.constant(0), fc.nat(2_000), fc.nat(90_000)), {
  minLength: 1,
  maxLength: 60,
});

function timesOf(gaps: readonly number[]): number[] {
  let atMs = 1_800_000_000_000;
  return gaps.map((gap) => (atMs += gap));
}

describe('wrong secrets under one key id', () => {
  it('close it exactly when five that count lie within a minute', () => {
    fc.assert(
      fc.property(pauses, (gaps) => {
        const wrong = new WrongSecrets();
        let counted: number[] = [];
        let closedUntilMs = 0;
        for (const nowMs of timesOf(gaps)) {
          expect(wrong.blockedForMs('k', nowMs) > 0).toBe(nowMs < closedUntilMs);
          wrong.count('k', nowMs);
          if (nowMs < closedUntilMs) continue;
          counted = [...counted, nowMs].filter((atMs) => nowMs - atMs < WINDOW_MS);
          if (counted.length < WRONG_LIMIT) continue;
          counted = [];
          closedUntilMs = nowMs + BLOCK_MS;
        }
      }),
    );
  });

  it('close it for a minute and never longer, whatever the clock does', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -200_000, max: 200_000 }), { maxLength: 60 }), (steps) => {
        const wrong = new WrongSecrets();
        for (const nowMs of timesOf(steps)) {
          wrong.count('k', nowMs);
          expect(wrong.blockedForMs('k', nowMs)).toBeLessThanOrEqual(BLOCK_MS);
          expect(wrong.blockedForMs('k', nowMs)).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });

  it('leave other ids open', () => {
    const wrong = new WrongSecrets();
    for (let n = 0; n < 50; n += 1) wrong.count('one', 1_000 + n);
    expect(wrong.blockedForMs('one', 1_050)).toBe(BLOCK_MS - 46);
    expect(wrong.blockedForMs('other', 1_050)).toBe(0);
  });

  it('are forgotten with the oldest id when too many are named', () => {
    const wrong = new WrongSecrets(3);
    for (let n = 0; n < 5; n += 1) wrong.count('one', 1_000);
    for (const id of ['a', 'b', 'c']) wrong.count(id, 1_000);
    expect(wrong.blockedForMs('one', 1_000)).toBe(0);
  });

  it('do not prolong the minute while it lasts', () => {
    let track = { wrongAtMs: [] as readonly number[], blockedUntilMs: null as number | null };
    for (let n = 0; n < 5; n += 1) track = afterWrong(track, 1_000);
    const closed = track;
    for (let n = 0; n < 20; n += 1) track = afterWrong(track, 40_000 + n);
    expect(track).toEqual(closed);
    expect(blockedForMs(track, 1_000 + BLOCK_MS)).toBe(0);
  });
});
