/**
 * Rows of the directory that were changed outside the broker, whatever kind they are of and whatever column was changed:
 * none is used, none is sent to, and none is written over.
 */

import { beforeAll, describe, expect, it } from 'vitest';
import { config, connected, fresh, http, must, newGrant, type Connected } from '../accounts/world.ts';
import { newHook, quiet, received, type Hook } from '../outbox/world.ts';
import { PATIENCE_MS } from '../../support/patience.ts';

const db = config.directory;

type Row = Record<string, string | number | null>;

async function rowOf(table: string, id: string): Promise<Row> {
  const row = await db.prepare(`SELECT * FROM ${table} WHERE id = ?`).bind(id).first<Row>();
  if (row === null) throw new Error(`${table} has no ${id}`);
  return row;
}

async function set(table: string, id: string, column: string, value: string | number | null): Promise<void> {
  await db.prepare(`UPDATE ${table} SET ${column} = ? WHERE id = ?`).bind(value, id).run();
}

const codeOf = async (answer: Promise<Response>): Promise<string> => {
  const response = await answer;
  const body = (await response.json().catch(() => ({}))) as { code?: string };
  return `${response.status} ${body.code ?? ''}`.trim();
};

const CORRUPT = '409 record_corrupt';

describe('a webhook endpoint', () => {
  /** With one delivery behind it. */
  async function heard(): Promise<{ hook: Hook; whole: Row; deliveryId: string }> {
    const account = await quiet();
    const hook = await newHook({ organization: account.organization, behaviour: {} });
    await must(http('POST', `/v1/connected-accounts/${account.id}/disable`), 200);
    const delivery = () =>
      db.prepare('SELECT id FROM delivery_index WHERE endpoint = ?').bind(hook.id).first<string>('id');
    await expect.poll(delivery, { timeout: PATIENCE_MS }).not.toBeNull();
    await expect.poll(() => received(hook), { timeout: PATIENCE_MS }).toHaveLength(1);
    return { hook, whole: await rowOf('webhook_endpoint', hook.id), deliveryId: (await delivery()) ?? '' };
  }

  it.each<[string, (row: Row) => string | number]>([
    ['url', (row) => `${String(row['url'])}/elsewhere`],
    ['events', () => '["webhook.test"]'],
    ['secrets', () => '["e1.AAAAAAAAAAAAAAAA.AAAA"]'],
    ['organization', () => 'another'],
    ['secrets_until_ms', () => 9_999_999_999_999],
    ['version', (row) => Number(row['version']) + 1],
    ['mac', (row) => String(row['mac']).replace(/^./, (char) => (char === 'A' ? 'B' : 'A'))],
  ])(
    'whose %s was changed is neither tested, delivered to again, changed nor given a secret',
    async (column, lie) => {
      const { hook, whole, deliveryId } = await heard();
      const before = (await received(hook)).length;
      await set('webhook_endpoint', hook.id, column, lie(whole));
      const tampered = await rowOf('webhook_endpoint', hook.id);
      const one = `/v1/webhook-endpoints/${hook.id}`;
      expect(await codeOf(http('POST', `${one}/test`))).toBe(CORRUPT);
      expect(await codeOf(http('POST', `/v1/webhook-deliveries/${deliveryId}/redeliver`))).toBe(CORRUPT);
      expect(await codeOf(http('PATCH', one, { description: 'x' }))).toBe(CORRUPT);
      expect(await codeOf(http('POST', `${one}/rotate-secret`))).toBe(CORRUPT);
      expect(await rowOf('webhook_endpoint', hook.id)).toEqual(tampered);
      await set('webhook_endpoint', hook.id, column, whole[column] ?? null);
      expect(await received(hook)).toHaveLength(before);
      expect(await codeOf(http('POST', `${one}/test`))).toBe('200');
    },
  );
});

describe('a connection', () => {
  let account: Connected;
  let whole: Row;
  beforeAll(async () => {
    account = await connected();
    whole = await rowOf('connection', account.connection);
  });

  const changed = (name: string, row: Row): string | number => {
    const value = row[name];
    if (typeof value === 'number') return value + 1;
    if (name === 'descriptor')
      return String(value).replace('"token_url":"', '"token_url":"https://evil.example/');
    if (name === 'client_secrets') return '[]';
    if (name === 'verification') return 'none';
    if (name === 'return_urls') return '["https://evil.example/"]';
    if (name === 'token_access') return 'proxy_only';
    if (name === 'location') return 'weur';
    if (name === 'max_refreshes_per_second') return 1;
    if (name === 'provider_config') return '{}';
    if (name === 'scopes') return '["all"]';
    if (name === 'variables') return '{"a":"b"}';
    return `${String(value ?? '')}x`;
  };

  it.each([
    'version',
    'provider',
    'auth_type',
    'client_id',
    'client_secrets',
    'scopes',
    'variables',
    'provider_config',
    'descriptor',
    'rotation',
    'verification',
    'return_urls',
    'token_access',
    'max_refreshes_per_second',
    'location',
    'mac',
  ])('whose %s was changed makes no account, no link and no import, and is not changed', async (column) => {
    await set('connection', account.connection, column, changed(column, whole));
    const tampered = await rowOf('connection', account.connection);
    const one = `/v1/connected-accounts/${account.id}`;
    const grant = await newGrant();
    const { connection } = account;
    expect(
      await codeOf(http('POST', '/v1/connected-accounts', { connection, identifier: fresh('user') })),
    ).toBe(CORRUPT);
    expect(await codeOf(http('POST', `${one}/connect-link`, {}))).toBe(CORRUPT);
    const credential = { type: 'oauth2', refresh_token: grant.refreshToken };
    expect(await codeOf(http('PUT', `${one}/credential`, credential))).toBe(CORRUPT);
    expect(await codeOf(http('PATCH', `/v1/connections/${connection}`, { rotation: 'proactive' }))).toBe(
      CORRUPT,
    );
    expect(await rowOf('connection', account.connection)).toEqual(tampered);
    await set('connection', account.connection, column, whole[column] ?? null);
  });
});

describe('an admin key', () => {
  it.each(['role', 'organization', 'digest', 'mac', 'created_at_ms'])(
    'whose %s was changed opens nothing',
    async (column) => {
      const made = await must(http('POST', '/v1/admin-keys', { role: 'auditor', name: fresh('key') }), 201);
      expect(await codeOf(http('GET', '/v1/events', undefined, made.key))).toBe('200');
      const row = await rowOf('admin_key', made.id);
      const lie =
        column === 'role' ? 'admin' : column === 'created_at_ms' ? 1 : `${String(row[column] ?? 'ac')}x`;
      await set('admin_key', made.id, column, lie);
      // What an isolate has read of a key holds for three quarters of a second.
      await expect
        .poll(() => codeOf(http('GET', '/v1/events', undefined, made.key)), { timeout: PATIENCE_MS })
        .toMatch(/^(?:401|429)/);
      expect((await rowOf('admin_key', made.id))[column]).toBe(lie);
    },
  );
});

describe('a data key', () => {
  it.each(['connection', 'webhook', 'control'])(
    'of %s that was changed is told, and nothing is written under another',
    async (purpose) => {
      const account = await quiet();
      const hook = await newHook({ organization: account.organization, behaviour: {} });
      const find = db.prepare('SELECT wrapped FROM data_key WHERE purpose = ?').bind(purpose);
      const whole = (await find.first<string>('wrapped')) ?? '';
      expect(whole).not.toBe('');
      const broken = whole.slice(0, -4) + (whole.endsWith('AAAA') ? 'BBBB' : 'AAAA');
      const put = (wrapped: string) =>
        db.prepare('UPDATE data_key SET wrapped = ? WHERE purpose = ?').bind(wrapped, purpose).run();
      await put(broken);
      const { connection } = account;
      const asked: Record<string, () => Promise<Response>> = {
        connection: () => http('POST', '/v1/connected-accounts', { connection, identifier: fresh('user') }),
        webhook: () => http('POST', `/v1/webhook-endpoints/${hook.id}/test`),
        control: () => http('POST', '/v1/admin-keys', { role: 'auditor' }),
      };
      expect(await codeOf(asked[purpose]?.() ?? Promise.reject(new Error(purpose)))).toBe(CORRUPT);
      expect(await find.first<string>('wrapped')).toBe(broken);
      await put(whole);
    },
  );
});
