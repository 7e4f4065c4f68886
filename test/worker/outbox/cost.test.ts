/** What an event and a delivery cost in rows: the figures of the table in `src/README.md` are held here. */

import { describe, expect, it, vi } from 'vitest';
import { upsertDeliveries, type DeliveryRow } from '#directory/webhooks/deliveries.ts';
import { appendEvents } from '#directory/webhooks/events.ts';
import { config, fresh, inObject, withStorage } from '../accounts/world.ts';
import { arrived, disable, done, enable, newHook, quiet, type Hook } from './world.ts';

/** Rows that the outbox writes in its object meanwhile, alarms among them. */
async function written(id: string, work: () => Promise<unknown>): Promise<number> {
  const prototype = await withStorage(id, ({ sql }) => Object.getPrototypeOf(sql) as SqlStorage);
  const storage = await inObject(id, (_account, state) => Object.getPrototypeOf(state.storage));
  const exec = vi.spyOn(prototype, 'exec');
  const alarm = vi.spyOn(storage, 'setAlarm');
  await work();
  const rows = exec.mock.results.map(({ value }, index) =>
    /\b(?:event|delivery|outbox_state|timer)\b/.test(String(exec.mock.calls[index]?.[0]))
      ? (value as SqlStorageCursor<never>).rowsWritten
      : 0,
  );
  const alarms = alarm.mock.calls.length;
  exec.mockRestore();
  alarm.mockRestore();
  return rows.reduce((sum, one) => sum + one, 0) + alarms;
}

async function costOf(receivers: number): Promise<number> {
  const account = await quiet();
  const hooks: Hook[] = [];
  for (let n = 0; n < receivers; n += 1) hooks.push(await newHook({ organization: account.organization }));
  // Once before: proven endpoints, tables that are there.
  const change = async (count: number) => {
    await disable(account.id);
    for (const hook of hooks) await arrived(hook, count);
    await done(account.id);
  };
  await change(1);
  await enable(account.id);
  await done(account.id);
  return written(account.id, () => change(2));
}

/** D1 with a count of the rows that its statements write, indexes among them. */
function counted(): { db: D1Database; rows: () => number } {
  let rows = 0;
  const db = {
    prepare: (query: string) => ({
      bind: (...values: unknown[]) => ({
        run: async () => {
          const result = await config.directory
            .prepare(query)
            .bind(...values)
            .run();
          rows += result.meta.rows_written;
          return result;
        },
      }),
    }),
  };
  return { db: db as unknown as D1Database, rows: () => rows };
}

describe('in its object', () => {
  it('an event writes some twenty rows, and each delivery some sixteen more', async () => {
    const [none, two] = [await costOf(0), await costOf(2)];
    // How often the outbox wakes between depends on what meets: a few rows more or less.
    expect(none).toBeLessThanOrEqual(25);
    expect(two).toBeLessThanOrEqual(25 + 2 * 20);
    expect(two).toBeGreaterThan(none + 2 * 8);
  });
});

describe('in the directory', () => {
  it('an event writes 6 rows, a delivery that arrives at once 6, a later change of it 5, indexes among them', async () => {
    const events = counted();
    await appendEvents(events.db, [
      {
        id: fresh('evt'),
        type: 'agent.suspended',
        atMs: 1,
        organization: '',
        connectedAccountId: 'ca_1',
        body: '{}',
        suppressed: false,
      },
    ]);
    const row: DeliveryRow = {
      id: fresh('wd'),
      eventId: 'evt_1',
      type: 'agent.suspended',
      endpoint: 'we_1',
      organization: '',
      connectedAccountId: 'ca_1',
      source: 'account:ca_1',
      status: 'delivered',
      attempts: 1,
      lastStatus: 200,
      lastFailure: null,
      nextAttemptAtMs: null,
      createdAtMs: 1,
      deliveredAtMs: 2,
      updatedAtMs: 2,
    };
    const deliveries = counted();
    await upsertDeliveries(deliveries.db, [row]);
    const again = counted();
    await upsertDeliveries(again.db, [{ ...row, attempts: 2, updatedAtMs: 3 }]);
    expect([events.rows(), deliveries.rows(), again.rows()]).toEqual([6, 6, 5]);
  });
});
