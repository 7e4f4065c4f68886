/** While the directory does not answer events wait in their objects, and what is known to be deliverable is delivered. */

import { afterEach, expect, it, vi } from 'vitest';
import { config, evict, ring, rows } from '../accounts/world.ts';
import {
  arrived,
  behave,
  deliveryTo,
  directoryFails,
  disable,
  done,
  enable,
  ended,
  events,
  later,
  logged,
  newHook,
  quiet,
  received,
} from './world.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

it('nothing is lost, and the log has the order of the changes', async () => {
  const account = await quiet();
  const hook = await newHook({ organization: account.organization });
  directoryFails();
  for (const change of [disable, enable, disable, enable, disable]) await change(account.id);
  await evict(account.id);
  await ring(account.id);
  await expect
    .poll(async () => (await rows(account.id, 'SELECT directory_failures AS n FROM outbox_state'))[0]?.['n'])
    .toBeGreaterThan(0);
  expect(await received(hook)).toEqual([]);
  const [state] = await rows(account.id, 'SELECT wake_at_ms, directory_at_ms FROM outbox_state');
  expect(Number(state?.['wake_at_ms'])).toBeGreaterThan(0);

  vi.restoreAllMocks();
  await arrived(hook, 3);
  await done(account.id);
  const made = await events(account.id);
  expect((await logged(account.id)).map(({ id }) => id)).toEqual(made.map(({ id }) => id));
  expect(await rows(account.id, 'SELECT directory_failures AS n FROM outbox_state')).toEqual([{ n: 0 }]);
});

it('a retry to an endpoint that is known goes on', async () => {
  const account = await quiet();
  const hook = await newHook({ organization: account.organization, behaviour: { status: 500 } });
  await disable(account.id);
  await ended(account.id, hook, 1);
  await behave(hook, {});
  directoryFails();
  later(7_000);
  await ring(account.id);
  expect(await ended(account.id, hook, 2)).toMatchObject({ status: 'delivered' });
  vi.restoreAllMocks();
  vi.useRealTimers();
  await done(account.id);
  const listed = await config.directory
    .prepare('SELECT status, attempts FROM delivery_index WHERE id = ?')
    .bind((await deliveryTo(account.id, hook))['id'])
    .first();
  expect(listed).toEqual({ status: 'delivered', attempts: 2 });
});

it('the index of deliveries says what their objects say, once it is back', async () => {
  const account = await quiet();
  const hook = await newHook({ organization: account.organization });
  await disable(account.id);
  await arrived(hook, 1);
  await done(account.id);
  const row = await deliveryTo(account.id, hook);
  const listed = await config.directory
    .prepare('SELECT * FROM delivery_index WHERE id = ?')
    .bind(row['id'])
    .first();
  expect(listed).toMatchObject({
    event_id: row['event_id'],
    type: 'connected_account.disabled',
    endpoint: hook.id,
    organization: account.organization,
    connected_account_id: account.id,
    source: `account:${account.id}`,
    status: 'delivered',
    attempts: 1,
    last_status: 200,
    next_attempt_at_ms: null,
    created_at_ms: row['created_at_ms'],
    delivered_at_ms: row['delivered_at_ms'],
  });
});
