/** Rows that were changed behind the object's back are refused, left as they are, and harm no other account. */

import { describe, expect, it } from 'vitest';
import {
  calls,
  connected,
  context,
  evict,
  http,
  must,
  newGrant,
  release,
  remove,
  request,
  right,
  ring,
  rows,
  stub,
  tamper,
  withStorage,
  type Connected,
  type Row,
} from './world.ts';

const PROTECTED = ['account', 'connection_copy', 'grant_row', 'narrowed_token'] as const;
type Table = (typeof PROTECTED)[number];

/** An account with a token narrowed to one scope beside the full one: every protected table has a row. */
async function whole(): Promise<Connected> {
  const account = await connected({ facts: { refresh_scope_downscoping: 'supported' } });
  const narrowed = await release(account.id, { scopes: ['contacts.read'] });
  expect(narrowed.code).toBe('ok');
  return account;
}

async function only(account: Connected, table: Table): Promise<Row> {
  const [row] = await rows(account.id, `SELECT * FROM ${table}`);
  if (row === undefined) throw new Error(`${table} is empty`);
  return row;
}

const evidence = (id: string): Promise<Row[][]> =>
  Promise.all(PROTECTED.map((table) => rows(id, `SELECT * FROM ${table}`)));

async function put(account: Connected, table: Table, column: string, value: unknown): Promise<void> {
  await withStorage(account.id, ({ sql }) => sql.exec(`UPDATE ${table} SET ${column} = ?`, value));
  await evict(account.id);
}

/** Of the lies about a column two, others at the next column: each costs ten calls of an object that loads anew. */
function someLies(at: number, column: string, value: Row[string]): unknown[] {
  const all = lies(column, value);
  return all.filter((_, n) => (n + at) % 2 === 0);
}

/** Other values of the same column, each a different kind of lie. */
function lies(column: string, value: Row[string]): unknown[] {
  if (value === null || value === undefined) return ['x', 1];
  // The key of a table of numbers takes nothing else.
  if (column === 'id') return [Number(value) + 1, -1];
  if (typeof value === 'number') return [value + 1, -1, 'x'];
  const half = value.slice(0, Math.floor(value.length / 2));
  return [`${value}x`, half, value === '' ? 'y' : '', 5].filter((lie) => lie !== value);
}

/** How many of the answers of `everything`, its last, are what agents get. */
const RELEASES = 3;

/** Everything that could read or write the account. @returns the code of each answer */
async function everything(account: Connected): Promise<string[]> {
  const { id } = account;
  const [{ settings } = { settings: '{}' }] = await rows(id, 'SELECT settings FROM connection_copy');
  const object = stub(id);
  const fields = { type: 'oauth2', refreshToken: 'a-refresh-token', accessToken: null, expiresInS: null };
  const credential = { ...fields, scopes: null } as const;
  const parsed = JSON.parse(String(settings).startsWith('{') ? safe(String(settings)) : '{}');
  const birth = {
    accountId: id,
    organization: '',
    connection: account.connection,
    identifier: account.identifier,
    settings: parsed,
    metadata: {},
    context,
  };
  const answers = await Promise.all([
    object.view({ organization: null }),
    object.create(birth),
    object.import({ birth, credential: credential as never, settings: parsed, context }),
    object.expire({ context }),
    object.signal({ signal: 'disabled', context }),
    object.signal({ signal: 'revoked', context }),
    object.refresh({ context }),
  ]);
  const released = [
    await release(id),
    await release(id, { rejected: 'a-fingerprint-of-22-ch' }),
    await release(id, { scopes: ['contacts.read'] }),
  ];
  // To a stranger an account that is corrupt is one that is not there.
  const stranger = await release(id, { agent: { ...request().agent, organization: 'stranger' } });
  expect(stranger.code).toBe('not_found');
  return [
    ...answers.map((answer) => (answer.ok ? 'ok' : answer.error.code)),
    ...released.map(({ code }) => code),
  ];
}

function safe(text: string): string {
  try {
    JSON.parse(text);
    return text;
  } catch {
    return '{}';
  }
}

describe.each(PROTECTED)('a changed row of %s', (table) => {
  it('is refused whatever column was changed, is never overwritten, and is good again when it is put back', async () => {
    const account = await whole();
    const neighbour = await connected({ connection: account.connection });
    const original = await only(account, table);
    const sent = (await calls(account.grant.grantId)).length;
    for (const [at, [column, value]] of Object.entries(original).entries()) {
      // A CHECK keeps the one row of these tables at 1.
      if (column === 'id' && table !== 'grant_row') continue;
      for (const lie of someLies(at, column, value)) {
        const where = `${table}.${column} = ${JSON.stringify(lie)}`;
        await put(account, table, column, lie);
        const changed = await evidence(account.id);
        const codes = await everything(account);
        // To agents the account is one of another organization, or one that its rows do not name.
        const other = ['organization', 'account_id'].includes(column) ? ['not_found'] : [];
        expect(codes, where).toSatisfy((all: string[]) =>
          all.every((code) => ['record_corrupt', ...other].includes(code)),
        );
        await withStorage(account.id, ({ sql }) => sql.exec('UPDATE timer SET due_at_ms = 1'));
        await ring(account.id);
        expect(await evidence(account.id), where).toEqual(changed);
      }
      await put(account, table, column, value);
    }
    expect((await release(account.id, { scopes: ['contacts.read'] })).code).toBe('ok');
    expect((await release(account.id)).code).toBe('ok');
    expect((await release(neighbour.id)).token).toBe(neighbour.grant.accessToken);
    expect(await calls(account.grant.grantId)).toHaveLength(sent);
    expect(right(await stub(account.id).verifyAudit({}))).toMatchObject({ intact: true });
  });

  it('is refused where it is the row of another account', async () => {
    const [one, other] = [await whole(), await whole()];
    const foreign = await only(other, table);
    const sets = Object.keys(foreign).map((column) => `${column} = ?`);
    await withStorage(one.id, ({ sql }) =>
      sql.exec(`UPDATE ${table} SET ${sets.join(', ')}`, ...Object.values(foreign)),
    );
    await evict(one.id);
    const codes = await everything(one);
    // Only an account's own row says whose it is: to agents one whose row names another is not there.
    const toAgents = table === 'account' ? 'not_found' : 'record_corrupt';
    expect(codes).toEqual(codes.map((_, at) => (at < codes.length - RELEASES ? 'record_corrupt' : toAgents)));
    expect((await release(other.id)).code).toBe('ok');
  });
});

describe('a row that is missing', () => {
  it.each(['connection_copy', 'grant_row'])('of %s hands nothing out', async (table) => {
    const account = await connected();
    await tamper(account.id, `DELETE FROM ${table}`);
    expect((await release(account.id)).code).toBe('record_corrupt');
    expect(await calls(account.grant.grantId)).toEqual([]);
  });

  it('of account is an account that is not there', async () => {
    const account = await connected();
    await tamper(account.id, 'DELETE FROM account');
    expect((await release(account.id)).code).toBe('not_found');
  });
});

describe('over HTTP', () => {
  it('a changed row is 409 record_corrupt on every route, and says nothing of tables or rows', async () => {
    const account = await connected();
    const neighbour = await connected({ connection: account.connection });
    await tamper(account.id, `UPDATE grant_row SET scopes = '["admin"]'`);
    const path = `/v1/connected-accounts/${account.id}`;
    const grant = await newGrant();
    const credential = { type: 'oauth2', refresh_token: grant.refreshToken };
    const answers = [
      await http('GET', path),
      await http('POST', `${path}/refresh`),
      await http('POST', `${path}/expire`),
      await http('POST', `${path}/disable`),
      await http('POST', `${path}/revoke`),
      await http('PUT', `${path}/credential`, credential),
      await http('PUT', `/v1/credentials/${account.connection}?identifier=${account.identifier}`, credential),
    ];
    for (const answer of answers) {
      expect(answer.status).toBe(409);
      const text = await answer.text();
      expect(JSON.parse(text)).toMatchObject({ code: 'record_corrupt' });
      expect(text).not.toMatch(/grant_row|MAC|sql|admin/i);
    }
    await must(http('GET', `/v1/connected-accounts/${neighbour.id}`), 200);
  });
});

describe('a changed tombstone', () => {
  it.each([
    'generation_counter = 0',
    `generation_counter = 'x'`,
    'deleted_at_ms = 1',
    'incarnation = 1',
    `organization = 'other'`,
    `data_key = 'k1.k1.x.y.z'`,
    `mac = 'x'`,
  ])('begins no next life: %s', async (change) => {
    const account = await connected();
    await remove(account.id);
    await tamper(account.id, `UPDATE tombstone SET ${change}`);
    const before = await rows(account.id, 'SELECT * FROM tombstone');
    const body = { connection: account.connection, identifier: account.identifier };
    const answer = await http('POST', '/v1/connected-accounts', body);
    expect(await answer.json()).toMatchObject({
      code: expect.stringMatching(/^(record_corrupt|vault_locked)$/),
    });
    expect(await rows(account.id, 'SELECT * FROM tombstone')).toEqual(before);
    expect(await rows(account.id, 'SELECT id FROM account')).toEqual([]);
  });
});
