/** Candidate grants in the object: rows that were changed are refused, silence erases them, a restart does not. */

import { abortAllDurableObjects } from 'cloudflare:test';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { CONFIRM_MS } from '#accounts/flows/sessions/session.ts';
import { confirmed, shown, unconnected, waiting, type Waiting } from './flow-world.ts';
import {
  alarmAt,
  connected,
  context,
  evict,
  http,
  indexed,
  must,
  newGrant,
  records,
  release,
  remove,
  right,
  ring,
  rows,
  stub,
  tamper,
  view,
  withStorage,
  type Row,
} from './world.ts';

afterEach(() => {
  vi.useRealTimers();
});

const TABLES = ['connect_session', 'candidate', 'connect_seal'] as const;

const copies = async (id: string) =>
  Promise.all(TABLES.map(async (table) => [table, await rows(id, `SELECT * FROM ${table}`)] as const));

/** Puts rows back whole, with the MACs that they had. */
async function putBack(id: string, table: string, older: readonly Row[]): Promise<void> {
  await withStorage(id, ({ sql }) => {
    const there = sql.exec('SELECT name FROM sqlite_master WHERE name = ?', table).toArray();
    if (there.length > 0) sql.exec(`DELETE FROM ${table}`);
    for (const row of older) {
      const names = Object.keys(row);
      const marks = names.map(() => '?').join(', ');
      sql.exec(`INSERT INTO ${table} (${names.join(', ')}) VALUES (${marks})`, ...Object.values(row));
    }
  });
  await evict(id);
}

const ALARM = (dueAtMs: number) => {
  vi.useFakeTimers({ toFake: ['Date'] });
  vi.setSystemTime(dueAtMs);
};

/** When its confirmation ends, by its timer. */
async function deadlineOf({ id }: Waiting): Promise<number> {
  const [timer] = await rows(id, `SELECT due_at_ms FROM timer WHERE kind = 'connect'`);
  return Number(timer?.['due_at_ms']);
}

describe('a row of a connect flow that was changed', () => {
  it.each([
    ['connect_session', 'body'],
    ['connect_session', 'mac'],
    ['connect_session', 'id'],
    ['candidate', 'body'],
    ['candidate', 'mac'],
    ['candidate', 'id'],
    ['connect_seal', 'mac'],
  ])('in one byte, %s.%s, is refused and left as it is', async (table, column) => {
    const flow = await waiting(await unconnected());
    const [row] = await rows(flow.id, `SELECT ${column} FROM ${table}`);
    const text = String(row?.[column]);
    for (const at of [0, Math.floor(text.length / 2), text.length - 1]) {
      const flipped = text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ 1) + text.slice(at + 1);
      await withStorage(flow.id, ({ sql }) => sql.exec(`UPDATE ${table} SET ${column} = ?`, flipped));
      await evict(flow.id);
      const before = await copies(flow.id);
      expect(await confirmed(flow), `byte ${at}`).toBe('record_corrupt');
      expect(await shown(flow)).toBe('record_corrupt');
      expect(await copies(flow.id)).toEqual(before);
      await withStorage(flow.id, ({ sql }) => sql.exec(`UPDATE ${table} SET ${column} = ?`, text));
    }
    await evict(flow.id);
    // It was the byte: as it was written it is good.
    expect(await confirmed(flow)).toBe('done');
  });

  it('says neither that it waits nor what it holds over the account: what works goes on', async () => {
    const account = await connected();
    const flow = await waiting(account);
    await tamper(flow.id, `UPDATE candidate SET body = replace(body, 'contacts', 'admin')`);
    expect(await confirmed(flow)).toBe('record_corrupt');
    expect(await release(flow.id)).toMatchObject({ code: 'ok', token: account.grant.accessToken });
  });

  it.each([
    ['its candidate', 'DELETE FROM candidate'],
    ['its session', 'DELETE FROM connect_session'],
    ['its seal', 'DELETE FROM connect_seal'],
  ])('by taking away %s is refused', async (_, statement) => {
    const flow = await waiting(await unconnected());
    await tamper(flow.id, statement);
    expect(await confirmed(flow)).toBe('record_corrupt');
    expect(await rows(flow.id, 'SELECT id FROM grant_row')).toEqual([]);
  });

  it('is 409 record_corrupt over HTTP wherever flows are read or ended, and says no more', async () => {
    const flow = await waiting(await unconnected());
    await tamper(flow.id, `UPDATE connect_session SET body = replace(body, 'confirm', 'none')`);
    const path = `/v1/connected-accounts/${flow.id}`;
    const grant = await newGrant();
    const { connection, identifier } = flow;
    const answers = [
      await http('GET', path),
      await http('POST', '/v1/connected-accounts', { connection, identifier }),
      await http('POST', `${path}/connect-link`, {}),
      await http('POST', `${path}/revoke`),
      await http('PATCH', path, { metadata: { a: 'b' } }),
      await http('PUT', `${path}/credential`, { type: 'oauth2', refresh_token: grant.refreshToken }),
    ];
    for (const answer of answers) {
      const text = await answer.text();
      expect([answer.status, JSON.parse(text).code], answer.url).toEqual([409, 'record_corrupt']);
      expect(text).not.toMatch(/connect_session|MAC|sql/i);
    }
    await must(http('DELETE', path), 204);
  });

  it('by a candidate of another session of the same account is refused', async () => {
    const account = await unconnected();
    const [one, other] = [await waiting(account), await waiting(account)];
    await tamper(
      one.id,
      `UPDATE candidate SET body = (SELECT body FROM candidate WHERE id = '${other.sessionId}'),
         mac = (SELECT mac FROM candidate WHERE id = '${other.sessionId}') WHERE id = '${one.sessionId}'`,
    );
    expect(await confirmed(one)).toBe('record_corrupt');
  });
});

describe('older rows that are put back', () => {
  it('bring a refused candidate to no confirmation', async () => {
    const flow = await waiting(await unconnected());
    const before = await copies(flow.id);
    // A wrong identifier ends it: one try.
    expect(await confirmed({ ...flow, identifier: 'somebody-else' })).toBe('failed');
    for (const [table, older] of before.filter(([name]) => name !== 'connect_seal'))
      await putBack(flow.id, table, older);
    expect(await confirmed(flow)).toBe('record_corrupt');
    expect((await release(flow.id)).code).not.toBe('ok');
  });

  it('of the session alone, or of the candidate alone, are refused too', async () => {
    for (const table of ['connect_session', 'candidate']) {
      const flow = await waiting(await unconnected());
      const before = new Map(await copies(flow.id));
      expect(await confirmed({ ...flow, identifier: 'somebody-else' })).toBe('failed');
      await putBack(flow.id, table, before.get(table as 'candidate') ?? []);
      expect(await confirmed(flow), table).toBe('record_corrupt');
    }
  });
});

describe('ten minutes of silence', () => {
  it('erase the candidate by their timer, and the session says that it expired', async () => {
    const flow = await waiting(await unconnected());
    await indexed(flow.id);
    expect((await view(flow.id)).status).toBe('pending_confirmation');
    const deadlineMs = await deadlineOf(flow);
    expect(deadlineMs - Date.now()).toBeLessThanOrEqual(CONFIRM_MS);
    expect(deadlineMs - Date.now()).toBeGreaterThan(CONFIRM_MS - 60_000);
    expect(await alarmAt(flow.id)).toBe(deadlineMs);
    ALARM(deadlineMs - 1_000);
    await ring(flow.id);
    expect(await rows(flow.id, 'SELECT id FROM candidate')).toHaveLength(1);
    ALARM(deadlineMs);
    await ring(flow.id);
    expect(await rows(flow.id, 'SELECT id FROM candidate')).toEqual([]);
    expect(await rows(flow.id, `SELECT kind FROM timer WHERE kind = 'connect'`)).toEqual([]);
    expect(await shown(flow)).toBe('expired');
    expect(await confirmed(flow)).toBe('expired');
    expect((await view(flow.id)).status).toBe('pending');
    expect((await records(flow.id)).at(-1)).toMatchObject({
      action: 'account.connect',
      outcome: 'failed',
      reason: 'confirmation_expired',
    });
  });

  it('hold where the timer is late: nobody confirms what is over', async () => {
    const flow = await waiting(await unconnected());
    ALARM((await deadlineOf(flow)) + 1);
    expect(await confirmed(flow)).toBe('expired');
    expect(await shown(flow)).toBe('expired');
    expect((await view(flow.id)).status).toBe('pending');
    expect((await release(flow.id)).code).not.toBe('ok');
  });
});

describe('a deleted account', () => {
  it('has no candidate, no session and no timer for them, and nothing to confirm', async () => {
    const flow = await waiting(await unconnected());
    await remove(flow.id);
    for (const table of TABLES) expect(await rows(flow.id, `SELECT * FROM ${table}`), table).toEqual([]);
    expect(await rows(flow.id, `SELECT kind FROM timer WHERE kind = 'connect'`)).toEqual([]);
    expect([await confirmed(flow), await shown(flow)]).toEqual(['not_found', 'not_found']);
  });

  it('that was revoked has none either', async () => {
    const flow = await waiting(await connected());
    right(await stub(flow.id).signal({ signal: 'revoked', context }));
    expect(await rows(flow.id, 'SELECT id FROM candidate')).toEqual([]);
    expect(await confirmed(flow)).toBe('used');
  });
});

describe('a restart between arrival and confirmation', () => {
  it('keeps the candidate whole: confirmed once, it serves what the provider gave', async () => {
    const flow = await waiting(await unconnected());
    await abortAllDurableObjects();
    expect([await shown(flow), (await view(flow.id)).status]).toEqual([
      'pending_confirmation',
      'pending_confirmation',
    ]);
    await abortAllDurableObjects();
    expect(await confirmed(flow)).toBe('done');
    await abortAllDurableObjects();
    expect(await confirmed(flow)).toBe('used');
    expect(await release(flow.id)).toMatchObject({ code: 'ok', token: flow.accessToken });
    expect(right(await stub(flow.id).verifyAudit({}))).toMatchObject({ intact: true });
  });

  it('keeps its end too', async () => {
    const flow = await waiting(await unconnected());
    const deadlineMs = await deadlineOf(flow);
    await abortAllDurableObjects();
    await indexed(flow.id);
    expect(await alarmAt(flow.id)).toBe(deadlineMs);
  });
});
