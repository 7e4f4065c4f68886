import { afterEach, expect, it, vi } from 'vitest';
import { Turns } from '#lib/turns.ts';

afterEach(() => void vi.useRealTimers());

it('lets one after another work, in the order in which they came', async () => {
  const turns = new Turns();
  const log: string[] = [];
  const work = (name: string) =>
    turns.take(async () => {
      log.push(`${name} begins`);
      await Promise.resolve();
      log.push(`${name} ends`);
      return name;
    });
  expect(await Promise.all(['a', 'b', 'c'].map(work))).toEqual(['a', 'b', 'c']);
  expect(log).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  expect(turns.isIdle).toBe(true);
});

it('goes on after work that fails', async () => {
  const turns = new Turns();
  const failed = turns.take(() => Promise.reject(new Error('no')));
  const next = turns.take(() => Promise.resolve('next'));
  await expect(failed).rejects.toThrow('no');
  expect(await next).toBe('next');
});

it('passes by a turn that never ends, once for all that wait', async () => {
  vi.useFakeTimers();
  const turns = new Turns();
  void turns.take(() => new Promise(() => undefined));
  const others = Promise.all([1, 2, 3].map((n) => turns.take(() => Promise.resolve(n))));
  await vi.advanceTimersByTimeAsync(1_100);
  expect(await others).toEqual([1, 2, 3]);
  expect(turns.isIdle).toBe(true);
});
