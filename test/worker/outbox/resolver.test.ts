/** An attempt where names are resolved: what ends it before it leaves, whom that blames, and what the rows say of it. */

import { expect, inject, it } from 'vitest';
import { forgetEndpoints, loadEndpoints } from '#directory/webhooks/webhook-settings.ts';
import { secretsInForce } from '#directory/webhooks/webhook-endpoint-row.ts';
import { attempt } from '#egress/deliver.ts';
import { config, stub } from '../accounts/world.ts';
import { arrived, deliveryTo, disable, endpointRow, newHook, quiet } from './world.ts';

it.each([
  ['at a private address', '10-0-0-1.example.invalid', { kind: 'failure', reason: 'forbidden_address' }],
  ['at a metadata service', '169-254-169-254.a.invalid', { kind: 'failure', reason: 'forbidden_address' }],
  ['at a public address', '93-184-215-14.example.invalid', { kind: 'failure', reason: 'network' }],
  ['without an answer', 'nothing.example.invalid', { kind: 'unsent', reason: 'resolver_failed' }],
])('a receiver %s ends its attempt so', async (_, host, outcome) => {
  const hook = await newHook();
  forgetEndpoints();
  const { dataKey } = (await loadEndpoints(config.directory, config.masterKeys, 5_000)) as {
    dataKey: string;
  };
  const own = { ...config, dnsResolver: `${inject('receiver')}/dns-query` };
  const common = {
    eventId: 'evt_1',
    body: '{}',
    endpoint: hook.id,
    secrets: secretsInForce(hook.row, Date.now()),
    dataKey,
  };
  expect(await attempt(own, { ...common, url: `https://${host}/hook` })).toEqual(outcome);
  // On loopback, which development allows, nobody is asked.
  expect(await attempt(own, { ...common, url: hook.url })).toEqual({ kind: 'response', status: 200 });
});

it('a resolver that fails puts the delivery off and leaves the endpoint as it was', async () => {
  const account = await quiet();
  const hook = await newHook({ organization: account.organization, behaviour: { hang: true } });
  await disable(account.id);
  await arrived(hook, 1);
  const { id } = await deliveryTo(account.id, hook);
  const before = await endpointRow(hook);
  const result = { kind: 'unsent', reason: 'resolver_failed' } as const;
  const report = { deliveryId: String(id), attempt: 1, result, durationMs: 2_000 };
  await stub(account.id).outboxSettled(report);
  expect(await deliveryTo(account.id, hook)).toMatchObject({
    status: 'waiting',
    tries: 1,
    last_status: null,
    last_failure: 'resolver_failed',
    next_attempt_at_ms: expect.any(Number),
  });
  expect(await endpointRow(hook)).toEqual(before);
});
