/**
 * What each kind of work takes of what the platform bills. `counted.json` beside this file keeps it, and the tables of
 * `src/README.md` are made from that: `npm run costs` counts anew and writes both.
 */

import { afterEach, expect, it, vi } from 'vitest';
import { PAGE_RECORDS } from '#audit/ring.ts';
import {
  alarmAt,
  calls,
  connected,
  evict,
  expired,
  indexed,
  makeTables,
  release,
  ring,
  rows,
  view,
  withStorage,
  type Connected,
} from './world.ts';
import { arrived, disable, done, enable, newHook, quiet, type Hook } from '../outbox/world.ts';
import { counted, type Counted } from './meter.ts';
import kept from './counted.json' with { type: 'json' };

type Work = Record<
  | 'warmFetch'
  | 'coldFetch'
  | 'refreshOnDemand'
  | 'refreshAhead'
  | 'beat'
  | 'accountMade'
  | 'event'
  | 'delivery',
  Counted
>;

afterEach(() => {
  vi.useRealTimers();
});

/** Made once in an account's life, with its first refresh and its seventeenth record. */
const LATER_TABLES = ['refresh_attempt', 'audit_page'];

/** The token has been handed out before, and nothing waits. */
async function used(): Promise<Connected> {
  const account = await connected();
  await makeTables(account.id, ...LATER_TABLES);
  expect((await release(account.id)).code).toBe('ok');
  await indexed(account.id);
  return account;
}

async function warmFetch(): Promise<Counted> {
  const { id } = await used();
  const count = 2 * PAGE_RECORDS;
  const all = await counted(id, async () => {
    for (let n = 0; n < count; n += 1) await release(id);
  });
  return each(all, (value) => value / count);
}

/** Asleep, and not used within the hour. */
async function coldFetch(): Promise<Counted> {
  const { id } = await connected();
  await indexed(id);
  await evict(id);
  return counted(id, () => release(id));
}

async function refreshOnDemand(): Promise<Counted> {
  const { id } = await expired();
  await indexed(id);
  await makeTables(id, ...LATER_TABLES);
  expect(await view(id)).toMatchObject({ status: 'active' });
  return counted(id, async () => {
    expect((await release(id)).code).toBe('ok');
    await indexed(id);
  });
}

/** The alarm as it comes, by the broker's clock; the provider lives on the real one. */
async function ringWhenDue(id: string): Promise<void> {
  const atMs = await alarmAt(id);
  if (atMs === null) throw new Error('nothing waits');
  vi.useFakeTimers({ toFake: ['Date'] });
  vi.setSystemTime(Math.max(atMs, Date.now()));
  await ring(id);
}

async function refreshAhead(): Promise<Counted> {
  const { id, grant } = await used();
  await evict(id);
  const before = (await calls(grant.grantId)).length;
  const cost = await counted(id, async () => {
    await ringWhenDue(id);
    await indexed(id);
  });
  expect((await calls(grant.grantId)).length).toBe(before + 1);
  return cost;
}

async function beat(): Promise<Counted> {
  const { id } = await used();
  // What a beat needs to find: a refresh that waits behind it.
  await withStorage(id, ({ sql }) => {
    sql.exec(`UPDATE timer SET due_at_ms = due_at_ms + 864000000 WHERE kind = 'refresh:1'`);
  });
  const [row] = await rows(id, `SELECT due_at_ms FROM timer WHERE kind = 'beat'`);
  await withStorage(id, (storage) => storage.setAlarm(Number(row?.['due_at_ms'])));
  await evict(id);
  return counted(id, () => ringWhenDue(id));
}

async function accountMade(): Promise<Counted> {
  const other = await used();
  return counted(other.id, async () => {
    const { id } = await connected({ connection: other.connection });
    await indexed(id);
  });
}

/** A change of status with its event, and so many endpoints that hear of it. */
async function statusChange(receivers: number): Promise<Counted> {
  const account = await quiet();
  const hooks: Hook[] = [];
  for (let n = 0; n < receivers; n += 1) hooks.push(await newHook({ organization: account.organization }));
  const change = async (count: number) => {
    await disable(account.id);
    for (const hook of hooks) await arrived(hook, count);
    await done(account.id);
    await indexed(account.id);
  };
  // Once before: proven endpoints, tables that are there.
  await change(1);
  await enable(account.id);
  await done(account.id);
  await indexed(account.id);
  return counted(account.id, () => change(2));
}

/** What a change of status, and what each delivery of its event, takes. */
async function eventAndDelivery(): Promise<{ event: Counted; delivery: Counted }> {
  const [none, two] = [await statusChange(0), await statusChange(2)];
  return { event: none, delivery: between(none, two, (less, more) => Math.round((more - less) / 2)) };
}

/** Wherever something is told, how often the outbox wakes depends on what meets: a few rows more or less. */
const SENT_WITHIN = 0.5;
/** The first event of an account is one of the many rows that it is made of. */
const MADE_WITHIN = 0.1;
/** Rows are read for next to nothing, and how many depends on what else the directory holds. */
const READ_WITHIN = 0.5;
/** An isolate looks at the connection once a second: where the work takes longer, once more. */
const LOOKED_AGAIN = 5;
/** A caller whose refresh takes long comes once more. */
const CALLED_WITHIN = 0.5;

/** What was kept, where the new count is as good. */
function settled(name: keyof Work, now: Counted, written = 0): Counted {
  const before: Counted | undefined = (kept as unknown as Partial<Work>)[name];
  if (before === undefined) return now;
  const withinOf = (field: string) => {
    if (field.endsWith('Read')) return READ_WITHIN;
    return field === 'objectRequests' ? CALLED_WITHIN : written;
  };
  const close = (field: string, old: number, value: number) =>
    Math.abs(value - old) <= old * withinOf(field) + (field === 'directoryRowsRead' ? LOOKED_AGAIN : 0)
      ? old
      : value;
  return between(before, now, (old, value, field) => close(field, old, value));
}

it('each kind of work takes what the tables of src/README.md say', async () => {
  const { event, delivery } = await eventAndDelivery();
  const all: Work & { accountBytes: number } = {
    warmFetch: settled('warmFetch', await warmFetch()),
    coldFetch: settled('coldFetch', await coldFetch()),
    refreshOnDemand: settled('refreshOnDemand', await refreshOnDemand()),
    refreshAhead: settled('refreshAhead', await refreshAhead()),
    beat: settled('beat', await onTheRealClock(beat)),
    accountMade: settled('accountMade', await onTheRealClock(accountMade), MADE_WITHIN),
    event: settled('event', event, SENT_WITHIN),
    delivery: settled('delivery', delivery, SENT_WITHIN),
    accountBytes: await accountBytes(),
  };
  await expect(`${JSON.stringify(all, null, 2)}\n`).toMatchFileSnapshot('./counted.json');
});

function onTheRealClock<T>(work: () => Promise<T>): Promise<T> {
  vi.useRealTimers();
  return work();
}

/** Of an account that was connected, used and refreshed. */
async function accountBytes(): Promise<number> {
  const { id } = await expired();
  expect((await release(id)).code).toBe('ok');
  await indexed(id);
  return withStorage(id, ({ sql }) => sql.databaseSize);
}

function each(counts: Counted, of: (value: number) => number): Counted {
  return Object.fromEntries(Object.entries(counts).map(([name, value]) => [name, of(value)])) as never;
}

function between(
  one: Counted,
  other: Counted,
  of: (one: number, other: number, field: string) => number,
): Counted {
  const pairs = Object.entries(one).map(([field, value]) => [
    field,
    of(value, other[field as keyof Counted], field),
  ]);
  return Object.fromEntries(pairs) as never;
}
