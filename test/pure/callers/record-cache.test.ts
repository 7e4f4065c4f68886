import { describe, expect, it } from 'vitest';
import { MAX_AGE_MS, RecordCache, type Ask } from '#callers/record-cache.ts';

type Answer = { readonly ok: boolean; readonly n: number };

/** A lookup that is counted and answered by hand. */
function slowLookup() {
  const waiting: ((answer: Answer) => void)[] = [];
  const failing: ((error: Error) => void)[] = [];
  const cache = new RecordCache<Answer>(
    () =>
      new Promise((resolve, reject) => {
        waiting.push(resolve);
        failing.push(reject);
      }),
    3,
  );
  return { cache, waiting, failing };
}

function ask(nowMs: number, notBeforeMs: number = nowMs - MAX_AGE_MS + 1): Ask {
  return { now: () => nowMs, notBeforeMs, waitUntil: () => {} };
}

async function warm(answer: Answer, askedAtMs: number) {
  const made = slowLookup();
  const first = made.cache.get('a', ask(askedAtMs));
  made.waiting[0]?.(answer);
  await first;
  return made;
}

describe('the records that an isolate remembers', () => {
  it('are shared by all who ask while the first question is on its way', async () => {
    const { cache, waiting } = slowLookup();
    const asked = Array.from({ length: 50 }, (_, n) => cache.get('a', ask(1_000 + n)));
    expect(waiting).toHaveLength(1);
    waiting[0]?.({ ok: true, n: 7 });
    const answers = await Promise.all(asked);
    expect(answers.every(({ answer, askedAtMs }) => answer.n === 7 && askedAtMs === 1_000)).toBe(true);
  });

  it('serve for less than a second from when they were asked for', async () => {
    const { cache, waiting } = await warm({ ok: true, n: 1 }, 5_000);
    expect((await cache.get('a', ask(5_000 + MAX_AGE_MS - 1))).answer.n).toBe(1);
    void cache.get('a', ask(5_000 + MAX_AGE_MS));
    expect(waiting).toHaveLength(2);
  });

  it('do not serve a question that is slow: its answer may be a second old when it comes', () => {
    const { cache, waiting } = slowLookup();
    void cache.get('a', ask(0));
    void cache.get('a', ask(MAX_AGE_MS));
    expect(waiting).toHaveLength(2);
  });

  it('are not used after the clock went back', async () => {
    const { cache, waiting } = await warm({ ok: true, n: 1 }, 5_000);
    void cache.get('a', ask(4_000));
    expect(waiting).toHaveLength(2);
  });

  it('do not serve who needs a fresh one', async () => {
    const { cache, waiting } = await warm({ ok: true, n: 1 }, 5_000);
    void cache.get('a', ask(5_010, 5_010));
    expect(waiting).toHaveLength(2);
  });

  it('hold no refusals', async () => {
    const { cache, waiting } = await warm({ ok: false, n: 1 }, 5_000);
    void cache.get('a', ask(5_001));
    expect(waiting).toHaveLength(2);
  });

  it('are asked for once more by all who waited for a question that failed', async () => {
    const { cache, waiting, failing } = slowLookup();
    const first = cache.get('a', ask(1));
    const others = Array.from({ length: 20 }, () => cache.get('a', ask(1)));
    failing[0]?.(new Error('the object was reset'));
    await expect(first).rejects.toThrow('reset');
    await expect.poll(() => waiting.length).toBe(2);
    waiting[1]?.({ ok: true, n: 2 });
    const answers = await Promise.all(others);
    expect(answers.every(({ answer }) => answer.n === 2)).toBe(true);
    expect(waiting).toHaveLength(2);
  });

  it('are asked for again by who waited for a question that never ends', async () => {
    const { cache, waiting } = slowLookup();
    void cache.get('a', ask(0));
    const second = cache.get('a', ask(1));
    await expect.poll(() => waiting.length, { timeout: 4_000 }).toBe(2);
    waiting[1]?.({ ok: true, n: 2 });
    expect((await second).answer.n).toBe(2);
  });

  it('do not serve who has waited for them so long that they are old when they come', async () => {
    const { cache, waiting } = slowLookup();
    const clock = { nowMs: 1_000 };
    const patient: Ask = {
      now: () => clock.nowMs,
      notBeforeMs: -Infinity,
      maxAgeMs: MAX_AGE_MS,
      waitUntil: () => {},
    };
    void cache.get('a', patient);
    const others = [cache.get('a', patient), cache.get('a', patient)];
    clock.nowMs += MAX_AGE_MS;
    waiting[0]?.({ ok: true, n: 1 });
    await expect.poll(() => waiting.length).toBe(2);
    waiting[1]?.({ ok: true, n: 2 });
    for (const { answer, askedAtMs } of await Promise.all(others)) {
      expect([answer.n, askedAtMs]).toEqual([2, clock.nowMs]);
    }
    expect(waiting).toHaveLength(2);
  });

  it('are bounded', async () => {
    const { cache, waiting } = await warm({ ok: true, n: 1 }, 5_000);
    for (const id of ['b', 'c', 'd']) void cache.get(id, ask(5_000));
    void cache.get('a', ask(5_001));
    expect(waiting).toHaveLength(5);
  });
});
