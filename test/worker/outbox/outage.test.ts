/**
 * An endpoint that is down for a day of its own time: the broker's clock is moved, all else is real. Everything arrives,
 * under the ids that it had, ten a second at most, half an hour after the endpoint is back.
 */

import { afterEach, expect, it, vi } from 'vitest';
import { forgetEndpoints } from '#directory/webhooks/webhook-settings.ts';
import { fresh, ring, rows } from '../accounts/world.ts';
import {
  behave,
  deliveries,
  disable,
  enable,
  endpointRow,
  ended,
  events,
  messages,
  newHook,
  quiet,
  received,
  type Hook,
} from './world.ts';
import { PATIENCE_MS } from '../../support/patience.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const ACCOUNTS = 3;
const EVENTS_EACH = 12;

afterEach(() => {
  vi.useRealTimers();
});

let clockMs = 0;

/** From now on it is that late; the endpoints are asked for anew. */
function itIs(atMs: number): void {
  clockMs = atMs;
  vi.useFakeTimers({ toFake: ['Date'], now: atMs });
  forgetEndpoints();
}

async function settled(id: string): Promise<void> {
  const flying = async () => (await deliveries(id)).filter((row) => row['in_flight_until_ms'] !== null);
  await expect.poll(flying, { timeout: PATIENCE_MS, interval: 10 }).toEqual([]);
}

/** Every account's alarm rings, and what it began has ended. */
async function look(accounts: readonly { id: string }[]): Promise<void> {
  for (const { id } of accounts) await ring(id);
  for (const { id } of accounts) await settled(id);
}

/** When the first of their outboxes wants to be woken. */
async function nextWakeMs(accounts: readonly { id: string }[]): Promise<number> {
  const due = await Promise.all(
    accounts.map(({ id }) => rows(id, `SELECT due_at_ms FROM timer WHERE kind = 'outbox'`)),
  );
  return Math.min(...due.flat().map((row) => Number(row['due_at_ms'])));
}

const stampsOf = async (hook: Hook, from: number) =>
  (await received(hook)).slice(from).map(({ headers }) => Number(headers['webhook-timestamp']));

it('an endpoint that was down for 24 h gets everything, once it is back', async () => {
  const organization = fresh('org');
  const accounts = await Promise.all(Array.from({ length: ACCOUNTS }, () => quiet(organization)));
  const hook = await newHook({ organization, behaviour: { status: 503 } });
  const beganAtMs = Date.now();
  itIs(beganAtMs);

  // A change every hour, every other one of them an event; the alarm rings every half hour.
  for (let half = 0; half < 2 * EVENTS_EACH; half += 1) {
    itIs(beganAtMs + half * HOUR_MS);
    for (const { id } of accounts) await (half % 2 === 0 ? disable(id) : enable(id));
    await look(accounts);
    if (half === 0) {
      for (const { id } of accounts) await ended(id, hook, 1);
      itIs(clockMs + 7 * SECOND_MS);
      await look(accounts);
    }
    itIs(beganAtMs + half * HOUR_MS + 30 * MINUTE_MS);
    await look(accounts);
  }
  expect((await endpointRow(hook))?.['status']).toBe('failing');
  const attempted = (await received(hook)).length;
  expect(attempted).toBeGreaterThan(24);
  expect(attempted).toBeLessThan(80);
  for (const { id } of accounts) {
    const waiting = (await deliveries(id)).filter(({ status }) => status === 'waiting');
    expect(waiting).toHaveLength(EVENTS_EACH);
  }

  await behave(hook, {});
  const backAtMs = beganAtMs + 24 * HOUR_MS;
  const left = async () =>
    (await Promise.all(accounts.map(({ id }) => deliveries(id))))
      .flat()
      .filter(({ status }) => status === 'waiting');
  itIs(backAtMs);
  while ((await left()).length > 0 && clockMs < backAtMs + 30 * MINUTE_MS) {
    itIs(Math.max(clockMs + 1, await nextWakeMs(accounts)));
    await look(accounts);
  }
  expect(await left()).toEqual([]);
  expect(clockMs - backAtMs).toBeLessThan(30 * MINUTE_MS);

  // Verified by the library that receivers use, each under the id and the text that it was made with.
  const got = (await messages(hook)).slice(attempted);
  const made = (await Promise.all(accounts.map(({ id }) => events(id)))).flat();
  const heard = made.filter(({ type }) => type === 'connected_account.disabled');
  expect(new Set(got.map(({ id }) => id))).toEqual(new Set(heard.map(({ id }) => id)));
  expect(got).toHaveLength(heard.length);
  expect(new Set(got.map(({ body }) => body))).toEqual(new Set(heard.map(({ body }) => body)));
  for (const { id } of accounts) {
    const mine = got.filter(({ data }) => data['connected_account_id'] === id);
    const numbers = mine.map(({ data }) => Number(data['sequence']));
    expect(numbers.toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: EVENTS_EACH }, (_, index) => 2 + index),
    );
  }
  const perSecond = new Map<number, number>();
  for (const stamp of await stampsOf(hook, attempted)) perSecond.set(stamp, (perSecond.get(stamp) ?? 0) + 1);
  expect(Math.max(...perSecond.values())).toBeLessThanOrEqual(10);
});
