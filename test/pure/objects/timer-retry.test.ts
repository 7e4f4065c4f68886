import { describe, expect, it } from 'vitest';
import { timerRetryMs } from '#objects/alarm.ts';

describe('the wait before a timer that failed is run again', () => {
  it('doubles from a second, half to whole, and ends at five minutes', () => {
    const waits = [1, 2, 3, 9, 10, 60].map((failures) => timerRetryMs(failures, () => 0.999_999));
    expect(waits).toEqual([1_000, 2_000, 4_000, 256_000, 300_000, 300_000]);
    expect(timerRetryMs(1, () => 0)).toBe(500);
    expect(timerRetryMs(60, () => 0)).toBe(150_000);
  });
});
