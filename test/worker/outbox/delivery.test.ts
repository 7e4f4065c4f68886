/** What an endpoint gets: which events, once each, signed as receivers expect. */

import { describe, expect, it } from 'vitest';
import { agentStub } from '#agents/stub.ts';
import {
  deleteEndpoint,
  rotateEndpointSecret,
  updateEndpoint,
} from '#directory/webhooks/webhook-endpoints.ts';
import { config, context, fresh, stub } from '../accounts/world.ts';
import {
  arrived,
  deliveries,
  disable,
  done,
  enable,
  events,
  logged,
  newHook,
  quiet,
  received,
} from './world.ts';

describe('an event', () => {
  it('reaches the endpoints that ask for it, signed, under one id', async () => {
    const account = await quiet();
    const [all, some, other] = await Promise.all([
      newHook({ organization: account.organization }),
      newHook({ organization: account.organization, events: ['connected_account.*'] }),
      newHook({ organization: account.organization, events: ['agent.auth.*'] }),
    ]);
    await disable(account.id);
    const [first] = await arrived(all, 1);
    const [second] = await arrived(some, 1);
    expect(first).toMatchObject({
      type: 'connected_account.disabled',
      data: {
        connected_account_id: account.id,
        connection: account.connection,
        identifier: account.identifier,
        organization: account.organization,
        sequence: 2,
      },
    });
    expect(second?.id).toBe(first?.id);
    expect(second?.body).toBe(first?.body);
    await done(account.id);
    await arrived(other, 0);
    expect((await logged(account.id)).map(({ id, body }) => [id, body])).toContainEqual([
      first?.id,
      first?.body,
    ]);
    const stored = await deliveries(account.id);
    expect(stored.map(({ status, attempts, last_status }) => [status, attempts, last_status])).toEqual([
      ['delivered', 1, 200],
      ['delivered', 1, 200],
    ]);
  });

  it('has numbers that rise by one per account', async () => {
    const account = await quiet();
    const hook = await newHook({ organization: account.organization });
    for (const change of [disable, enable, disable]) await change(account.id);
    await arrived(hook, 2);
    expect((await events(account.id)).map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
  });
});

describe('an endpoint', () => {
  it('of none gets the events of every organization, one of an organization only its own', async () => {
    const [one, other] = [await quiet(), await quiet()];
    const [everybody, its] = [await newHook(), await newHook({ organization: one.organization })];
    await disable(one.id);
    await disable(other.id);
    await Promise.all([done(one.id), done(other.id)]);
    const heard = (await arrived(everybody, 2)).map(({ data }) => data['connected_account_id']);
    expect(heard.toSorted()).toEqual([one.id, other.id].toSorted());
    expect((await arrived(its, 1))[0]?.data).toMatchObject({ connected_account_id: one.id });
    await deleteEndpoint(config, everybody.id, Date.now());
  });

  it('gets nothing that happened before it was made', async () => {
    const account = await quiet();
    const late = await newHook({ organization: account.organization, createdAtMs: Date.now() + 60_000 });
    await disable(account.id);
    await done(account.id);
    expect(await received(late)).toEqual([]);
  });

  it('gets nothing more once it is deleted or disabled', async () => {
    const account = await quiet();
    const { organization } = account;
    const [deleted, disabled, kept] = [
      await newHook({ organization }),
      await newHook({ organization }),
      await newHook({ organization }),
    ];
    await disable(account.id);
    await Promise.all([deleted, disabled, kept].map((hook) => arrived(hook, 1)));
    await enable(account.id);
    await deleteEndpoint(config, deleted.id, Date.now());
    await updateEndpoint(config, disabled.id, { status: 'disabled' }, Date.now());
    await disable(account.id);
    await arrived(kept, 2);
    await done(account.id);
    expect(await received(deleted)).toHaveLength(1);
    expect(await received(disabled)).toHaveLength(1);
  });

  it('gets plain refreshes only where it names them', async () => {
    const account = await quiet();
    const { organization } = account;
    const all = await newHook({ organization });
    await stub(account.id).refresh({ context });
    await done(account.id);
    expect((await events(account.id)).map(({ type }) => type)).toEqual(['agent.auth.succeeded']);

    const asking = await newHook({ organization, events: ['connected_account.refreshed'] });
    const other = await quiet(organization);
    await stub(other.id).refresh({ context });
    await arrived(asking, 1, 'connected_account.refreshed');
    await done(other.id);
    const types = (await arrived(all, 1)).map(({ type }) => type);
    expect(types).toEqual(['agent.auth.succeeded']);
  });

  it('is sent both signatures while its secret is replaced', async () => {
    const account = await quiet();
    const hook = await newHook({ organization: account.organization });
    const replaced = await rotateEndpointSecret(config, hook.id, Date.now());
    await disable(account.id);
    await arrived(hook, 1);
    await arrived({ ...hook, secret: replaced?.secret ?? '' }, 1);
    const [request] = await received(hook);
    expect(request?.headers['webhook-signature']?.split(' ')).toHaveLength(2);
    expect(request?.headers).toMatchObject({ 'content-type': 'application/json', 'user-agent': 'valetkey' });
  });

  it('is not called where the guard refuses its target, and counts as refusing', async () => {
    const account = await quiet();
    const hook = await newHook({ organization: account.organization });
    // The broker's own host: nobody could have registered it.
    await updateEndpoint(config, hook.id, { url: 'http://127.0.0.1:8787/hooks' }, Date.now());
    await disable(account.id);
    await expect
      .poll(async () => (await deliveries(account.id)).map((row) => [row['attempts'], row['last_status']]))
      .toEqual([[1, null]]);
  });
});

describe('a suspended agent', () => {
  it('is told once', async () => {
    const organization = fresh('org');
    const hook = await newHook({ organization });
    const id = fresh('agent');
    const agent = agentStub(config, id);
    const born = { agentId: id, organization, name: null, policy: { rules: [] }, withKey: false, context };
    await agent.create(born);
    await agent.suspend({ context });
    await agent.suspend({ context });
    const [told] = await arrived(hook, 1);
    expect(told).toMatchObject({ type: 'agent.suspended', data: { agent: id, organization } });
    expect(told?.data).not.toHaveProperty('sequence');
    await agent.remove({ context });
    await agent.create(born);
    await agent.suspend({ context });
    await arrived(hook, 2);
    const listed = await config.directory
      .prepare('SELECT id FROM event WHERE organization = ?')
      .bind(organization)
      .all();
    expect(listed.results).toHaveLength(2);
  });
});
