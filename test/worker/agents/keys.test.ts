/** Keys: shown once, stored as digests, bounded, and dead when deleted. */

import { beforeAll, describe, expect, it } from 'vitest';
import { MAX_KEYS, TOUCH_INTERVAL_MS } from '#agents/keys.ts';
import { parseAgentKey } from '#crypto/api-keys.ts';
import { applyMigrations } from '#directory/migrate.ts';
import { actions, config, context, dump, newAgent, records, right, settled, stub } from './world.ts';

beforeAll(() => applyMigrations(config.directory));

describe('a key', () => {
  it('is stored as a digest only: neither it nor its secret is in any row or answer', async () => {
    const { id, key } = await newAgent();
    const more = right(await stub(id).addKey({ context }));
    const answers = await Promise.all([stub(id).listKeys({}), stub(id).lookup({}), stub(id).view({})]);
    const everything = (await dump(id)) + JSON.stringify(answers);
    for (const shown of [key, more.key]) {
      const secret = shown.slice(-49, -6);
      expect(everything).not.toContain(secret);
      expect(everything).not.toContain(btoa(secret).slice(0, 40));
      expect(everything).toContain(parseAgentKey(shown)?.digest);
    }
  });

  it('is listed newest first, with when it was used', async () => {
    const { id, keyId } = await newAgent();
    const second = right(await stub(id).addKey({ context }));
    const { keys } = right(await stub(id).listKeys({}));
    expect(keys.map((key) => key.id)).toEqual([second.id, keyId]);
    expect(keys.map((key) => key.lastUsedAtMs)).toEqual([null, null]);
  });

  it('notes a use at most once an hour', async () => {
    const { id, keyId } = await newAgent();
    await settled(id);
    const atMs = Date.now();
    expect(await stub(id).touchKey({ keyId, atMs })).toMatchObject({ written: true });
    const before = await dump(id);
    expect(await stub(id).touchKey({ keyId, atMs: atMs + TOUCH_INTERVAL_MS - 1 })).toMatchObject({
      written: false,
    });
    expect(await dump(id)).toBe(before);
    expect(await stub(id).touchKey({ keyId, atMs: atMs + TOUCH_INTERVAL_MS })).toMatchObject({
      written: true,
    });
    expect(right(await stub(id).listKeys({})).keys[0]?.lastUsedAtMs).toBe(atMs + TOUCH_INTERVAL_MS);
    expect(await stub(id).touchKey({ keyId: 'nokey12345', atMs })).toMatchObject({
      ok: true,
      written: false,
    });
    expect(await actions(id)).toEqual(['agent.create', 'agent.key.create']);
  });

  it('is one of twenty: the next is a conflict, also when all come at once', async () => {
    const { id } = await newAgent();
    const answers = await Promise.all(Array.from({ length: 30 }, () => stub(id).addKey({ context })));
    expect(answers.filter(({ ok }) => ok)).toHaveLength(MAX_KEYS - 1);
    expect(answers.filter((answer) => !answer.ok && answer.code === 'conflict')).toHaveLength(11);
    const { keys } = right(await stub(id).listKeys({}));
    expect(keys).toHaveLength(MAX_KEYS);
    right(await stub(id).deleteKey({ keyId: keys[0]!.id, context }));
    right(await stub(id).addKey({ context }));
  });

  it('is gone when deleted, with one record', async () => {
    const { id, keyId } = await newAgent();
    right(await stub(id).deleteKey({ keyId, context }));
    expect(await stub(id).deleteKey({ keyId, context })).toMatchObject({ code: 'not_found' });
    expect(right(await stub(id).lookup({})).agent.keys).toEqual([]);
    expect((await records(id)).at(-1)).toMatchObject({
      action: 'agent.key.delete',
      evidence: [`key:${keyId}`],
    });
  });
});

describe('a wrong secret', () => {
  it('is recorded once a minute and key, as a claim of that key, and never for a key that is not there', async () => {
    const { id, keyId } = await newAgent();
    const claims = Array.from({ length: 8 }, () => stub(id).recordAuthFail({ keyId, context }));
    const answers = (await Promise.all(claims)).map((outcome) => right(outcome).recorded);
    const minutes = answers.filter(Boolean).length;
    expect(minutes === 1 || minutes === 2).toBe(true);
    expect(await stub(id).recordAuthFail({ keyId: 'nokey12345', context })).toMatchObject({
      recorded: false,
    });
    const made = (await records(id)).slice(2);
    expect(made).toHaveLength(minutes);
    expect(made[0]).toMatchObject({
      action: 'auth.fail',
      outcome: 'refused',
      reason: 'wrong_secret',
      actor: { type: 'agent', id, key_id: keyId },
    });
  });
});
