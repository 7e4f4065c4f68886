/** An operator asks for a delivery again. */

import { afterEach, expect, it, vi } from 'vitest';
import { updateEndpoint } from '#directory/webhooks/webhook-endpoints.ts';
import { config, right, stub } from '../accounts/world.ts';
import { arrived, behave, deliveryTo, disable, done, ended, newHook, quiet, received } from './world.ts';

afterEach(() => {
  vi.useRealTimers();
});

it('one that has failed gets a new table of retries', async () => {
  const account = await quiet();
  const hook = await newHook({ organization: account.organization, behaviour: { status: 410 } });
  await disable(account.id);
  const { id } = await ended(account.id, hook, 1);
  await done(account.id);
  expect(await deliveryTo(account.id, hook)).toMatchObject({ status: 'failed', last_status: 410 });

  await behave(hook, { status: 500 });
  await updateEndpoint(config, hook.id, { status: 'active' }, Date.now());
  right(await stub(account.id).redeliver({ deliveryId: String(id) }));
  expect(await ended(account.id, hook, 2)).toMatchObject({ status: 'waiting', tries: 1, last_status: 500 });

  await behave(hook, {});
  right(await stub(account.id).redeliver({ deliveryId: String(id) }));
  await done(account.id);
  expect(await deliveryTo(account.id, hook)).toMatchObject({ status: 'delivered', attempts: 3 });
  const got = await received(hook);
  expect(new Set(got.map(({ headers, body }) => headers['webhook-id'] + body)).size).toBe(1);
});

it('one that is in flight is not sent beside itself', async () => {
  const account = await quiet();
  const hook = await newHook({ organization: account.organization, behaviour: { afterMs: 600 } });
  await disable(account.id);
  await arrived(hook, 1);
  const { id } = await deliveryTo(account.id, hook);
  right(await stub(account.id).redeliver({ deliveryId: String(id) }));
  await done(account.id);
  expect(await deliveryTo(account.id, hook)).toMatchObject({ status: 'delivered', attempts: 1 });
  expect(await received(hook)).toHaveLength(1);
});

it('one whose endpoint is disabled fails again at once', async () => {
  const account = await quiet();
  const hook = await newHook({ organization: account.organization });
  await disable(account.id);
  await arrived(hook, 1);
  await done(account.id);
  await updateEndpoint(config, hook.id, { status: 'disabled' }, Date.now());
  const { id } = await deliveryTo(account.id, hook);
  right(await stub(account.id).redeliver({ deliveryId: String(id) }));
  await done(account.id);
  expect(await deliveryTo(account.id, hook)).toMatchObject({ status: 'failed' });
  expect(await received(hook)).toHaveLength(1);
});
