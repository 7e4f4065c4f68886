import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseRotation } from '#refresh/schedule.ts';
import { DAY, HOUR, MINUTE, SECOND } from './given.ts';

it.each([
  ['proactive', { kind: 'proactive' }],
  ['on_demand', { kind: 'on_demand' }],
  ['idle_after:7d', { kind: 'idle_after', idleMs: 7 * DAY }],
  ['idle_after:36h', { kind: 'idle_after', idleMs: 36 * HOUR }],
  ['idle_after:1m', { kind: 'idle_after', idleMs: MINUTE }],
  ['idle_after:90s', { kind: 'idle_after', idleMs: 90 * SECOND }],
  ['idle_after:365d', { kind: 'idle_after', idleMs: 365 * DAY }],
])('reads %s', (text, mode) => {
  expect(parseRotation(text)).toEqual(mode);
});

it.each([
  '',
  'Proactive',
  'idle_after',
  'idle_after:',
  'idle_after:7',
  'idle_after:7w',
  'idle_after:07d',
  'idle_after:0d',
  'idle_after:-7d',
  'idle_after:1.5d',
  'idle_after:59s',
  'idle_after:366d',
  'idle_after:1e3d',
  'idle_after:9999999999d',
  ' idle_after:7d',
  'idle_after:7d\n',
])('refuses %j', (text) => {
  expect(parseRotation(text)).toBeNull();
});

it('reads every length between a minute and a year, in each unit', () => {
  const lengths = { s: SECOND, m: MINUTE, h: HOUR, d: DAY };
  const unit = fc.constantFrom(...(Object.keys(lengths) as (keyof typeof lengths)[]));
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40_000_000 }), unit, (count, of) => {
      const idleMs = count * lengths[of];
      const isTaken = idleMs >= MINUTE && idleMs <= 365 * DAY;
      expect(parseRotation(`idle_after:${count}${of}`)).toEqual(
        isTaken ? { kind: 'idle_after', idleMs } : null,
      );
    }),
  );
});
