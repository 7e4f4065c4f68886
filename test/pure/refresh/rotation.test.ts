import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatRotation, parseRotation } from '#refresh/schedule.ts';
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

it('writes what it read in the largest unit', () => {
  expect(formatRotation({ kind: 'idle_after', idleMs: 7 * DAY })).toBe('idle_after:7d');
  expect(formatRotation({ kind: 'idle_after', idleMs: 25 * HOUR })).toBe('idle_after:25h');
});

it('reads back every mode that it writes', () => {
  const anyMode = fc.oneof(
    fc.constantFrom({ kind: 'proactive' as const }, { kind: 'on_demand' as const }),
    fc
      .integer({ min: 60, max: 365 * 86_400 })
      .map((s) => ({ kind: 'idle_after' as const, idleMs: s * SECOND })),
  );
  fc.assert(
    fc.property(anyMode, (mode) => {
      expect(parseRotation(formatRotation(mode))).toEqual(mode);
    }),
  );
});
