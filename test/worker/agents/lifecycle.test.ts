/** An agent's life in its object: created, changed, deleted, created again; one record for each change. */

import { evictDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import { PAGE_RECORDS, RING_PAGES } from '#audit/ring.ts';
import { applyMigrations } from '#directory/migrate.ts';
import {
  actions,
  config,
  context,
  dump,
  freshId,
  newAgent,
  records,
  right,
  stub,
  tables,
  underRing,
} from './world.ts';
import { PATIENCE_MS } from '../../support/patience.ts';

const policy = { rules: [{ connection: 'slack', scopes: ['channels:read'] }] };

beforeAll(() => applyMigrations(config.directory));

describe('a name that was never created', () => {
  it('gets no table, whatever is asked of it', async () => {
    const id = freshId();
    const agent = stub(id);
    const answers = await Promise.all([
      agent.view({}),
      agent.lookup({}),
      agent.listKeys({}),
      agent.update({ name: 'x', context }),
      agent.suspend({ context }),
      agent.addKey({ context }),
      agent.deleteKey({ keyId: 'k', context }),
      agent.touchKey({ keyId: 'k', atMs: 1 }),
      agent.remove({ context }),
      agent.recordRefusal({ fields: { action: 'token.issue', outcome: 'refused' }, context }),
      agent.recordAuthFail({ keyId: 'k', context }),
      agent.verifyAudit({}),
    ]);
    expect(answers.map((answer) => (answer.ok ? 'ok' : answer.code))).toEqual(Array(12).fill('not_found'));
    expect(await tables(id)).toEqual([]);
  });
});

describe('creating', () => {
  it('answers the agent and its first key, once', async () => {
    const id = freshId();
    const input = { agentId: id, organization: 'acme', name: 'N', policy, withKey: true, context };
    const made = right(await stub(id).create(input));
    expect(made.agent).toMatchObject({ id, organization: 'acme', name: 'N', status: 'active', policy });
    expect(made.key?.key).toMatch(new RegExp(`^vk_agent_${id}_`));
    expect(await stub(id).create(input)).toMatchObject({ ok: false, code: 'already_exists' });
    expect(await actions(id)).toEqual(['agent.create', 'agent.key.create']);
  });

  it('makes one agent when many create it at once', async () => {
    const id = freshId();
    const input = { agentId: id, organization: '', name: null, policy, withKey: true, context };
    const answers = await Promise.all(Array.from({ length: 20 }, () => stub(id).create(input)));
    expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
    expect(answers.filter((answer) => !answer.ok && answer.code === 'already_exists')).toHaveLength(19);
    expect(right(await stub(id).listKeys({})).keys).toHaveLength(1);
    expect(await actions(id)).toEqual(['agent.create', 'agent.key.create']);
  });
});

describe('each change', () => {
  it('has exactly one record, and none where nothing changes', async () => {
    const { id } = await newAgent();
    const agent = stub(id);
    await agent.update({ name: 'one', context });
    await agent.update({ name: 'one', context });
    await agent.update({ policy, context });
    await agent.update({ policy, context });
    await agent.update({ context });
    await agent.suspend({ context });
    await agent.suspend({ context });
    await agent.resume({ context });
    await agent.resume({ context });
    expect(await actions(id)).toEqual([
      'agent.create',
      'agent.key.create',
      'agent.update',
      'policy.update',
      'agent.suspend',
      'agent.resume',
    ]);
    expect(right(await agent.verifyAudit({})).verification).toMatchObject({ intact: true, events: 6 });
  });

  it('keeps the chain whole when many come at once', async () => {
    const { id } = await newAgent();
    const changes = Array.from({ length: 60 }, (_, n) =>
      n % 2 === 0
        ? stub(id).update({ name: `name ${n}`, context })
        : stub(id).recordRefusal({ fields: { action: 'token.issue', outcome: 'refused' }, context }),
    );
    for (const outcome of await Promise.all(changes)) right(outcome);
    const { verification } = right(await stub(id).verifyAudit({}));
    expect(verification).toMatchObject({ intact: true, events: 62, from: 1 });
  });

  it('says who asked, and of whose tenant the agent is', async () => {
    const { id, keyId } = await newAgent({ organization: 'acme' });
    expect((await records(id))[1]).toMatchObject({
      action: 'agent.key.create',
      outcome: 'ok',
      organization: 'acme',
      actor: { type: 'operator', id: 'admin' },
      evidence: [`key:${keyId}`],
    });
  });
});

describe('a deleted agent', () => {
  it('answers not_found, holds no key, and still verifies', async () => {
    const { id, keyId } = await newAgent();
    right(await stub(id).remove({ context }));
    expect(await stub(id).remove({ context })).toMatchObject({ code: 'not_found' });
    expect(await stub(id).lookup({})).toMatchObject({ code: 'not_found' });
    expect(await stub(id).addKey({ context })).toMatchObject({ code: 'not_found' });
    expect(right(await stub(id).verifyAudit({})).verification).toMatchObject({ intact: true, events: 3 });
    const rows = JSON.parse(await dump(id)) as [string, unknown[]][];
    expect(Object.fromEntries(rows)).toMatchObject({ agent: [], agent_key: [] });
    expect(JSON.stringify(rows.filter(([name]) => name !== 'audit_head'))).not.toContain(keyId);
  });

  it('goes on with its chain in the next life, also of another organization, and its keys stay dead', async () => {
    const first = await newAgent({ organization: 'acme' });
    right(await stub(first.id).remove({ context }));
    const second = await newAgent({ id: first.id, organization: 'other' });
    const { agent } = right(await stub(first.id).lookup({}));
    expect(agent.organization).toBe('other');
    expect(agent.keys.map(({ id }) => id)).toEqual([second.keyId]);
    right(await stub(first.id).remove({ context }));
    await newAgent({ id: first.id });
    expect(await actions(first.id)).toEqual([
      'agent.create',
      'agent.key.create',
      'agent.delete',
      'agent.create',
      'agent.key.create',
      'agent.delete',
      'agent.create',
      'agent.key.create',
    ]);
    expect((await records(first.id)).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(right(await stub(first.id).verifyAudit({})).verification.intact).toBe(true);
  });

  it('verifies across lives also where the ring has overwritten its beginning', async () => {
    const { id } = await newAgent();
    await underRing(id, (env as { MASTER_KEYS: string }).MASTER_KEYS, async (agent) => {
      const fields = { action: 'token.issue', outcome: 'refused' } as const;
      for (let n = 0; n < RING_PAGES * PAGE_RECORDS + 300; n += 1)
        right(await agent.recordRefusal({ fields, context }));
    });
    await evictDurableObject(config.agents.getByName(id));
    for (let life = 0; life < 2; life += 1) {
      right(await stub(id).remove({ context }));
      expect(right(await stub(id).verifyAudit({})).verification.intact).toBe(true);
      await newAgent({ id });
      expect(right(await stub(id).verifyAudit({})).verification.intact).toBe(true);
    }
  });

  it('is deleted once when many delete and create it at once', async () => {
    const { id } = await newAgent();
    const input = { agentId: id, organization: '', name: null, policy, withKey: false, context };
    const calls = Array.from({ length: 30 }, (_, n) =>
      n % 2 === 0 ? stub(id).remove({ context }) : stub(id).create(input),
    );
    for (const outcome of await Promise.all(calls)) {
      if (!outcome.ok) expect(['not_found', 'already_exists', 'conflict']).toContain(outcome.code);
    }
    const made = (await actions(id)).filter((action) => action !== 'agent.key.create');
    expect(made.every((action, n) => action === (n % 2 === 0 ? 'agent.create' : 'agent.delete'))).toBe(true);
    expect(right(await stub(id).verifyAudit({})).verification.intact).toBe(true);
  });
});

describe('the index in the directory', () => {
  const indexed = (id: string) =>
    config.directory
      .prepare('SELECT * FROM agent_index WHERE id = ?')
      .bind(id)
      .first<Record<string, unknown>>();

  it('follows the object by itself, through change and deletion', async () => {
    const { id } = await newAgent({ organization: 'acme' });
    await expect
      .poll(() => indexed(id))
      .toMatchObject({ id, organization: 'acme', name: null, status: 'active' });
    await stub(id).update({ name: 'N', context });
    await stub(id).suspend({ context });
    await expect.poll(() => indexed(id)).toMatchObject({ name: 'N', status: 'suspended' });
    await stub(id).remove({ context });
    await expect.poll(() => indexed(id)).toBeNull();
    await expect.poll(async () => JSON.parse(await dump(id))).toContainEqual(['index_due', []]);
  });

  it('is tried again while the directory does not answer, and nothing is thrown', async () => {
    const db = (env as { DB: D1Database }).DB;
    await db.prepare('ALTER TABLE agent_index RENAME TO agent_index_away').run();
    try {
      const { id } = await newAgent();
      await expect.poll(() => dump(id)).toMatch(/"index_due",\[\{"id":1,"due_at_ms":\d+,"attempts":[1-9]/);
      expect(right(await stub(id).view({})).agent.id).toBe(id);
      await db.prepare('ALTER TABLE agent_index_away RENAME TO agent_index').run();
      await expect.poll(() => indexed(id), { timeout: PATIENCE_MS }).toMatchObject({ id });
    } finally {
      await db
        .prepare('ALTER TABLE agent_index_away RENAME TO agent_index')
        .run()
        .catch(() => {});
    }
  });
});
