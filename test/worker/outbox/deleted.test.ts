/** A deleted account is silent, but for what it still has to say. */

import { afterEach, expect, it, vi } from 'vitest';
import { alarmAt, context, http, kill, must, remove, right, ring, rows, stub } from '../accounts/world.ts';
import {
  arrived,
  behave,
  deliveries,
  deliveryTo,
  done,
  ended,
  events,
  later,
  newHook,
  quiet,
  received,
} from './world.ts';

afterEach(() => {
  vi.useRealTimers();
});

it('its deliveries are finished, and then it never wakes again', async () => {
  const account = await quiet();
  const hook = await newHook({ organization: account.organization, behaviour: { status: 500 } });
  await remove(account.id);
  await ended(account.id, hook, 1);
  expect(await alarmAt(account.id)).not.toBeNull();
  await kill(account.id);
  await behave(hook, {});
  later(7_000);
  await ring(account.id);
  const [first, second] = await arrived(hook, 2);
  expect(second).toMatchObject({ id: first?.id, type: 'connected_account.deleted' });
  expect(second?.data).toMatchObject({ connected_account_id: account.id, sequence: 2 });
  vi.useRealTimers();
  await done(account.id);
  await expect.poll(() => rows(account.id, 'SELECT kind FROM timer')).toEqual([]);
  await expect.poll(() => alarmAt(account.id)).toBeNull();
  expect(await rows(account.id, 'SELECT account_id FROM account')).toEqual([]);
  expect(right(await stub(account.id).verifyAudit({}))).toMatchObject({ intact: true });
});

it('its sequence goes on in the next life', async () => {
  const account = await quiet();
  const { connection, identifier, organization } = account;
  await remove(account.id);
  await must(http('POST', '/v1/connected-accounts', { connection, identifier, organization }), 201);
  const hook = await newHook({ organization });
  right(await stub(account.id).signal({ signal: 'disabled', context }));
  const [told] = await arrived(hook, 1, 'connected_account.disabled');
  expect(told?.data['sequence']).toBe(3);
  expect((await events(account.id)).map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
});

it('a delivery of it can be sent again, with the same id and body', async () => {
  const account = await quiet();
  const hook = await newHook({ organization: account.organization });
  await remove(account.id);
  await arrived(hook, 1);
  await done(account.id);
  const { id } = await deliveryTo(account.id, hook);
  const again = right(await stub(account.id).redeliver({ deliveryId: String(id) }));
  expect(again).toMatchObject({ id, status: 'waiting', source: `account:${account.id}` });
  const [first, second] = await received(hook).then(() => arrived(hook, 2));
  expect([second?.id, second?.body]).toEqual([first?.id, first?.body]);
  await done(account.id);
  expect(await deliveries(account.id)).toMatchObject([{ id, status: 'delivered', attempts: 2 }]);
  expect(right(await stub(account.id).redeliver({ deliveryId: 'wd_none' }))).toBeNull();
});
