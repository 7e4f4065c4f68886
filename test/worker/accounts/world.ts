/** What the tests of this folder share: accounts with a real grant, their rows as stored, and the provider's side. */

import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env, exports } from 'cloudflare:workers';
import { inject } from 'vitest';
import type { ConnectedAccount } from '#accounts/connected-account.ts';
import { ACCOUNT_TABLES } from '#accounts/schema.ts';
import { AccountStore } from '#accounts/store.ts';
import type { ReleaseRequest } from '#accounts/door/answer.ts';
import { accountStub, type AccountRpc, type Answer } from '#accounts/stub.ts';
import type { RequestContext } from '#audit/record.ts';
import type { Resource } from '#contract/accounts/connected-accounts.ts';
import { configOf, type Config, type UncheckedEnv } from '#env.ts';
import { groupOf, places, versionOf } from '#lib/table-schema.ts';
import type { Fault } from '../../../src/dev/oauth/faults.ts';
import type { IssuedGrant } from '../../../src/dev/oauth/server.ts';
import type { TokenCall } from '../../../src/dev/oauth/call.ts';
import type { Control } from '../../support/worker-provider.ts';

export const config: Config = configOf(env);
export const provider = inject('provider');
const ORIGIN = 'http://127.0.0.1:8787';

export const context: RequestContext = {
  actor: { type: 'operator', id: 'admin', method: 'admin_key', key_id: null },
  correlationId: 'test',
  toolCallId: null,
  client: { ip: null, country: null, colo: null, user_agent: null },
};

export function fresh(prefix: string): string {
  return `${prefix}-${crypto.randomUUID().slice(0, 12)}`;
}

/** Asks the broker over HTTP, in this isolate. */
export function http(method: string, path: string, body?: unknown, key?: string): Promise<Response> {
  const main = (exports as unknown as { default: Fetcher }).default;
  return main.fetch(`${ORIGIN}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${key ?? (env as UncheckedEnv).ADMIN_KEY ?? ''}`,
      'content-type': 'application/json',
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

/** The JSON of an answer that must have one of these statuses. */
export async function must(answer: Promise<Response>, ...statuses: number[]): Promise<any> {
  const response = await answer;
  const text = await response.text();
  if (!statuses.includes(response.status)) throw new Error(`answered ${response.status}: ${text}`);
  return text === '' ? null : JSON.parse(text);
}

async function steer<T>(command: Control): Promise<T> {
  const answer = await fetch(provider.controlUrl, { method: 'POST', body: JSON.stringify(command) });
  if (!answer.ok) throw new Error(`the provider's control answered ${answer.status}`);
  return (await answer.json()) as T;
}

export const newGrant = (options: { scope?: string; accessTokenTtlS?: number } = {}) =>
  steer<IssuedGrant>({ do: 'grant', options });

export const fault = (grantId: string, what: Fault, times = 1) =>
  steer<null>({ do: 'fault', grantId, fault: what, times });

/** Every token request that reached the provider for this grant. */
export const calls = (grantId: string) => steer<TokenCall[]>({ do: 'calls', grantId });

export const grantState = (grantId: string) =>
  steer<{ alive: boolean; liveRefreshTokens: string[] }>({ do: 'state', grantId });

/** Of a provider that tells nobody's name, so that no late answer about one comes in where rows and timers are counted. */
export async function newConnection(facts: Record<string, unknown> = {}): Promise<string> {
  const id = fresh('conn');
  await must(
    http('POST', '/v1/connections', {
      id,
      provider: 'custom',
      client_id: provider.clientId,
      client_secret: provider.clientSecret,
      provider_config: {
        issuer: provider.issuer,
        refresh_token: 'rotating',
        subject_source: 'token_response.nobody',
        subject_label_source: 'token_response.nobody',
        ...facts,
      },
    }),
    201,
  );
  return id;
}

export interface Connected {
  readonly id: string;
  readonly connection: string;
  readonly identifier: string;
  readonly grant: IssuedGrant;
}

export interface ConnectedOptions {
  readonly connection?: string;
  readonly facts?: Record<string, unknown>;
  readonly organization?: string;
  /** Import the access token too; its life in seconds. Null: the refresh token alone. */
  readonly accessTokenTtlS?: number | null;
}

/** An account with an imported grant. */
export async function connected(options: ConnectedOptions = {}): Promise<Connected> {
  const connection = options.connection ?? (await newConnection(options.facts));
  const identifier = fresh('user');
  const ttlS = options.accessTokenTtlS === undefined ? 3600 : options.accessTokenTtlS;
  const grant = await newGrant(ttlS === null ? {} : { accessTokenTtlS: Math.max(1, ttlS) });
  const organization = options.organization === undefined ? '' : `&organization=${options.organization}`;
  const account = await must(
    http('PUT', `/v1/credentials/${connection}?identifier=${identifier}${organization}`, {
      refresh_token: grant.refreshToken,
      scope: grant.scope,
      // As it is, so that the test itself sees the first exchange.
      ...(ttlS === null ? { verify: false } : { access_token: grant.accessToken, expires_in: ttlS }),
    }),
    201,
  );
  return { id: account.id, connection, identifier, grant };
}

/** An account that has ended its access token: whoever asks makes a refresh. */
export async function expired(options: ConnectedOptions = {}): Promise<Connected> {
  const made = await connected(options);
  right(await stub(made.id).expire({ context }));
  return made;
}

export function stub(id: string): AccountRpc {
  return accountStub(config, id);
}

export function right<T>(answer: Answer<T> | { ok: false; error: { code: string } }): T {
  if (!answer.ok) throw new Error(`expected ok, got ${answer.error.code}`);
  return answer.value;
}

export function request(changes: Partial<ReleaseRequest> = {}): ReleaseRequest {
  return {
    agent: {
      id: 'agent',
      organization: '',
      status: 'active',
      policy: { rules: [{ connection: '*', identifiers: ['*'] }] },
    },
    byId: true,
    minTtlMs: 60_000,
    minTtlExplicit: false,
    scopes: null,
    rejected: null,
    context: { ...context, actor: { type: 'agent', id: 'agent', method: 'agent_key', key_id: null } },
    ...changes,
  };
}

export interface Outcome {
  /** `ok`, or the code of the refusal. */
  readonly code: string;
  readonly token: string | null;
  readonly fingerprint: string | null;
  readonly body: any;
  readonly refusal: any;
}

/** What an agent that may have everything gets; `thrown` where the object died under it. */
export async function release(
  id: string,
  changes: Partial<ReleaseRequest> = {},
  onVisit = (): void => undefined,
): Promise<Outcome> {
  const nothing = { token: null, fingerprint: null, body: null, refusal: null };
  for (let rounds = 0; rounds < 20; rounds += 1) {
    onVisit();
    const result = await stub(id)
      .release(request(changes))
      .catch(() => null);
    if (result === null) return { ...nothing, code: 'thrown' };
    if (result.ok && 'injection' in result) return { ...nothing, code: 'ok', body: result.injection };
    if (result.ok) {
      const body = JSON.parse(result.body);
      const token = body.access_token ?? body.api_key ?? body.password ?? null;
      return { ...nothing, code: 'ok', token, fingerprint: body.fingerprint, body };
    }
    if ('refusal' in result) return { ...nothing, code: result.refusal.code, refusal: result.refusal };
  }
  throw new Error('the account asked again and again');
}

/** Deletes the account. */
export async function remove(id: string): Promise<void> {
  right(await stub(id).remove({ organization: null, context }));
}

export async function view(id: string): Promise<Resource> {
  return right(await stub(id).view({ organization: null }));
}

/** As the test tools want it; the platform's own stub type of these methods is too deep for the compiler. */
export function objectOf(id: string): never {
  return config.accounts.getByName(id) as never;
}

export function inObject<T>(
  id: string,
  use: (account: ConnectedAccount, state: DurableObjectState) => T | Promise<T>,
): Promise<T> {
  return runInDurableObject<ConnectedAccount, T>(objectOf(id), use);
}

export function withStorage<T>(
  id: string,
  use: (storage: DurableObjectStorage) => T | Promise<T>,
): Promise<T> {
  return inObject(id, (_account, state) => use(state.storage));
}

export type Row = Record<string, string | number | null>;

/** A table that nothing was written to yet is not there: it has no rows. */
export function rows(id: string, query: string, ...values: unknown[]): Promise<Row[]> {
  return withStorage(id, ({ sql }) => {
    try {
      return sql.exec(query, ...values).toArray() as Row[];
    } catch (error) {
      const missing = /no such table: (\w+)/.exec(String(error))?.[1] ?? '';
      if (groupOf(ACCOUNT_TABLES, missing) === null) throw error;
      return [];
    }
  });
}

/** Makes tables that come with their first use. */
export async function makeTables(id: string, ...tables: string[]): Promise<void> {
  await withStorage(id, (storage) => {
    const store = new AccountStore(storage);
    store.transaction(() => {
      for (const table of tables) store.need(table);
    });
  });
  await evict(id);
}

/** The account as one that was made before tables came with their first use: it has all of them. */
export async function withAllTables(id: string): Promise<void> {
  const tables = [...places(ACCOUNT_TABLES).keys()].filter(
    (table) => groupOf(ACCOUNT_TABLES, table) !== null,
  );
  await makeTables(id, ...tables);
  await withStorage(id, ({ sql }) => {
    sql.exec(`CREATE TABLE audit_event (slot INTEGER PRIMARY KEY, seq INTEGER NOT NULL, body TEXT NOT NULL, hash TEXT NOT NULL);
      CREATE TABLE audit_checkpoint (
        id INTEGER PRIMARY KEY CHECK (id = 1), seq INTEGER NOT NULL, hash TEXT NOT NULL, mac TEXT NOT NULL);
      ALTER TABLE schema_version DROP COLUMN made`);
    sql.exec('UPDATE schema_version SET version = ?', versionOf(ACCOUNT_TABLES));
  });
  await evict(id);
}

/** Every row of every table of the object, as text. */
export function dump(id: string): Promise<string> {
  return withStorage(id, ({ sql }) => {
    const names = sql
      .exec<{ name: string }>(
        `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB '_cf_*' ORDER BY name`,
      )
      .toArray();
    return JSON.stringify(names.map(({ name }) => [name, sql.exec(`SELECT * FROM "${name}"`).toArray()]));
  });
}

export function alarmAt(id: string): Promise<number | null> {
  return withStorage(id, (storage) => storage.getAlarm());
}

/** The alarm as the platform would ring it, whenever it is set to. */
export function ring(id: string): Promise<boolean> {
  return runDurableObjectAlarm(objectOf(id));
}

/** The next call meets a new incarnation, which knows only what is stored. */
export function evict(id: string): Promise<void> {
  return evictDurableObject(objectOf(id));
}

/** The object dies at once, as it does when the platform moves it. */
export async function kill(id: string): Promise<void> {
  await inObject(id, (_account, state) => state.abort('moved')).catch(() => undefined);
}

/** Changes rows behind the object's back; then it wakes anew. */
export async function tamper(id: string, ...statements: string[]): Promise<void> {
  await withStorage(id, ({ sql }) => {
    for (const statement of statements) sql.exec(statement);
  });
  await evict(id);
}

export interface StoredRecord {
  readonly seq: number;
  readonly at: string;
  readonly action: string;
  readonly outcome: string;
  readonly reason?: string;
  readonly evidence?: readonly string[];
  readonly correlation_id?: string;
  readonly actor: { readonly id?: string };
}

/** The audit records, oldest first. */
export async function records(id: string): Promise<StoredRecord[]> {
  const found = [
    ...(await rows(id, 'SELECT seq, bodies FROM audit_page')),
    ...(await rows(id, 'SELECT seq, bodies FROM audit_head')),
  ];
  return found
    .toSorted((one, two) => Number(one['seq']) - Number(two['seq']))
    .flatMap((row) => String(row['bodies']).split('\n'))
    .map((body) => JSON.parse(body) as StoredRecord);
}

/**
 * Waits until the directory has the account and its events as they are: then no timer of its own writes rows any more.
 */
export async function indexed(id: string): Promise<void> {
  for (let tries = 0; tries < 800; tries += 1) {
    if ((await rows(id, `SELECT kind FROM timer WHERE kind IN ('index', 'outbox')`)).length === 0) return;
    await scheduler.wait(25);
  }
  throw new Error('the account was not indexed');
}
