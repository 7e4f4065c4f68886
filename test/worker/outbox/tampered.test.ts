/** Who can write to an object's rows alone gets no text of his own signed, and no event before another's endpoints. */

import { afterEach, describe, expect, it, vi } from 'vitest';
import { agentStub } from '#agents/stub.ts';
import { evictDurableObject } from 'cloudflare:test';
import { config, context, http, must, remove, right, ring, stub, tamper } from '../accounts/world.ts';
import {
  arrived,
  behave,
  deliveries,
  deliveryTo,
  disable,
  done,
  enable,
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

/** An account with one event that waits for its endpoint, which would take it now. */
async function waiting() {
  const account = await quiet();
  const hook = await newHook({ organization: account.organization, behaviour: { status: 500 } });
  await disable(account.id);
  await ended(account.id, hook, 1);
  await behave(hook, {});
  return { account, hook };
}

describe('an event that was changed in its row', () => {
  it.each([
    [
      'its text',
      `UPDATE event SET body = replace(body, 'connected_account.disabled', 'agent.auth.succeeded')`,
    ],
    ['its id', `UPDATE event SET id = 'evt_' || substr(id, 6) || 'x'`],
    ['its type', `UPDATE event SET type = 'connected_account.revoked'`],
    ['its MAC', `UPDATE event SET mac = NULL`],
    ['its organization', `UPDATE event SET organization = ''`],
    ['its place', `UPDATE event SET sequence = sequence + 1`],
  ])('is not sent: %s', async (_, change) => {
    const { account, hook } = await waiting();
    await tamper(account.id, change);
    later(7_000);
    await ring(account.id);
    await expect.poll(async () => (await deliveryTo(account.id, hook))['status']).toBe('failed');
    expect(await received(hook)).toHaveLength(1);
    const { id } = await deliveryTo(account.id, hook);
    expect(right(await stub(account.id).redeliver({ deliveryId: String(id) }))).toBeNull();
  });

  it('keeps no later event back', async () => {
    const { account, hook } = await waiting();
    await tamper(account.id, `UPDATE event SET body = replace(body, 'disabled', 'whatever')`);
    await enable(account.id);
    await disable(account.id);
    await arrived(hook, 2);
    expect((await events(account.id)).length).toBe(3);
  });
});

it('a delivery that was moved to an endpoint of another organization is not sent there', async () => {
  const { account, hook } = await waiting();
  const other = await newHook({ organization: `${account.organization}-2` });
  const move = `UPDATE delivery SET endpoint = '${other.id}', organization = '${account.organization}-2'`;
  await tamper(account.id, move);
  later(7_000);
  await ring(account.id);
  await expect
    .poll(async () => (await deliveries(account.id)).map(({ status }) => status))
    .toEqual(['failed']);
  expect(await received(other)).toEqual([]);
  expect(await received(hook)).toHaveLength(1);
});

describe('an event of a life that has ended', () => {
  it('and that was changed before is not made authentic by the next key', async () => {
    const { account, hook } = await waiting();
    await tamper(account.id, `UPDATE event SET body = replace(body, 'disabled', 'whatever')`);
    await remove(account.id);
    await arrived(hook, 1, 'connected_account.deleted');
    later(7_000);
    await ring(account.id);
    const statuses = async () => (await deliveries(account.id)).map(({ status }) => status);
    await expect.poll(statuses).toEqual(['failed', 'delivered']);
    expect(await received(hook)).toHaveLength(2);
  });

  it('can be sent again in the next one', async () => {
    const account = await quiet();
    const hook = await newHook({ organization: account.organization });
    await disable(account.id);
    await arrived(hook, 1);
    await done(account.id);
    const { id } = await deliveryTo(account.id, hook);
    await remove(account.id);
    const { connection, identifier, organization } = account;
    await must(http('POST', '/v1/connected-accounts', { connection, identifier, organization }), 201);
    expect(right(await stub(account.id).redeliver({ deliveryId: String(id) }))).toMatchObject({ id });
    await arrived(hook, 2, 'connected_account.disabled');
  });

  it('of an agent can be sent again too', async () => {
    const organization = (await quiet()).organization;
    const hook = await newHook({ organization });
    const agentId = `agent-${organization}`;
    const agent = () => agentStub(config, agentId);
    const born = { agentId, organization, name: null, policy: { rules: [] }, withKey: false, context };
    await agent().create(born);
    await agent().suspend({ context });
    await arrived(hook, 1);
    await agent().remove({ context });
    await agent().create(born);
    await evictDurableObject(config.agents.getByName(agentId) as never);
    const query = `SELECT id FROM delivery_index WHERE source = 'agent:${agentId}' AND status = 'delivered'`;
    const delivery = () => config.directory.prepare(query).first<string>('id');
    await expect.poll(delivery).not.toBeNull();
    const listed = await delivery();
    const again = await agent().redeliver({ deliveryId: String(listed) });
    expect(again).toMatchObject({ ok: true, delivery: { status: 'waiting' } });
    const [one, two] = await arrived(hook, 2);
    expect(two?.id).toBe(one?.id);
  });
});
