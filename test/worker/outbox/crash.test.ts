/** What dies in between costs nothing: no event is lost, and what may arrive twice has the same id. */

import { afterEach, describe, expect, it, vi } from 'vitest';
import { context as operator, kill, ring, right, rows, stub } from '../accounts/world.ts';
import {
  arrived,
  behave,
  deliveryTo,
  directoryFails,
  disable,
  done,
  events,
  later,
  logged,
  messages,
  newHook,
  quiet,
  received,
} from './world.ts';
import { PATIENCE_MS } from '../../support/patience.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe('an event is delivered exactly once', () => {
  it('when the object dies between the change and the first attempt', async () => {
    const account = await quiet();
    const hook = await newHook({ organization: account.organization });
    directoryFails();
    await disable(account.id);
    await kill(account.id);
    expect(await received(hook)).toEqual([]);
    vi.restoreAllMocks();
    await expect.poll(async () => (await ring(account.id), (await received(hook)).length)).toBe(1);
    await done(account.id);
    const [event] = (await events(account.id)).filter(({ type }) => type === 'connected_account.disabled');
    expect((await arrived(hook, 1))[0]).toMatchObject({ id: event?.['id'], body: event?.['body'] });
  });

  it('when the object dies after the receiver got it and before its answer', async () => {
    const account = await quiet();
    const hook = await newHook({ organization: account.organization, behaviour: { afterMs: 700 } });
    await disable(account.id);
    await arrived(hook, 1);
    await kill(account.id);
    await expect
      .poll(async () => (await deliveryTo(account.id, hook))['status'], { timeout: PATIENCE_MS })
      .toBe('delivered');
    await done(account.id);
    later(40_000);
    await ring(account.id);
    expect(await deliveryTo(account.id, hook)).toMatchObject({ attempts: 1, last_status: 200 });
    expect(await received(hook)).toHaveLength(1);
  });
});

describe('an attempt whose end is never told', () => {
  it('is made again after half a minute, under the same id', async () => {
    const account = await quiet();
    const hook = await newHook({ organization: account.organization, behaviour: { hang: true } });
    await disable(account.id);
    await arrived(hook, 1);
    const first = await deliveryTo(account.id, hook);
    expect(first).toMatchObject({ status: 'waiting', attempts: 1 });
    expect(first['in_flight_until_ms']).not.toBeNull();
    await behave(hook, {});
    later(31_000);
    await ring(account.id);
    const [one, two] = await arrived(hook, 2);
    expect(two?.id).toBe(one?.id);
    expect(two?.body).toBe(one?.body);
    expect(two?.timestamp).toBe(one?.timestamp);
    const stamps = (await received(hook)).map(({ headers }) => Number(headers['webhook-timestamp']));
    expect((stamps[1] ?? 0) - (stamps[0] ?? 0)).toBeGreaterThanOrEqual(30);
    await expect.poll(async () => (await deliveryTo(account.id, hook))['status']).toBe('delivered');
  });

  it('and that arrives late after all still counts, once', async () => {
    const account = await quiet();
    const hook = await newHook({ organization: account.organization });
    await disable(account.id);
    await arrived(hook, 1);
    await done(account.id);
    const { id } = await deliveryTo(account.id, hook);
    const report = { deliveryId: String(id), attempt: 1, durationMs: 1 };
    const failed = { ...report, result: { kind: 'response', status: 500 } } as const;
    expect(await stub(account.id).outboxSettled(failed)).toBe('known');
    expect(await deliveryTo(account.id, hook)).toMatchObject({ status: 'delivered', last_status: 200 });
    expect(await stub(account.id).outboxSettled({ ...failed, deliveryId: 'wd_none' })).toBe('unknown');
  });
});

describe('many changes and deaths', () => {
  it('leave no event out, none twice, and their order in the log', async () => {
    const account = await quiet();
    const hook = await newHook({ organization: account.organization });
    for (let n = 0; n < 8; n += 1) {
      right(
        await stub(account.id).signal({ signal: n % 2 === 0 ? 'disabled' : 'enabled', context: operator }),
      );
      await kill(account.id);
    }
    await expect.poll(async () => (await messages(hook)).length, { timeout: PATIENCE_MS }).toBe(4);
    await done(account.id);
    const made = await events(account.id);
    expect(made.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5]);
    const sent = (await messages(hook)).map(({ id }) => id);
    expect(sent.toSorted()).toEqual(
      made
        .slice(1)
        .map(({ id }) => String(id))
        .toSorted(),
    );
    expect(await rows(account.id, `SELECT kind FROM timer WHERE kind = 'outbox'`)).toEqual([]);
    const log = (await logged(account.id)).map(({ id }) => id);
    expect(log).toEqual(made.map(({ id }) => id));
  });
});
