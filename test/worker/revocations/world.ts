/**
 * What the tests of this folder share: revocations over HTTP, their object, accounts that need no provider, and a clock
 * that goes ahead of the machine's, so that no test waits for a timer.
 */

import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { expect, vi } from 'vitest';
import type { Revocation as Answer } from '#contract/callers/revocations.ts';
import type { SubjectTold } from '#refresh/exchange/outcome.ts';
import type { Revocation } from '#revocations/revocation.ts';
import { PATIENCE } from '../../support/patience.ts';
import { config, fresh, http, must, ring, rows } from '../accounts/world.ts';

function objectOf(id: string): never {
  return config.revocations.getByName(`revocation:${id}`) as never;
}

export function inRevocation<T>(
  id: string,
  use: (object: Revocation, state: DurableObjectState) => T | Promise<T>,
): Promise<T> {
  return runInDurableObject<Revocation, T>(objectOf(id), use);
}

/** The clock of before; null: nobody has gone ahead in this file. */
let machine: (() => number) | null = null;
let aheadMs = 0;
const ahead = (): number => (machine ?? Date.now)() + aheadMs;

/**
 * Objects and Workers of the test see a time that is so much later; negative: their clock goes back. The setup of the
 * next file puts the clock right: files share this module, so that hooks of its own would be of the first alone.
 */
export function goAhead(ms: number): void {
  if (Date.now !== ahead) {
    machine = Date.now.bind(Date);
    aheadMs = 0;
    Date.now = ahead;
  }
  aheadMs += ms;
}

/** The alarm as the platform would ring it, whenever it is set to. */
export const ringRevocation = (id: string): Promise<boolean> => runDurableObjectAlarm(objectOf(id));

/** The time goes on until the revocation's next step is due. False: none is. */
export async function untilDue(id: string): Promise<boolean> {
  const atMs = await inRevocation(id, (_object, { storage }) => storage.getAlarm());
  if (atMs !== null) goAhead(Math.max(0, atMs - Date.now()));
  return atMs !== null;
}

/** Its next step, whenever that is due. False: there was none, or the platform has rung itself. */
export async function stepOf(id: string): Promise<boolean> {
  await untilDue(id);
  return ringRevocation(id);
}

/** The next call meets a new incarnation, which knows only what is stored. */
export const evictRevocation = (id: string): Promise<void> => evictDurableObject(objectOf(id));

export async function killRevocation(id: string): Promise<void> {
  await inRevocation(id, (_object, state) => state.abort('moved')).catch(() => undefined);
}

export function revoke(body: object, key?: string): Promise<{ id: string; matched: number }> {
  return must(http('POST', '/v1/revocations', body, key), 202);
}

export function standing(id: string, query = '', key?: string): Promise<Answer> {
  return must(http('GET', `/v1/revocations/${id}${query}`, undefined, key), 200);
}

/** Goes from step to step until all receipts are there. */
export function completed(id: string, key?: string): Promise<Answer> {
  return vi.waitFor(
    async () => {
      const found = await standing(id, '?limit=100', key);
      if (found.status === 'complete') return found;
      await stepOf(id);
      throw new Error(`it stands at ${JSON.stringify(found.counts)}`);
    },
    { ...PATIENCE, interval: 5 },
  );
}

/** Rings the account until the directory has it as it is. */
export function indexed(accountId: string): Promise<void> {
  return vi.waitFor(
    async () => {
      await ring(accountId);
      const due = `SELECT kind FROM timer WHERE kind IN ('index', 'outbox')`;
      expect(await rows(accountId, due)).toEqual([]);
    },
    { ...PATIENCE, interval: 5 },
  );
}

/** A connection for API keys. */
export async function staticConnection(): Promise<string> {
  const id = fresh('conn');
  const facts = { auth_type: 'api_key', api_base_urls: ['https://api.example.com'] };
  await must(http('POST', '/v1/connections', { id, provider: 'custom', provider_config: facts }), 201);
  return id;
}

export interface Made {
  readonly id: string;
  readonly identifier: string;
  readonly connection: string;
}

/** An account with an API key, which the directory knows. */
export async function staticAccount(
  connection: string,
  organization: string | null = null,
  identifier = fresh('user'),
): Promise<Made> {
  const of = organization === null ? '' : `&organization=${organization}`;
  const path = `/v1/credentials/${connection}?identifier=${identifier}${of}`;
  const { id } = await must(http('PUT', path, { type: 'api_key', api_key: 'sk_canary' }), 201);
  await indexed(id);
  return { id, identifier, connection };
}

/** The account learns whose it is. */
export async function tellSubject(id: string, subject: string): Promise<void> {
  const [grant] = await rows(id, 'SELECT id, generation FROM grant_row');
  const [row] = await rows(id, 'SELECT incarnation FROM account');
  const told: SubjectTold = {
    grantId: Number(grant?.['id']),
    generation: Number(grant?.['generation']),
    incarnation: Number(row?.['incarnation']),
    subject,
    label: null,
  };
  const object = config.accounts.getByName(id) as unknown as {
    keepSubject(told: SubjectTold): Promise<string>;
  };
  expect(await object.keepSubject(told)).toBe('kept');
}

/** A key of an operator of one organization. */
export async function boundKey(organization: string, role = 'operator'): Promise<string> {
  return (await must(http('POST', '/v1/admin-keys', { role, organization }), 201)).key;
}

export async function agentKey(connection: string, organization: string | null = null): Promise<string> {
  const policy = { rules: [{ connection, identifiers: ['*'] }] };
  const of = organization === null ? {} : { organization };
  return (await must(http('POST', '/v1/agents', { id: fresh('agent'), key: true, policy, ...of }), 201)).key;
}

/** What an agent that has asked for the account's credential was answered: `ok`, or the code. */
export async function fetched(accountId: string, key: string): Promise<string> {
  const answer = await http('GET', `/v1/connected-accounts/${accountId}/token`, undefined, key);
  return answer.ok ? 'ok' : (await answer.json<{ code: string }>()).code;
}
