/**
 * A whole object's data under another name, and an object whose data is gone: both serve nothing, whatever is asked, and
 * nothing of theirs is written over.
 */

import { evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import type { Connected } from './world.ts';
import {
  connected,
  dump,
  evict,
  fresh,
  http,
  indexed,
  must,
  release,
  right,
  stub,
  withStorage,
} from './world.ts';
import { PATIENCE_MS } from '../../support/patience.ts';

const { AGENTS, DB } = env as unknown as { AGENTS: DurableObjectNamespace; DB: D1Database };

const TABLES = `SELECT name, sql FROM sqlite_master WHERE type = 'table' AND sql IS NOT NULL
  AND name NOT LIKE '\\_cf%' ESCAPE '\\' AND name NOT LIKE 'sqlite%'`;

/** Replaces everything that lies in one object by what lies in another. */
async function copy(from: string, to: string): Promise<void> {
  const tables = await withStorage(from, ({ sql }) =>
    sql
      .exec<{ name: string; sql: string }>(TABLES)
      .toArray()
      .map((table) => ({ ...table, rows: sql.exec(`SELECT * FROM ${table.name}`).toArray() })),
  );
  await withStorage(to, async (storage) => {
    await storage.deleteAlarm();
    for (const { name, sql: made, rows } of tables) {
      storage.sql.exec(`DROP TABLE IF EXISTS ${name}`);
      storage.sql.exec(made);
      for (const row of rows) {
        const names = Object.keys(row);
        const places = names.map(() => '?').join(', ');
        storage.sql.exec(
          `INSERT INTO ${name} (${names.join(', ')}) VALUES (${places})`,
          ...Object.values(row),
        );
      }
    }
  });
  await evict(to);
}

/** Takes everything away, as if the file had been cut to nothing. */
async function empty(id: string): Promise<void> {
  await withStorage(id, async (storage) => {
    await storage.deleteAlarm();
    for (const { name } of storage.sql.exec<{ name: string }>(TABLES).toArray())
      storage.sql.exec(`DROP TABLE ${name}`);
  });
  await evict(id);
}

/** Every way to the account, and the code that it answers. */
async function everyWay(account: Connected): Promise<Record<string, string>> {
  const one = `/v1/connected-accounts/${account.id}`;
  const { connection, identifier } = account;
  const rules = [{ connection, identifiers: [identifier] }];
  const agent = await must(
    http('POST', '/v1/agents', { id: fresh('agent'), key: true, policy: { rules } }),
    201,
  );
  const codeOf = async (answer: Promise<Response>) => {
    const response = await answer;
    const body = (await response.json().catch(() => ({}))) as { code?: string };
    return `${response.status} ${body.code ?? ''}`;
  };
  const ways: [string, () => Promise<Response>][] = [
    ['token', () => http('GET', `${one}/token`, undefined, agent.key)],
    [
      'short form',
      () =>
        http(
          'GET',
          `/v1/agents/${agent.id}/credentials/${connection}?identifier=${identifier}`,
          undefined,
          agent.key,
        ),
    ],
    ['get', () => http('GET', one)],
    ['explain', () => http('GET', `${one}/explain`)],
    ['wait', () => http('GET', `${one}/wait?timeout_s=0`)],
    ['verify', () => http('GET', `${one}/audit/verify`)],
    ['create', () => http('POST', '/v1/connected-accounts', { connection, identifier })],
    ['import', () => http('PUT', `${one}/credential`, { type: 'oauth2', access_token: 'x-access-token' })],
    ['patch', () => http('PATCH', one, { metadata: { a: 1 } })],
    ...['refresh', 'expire', 'disable', 'enable', 'revoke', 'seal'].map(
      (action): [string, () => Promise<Response>] => [action, () => http('POST', `${one}/${action}`)],
    ),
    ['connect link', () => http('POST', `${one}/connect-link`, {})],
    ['delete', () => http('DELETE', one)],
  ];
  const said: Record<string, string> = {};
  for (const [name, ask] of ways) said[name] = await codeOf(ask());
  return said;
}

/** By account id an agent is told that there is none: whose the account is only its own rows could say. */
const refusedEverywhere = (said: Record<string, string>) =>
  expect(said).toEqual({
    ...Object.fromEntries(Object.keys(said).map((name) => [name, '409 record_corrupt'])),
    token: '404 not_found',
  });

describe('the data of one account under the id of another', () => {
  it('serves nothing on any route, calls nobody, and is left as it is', async () => {
    const [victim, own] = [await connected(), await connected()];
    await indexed(own.id);
    await copy(victim.id, own.id);
    const before = await dump(own.id);
    refusedEverywhere(await everyWay(own));
    expect(await release(own.id, { byId: false })).toMatchObject({ code: 'record_corrupt', token: null });
    expect(await dump(own.id)).toBe(before);
    expect((await release(victim.id)).token).toBe(victim.grant.accessToken);
  });

  it('of a deleted one begins no life there', async () => {
    const [victim, own] = [await connected(), await connected()];
    await must(http('DELETE', `/v1/connected-accounts/${victim.id}`), 204);
    await copy(victim.id, own.id);
    const before = await dump(own.id);
    const { connection, identifier } = own;
    const made = await http('POST', '/v1/connected-accounts', { connection, identifier });
    expect(((await made.json()) as { code: string }).code).toBe('record_corrupt');
    expect(await dump(own.id)).toBe(before);
  });
});

describe('an account that the directory knows and whose data is gone', () => {
  it('is corrupt and not absent: no route says that there is none, and none begins anew', async () => {
    const account = await connected();
    await indexed(account.id);
    await empty(account.id);
    refusedEverywhere(await everyWay(account));
    expect(
      await withStorage(account.id, ({ sql }) =>
        sql.exec("SELECT name FROM sqlite_master WHERE name = 'account'").toArray(),
      ),
    ).toEqual([]);
  });

  it('that nobody ever heard of is absent', async () => {
    expect(await stub(`ca_g${'c'.repeat(26)}`).view({ organization: null })).toMatchObject({
      ok: false,
      error: { code: 'not_found' },
    });
  });

  it('is told from one that was deleted', async () => {
    const account = await connected();
    await indexed(account.id);
    await must(http('DELETE', `/v1/connected-accounts/${account.id}`), 204);
    expect(await stub(account.id).view({ organization: null })).toMatchObject({
      error: { code: 'not_found' },
    });
    expect(right(await stub(account.id).verifyAudit({}))).toMatchObject({ intact: true });
  });
});

/** What may be erased of rows that are only whole together. The last needs an account that was deleted. */
const ERASED: readonly (readonly [what: string, tables: readonly string[], deleted: boolean])[] = [
  ['its own row', ['account'], false],
  ['everything but its audit', ['account', 'connection_copy', 'grant_row', 'row_seal', 'timer'], false],
  ['its audit too', ['account', 'connection_copy', 'row_seal', 'audit_head', 'audit_page'], false],
  ['what says that it was deleted', ['tombstone'], true],
];

describe.each(ERASED)('an account of which somebody has erased %s', (_what, tables, deleted) => {
  it('is corrupt and not absent: no route says that there is none, and none begins anew', async () => {
    const account = await connected();
    if (deleted) await must(http('DELETE', `/v1/connected-accounts/${account.id}`), 204);
    await withStorage(account.id, async (storage) => {
      await storage.deleteAlarm();
      const there = storage.sql.exec<{ name: string }>(TABLES).toArray();
      for (const { name } of there) if (tables.includes(name)) storage.sql.exec(`DELETE FROM ${name}`);
    });
    await evict(account.id);
    const before = await dump(account.id);
    refusedEverywhere(await everyWay(account));
    expect(await dump(account.id)).toBe(before);
  });
});

describe('an account that lives again, and whose row is erased', () => {
  it('is not taken for the one that was deleted before', async () => {
    const account = await connected();
    await must(http('DELETE', `/v1/connected-accounts/${account.id}`), 204);
    const { connection, identifier } = account;
    await must(http('POST', '/v1/connected-accounts', { connection, identifier }), 201);
    await withStorage(account.id, async (storage) => {
      await storage.deleteAlarm();
      storage.sql.exec('DELETE FROM account');
    });
    await evict(account.id);
    refusedEverywhere(await everyWay(account));
  });
});

/** Every route that asks an agent's object by a name that an operator has given. */
const routesOf = (id: string): readonly (readonly [method: string, path: string, body?: object])[] => [
  ['GET', `/v1/agents/${id}`],
  ['PATCH', `/v1/agents/${id}`, { name: 'other' }],
  ['POST', `/v1/agents/${id}/suspend`],
  ['POST', `/v1/agents/${id}/resume`],
  ['GET', `/v1/agents/${id}/keys`],
  ['POST', `/v1/agents/${id}/keys`, {}],
  ['DELETE', `/v1/agents/${id}/keys/0123456789`],
  ['GET', `/v1/agents/${id}/policy`],
  ['PUT', `/v1/agents/${id}/policy`, { rules: [] }],
  ['POST', `/v1/agents/${id}/policy/check`, { connection: 'x', identifier: 'y' }],
  ['GET', `/v1/audit-events?agent=${id}`],
  ['DELETE', `/v1/agents/${id}`],
  ['POST', '/v1/agents', { id }],
];

/** Takes rows or whole tables from an agent, as if the file had been changed while the broker was away. */
async function erase(id: string, change: (sql: SqlStorage) => void): Promise<void> {
  const object = AGENTS.getByName(id);
  await runInDurableObject(object as never, (_instance: unknown, state: DurableObjectState) =>
    change(state.storage.sql),
  );
  await evictDurableObject(object as never);
}

const LOSSES: readonly (readonly [what: string, deleted: boolean, change: (sql: SqlStorage) => void])[] = [
  [
    'data is gone',
    false,
    (sql) => {
      for (const { name } of sql.exec<{ name: string }>(TABLES).toArray()) sql.exec(`DROP TABLE ${name}`);
    },
  ],
  ['row is erased', false, (sql) => void sql.exec('DELETE FROM agent')],
  ['tombstone is erased', true, (sql) => void sql.exec('DELETE FROM tombstone')],
];

describe.each(LOSSES)('an agent that the directory knows and whose %s', (_what, deleted, change) => {
  it('is corrupt for operators at every route, opens nothing, and is not made anew', async () => {
    const id = fresh('agent');
    const made = await must(http('POST', '/v1/agents', { id, key: true }), 201);
    await expect
      .poll(async () => DB.prepare('SELECT id FROM agent_index WHERE id = ?').bind(id).first('id'), {
        timeout: PATIENCE_MS,
      })
      .toBe(id);
    if (deleted) await must(http('DELETE', `/v1/agents/${id}`), 204);
    await erase(id, change);
    const answers: unknown[] = [];
    for (const [method, path, body] of routesOf(id)) {
      const answer = await http(method, path, body);
      answers.push([method, path, answer.status, ((await answer.json()) as { code: string }).code]);
    }
    expect(answers).toEqual(routesOf(id).map(([method, path]) => [method, path, 409, 'record_corrupt']));
    const asked = await http('GET', `/v1/agents/${id}/credentials/x`, undefined, made.key);
    expect(asked.status).toBe(401);
  });
});
