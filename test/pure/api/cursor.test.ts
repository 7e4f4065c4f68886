/** Cursors: they carry a position back unchanged, and nothing else is one. */

import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutPage, decodeCursor, encodeCursor, type Filters, type Position } from '#api/http/cursor.ts';
import { ProblemError } from '#contract/problem.ts';

const ring = (...kids: string[]) => ({
  masterKeys: kids.map((kid) => `${kid}:${btoa(kid.padEnd(32, 'abcdefghijklmnop'))}`).join(','),
});
const OWN = ring('k1');

const position = fc.array(fc.oneof(fc.string(), fc.integer()), { minLength: 1, maxLength: 3 });
const filters = fc.dictionary(
  fc.constantFrom('status', 'connection', 'organization'),
  fc.option(fc.string()),
);

const encode = (list: string, by: Filters, at: Position, under = OWN) => encodeCursor(under, list, by, at);
const decode = (list: string, by: Filters, cursor: string | undefined, under = OWN) =>
  decodeCursor(under, list, by, cursor);
const refused = (cursor: string, list = 'list', by: Filters = {}, under = OWN) =>
  expect(decode(list, by, cursor, under)).rejects.toMatchObject({
    code: 'invalid_request',
    details: { errors: [{ path: 'cursor' }] },
  });

describe('a cursor', () => {
  it('gives its position back, whatever the order of the filters', () =>
    fc.assert(
      fc.asyncProperty(position, filters, async (at, by) => {
        const turned = Object.fromEntries(Object.entries(by).toReversed());
        expect(await decode('list', turned, await encode('list', by, at))).toEqual(at);
      }),
    ));

  it('is refused by another list and under other filters', async () => {
    const cursor = await encode('accounts', { status: 'active' }, [1, 'a']);
    await refused(cursor, 'agents', { status: 'active' });
    for (const other of [
      {},
      { status: 'pending' },
      { status: null },
      { status: 'active', connection: 'x' },
      { connection: 'active' },
    ]) {
      await refused(cursor, 'accounts', other);
    }
    expect(await decode('accounts', { status: 'active', connection: undefined }, cursor)).toEqual([1, 'a']);
  });

  it('is refused after any change of a character, and text that is none always', async () => {
    const cursor = await encode('list', {}, [1_700_000_000_000, 'conn-a']);
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    await fc.assert(
      fc.asyncProperty(fc.nat(cursor.length - 1), fc.constantFrom(...alphabet), async (at, character) => {
        fc.pre(cursor[at] !== character);
        await refused(cursor.slice(0, at) + character + cursor.slice(at + 1));
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.string(), async (text) => {
        await refused(text);
      }),
    );
  });

  it('is refused where somebody made it who knows the code, but no key', async () => {
    const unkeyed = (text: string) =>
      createHash('sha256')
        .update(JSON.stringify(['list', [], text]))
        .digest('base64url')
        .slice(0, 43) + Buffer.from(text).toString('base64url');
    for (const text of ['[1,"a"]', '{}', 'null', '', 'not JSON', '[[]]']) await refused(unkeyed(text));
    await refused(await encode('list', {}, [1, 'a'], ring('another')));
  });

  it('goes on while the key that signed it is in the ring', async () => {
    const before = await encode('list', {}, [7], ring('k1'));
    expect(await decode('list', {}, before, ring('k2', 'k1'))).toEqual([7]);
    await refused(before, 'list', {}, ring('k2'));
  });

  it('is not made, and not read, without a ring', async () => {
    const locked = { masterKeys: null };
    await expect(encodeCursor(locked, 'list', {}, [1])).rejects.toThrow(ProblemError);
    const cursor = await encode('list', {}, [1]);
    await expect(decodeCursor(locked, 'list', {}, cursor)).rejects.toMatchObject({ code: 'vault_locked' });
    expect(await decodeCursor(locked, 'list', {}, undefined)).toBeNull();
  });
});

describe('a page', () => {
  it('has at most its limit, and a cursor only where more follows', async () => {
    const cut = (limit: number, items: number[]) => cutPage(OWN, 'list', {}, limit, items, (n) => [n]);
    expect(await cut(2, [])).toEqual({ data: [], next_cursor: null });
    expect(await cut(2, [1, 2])).toEqual({ data: [1, 2], next_cursor: null });
    const page = await cut(2, [1, 2, 3]);
    expect(page.data).toEqual([1, 2]);
    expect(await decode('list', {}, page.next_cursor ?? undefined)).toEqual([2]);
  });
});
