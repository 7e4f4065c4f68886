/**
 * Files of objects that lost a table, a part or all of their bytes while the broker was down: the record is refused as
 * `record_corrupt` on every route, or as `unavailable` where the engine cannot open the file at all; for that account or
 * agent alone, and nothing of it is handed out.
 */

import {
  existsSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  readFileSync,
} from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startOAuthServer, type OAuthServer } from '../../src/dev/oauth/server.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { client, type Client, type Reply } from '../support/callers.ts';
import { PATIENCE_MS } from '../support/patience.ts';
import { world, type World } from '../support/world.ts';

type Damage = (file: string) => void;

function onFile(change: (bytes: Buffer) => void): Damage {
  return (file) => {
    const bytes = readFileSync(file);
    change(bytes);
    writeFileSync(file, bytes);
  };
}

const PAGE = 4096;
const cutTo =
  (lengthOf: (whole: number) => number): Damage =>
  (file) =>
    truncateSync(file, lengthOf(statSync(file).size));

/** What a disk, a copy that was broken off or a hand may do to a whole file. */
const FILE_DAMAGES: Readonly<Record<string, Damage>> = {
  'cut to nothing': cutTo(() => 0),
  'cut inside its header': cutTo(() => 60),
  'cut inside its first page': cutTo(() => 1000),
  'cut to its first page': cutTo(() => PAGE),
  'cut to a few pages': cutTo(() => 4 * PAGE),
  'cut to a half': cutTo((whole) => Math.floor(whole / 2)),
  'cut to a half, at a page': cutTo((whole) => Math.floor(whole / 2 / PAGE) * PAGE),
  zeroed: onFile((bytes) => bytes.fill(0)),
  'zeroed in its header': onFile((bytes) => bytes.fill(0, 0, 100)),
  'zeroed in its first page': onFile((bytes) => bytes.fill(0, 100, PAGE)),
  'zeroed behind its first page': onFile((bytes) => bytes.fill(0, PAGE)),
  'filled with text': onFile((bytes) => bytes.fill('this is no database ')),
};

function tablesIn(file: string): string[] {
  const db = new DatabaseSync(file);
  try {
    return db
      .prepare(`SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name`)
      .all()
      .map(({ name }) => String(name))
      .filter((name) => !name.startsWith('_cf_') && !name.startsWith('sqlite_'));
  } finally {
    db.close();
  }
}

/** None for a file that an earlier test has damaged. */
function tablesIfSound(file: string): string[] {
  try {
    return tablesIn(file);
  } catch {
    return [];
  }
}

const dropped =
  (tables: readonly string[]): Damage =>
  (file) => {
    const db = new DatabaseSync(file);
    for (const table of tables) db.exec(`DROP TABLE "${table}"`);
    db.close();
  };

/** By the id in its rows. What lay in the log is in the file afterwards. */
function filesOf(folder: string, table: 'account' | 'agent', column: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.sqlite')) continue;
    const file = path.join(folder, name);
    const tables = tablesIfSound(file);
    if (!tables.includes(table) || !tables.includes('schema_version')) continue;
    const db = new DatabaseSync(file);
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    const row = db.prepare(`SELECT ${column} AS id FROM ${table}`).get();
    db.close();
    if (row !== undefined) found.set(String(row['id']), file);
  }
  return found;
}

let provider: OAuthServer;
let broker: TestBroker;
let w: World;
beforeAll(async () => {
  provider = await startOAuthServer();
  broker = await startBroker({ alone: true });
  w = world(broker, provider);
});
afterAll(async () => {
  await broker.dispose();
  await provider.close();
});

interface Case {
  readonly what: string;
  readonly id: string;
}

/** The directory has heard of them, so that one whose rows are gone is missed. */
async function indexed(table: 'account' | 'agent', ids: readonly string[]): Promise<void> {
  const list = table === 'account' ? '/v1/connected-accounts' : '/v1/agents';
  const known = async (): Promise<string[]> =>
    (await client(broker.url, broker.adminKey).get(`${list}?limit=100`)).body.data.map(
      ({ id }: { id: string }) => id,
    );
  await expect
    .poll(
      async () =>
        ids.filter(
          (
            (all) => (id: string) =>
              !all.includes(id)
          )(await known()),
        ),
      {
        timeout: PATIENCE_MS,
      },
    )
    .toEqual([]);
}

/** One object for each damage, and one that stays whole; the broker is down while they are damaged. */
async function damagedEach(
  make: () => Promise<string>,
  table: 'account' | 'agent',
  column: string,
): Promise<{ cases: Case[]; whole: string }> {
  const whole = await make();
  await broker.stop();
  const sample = filesOf(broker.folder, table, column).get(whole) ?? '';
  const tables = tablesIn(sample);
  expect(tables.length).toBeGreaterThan(8);
  await broker.restart();
  const damages: [string, Damage][] = [
    ...tables.map((name): [string, Damage] => [`without its table ${name}`, dropped([name])]),
    ['without any table', dropped(tables)],
    ['without any table but the number of its schema', dropped(tables.filter((n) => n !== 'schema_version'))],
    ...Object.entries(FILE_DAMAGES),
  ];
  const ids = await Promise.all(damages.map(make));
  await indexed(table, ids);
  await broker.stop();
  const files = filesOf(broker.folder, table, column);
  for (const [index, [what, damage]] of damages.entries()) {
    const file = files.get(ids[index] ?? '');
    if (file === undefined) throw new Error(`no file for ${what}`);
    for (const log of [`${file}-wal`, `${file}-shm`]) if (existsSync(log)) rmSync(log);
    damage(file);
  }
  await broker.restart();
  return { cases: damages.map(([what], index) => ({ what, id: ids[index] ?? '' })), whole };
}

const said = (reply: Reply): string => `${reply.status} ${reply.body?.code ?? ''}`.trim();
const CORRUPT = '409 record_corrupt';
/** The engine opens no such file, and tells the Worker no more than of any other failure: nothing is served. */
const SHUT = '503 unavailable';
/** Nothing is left that names whose it was: an agent may not know of it, and a key of an agent that is not there is a wrong one. */
const UNKNOWN: Readonly<Record<string, string>> = {
  'token by account': '404 not_found',
  token: '401 unauthenticated',
  credentials: '401 unauthenticated',
};
const isLost = (what: string): boolean => what === 'without any table' || what === 'cut to nothing';

function expectedOf(what: string, route: string): string[] {
  const unknown = isLost(what) ? UNKNOWN[route] : undefined;
  if (unknown !== undefined) return [unknown];
  return what in FILE_DAMAGES && !isLost(what) ? [CORRUPT, SHUT] : [CORRUPT];
}

describe('an account’s file', () => {
  let connection: string;
  let agent: { id: string; client: Client };
  const identifiers = new Map<string, string>();
  const asked = (id: string): [string, () => Promise<Reply>][] => {
    const one = `/v1/connected-accounts/${id}`;
    const operator = client(broker.url, broker.adminKey);
    const short = `/v1/agents/${agent.id}/credentials/${connection}?identifier=${identifiers.get(id)}`;
    const post = (action: string): [string, () => Promise<Reply>] => [
      action,
      () => operator.post(`${one}/${action}`),
    ];
    return [
      ['token by account', () => agent.client.get(`${one}/token`)],
      ['token by connection', () => agent.client.get(short)],
      ['account', () => operator.get(one)],
      ['explain', () => operator.get(`${one}/explain`)],
      ['wait', () => operator.get(`${one}/wait?timeout_s=0`)],
      ['verify', () => operator.get(`${one}/audit/verify`)],
      ['records', () => operator.get(`/v1/audit-events?connected_account_id=${id}`)],
      ['change', () => operator.patch(one, { metadata: { a: 'b' } })],
      ['import', () => operator.put(`${one}/credential`, { type: 'api_key', api_key: 'another' })],
      ['connect-link', () => operator.post(`${one}/connect-link`, {})],
      ...['disable', 'enable', 'seal', 'revoke'].map(post),
      [
        'create',
        () => operator.post('/v1/connected-accounts', { connection, identifier: identifiers.get(id) }),
      ],
    ];
  };

  it('that is damaged is record_corrupt on every route, and the others are served', async () => {
    connection = 'an-api';
    let count = 0;
    const make = async (): Promise<string> => {
      const identifier = `user-${(count += 1)}`;
      const id = await w.account(connection, identifier, { api_key: 'a-stored-key' });
      identifiers.set(id, identifier);
      return id;
    };
    agent = await w.agent({ rules: [{ connection, identifiers: ['*'] }] });
    const { cases, whole } = await damagedEach(make, 'account', 'account_id');
    const wrong: string[] = [];
    for (const { what, id } of cases)
      for (const [route, ask] of asked(id)) {
        const reply = await ask();
        if (!expectedOf(what, route).includes(said(reply)))
          wrong.push(`${what}: ${route} answers ${said(reply)}`);
      }
    expect((await agent.client.get(`/v1/connected-accounts/${whole}/token`)).body.value).toBe('a-stored-key');
    expect(wrong).toEqual([]);
  });
});

describe('an agent’s file', () => {
  it('that is damaged is record_corrupt to operators, opens nothing to its key, and others go on', async () => {
    const keys = new Map<string, Client>();
    const make = async (): Promise<string> => {
      const made = await w.agent({ allowed_credentials: ['an-api'] });
      keys.set(made.id, made.client);
      return made.id;
    };
    const { cases, whole } = await damagedEach(make, 'agent', 'agent_id');
    const operator = client(broker.url, broker.adminKey);
    const wrong: string[] = [];
    for (const { what, id } of cases) {
      const one = `/v1/agents/${id}`;
      const asked: [string, () => Promise<Reply>][] = [
        ['token', () => keys.get(id)!.get(`${one}/credentials/an-api?identifier=user-1`)],
        ['credentials', () => keys.get(id)!.get(`${one}/credentials`)],
        ['agent', () => operator.get(one)],
        ['policy', () => operator.get(`${one}/policy`)],
        ['keys', () => operator.get(`${one}/keys`)],
        ['records', () => operator.get(`/v1/audit-events?agent=${id}`)],
        ['change', () => operator.patch(one, { name: 'another' })],
        ['put policy', () => operator.put(`${one}/policy`, { rules: [] })],
        ['new key', () => operator.post(`${one}/keys`)],
        ['suspend', () => operator.post(`${one}/suspend`)],
        ['resume', () => operator.post(`${one}/resume`)],
        ['create', () => operator.post('/v1/agents', { id })],
      ];
      for (const [route, ask] of asked) {
        const reply = await ask();
        if (!expectedOf(what, route).includes(said(reply)))
          wrong.push(`${what}: ${route} answers ${said(reply)}`);
      }
    }
    expect((await keys.get(whole)!.get(`/v1/agents/${whole}/credentials`)).status).toBe(200);
    expect(wrong).toEqual([]);
  });
});
