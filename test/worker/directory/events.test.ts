/** Events in the order of their arrival: each once, none skipped, and nobody else's. */

import { beforeEach, describe, expect, it } from 'vitest';
import {
  appendEvents,
  listEvents,
  markSuppressed,
  type EventFilter,
  type EventRow,
} from '#directory/webhooks/events.ts';
import { asAnotherIsolate, db, downDatabase } from './world.ts';

const ALL: EventFilter = { after: null, accountId: null, type: null, organization: null, limit: 100 };

function event(id: string, changed: Partial<EventRow> = {}): EventRow {
  return {
    id,
    type: 'agent.auth.succeeded',
    atMs: 1_000,
    organization: '',
    connectedAccountId: 'ca_1',
    body: JSON.stringify({ type: 'agent.auth.succeeded', data: { note: `ü "${id}" '\\` } }),
    suppressed: false,
    ...changed,
  };
}

async function ids(filter: Partial<EventFilter> = {}): Promise<string[] | null> {
  return (await listEvents(db, { ...ALL, ...filter }))?.map(({ id }) => id) ?? null;
}

beforeEach(async () => {
  await db.prepare('DELETE FROM event').run();
});

describe('appended events', () => {
  it('come back byte for byte', async () => {
    const rows = [
      event('evt_1', { organization: 'acme' }),
      event('evt_2', { connectedAccountId: null, suppressed: true }),
    ];
    await appendEvents(db, rows);
    expect(await listEvents(db, ALL)).toEqual(rows);
  });

  it('stand in the order of their arrival, whatever their times and ids', async () => {
    await appendEvents(db, [
      event('evt_9', { atMs: 9 }),
      event('evt_1', { atMs: 10 }),
      event('evt_5', { atMs: 1 }),
    ]);
    await appendEvents(db, [event('evt_0', { atMs: 0 })]);
    expect(await ids()).toEqual(['evt_9', 'evt_1', 'evt_5', 'evt_0']);
  });

  it('that come twice, alone or among others, keep their first place and content', async () => {
    await appendEvents(db, [event('evt_1'), event('evt_2')]);
    await appendEvents(db, [event('evt_3'), event('evt_1', { body: '{"other":1}' }), event('evt_4')]);
    await appendEvents(db, [event('evt_1')]);
    expect(await ids()).toEqual(['evt_1', 'evt_2', 'evt_3', 'evt_4']);
    expect((await listEvents(db, { ...ALL, limit: 1 }))?.[0]).toEqual(event('evt_1'));
  });

  it('of many who append at once are all there, each list in its own order', async () => {
    const lists = Array.from({ length: 8 }, (_, n) => [0, 1, 2, 3].map((m) => event(`evt_${n}_${m}`)));
    await Promise.all(lists.map((list) => appendEvents(asAnotherIsolate(), list)));
    const found = (await ids()) ?? [];
    expect(found).toHaveLength(32);
    for (const list of lists) {
      const own = list.map(({ id }) => id);
      expect(found.filter((id) => own.includes(id))).toEqual(own);
    }
  });

  it('are none without an event to append, and wait for a directory that does not answer', async () => {
    await appendEvents(downDatabase(), []);
    await expect(appendEvents(downDatabase(), [event('evt_1')])).rejects.toMatchObject({
      code: 'unavailable',
    });
  });

  it('are marked as suppressed later, and let out after all', async () => {
    await appendEvents(db, [event('evt_1'), event('evt_2')]);
    await markSuppressed(db, 'evt_2');
    await markSuppressed(db, 'evt_unknown');
    const suppressed = async () => (await listEvents(db, ALL))?.map((row) => row.suppressed);
    expect(await suppressed()).toEqual([false, true]);
    await markSuppressed(db, 'evt_2', false);
    expect(await suppressed()).toEqual([false, false]);
  });
});

describe('the list of events', () => {
  beforeEach(async () => {
    await appendEvents(db, [
      event('evt_1', { organization: 'acme' }),
      event('evt_2', { organization: '', type: 'connection.outage', connectedAccountId: null }),
      event('evt_3', { organization: 'acme', connectedAccountId: 'ca_2' }),
      event('evt_4', { organization: 'other' }),
      event('evt_5', { organization: 'acme', type: 'connected_account.deleted', connectedAccountId: 'ca_2' }),
    ]);
  });

  it('goes on after an event, also one that the filters leave out', async () => {
    expect(await ids({ after: 'evt_2' })).toEqual(['evt_3', 'evt_4', 'evt_5']);
    expect(await ids({ after: 'evt_2', accountId: 'ca_2' })).toEqual(['evt_3', 'evt_5']);
    expect(await ids({ after: 'evt_5' })).toEqual([]);
    expect(await ids({ limit: 2 })).toEqual(['evt_1', 'evt_2']);
  });

  it('takes filters together', async () => {
    expect(await ids({ type: 'agent.auth.succeeded' })).toEqual(['evt_1', 'evt_3', 'evt_4']);
    expect(await ids({ type: 'agent.auth.succeeded', accountId: 'ca_2' })).toEqual(['evt_3']);
    expect(await ids({ type: 'agent.suspended' })).toEqual([]);
  });

  it('of one organization holds its own events alone, and knows no other as a beginning', async () => {
    expect(await ids({ organization: 'acme' })).toEqual(['evt_1', 'evt_3', 'evt_5']);
    expect(await ids({ organization: '' })).toEqual(['evt_2']);
    expect(await ids({ organization: 'acme', after: 'evt_1' })).toEqual(['evt_3', 'evt_5']);
    expect(await ids({ organization: 'acme', after: 'evt_4' })).toBeNull();
    expect(await ids({ organization: 'acme', after: 'evt_2' })).toBeNull();
  });

  it('does not begin after an event that nobody knows', async () => {
    expect(await ids({ after: 'evt_unknown' })).toBeNull();
    expect(await ids({ after: '' })).toBeNull();
  });
});
