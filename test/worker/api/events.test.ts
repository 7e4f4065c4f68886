/** `GET /v1/events`: what a receiver reads to catch up. */

import { beforeEach, describe, expect, it } from 'vitest';
import { createApp } from '#api/app.ts';
import { appendEvents, markSuppressed } from '#directory/webhooks/events.ts';
import { callerOf, config, refusal } from './world.ts';

const call = callerOf(createApp());
const account = (n: number) => `ca_g${'a'.repeat(25)}${'abcdefg'.charAt(n)}`;

const types = [
  'agent.auth.succeeded',
  'connection.outage',
  'agent.auth.reauth_required',
  'agent.auth.succeeded',
];
const events = types.map((type, n) => ({
  id: `evt_${n}`,
  type,
  atMs: n,
  organization: n === 3 ? 'acme' : '',
  connectedAccountId: n === 1 ? null : account(n % 2),
  body: JSON.stringify({
    type,
    timestamp: `2026-11-21T10:29:0${n}.000Z`,
    data: { sequence: n, nested: { a: [null] } },
  }),
  suppressed: false,
}));

beforeEach(async () => {
  await config.directory.prepare('DELETE FROM event').run();
  await appendEvents(config.directory, events);
});

async function list(query = ''): Promise<{ ids: string[]; next: string | null }> {
  const { status, json } = await call('GET', `/v1/events${query}`);
  expect(status).toBe(200);
  const members = ['data', 'id', 'suppressed', 'timestamp', 'type'];
  for (const event of json.data) expect(members).toEqual(expect.arrayContaining(Object.keys(event)));
  return { ids: json.data.map(({ id }: { id: string }) => id), next: json.next_cursor };
}

describe('the list of events', () => {
  it('is oldest first, and each is what was signed', async () => {
    const { json } = await call('GET', '/v1/events');
    expect(json).toEqual({
      data: events.map(({ id, body }) => ({ id, ...JSON.parse(body) })),
      next_cursor: null,
    });
  });

  it('says which were delivered to nobody, and of the others nothing', async () => {
    await markSuppressed(config.directory, 'evt_2');
    const { json } = await call('GET', '/v1/events');
    expect(json.data.map(({ suppressed }: { suppressed?: true }) => suppressed)).toEqual([
      undefined,
      undefined,
      true,
      undefined,
    ]);
  });

  it('begins after an event, and takes filters together', async () => {
    expect((await list('?after=evt_1')).ids).toEqual(['evt_2', 'evt_3']);
    expect((await list('?after=evt_3')).ids).toEqual([]);
    expect((await list('?type=agent.auth.succeeded')).ids).toEqual(['evt_0', 'evt_3']);
    expect((await list(`?connected_account_id=${account(0)}`)).ids).toEqual(['evt_0', 'evt_2']);
    expect((await list(`?connected_account_id=${account(0)}&after=evt_0`)).ids).toEqual(['evt_2']);
    expect((await list(`?connected_account_id=${account(5)}`)).ids).toEqual([]);
  });

  it('is read to its end by cursors, from anywhere, with none twice', async () => {
    const seen: string[] = [];
    for (let query = '?limit=1&after=evt_0'; ;) {
      const { ids, next } = await list(query);
      seen.push(...ids);
      if (next === null) break;
      query = `?limit=1&cursor=${next}`;
    }
    expect(seen).toEqual(['evt_1', 'evt_2', 'evt_3']);
  });

  it.each([
    ['?after=evt_unknown', 'after'],
    ['?after=', 'after'],
    ['?type=agent.auth.nothing', 'type'],
    ['?type=agent.*', 'type'],
    ['?limit=0', 'limit'],
    ['?cursor=abc', 'cursor'],
    [`?after=${'a'.repeat(200)}`, 'after'],
    ['?after=evt_0&after=evt_1', 'after'],
  ])('refuses %s at its name', async (query, path) => {
    expect(refusal(await call('GET', `/v1/events${query}`))).toEqual([400, 'invalid_request', path]);
  });

  it('refuses a cursor under other filters', async () => {
    const { next } = await list('?limit=1');
    expect(refusal(await call('GET', `/v1/events?type=connection.outage&cursor=${next}`))).toEqual([
      400,
      'invalid_request',
      'cursor',
    ]);
  });
});
