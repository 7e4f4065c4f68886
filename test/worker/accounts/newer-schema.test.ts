/** Data that newer code has written: of the same major it is used, of the next it is refused whole and left as it is. */

import { env, exports } from 'cloudflare:workers';
import { afterEach, describe, expect, it } from 'vitest';
import { ACCOUNT_TABLES } from '#accounts/schema.ts';
import { versionOf } from '#lib/table-schema.ts';
import { accountId } from '#crypto/digest.ts';
import { forgetDirectoryVersions } from '#directory/schema-major.ts';
import { SCHEMA_VERSION } from '#directory/migrate.ts';
import {
  connected,
  dump,
  evict,
  fresh,
  http,
  must,
  newConnection,
  newGrant,
  ring,
  rows,
  withStorage,
} from './world.ts';

const { DB: db } = env as { DB: D1Database };
const NEXT_MAJOR = 1001;
const NEWEST = versionOf(ACCOUNT_TABLES);

async function setVersion(id: string, version: number): Promise<void> {
  await withStorage(id, ({ sql }) => void sql.exec('UPDATE schema_version SET version = ?', version));
  await evict(id);
}

async function agentFor(connection: string, identifier: string) {
  const rules = [{ connection, identifiers: [identifier] }];
  const body = { id: fresh('agent'), key: true, policy: { rules } };
  return must(http('POST', '/v1/agents', body), 201);
}

/** What each route answers, in one line. */
async function said(answer: Promise<Response>): Promise<string> {
  const response = await answer;
  const body = (await response.json().catch(() => null)) as { code?: string } | null;
  const retry = Number(response.headers.get('retry-after')) >= 1 ? ' with Retry-After' : '';
  return `${response.status} ${body?.code ?? ''}${retry}`;
}

describe('an account of the next major', () => {
  it('answers 503 on every route, and neither routes nor alarms change a row of it', async () => {
    const { id, connection, identifier } = await connected();
    const agent = await agentFor(connection, identifier);
    await setVersion(id, NEXT_MAJOR);
    const before = await dump(id);
    const one = `/v1/connected-accounts/${id}`;
    const grant = await newGrant();
    const answers = [
      http('GET', one),
      http('GET', `${one}/token`, undefined, agent.key),
      http(
        'GET',
        `/v1/agents/${agent.id}/credentials/${connection}?identifier=${identifier}`,
        undefined,
        agent.key,
      ),
      http('POST', '/v1/connected-accounts', { connection, identifier }),
      http('PUT', `${one}/credential`, { type: 'oauth2', refresh_token: grant.refreshToken }),
      ...['refresh', 'expire', 'disable', 'enable', 'revoke'].map((action) =>
        http('POST', `${one}/${action}`),
      ),
      http('GET', `${one}/explain`),
      http('GET', `${one}/wait?timeout_s=0`),
      http('GET', `${one}/audit/verify`),
      http('DELETE', one),
    ].map(said);
    expect([...new Set(await Promise.all(answers))]).toEqual(['503 unavailable with Retry-After']);
    await ring(id);
    expect(await dump(id)).toEqual(before);
    await setVersion(id, NEWEST);
    expect((await http('GET', `${one}/token`, undefined, agent.key)).status).toBe(200);
  });
});

describe('an account of a later step of this major', () => {
  it('goes on under the code before, which leaves the new columns alone', async () => {
    const { id, connection, identifier } = await connected();
    const agent = await agentFor(connection, identifier);
    await withStorage(id, ({ sql }) => void sql.exec('ALTER TABLE account ADD COLUMN of_later_code TEXT'));
    await setVersion(id, NEWEST + 3);
    expect((await http('GET', `/v1/connected-accounts/${id}/token`, undefined, agent.key)).status).toBe(200);
    await must(http('POST', `/v1/connected-accounts/${id}/disable`), 200);
    await must(http('POST', `/v1/connected-accounts/${id}/enable`), 200);
    expect(await rows(id, 'SELECT version FROM schema_version')).toEqual([{ version: NEWEST + 3 }]);
  });
});

describe('a directory of the next major', () => {
  afterEach(async () => {
    await setDirectory(SCHEMA_VERSION);
  });

  async function setDirectory(version: number): Promise<void> {
    await db.prepare(`UPDATE meta SET value = ? WHERE key = 'schema_version'`).bind(String(version)).run();
    forgetDirectoryVersions();
  }

  it('makes the control plane 503, is written by nobody, and says so to the probe', async () => {
    const { id } = await connected();
    await setDirectory(NEXT_MAJOR);
    const directory = async () => {
      const tables = ['connection', 'account_index', 'agent_index', 'webhook_endpoint', 'event'];
      return Promise.all(
        tables.map(async (name) => (await db.prepare(`SELECT * FROM ${name}`).all()).results),
      );
    };
    const before = await directory();
    const answers = [
      http('GET', '/v1/connections'),
      http('POST', '/v1/connections', { id: fresh('conn'), provider: 'custom', provider_config: {} }),
      http('POST', '/v1/agents', { id: fresh('agent') }),
      http('POST', `/v1/connected-accounts/${id}/disable`),
      http('POST', '/v1/webhook-endpoints', { url: 'https://app.example.com/hooks' }),
    ].map(said);
    expect([...new Set(await Promise.all(answers))]).toEqual(['503 unavailable with Retry-After']);
    await ring(id);
    expect(await directory()).toEqual(before);
    const main = (exports as unknown as { default: Fetcher }).default;
    const ready = await main.fetch('http://127.0.0.1:8787/readyz');
    expect(ready.status).toBe(503);
    expect(JSON.stringify(await ready.json())).toContain('newer version of the broker');
  });
});

describe('a table that the engine keeps in an object', () => {
  it('says nothing of the account: it is made, read and still there after waking', async () => {
    const connection = await newConnection();
    const identifier = fresh('user');
    const id = accountId('', connection, identifier);
    await withStorage(id, ({ sql }) => void sql.exec('CREATE TABLE __engine_own (name TEXT)'));
    await evict(id);
    await must(http('GET', `/v1/connected-accounts/${id}`), 404);
    expect((await must(http('POST', '/v1/connected-accounts', { connection, identifier }), 201)).id).toBe(id);
    await evict(id);
    expect((await must(http('GET', `/v1/connected-accounts/${id}`), 200)).status).toBe('pending');
  });
});
