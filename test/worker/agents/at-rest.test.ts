/** Rows at rest: a wrong ring changes nothing, and what was changed behind the object's back is not believed. */

import { beforeAll, describe, expect, it } from 'vitest';
import { applyMigrations } from '#directory/migrate.ts';
import type { AgentRpc } from '#agents/stub.ts';
import {
  config,
  context,
  dump,
  newAgent,
  right,
  settled,
  stub,
  tamper,
  underRing,
  UNKNOWN_KID,
  withStorage,
  WRONG_KEY,
} from './world.ts';

beforeAll(() => applyMigrations(config.directory));

const fields = { action: 'token.issue', outcome: 'refused' } as const;

/** Every method, with input that would do something. */
function everyMethod(agent: AgentRpc, id: string, keyId: string) {
  const policy = { rules: [] };
  return [
    agent.create({ agentId: id, organization: '', name: null, policy, withKey: true, context }),
    agent.view({}),
    agent.update({ name: 'changed', policy, context }),
    agent.suspend({ context }),
    agent.resume({ context }),
    agent.addKey({ context }),
    agent.listKeys({}),
    agent.deleteKey({ keyId, context }),
    agent.lookup({}),
    agent.touchKey({ keyId, atMs: Date.now() }),
    agent.recordRefusal({ fields, context }),
    agent.recordAuthFail({ keyId, context }),
    agent.remove({ context }),
    agent.verifyAudit({}),
  ];
}

describe('a ring that is not the right one', () => {
  it.each([
    ['missing', undefined],
    ['malformed', 'k1:short'],
    ['of one repeated byte', `k1:${btoa('\0'.repeat(32))}`],
    ['with another key under the same id', WRONG_KEY],
    ['without the key', UNKNOWN_KID],
  ])('locks the vault when it is %s: no row changes, and the right one opens it again', async (_, ring) => {
    const { id, keyId } = await newAgent();
    await settled(id);
    const before = await dump(id);
    const answers = await underRing(id, ring, (agent) => Promise.all(everyMethod(agent, id, keyId)));
    expect(answers.map((answer) => (answer.ok ? 'ok' : answer.code))).toEqual(Array(14).fill('vault_locked'));
    expect(await dump(id)).toBe(before);
    expect(right(await stub(id).view({})).agent.name).toBeNull();
    right(await stub(id).update({ name: 'after', context }));
  });

  it('lets the index wait without writing a row', async () => {
    const { id } = await newAgent();
    await settled(id);
    await withStorage(id, async ({ sql }) => {
      sql.exec('INSERT INTO index_due (id, due_at_ms, attempts, revision) VALUES (1, 1, 0, 1)');
    });
    const before = await dump(id);
    await underRing(id, WRONG_KEY, (agent) => agent.alarm());
    expect(await dump(id)).toBe(before);
    expect(await withStorage(id, (storage) => storage.getAlarm())).toBeGreaterThan(Date.now());
  });

  it('creates nothing where nothing is', async () => {
    const id = `never-${crypto.randomUUID().slice(0, 8)}`;
    const input = {
      agentId: id,
      organization: '',
      name: null,
      policy: { rules: [] },
      withKey: true,
      context,
    };
    expect(await underRing(id, 'k1:short', (agent) => agent.create(input))).toMatchObject({
      code: 'vault_locked',
    });
    expect(await dump(id)).toBe('[]');
  });
});

describe('a row that was changed behind the back of its object', () => {
  const FAR = 'zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz';

  it.each([
    [`UPDATE agent SET status = 'suspended'`],
    [`UPDATE agent SET policy = '{"rules":[{"connection":"*"}]}'`],
    [`UPDATE agent SET organization = 'other'`],
    [`UPDATE agent SET name = ''`],
    [`UPDATE agent SET incarnation = 2`],
    [`UPDATE agent SET key_ids = '[]'`],
    [`UPDATE agent SET mac = '${FAR}'`],
    [
      `UPDATE agent SET data_key = substr(data_key, 1, length(data_key) - 9)
         || CASE substr(data_key, -9, 1) WHEN 'A' THEN 'B' ELSE 'A' END || substr(data_key, -8)`,
    ],
    [`UPDATE agent SET data_key = substr(data_key, 1, length(data_key) - 4)`],
    [`UPDATE agent_key SET digest = '${FAR}'`],
    [`UPDATE agent_key SET id = 'aaaaaaaaaa'`],
    [`UPDATE agent_key SET last_used_at_ms = 5`],
    [`DELETE FROM agent_key`],
    [`INSERT INTO agent_key (id, digest, created_at_ms, mac) VALUES ('aaaaaaaaaa', '${FAR}', 1, '${FAR}')`],
    [
      `INSERT INTO tombstone (id, agent_id, organization, incarnation, data_key, deleted_at_ms, mac)
         SELECT 1, agent_id, organization, 2, data_key, 1, mac FROM agent`,
    ],
  ])('is refused as record_corrupt and left as it is: %s', async (statement) => {
    const { id, keyId } = await newAgent();
    await settled(id);
    const untouched = await dump(id);
    await tamper(id, statement);
    const before = await dump(id);
    expect(before).not.toBe(untouched);
    const answers = await Promise.all(everyMethod(stub(id), id, keyId).slice(1, -1));
    expect(answers.map((answer) => (answer.ok ? 'ok' : answer.code))).toEqual(
      Array(12).fill('record_corrupt'),
    );
    expect(await dump(id)).toBe(before);
  });

  it('is refused when a deleted key is put back', async () => {
    const { id, keyId } = await newAgent();
    const [row] = await withStorage(id, ({ sql }) => sql.exec('SELECT * FROM agent_key').toArray());
    right(await stub(id).deleteKey({ keyId, context }));
    const values = Object.values(row!).map((value) => (value === null ? 'NULL' : `'${value}'`));
    await tamper(id, `INSERT INTO agent_key (${Object.keys(row!).join(', ')}) VALUES (${values.join(', ')})`);
    expect(await stub(id).lookup({})).toMatchObject({ code: 'record_corrupt' });
  });

  it('is refused when it is the row of an earlier life', async () => {
    const { id } = await newAgent();
    await settled(id);
    const [row] = await withStorage(id, ({ sql }) => sql.exec('SELECT * FROM agent').toArray());
    const [key] = await withStorage(id, ({ sql }) => sql.exec('SELECT * FROM agent_key').toArray());
    right(await stub(id).remove({ context }));
    const insert = (table: string, values: Record<string, unknown>) => {
      const list = Object.values(values).map((value) => (value === null ? 'NULL' : `'${String(value)}'`));
      return `INSERT OR REPLACE INTO ${table} (${Object.keys(values).join(', ')}) VALUES (${list.join(', ')})`;
    };
    await tamper(id, insert('agent', row!), insert('agent_key', key!));
    expect(await stub(id).lookup({})).toMatchObject({ code: 'record_corrupt' });
    await tamper(id, 'DELETE FROM agent', 'DELETE FROM agent_key');
    await newAgent({ id });
    await tamper(id, insert('agent', row!), 'DELETE FROM agent_key', insert('agent_key', key!));
    expect(await stub(id).lookup({})).toMatchObject({ code: 'record_corrupt' });
  });

  it('is refused in the tombstone too: no next life begins on it', async () => {
    const { id } = await newAgent();
    right(await stub(id).remove({ context }));
    await settled(id);
    await tamper(id, 'UPDATE tombstone SET deleted_at_ms = deleted_at_ms + 1');
    const input = {
      agentId: id,
      organization: '',
      name: null,
      policy: { rules: [] },
      withKey: true,
      context,
    };
    const before = await dump(id);
    expect(await stub(id).create(input)).toMatchObject({ code: 'record_corrupt' });
    expect(await dump(id)).toBe(before);
  });

  it('belongs to one agent: the rows of another do not open under this name', async () => {
    const [one, two] = [await newAgent(), await newAgent()];
    const [row] = await withStorage(one.id, ({ sql }) => sql.exec('SELECT * FROM agent').toArray());
    const sets = Object.entries(row!).map(
      ([name, value]) => `${name} = ${value === null ? 'NULL' : `'${value}'`}`,
    );
    await tamper(two.id, `UPDATE agent SET ${sets.join(', ')}`);
    expect(await stub(two.id).lookup({})).toMatchObject({ code: 'record_corrupt' });
  });
});

describe('the chain', () => {
  it.each([
    [`UPDATE audit_head SET bodies = replace(bodies, 'agent.suspend', 'agent.resume')`],
    [`UPDATE audit_head SET hash = previous`],
    [`UPDATE audit_head SET seq = 9`],
    [`UPDATE audit_head SET since = 1`],
    [`DELETE FROM audit_head`],
    [`UPDATE agent SET audit_seq = 9`],
  ])('shows what was changed in it: %s', async (statement) => {
    const { id } = await newAgent();
    right(await stub(id).suspend({ context }));
    right(await stub(id).update({ name: 'N', context }));
    expect(right(await stub(id).verifyAudit({})).verification).toMatchObject({ intact: true, events: 4 });
    await tamper(id, statement);
    expect(right(await stub(id).verifyAudit({})).verification.intact).toBe(false);
    // Nor does it after it was used again, in this life and in the next.
    await stub(id).suspend({ context });
    expect(right(await stub(id).verifyAudit({})).verification.intact).toBe(false);
  });

  it('that was emptied in a living or a deleted agent does not verify, nor after it was used again', async () => {
    const [living, deleted] = [await newAgent(), await newAgent()];
    right(await stub(deleted.id).remove({ context }));
    for (const { id } of [living, deleted]) {
      await tamper(id, 'DELETE FROM audit_head');
      expect(right(await stub(id).verifyAudit({})).verification.intact).toBe(false);
    }
    right(await stub(living.id).suspend({ context }));
    await newAgent({ id: deleted.id });
    for (const { id } of [living, deleted])
      expect(right(await stub(id).verifyAudit({})).verification.intact).toBe(false);
  });
});

describe('rows of newer code', () => {
  it('are neither read nor written', async () => {
    const { id, keyId } = await newAgent();
    await settled(id);
    await tamper(id, 'UPDATE schema_version SET version = 1099');
    const before = await dump(id);
    const answers = await Promise.all(everyMethod(stub(id), id, keyId));
    expect(answers.map((answer) => (answer.ok ? 'ok' : answer.code))).toEqual(Array(14).fill('newer_schema'));
    expect(await dump(id)).toBe(before);
  });
});
