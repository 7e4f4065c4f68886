/** What a class of objects gets from `src/objects` by wiring alone, shown by one that only tests have. */

import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, it } from 'vitest';
import { reports, Tally } from './tally.ts';

interface TallyRpc {
  add(argument: { by: number; fails?: boolean }): Promise<number | string>;
  end(): Promise<void>;
  read(): Promise<number | string>;
  verify(): Promise<{ intact: boolean; events: number } | null>;
}

const { TALLIES, DB } = env as unknown as { TALLIES: DurableObjectNamespace; DB: D1Database };
const OTHER_RING = `k1:${btoa('another-key-of-thirty-two-bytes!')}`;

const fresh = () => `tally-${crypto.randomUUID()}`;
const stub = (name: string) => TALLIES.getByName(name) as unknown as TallyRpc;
const objectOf = (name: string) => TALLIES.getByName(name) as never;

function withState<T>(name: string, use: (state: DurableObjectState) => T | Promise<T>): Promise<T> {
  return runInDurableObject<Tally, T>(objectOf(name), (_tally, state) => use(state));
}

function rows(name: string, query: string): Promise<Record<string, SqlStorageValue>[]> {
  return withState(name, ({ storage }) => storage.sql.exec(query).toArray());
}

/** Every row of every table of the object, as text. */
async function dump(name: string): Promise<string> {
  const tables = `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB '_cf_*' ORDER BY name`;
  const names = await rows(name, tables);
  const all = await Promise.all(
    names.map(async (table) => [table, await rows(name, `SELECT * FROM ${table['name']}`)]),
  );
  return JSON.stringify(all);
}

/** Changes rows behind the object's back; then it wakes anew and knows only what is stored. */
async function tamper(name: string, statement: string): Promise<void> {
  await withState(name, ({ storage }) => void storage.sql.exec(statement));
  await evictDurableObject(objectOf(name));
}

/** Until the index and the outbox have nothing left to do. */
async function idle(name: string): Promise<void> {
  await expect.poll(() => rows(name, 'SELECT kind FROM timer')).toEqual([]);
}

afterEach(() => {
  reports.isAway = false;
});

describe('a third class of objects', () => {
  it('has no table before its first write, whatever is asked of it', async () => {
    const name = fresh();
    expect(await stub(name).read()).toBe('nothing');
    expect(await stub(name).verify()).toBeNull();
    expect(await runDurableObjectAlarm(objectOf(name))).toBe(false);
    expect(await dump(name)).toBe('[]');
  });

  it('has a sealed row, a chain, an event in the log and its report at home after one change', async () => {
    const name = fresh();
    expect(await stub(name).add({ by: 2 })).toBe(2);
    expect(await stub(name).add({ by: 3 })).toBe(5);
    await idle(name);
    await evictDurableObject(objectOf(name));
    expect(await stub(name).read()).toBe(5);
    expect(await stub(name).verify()).toMatchObject({ intact: true, events: 2 });
    expect(reports.told.get(name)?.at(-1)).toBe(5);
    const log = await DB.prepare('SELECT body FROM event').all<{ body: string }>();
    expect(log.results.filter(({ body }) => body.includes(name))).toHaveLength(2);
    expect(await withState(name, ({ storage }) => storage.getAlarm())).toBeNull();
  });

  it('keeps nothing of a change that was thrown away', async () => {
    const name = fresh();
    await stub(name).add({ by: 1 });
    await idle(name);
    const before = await dump(name);
    await withState(name, (state) =>
      expect(new Tally(state, env as object).add({ by: 4, fails: true })).rejects.toThrow('thrown away'),
    );
    expect(await dump(name)).toBe(before);
    expect(await stub(name).add({ by: 4 })).toBe(5);
  });

  it('reports again by a growing wait until the report is taken', async () => {
    const name = fresh();
    reports.isAway = true;
    await stub(name).add({ by: 7 });
    const failures = async () =>
      (await rows(name, `SELECT attempts FROM timer WHERE kind = 'index'`))[0]?.['attempts'];
    await expect.poll(failures).toBeGreaterThanOrEqual(1);
    expect(reports.told.get(name)).toBeUndefined();
    expect(await withState(name, ({ storage }) => storage.getAlarm())).not.toBeNull();
    reports.isAway = false;
    await idle(name);
    expect(reports.told.get(name)).toEqual([7]);
  });

  it('refuses a row that was changed, and one that was put back with its own MAC', async () => {
    const name = fresh();
    await stub(name).add({ by: 1 });
    const [old] = await rows(name, 'SELECT count, audit_seq, mac FROM tally');
    await stub(name).add({ by: 1 });
    await idle(name);
    const read = () => withState(name, (state) => new Tally(state, env as object).read());
    const back = `UPDATE tally SET count = ${Number(old?.['count'])}, audit_seq = ${old?.['audit_seq']}, mac = '${String(old?.['mac'])}'`;
    for (const statement of ['UPDATE tally SET count = 100', back]) {
      await tamper(name, statement);
      await expect(read()).rejects.toThrow(/MAC|written together/);
    }
  });

  it('opens nothing under another name', async () => {
    const [name, other] = [fresh(), fresh()];
    await stub(name).add({ by: 1 });
    await stub(other).add({ by: 1 });
    await idle(other);
    await tamper(other, `UPDATE tally SET name = '${name}'`);
    expect(await stub(other).read()).toBe('record_corrupt');
  });

  it('writes nothing under a ring that does not open it, and looks again', async () => {
    const name = fresh();
    await stub(name).add({ by: 1 });
    await idle(name);
    await withState(
      name,
      ({ storage }) => void storage.sql.exec(`INSERT INTO timer VALUES ('index', 1, 0, NULL)`),
    );
    const before = await dump(name);
    await withState(name, async (state) => {
      const locked = new Tally(state, { ...(env as object), MASTER_KEYS: OTHER_RING });
      expect(await locked.read()).toBe('vault_locked');
      expect(await locked.add({ by: 1 })).toBe('vault_locked');
      await locked.alarm();
      expect(await state.storage.getAlarm()).toBeGreaterThan(Date.now());
    });
    expect(await dump(name)).toBe(before);
  });

  it('finds its alarm again where the platform has lost it', async () => {
    const name = fresh();
    await stub(name).add({ by: 1 });
    await idle(name);
    const inAnHour = Date.now() + 3_600_000;
    await withState(name, async ({ storage }) => {
      storage.sql.exec(`INSERT INTO timer VALUES ('index', ${inAnHour}, 0, NULL)`);
      await storage.deleteAlarm();
    });
    await evictDurableObject(objectOf(name));
    await stub(name).read();
    await expect.poll(() => withState(name, ({ storage }) => storage.getAlarm())).toBe(inAnHour);
  });

  it('takes a timer away that is of no kind', async () => {
    const name = fresh();
    await stub(name).add({ by: 1 });
    await idle(name);
    for (const kind of ['unknown', 'index:1', 'indexes', 'constructor'])
      await withState(
        name,
        ({ storage }) => void storage.sql.exec(`INSERT INTO timer VALUES (?, 1, 0, NULL)`, kind),
      );
    await withState(name, (state) => new Tally(state, env as object).alarm());
    expect(await rows(name, 'SELECT * FROM timer')).toEqual([]);
  });

  it('ends, reports that it has, and begins again on the same chain', async () => {
    const name = fresh();
    await stub(name).add({ by: 9 });
    await stub(name).end();
    expect(await stub(name).read()).toBe('nothing');
    await idle(name);
    expect(reports.told.get(name)?.at(-1)).toBe(0);
    expect(await stub(name).verify()).toMatchObject({ intact: true });
    expect(await stub(name).add({ by: 1 })).toBe(1);
    await evictDurableObject(objectOf(name));
    expect(await stub(name).read()).toBe(1);
  });
});
