/** What the tests of this folder share: endpoints that listen, what they got, and an account's outbox as stored. */

import { Webhook } from 'standardwebhooks';
import { expect, inject, vi } from 'vitest';
import { createEndpoint } from '#directory/webhooks/webhook-endpoints.ts';
import type { WebhookEndpointRow } from '#directory/webhooks/webhook-endpoint-row.ts';
import type { Behaviour, Received } from '../../support/worker-receiver.ts';
import { forgetEndpoints } from '#directory/webhooks/webhook-settings.ts';
import {
  config,
  connected,
  context,
  fault,
  fresh,
  http,
  must,
  newGrant,
  release,
  request,
  right,
  rows,
  stub,
  type Connected,
  type Row,
} from '../accounts/world.ts';
import { PATIENCE_MS } from '../../support/patience.ts';

/** An endpoint of the broker, and the receiver behind it. */
export interface Hook {
  readonly id: string;
  readonly secret: string;
  readonly url: string;
  readonly row: WebhookEndpointRow;
}

export interface HookOptions {
  /** Empty: of none. */
  readonly organization?: string;
  readonly events?: readonly string[];
  readonly behaviour?: Behaviour;
  readonly createdAtMs?: number;
}

export async function behave(hook: Pick<Hook, 'url'>, behaviour: Behaviour): Promise<void> {
  await fetch(hook.url, { method: 'PUT', body: JSON.stringify(behaviour) });
}

export async function newHook(options: HookOptions = {}): Promise<Hook> {
  const url = `${inject('receiver')}/hooks/${fresh('hook')}`;
  await behave({ url }, options.behaviour ?? {});
  const { organization = '', events = ['*'] } = options;
  const draft = { organization, url, events, description: null };
  const made = await createEndpoint(config, draft, options.createdAtMs ?? Date.now());
  if (made === null) throw new Error('there are too many endpoints');
  return { id: made.endpoint.id, secret: made.secret, url, row: made.endpoint };
}

/** Everything that arrived at the receiver, in the order of arrival. */
export async function received(hook: Pick<Hook, 'url'>): Promise<Received[]> {
  const answer = await fetch(hook.url);
  return (await answer.json()) as Received[];
}

export interface Message {
  readonly id: string;
  readonly type: string;
  readonly timestamp: string;
  readonly data: Readonly<Record<string, any>>;
  readonly body: string;
}

/** The library that receivers use, at the time that it is called there: it refuses what is minutes old. */
function verified(hook: Hook, { headers, body }: Received): unknown {
  const nowMs = Date.now();
  const faked = vi.isFakeTimers();
  vi.useFakeTimers({ toFake: ['Date'], now: Number(headers['webhook-timestamp']) * 1_000 });
  try {
    return new Webhook(hook.secret).verify(body, { ...headers });
  } finally {
    if (faked) vi.setSystemTime(nowMs);
    else vi.useRealTimers();
  }
}

/** What arrived, verified. */
export async function messages(hook: Hook): Promise<Message[]> {
  return (await received(hook)).map((request) => {
    const message = verified(hook, request) as Omit<Message, 'id' | 'body'>;
    return { ...message, id: request.headers['webhook-id'] ?? '', body: request.body };
  });
}

/** Waits until so many have arrived; `type` of what is counted. */
export async function arrived(hook: Hook, count: number, type?: string): Promise<Message[]> {
  const ofType = async () => (await messages(hook)).filter((one) => type === undefined || one.type === type);
  await expect.poll(async () => (await ofType()).length, { timeout: PATIENCE_MS, interval: 25 }).toBe(count);
  return ofType();
}

/** A connected account of an organization of its own, its first event being through. */
export async function quiet(organization = fresh('org')): Promise<Connected & { organization: string }> {
  const account = await connected({ organization });
  await done(account.id);
  return { ...account, organization };
}

export async function disable(id: string): Promise<void> {
  right(await stub(id).signal({ signal: 'disabled', context }));
}

export async function enable(id: string): Promise<void> {
  right(await stub(id).signal({ signal: 'enabled', context }));
}

export const events = (id: string): Promise<Row[]> => rows(id, 'SELECT * FROM event ORDER BY n');

export const deliveries = (id: string): Promise<Row[]> =>
  rows(
    id,
    'SELECT d.*, e.id AS event_id FROM delivery d JOIN event e ON e.n = d.event_n ORDER BY d.event_n, d.id',
  );

/** Waits until the outbox has nothing left to do. */
export async function done(id: string): Promise<void> {
  await expect
    .poll(() => rows(id, 'SELECT wake_at_ms FROM outbox_state'), { timeout: PATIENCE_MS, interval: 25 })
    .toEqual([{ wake_at_ms: null }]);
}

/** The events of an account as `GET /v1/events` lists them. */
export async function logged(accountId: string): Promise<Row[]> {
  const found = await config.directory
    .prepare('SELECT * FROM event WHERE connected_account_id = ? ORDER BY n')
    .bind(accountId)
    .all<Row>();
  return found.results;
}

/** The endpoint as the directory keeps it. */
export async function endpointRow(hook: Hook): Promise<Row | null> {
  return config.directory.prepare('SELECT * FROM webhook_endpoint WHERE id = ?').bind(hook.id).first<Row>();
}

/** From now on it is so much later. Undone by `vi.useRealTimers()`. */
export function later(ms: number): void {
  const now = Date.now();
  vi.useFakeTimers({ toFake: ['Date'] });
  vi.setSystemTime(now + ms);
  // What was read before is older now.
  forgetEndpoints();
}

/** From now on every question to D1 in this isolate fails. Undone by `vi.restoreAllMocks()`. */
export function directoryFails(): void {
  const fail = async (): Promise<never> => {
    throw new Error('D1_ERROR: the database is away');
  };
  const statement = { bind: () => statement, first: fail, all: fail, run: fail, raw: fail };
  const prototype = Object.getPrototypeOf(config.directory);
  vi.spyOn(prototype, 'prepare').mockReturnValue(statement);
  vi.spyOn(prototype, 'batch').mockImplementation(fail);
  forgetEndpoints();
}

/** Attempts of the newest delivery to this endpoint, as its object has them. */
export async function deliveryTo(id: string, hook: Hook): Promise<Row> {
  const found = (await deliveries(id)).filter(({ endpoint }) => endpoint === hook.id).at(-1);
  if (found === undefined) throw new Error('there is no such delivery');
  return found;
}

/** Waits until so many attempts of the newest delivery to this endpoint have ended. */
export async function ended(id: string, hook: Hook, attempts: number): Promise<Row> {
  await expect
    .poll(
      async () => {
        const row = (await deliveries(id)).filter(({ endpoint }) => endpoint === hook.id).at(-1);
        return row?.['in_flight_until_ms'] === null ? row['attempts'] : null;
      },
      { timeout: PATIENCE_MS, interval: 25 },
    )
    .toBe(attempts);
  return deliveryTo(id, hook);
}

/** The user withdraws the grant, and the next refresh finds out. */
export async function die(account: Connected & { organization: string }): Promise<void> {
  await fault(account.grant.grantId, { status: 400, body: { error: 'invalid_grant' } });
  right(await stub(account.id).expire({ context }));
  const { agent } = request();
  const { code } = await release(account.id, { agent: { ...agent, organization: account.organization } });
  if (code !== 'reauth_required') throw new Error(`the grant should be dead: ${code}`);
}

/** The user connects again. The account's present grant is the new one. */
export async function repair<T extends Connected>(account: T): Promise<T> {
  const grant = await newGrant();
  const path = `/v1/connected-accounts/${account.id}/credential`;
  const body = {
    type: 'oauth2',
    refresh_token: grant.refreshToken,
    access_token: grant.accessToken,
    expires_in: 3600,
  };
  await must(http('PUT', path, body), 200);
  return { ...account, grant };
}
