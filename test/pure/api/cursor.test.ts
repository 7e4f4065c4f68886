/** Cursors: they carry a position back unchanged, and nothing else is one. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProblemError } from '#contract/problem.ts';
import { cutPage, decodeCursor, encodeCursor } from '#api/cursor.ts';

const position = fc.array(fc.oneof(fc.string(), fc.integer()), { minLength: 1, maxLength: 3 });
const filters = fc.dictionary(
  fc.constantFrom('status', 'connection', 'organization'),
  fc.option(fc.string()),
);

describe('a cursor', () => {
  it('gives its position back, whatever the order of the filters', () => {
    fc.assert(
      fc.property(position, filters, (at, by) => {
        const turned = Object.fromEntries(Object.entries(by).toReversed());
        expect(decodeCursor('list', turned, encodeCursor('list', by, at))).toEqual(at);
      }),
    );
  });

  it('is refused by another list and under other filters', () => {
    const cursor = encodeCursor('accounts', { status: 'active' }, [1, 'a']);
    expect(() => decodeCursor('agents', { status: 'active' }, cursor)).toThrow(ProblemError);
    for (const other of [
      {},
      { status: 'pending' },
      { status: null },
      { status: 'active', connection: 'x' },
      { connection: 'active' },
    ]) {
      expect(() => decodeCursor('accounts', other, cursor)).toThrow(ProblemError);
    }
    expect(decodeCursor('accounts', { status: 'active', connection: undefined }, cursor)).toEqual([1, 'a']);
  });

  it('is refused after any change of a character, and text that is none always', () => {
    const cursor = encodeCursor('list', {}, [1_700_000_000_000, 'conn-a']);
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    fc.assert(
      fc.property(fc.nat(cursor.length - 1), fc.constantFrom(...alphabet), (at, character) => {
        fc.pre(cursor[at] !== character);
        const altered = cursor.slice(0, at) + character + cursor.slice(at + 1);
        expect(() => decodeCursor('list', {}, altered)).toThrow(ProblemError);
      }),
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => decodeCursor('list', {}, text)).toThrow(ProblemError);
      }),
    );
  });
});

describe('a page', () => {
  it('has at most its limit, and a cursor only where more follows', () => {
    const cut = (limit: number, items: number[]) => cutPage('list', {}, limit, items, (n) => [n]);
    expect(cut(2, [])).toEqual({ data: [], next_cursor: null });
    expect(cut(2, [1, 2])).toEqual({ data: [1, 2], next_cursor: null });
    const page = cut(2, [1, 2, 3]);
    expect(page.data).toEqual([1, 2]);
    expect(decodeCursor('list', {}, page.next_cursor ?? undefined)).toEqual([2]);
  });
});
