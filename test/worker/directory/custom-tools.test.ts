/** Rows of operators' tools, and results that are kept: what was changed outside the broker is not believed. */

import { beforeEach, describe, expect, it } from 'vitest';
import { customToolDefinitions, deleteCustomTool, putCustomTool } from '#directory/tools/custom-tools.ts';
import { callOnce } from '#directory/tools/kept-results.ts';
import { configWith, db, emptyVault, masterKey } from './world.ts';

const config = configWith(`k1:${masterKey()}`);
const NOW = 1_795_255_200_000;
/** So far apart that nothing is answered from memory. */
const LATER = 10_000;
const row = (name: string) => ({ name, connection: null, definition: JSON.stringify({ name }) });

beforeEach(async () => {
  await emptyVault();
  await db.prepare('DELETE FROM custom_tool').run();
  await db.prepare('DELETE FROM idempotency').run();
});

describe('a tool of an operator', () => {
  it('is read as it was put, by name, and no more once it is deleted', async () => {
    expect(await putCustomTool(config, row('b'), NOW)).toBe('made');
    expect(await putCustomTool(config, row('a'), NOW)).toBe('made');
    expect(await putCustomTool(config, row('a'), NOW + 1)).toBe('replaced');
    const read = await customToolDefinitions(config, NOW);
    expect(read.map((text) => JSON.parse(text).name)).toEqual(['a', 'b']);
    expect(await deleteCustomTool(config, 'a', NOW)).toBe(true);
    expect(await deleteCustomTool(config, 'a', NOW)).toBe(false);
    expect(await customToolDefinitions(config, NOW)).toHaveLength(1);
  });

  it.each([
    ['another definition', `definition = '{"name":"a","path":"/evil"}'`],
    ['another name', `name = 'z'`],
    ['another time', 'updated_at_ms = 1'],
    ['another MAC', `mac = 'x'`],
  ])('with %s in its row is left out, and the others stay', async (_, change) => {
    await putCustomTool(config, row('a'), NOW);
    await putCustomTool(config, row('b'), NOW);
    await db.prepare(`UPDATE custom_tool SET ${change} WHERE name = 'a'`).run();
    const read = await customToolDefinitions(config, NOW + LATER);
    expect(read.map((text) => JSON.parse(text).name)).toEqual(['b']);
  });
});

describe('a result under an Idempotency-Key', () => {
  const scope = { caller: 'agent', organization: '', key: 'k' };
  const call =
    (value: string, isKept = true) =>
    () =>
      Promise.resolve({ value, isKept });
  const never = () => Promise.reject(new Error('called again'));

  it('is kept for a day, encrypted, and answers a repeat', async () => {
    const secret = 'ada@example.com';
    await callOnce(config, scope, 'p', NOW, call(secret));
    const { results } = await db.prepare('SELECT * FROM idempotency').all();
    expect(JSON.stringify(results)).not.toContain(secret);
    expect(await callOnce(config, scope, 'p', NOW + 1, never)).toEqual({ value: secret, isReplayed: true });
    await expect(callOnce(config, scope, 'other', NOW + 1, never)).rejects.toMatchObject({
      code: 'idempotency_mismatch',
    });
    const day = 24 * 3_600_000;
    expect((await callOnce(config, scope, 'p', NOW + day + 1, call('new'))).isReplayed).toBe(false);
  });

  it('is not kept where the call says so, or throws; a long one is said to be too long', async () => {
    await callOnce(config, scope, 'p', NOW, call('one', false));
    await expect(callOnce(config, scope, 'p', NOW, never)).rejects.toThrow('called again');
    const long = 'x'.repeat(1_000_001);
    expect((await callOnce(config, scope, 'p', NOW, call(long))).value).toBe(long);
    await expect(callOnce(config, scope, 'p', NOW, never)).rejects.toMatchObject({ code: 'conflict' });
  });

  it('moved to the row of another key opens there no more', async () => {
    await callOnce(config, scope, 'p', NOW, call('one'));
    await callOnce(config, { ...scope, key: 'other' }, 'p', NOW, call('two'));
    const { results } = await db
      .prepare('SELECT id, answer FROM idempotency')
      .all<{ id: string; answer: string }>();
    const [first, second] = results;
    const moved = `${second?.id} ${first?.answer.split(' ')[1]}`;
    await db.prepare('UPDATE idempotency SET answer = ? WHERE id = ?').bind(moved, second?.id).run();
    const codes = await Promise.all(
      ['k', 'other'].map((key) =>
        callOnce(config, { ...scope, key }, 'p', NOW, never).then(
          () => 'opened',
          ({ code }: { code: string }) => code,
        ),
      ),
    );
    expect(codes.toSorted()).toEqual(['opened', 'record_corrupt']);
  });
});
