/** What is not worth sending any more, or too often, is not sent, and stays readable. */

import { afterEach, expect, it, vi } from 'vitest';
import { forgetEndpoints } from '#directory/webhooks/webhook-settings.ts';
import { config, ring, type Connected } from '../accounts/world.ts';
import {
  arrived,
  deliveries,
  die,
  disable,
  done,
  enable,
  events,
  later,
  logged,
  messages,
  newHook,
  quiet,
  repair,
  type Hook,
} from './world.ts';

const REAUTH = 'agent.auth.reauth_required';
const HOUR_MS = 3_600_000;

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

async function setStatus(hook: Hook, status: string): Promise<void> {
  await config.directory
    .prepare('UPDATE webhook_endpoint SET status = ?, next_probe_at_ms = ? WHERE id = ?')
    .bind(status, status === 'failing' ? Date.now() + 9 * 60_000 : null, hook.id)
    .run();
  forgetEndpoints();
}

const suppressedOf = async (account: Connected) =>
  (await logged(account.id)).map(({ type, suppressed }) => [type, suppressed]);

it('an incident that is over before its event left is not told', async () => {
  const account = await quiet();
  const hook = await newHook({ organization: account.organization, events: ['agent.auth.*'] });
  await setStatus(hook, 'failing');
  await die(account);
  await expect.poll(async () => (await deliveries(account.id)).map(({ held }) => held)).toEqual([1]);
  await repair(account);
  await expect
    .poll(async () => (await events(account.id)).map(({ suppressed }) => suppressed))
    .toEqual([0, 1, 0]);
  await setStatus(hook, 'active');
  later(10 * 60_000);
  await ring(account.id);
  // What was kept back has a place a tenth of a second later.
  await expect.poll(async () => (await deliveries(account.id)).filter(({ held }) => held === 1)).toEqual([]);
  later(1_000);
  await ring(account.id);
  await done(account.id);
  expect((await messages(hook)).map(({ type }) => type)).toEqual(['agent.auth.succeeded']);
  expect(await suppressedOf(account)).toEqual([
    ['agent.auth.succeeded', 0],
    [REAUTH, 1],
    ['agent.auth.succeeded', 0],
  ]);
});

it('of a flapping account two reauth events an hour leave, and the third when there is room and it lasts', async () => {
  let account = await quiet();
  const { organization } = account;
  const hook = await newHook({ organization, events: [REAUTH] });
  for (let n = 0; n < 2; n += 1) {
    await die(account);
    await arrived(hook, n + 1);
    account = await repair(account);
  }
  await die(account);
  await expect.poll(async () => (await suppressedOf(account)).at(-1)).toEqual([REAUTH, 1]);
  expect(await messages(hook)).toHaveLength(2);
  expect((await deliveries(account.id)).map(({ status }) => status)).toEqual([
    'delivered',
    'delivered',
    'waiting',
  ]);

  later(HOUR_MS + 1_000);
  await ring(account.id);
  const told = await arrived(hook, 3);
  await done(account.id);
  expect(told.map(({ data }) => data['sequence'])).toEqual([2, 4, 6]);
  expect((await suppressedOf(account)).filter(([, suppressed]) => suppressed !== 0)).toEqual([]);
});

it('the third is not told at all when its incident ends within the hour', async () => {
  let account = await quiet();
  const { organization } = account;
  const hook = await newHook({ organization, events: [REAUTH] });
  for (let n = 0; n < 3; n += 1) {
    await die(account);
    if (n < 2) await arrived(hook, n + 1);
    account = await repair(account);
  }
  await done(account.id);
  later(2 * HOUR_MS);
  await ring(account.id);
  await done(account.id);
  expect(await messages(hook)).toHaveLength(2);
  expect((await suppressedOf(account)).filter(([type]) => type === REAUTH)).toEqual([
    [REAUTH, 0],
    [REAUTH, 0],
    [REAUTH, 1],
  ]);
});

it('what is held back is no probe of a failing endpoint either', async () => {
  let account = await quiet();
  const { organization } = account;
  const hook = await newHook({ organization, events: [REAUTH] });
  for (let n = 0; n < 2; n += 1) {
    await die(account);
    await arrived(hook, n + 1);
    account = await repair(account);
  }
  await die(account);
  await expect.poll(async () => (await suppressedOf(account)).at(-1)).toEqual([REAUTH, 1]);
  await setStatus(hook, 'failing');
  later(30 * 60_000);
  // Something else happens, which nobody here asked for, and the outbox looks at all that waits.
  await disable(account.id);
  await ring(account.id);
  await scheduler.wait(300);
  expect(await messages(hook)).toHaveLength(2);
  await enable(account.id);
  later(HOUR_MS);
  await ring(account.id);
  expect(await arrived(hook, 3)).toHaveLength(3);
});
