import { describe, expect, it } from 'vitest';
import { CommitPump, PROBE_EVERY, QUIET_COMMITS } from '../../../src/accounts/door/pump.ts';

/** A pump over a store whose commits become durable when the test says so. */
function pumpOverStore() {
  const commits: number[] = [];
  const waiting: (() => void)[] = [];
  const pump = new CommitPump(
    (fn) => {
      const before = jobs;
      fn();
      commits.push(jobs - before);
    },
    () => new Promise<void>((resolve) => waiting.push(resolve)),
  );
  let jobs = 0;
  const submit = () => pump.submit(() => (jobs += 1));
  const durable = async () => {
    waiting.shift()?.();
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
  };
  /** Until the next commit is one that is waited for. */
  const untilWatched = async () => {
    for (let n = 0; n < PROBE_EVERY - 1; n += 1) await submit();
    commits.length = 0;
    jobs = 0;
  };
  return { pump, submit, durable, commits, waiting, untilWatched };
}

/** Waited for, and alone for so long that commits are no longer waited for. */
async function calm(store: ReturnType<typeof pumpOverStore>): Promise<void> {
  await store.untilWatched();
  const together = [store.submit(), store.submit(), store.submit()];
  await store.durable();
  await store.durable();
  await Promise.all(together);
  // The last of those three had nobody behind it already.
  for (let n = 1; n < QUIET_COMMITS; n += 1) {
    await store.submit();
    await store.durable();
  }
  store.commits.length = 0;
}

describe('callers who come while a commit is not durable yet', () => {
  it('share the next one', async () => {
    const store = pumpOverStore();
    await store.untilWatched();
    const answers = [store.submit(), store.submit(), store.submit()];
    expect(store.commits).toEqual([1]);
    await store.durable();
    expect(store.commits).toEqual([1, 2]);
    expect(await Promise.all(answers)).toEqual([1, 2, 3]);
  });

  it('run in the order in which they came, each with its own result or error', async () => {
    const store = pumpOverStore();
    await store.untilWatched();
    const first = store.submit();
    const broken = store.pump.submit(() => {
      throw new Error('its own');
    });
    const third = store.submit();
    await store.durable();
    await expect(broken).rejects.toThrow('its own');
    expect([await first, await third]).toEqual([1, 2]);
  });

  it('all learn of a commit that fails', async () => {
    const pump = new CommitPump(
      () => {
        throw new Error('disk full');
      },
      () => Promise.resolve(),
    );
    await expect(pump.submit(() => 1)).rejects.toThrow('disk full');
  });
});

describe('a caller who comes alone', () => {
  it.each([
    ['at first', () => Promise.resolve()],
    ['once nobody has queued for a while', calm],
  ])('does not wait for its commit to be durable %s', async (_, before) => {
    const store = pumpOverStore();
    await before(store);
    for (let n = 0; n < PROBE_EVERY - 1; n += 1) await store.submit();
    expect(store.waiting).toHaveLength(0);
    expect(store.commits).toEqual(Array.from({ length: PROBE_EVERY - 1 }, () => 1));
  });

  it('is waited for now and then, and whoever queues behind it ends the calm', async () => {
    const store = pumpOverStore();
    await calm(store);
    for (let n = 0; n < PROBE_EVERY - 1; n += 1) await store.submit();
    store.commits.length = 0;
    const together = [store.submit(), store.submit(), store.submit()];
    expect(store.commits).toEqual([1]);
    await store.durable();
    expect(store.commits).toEqual([1, 2]);
    const more = [store.submit(), store.submit()];
    expect(store.commits).toEqual([1, 2]);
    await store.durable();
    expect(store.commits).toEqual([1, 2, 2]);
    await Promise.all([...together, ...more]);
  });
});
