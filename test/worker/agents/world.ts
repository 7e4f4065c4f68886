/** What the tests of this folder share: fresh agents, their rows as stored, and their object under another ring. */

import { evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { expect } from 'vitest';
import { Agent } from '#agents/agent.ts';
import type { Failure } from '#agents/outcome.ts';
import { agentStub, type AgentRpc } from '#agents/stub.ts';
import type { RequestContext } from '#audit/record.ts';
import type { Policy } from '#contract/agents/policy.ts';
import { configOf, type Config } from '#env.ts';

export const config: Config = configOf(env);

/** A ring with the kid of the right one and another key. */
export const WRONG_KEY = `k1:${btoa('another-key-of-thirty-two-bytes!')}`;
/** A ring that does not know the kid. */
export const UNKNOWN_KID = `k9:${btoa('another-key-of-thirty-two-bytes!')}`;

export const context: RequestContext = {
  actor: { type: 'operator', id: 'admin', method: 'admin_key', key_id: null },
  correlationId: 'test',
  toolCallId: null,
  client: { ip: null, country: null, colo: null, user_agent: null },
};

let count = 0;

/** Storage is shared by the tests of a file, so each takes its own name. */
export function freshId(): string {
  count += 1;
  return `agent-${count}-${crypto.randomUUID().slice(0, 8)}`;
}

/** As `runInDurableObject` wants it; the platform's own stub type of these methods is too deep for the compiler. */
function objectOf(id: string): never {
  return config.agents.getByName(id) as never;
}

export function stub(id: string): AgentRpc {
  return agentStub(config, id);
}

/** What an outcome holds, where nothing else is expected. */
export function right<T extends { readonly ok: true }>(outcome: T | Failure): T {
  if (!outcome.ok) throw new Error(`expected ok, got ${outcome.code}: ${outcome.detail}`);
  return outcome;
}

export interface Options {
  readonly id?: string;
  readonly organization?: string;
  readonly policy?: Policy;
}

/** A new agent with one key. */
export async function newAgent(options: Options = {}) {
  const id = options.id ?? freshId();
  const made = right(
    await stub(id).create({
      agentId: id,
      organization: options.organization ?? '',
      name: null,
      policy: options.policy ?? { rules: [{ connection: 'hubspot' }] },
      withKey: true,
      context,
    }),
  );
  if (made.key === null) throw new Error('expected a key');
  return { id, key: made.key.key, keyId: made.key.id };
}

export function withStorage<T>(
  id: string,
  use: (storage: DurableObjectStorage) => T | Promise<T>,
): Promise<T> {
  return runInDurableObject<Agent, T>(objectOf(id), (_agent, state) => use(state.storage));
}

/** Names of the object's own tables. */
export function tables(id: string): Promise<string[]> {
  return withStorage(id, ({ sql }) =>
    sql
      .exec<{ name: string }>(
        `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB '_cf_*' ORDER BY name`,
      )
      .toArray()
      .map(({ name }) => name),
  );
}

/** Every row of every table of the object, as text. */
export async function dump(id: string): Promise<string> {
  const names = await tables(id);
  return withStorage(id, ({ sql }) =>
    JSON.stringify(names.map((name) => [name, sql.exec(`SELECT * FROM "${name}"`).toArray()])),
  );
}

/** The index timer writes rows of its own; who compares rows begins when it is through. */
export async function settled(id: string): Promise<void> {
  await expect.poll(async () => JSON.parse(await dump(id))).toContainEqual(['index_due', []]);
}

/** Changes rows behind the object's back; then it wakes anew and knows only what is stored. */
export async function tamper(id: string, ...statements: string[]): Promise<void> {
  await withStorage(id, ({ sql }) => {
    for (const statement of statements) sql.exec(statement);
  });
  await evictDurableObject(config.agents.getByName(id));
}

export interface StoredRecord {
  readonly seq: number;
  readonly action: string;
  readonly outcome: string;
  readonly reason?: string;
  readonly actor: { readonly type: string; readonly id?: string; readonly key_id?: string };
  readonly evidence?: readonly string[];
  readonly organization?: string;
}

/** The audit records, oldest first. */
export function records(id: string): Promise<StoredRecord[]> {
  return withStorage(id, ({ sql }) =>
    sql
      .exec<{ seq: number; bodies: string }>(
        'SELECT seq, bodies FROM audit_page UNION ALL SELECT seq, bodies FROM audit_head',
      )
      .toArray()
      .toSorted((one, two) => one.seq - two.seq)
      .flatMap(({ bodies }) => bodies.split('\n'))
      .map((body) => JSON.parse(body) as StoredRecord),
  );
}

export async function actions(id: string): Promise<string[]> {
  return (await records(id)).map(({ action }) => action);
}

/** The same rows, read by an object that was given another `MASTER_KEYS`. */
export function underRing<T>(
  id: string,
  masterKeys: string | undefined,
  use: (agent: AgentRpc & { alarm(): Promise<void> }) => Promise<T>,
): Promise<T> {
  return runInDurableObject<Agent, T>(objectOf(id), (_agent, state) =>
    use(new Agent(state, { ...(env as object), MASTER_KEYS: masterKeys })),
  );
}
