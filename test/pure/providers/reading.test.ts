/** The small readers: bodies, paths, moments, Retry-After. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseBody } from '#providers/answers/body.ts';
import {
  parseHttpDate,
  parseInstant,
  parseIsoInstant,
  parseRetryAfterMs,
} from '#providers/reading/instant.ts';
import { firstAt, valuesAt } from '#providers/reading/json-path.ts';
import { sanitizeCode } from '#providers/reading/provider-error.ts';
import { NOW_MS } from './descriptors.ts';

describe('a body', () => {
  it.each([
    ['', 'empty'],
    [' \n', 'empty'],
    ['\uFEFF', 'empty'],
    ['{}', 'json'],
    ['\uFEFF {"a":1}\n', 'json'],
    ['[1]', 'json'],
    ['{"a":', 'truncated'],
    ['{"a":1}x', 'truncated'],
    ["{'a':1}", 'truncated'],
    ['[', 'truncated'],
    ['<html>', 'html'],
    ['<?xml version="1.0"?>', 'html'],
    ['null', 'text'],
    ['"x"', 'text'],
    ['12', 'text'],
    ['Service Unavailable', 'text'],
    ['access_token=a&b=c', 'form'],
    ['error=x', 'form'],
    ['a=b', 'text'],
    ['error=x y', 'text'],
    ['error: x', 'text'],
    ['x'.repeat(1_050_000), 'truncated'],
  ])('that reads %j is %s', (text, kind) => {
    expect(parseBody(text, null).kind).toBe(kind);
  });

  it('is a page where only its type says so', () => {
    expect(parseBody('Sorry', 'text/html; charset=utf-8').kind).toBe('html');
  });

  it('keeps the first of two fields of one name in a form', () => {
    expect(parseBody('access_token=first&access_token=second&__proto__=x', null)).toEqual({
      kind: 'form',
      value: { access_token: 'first' },
    });
  });

  it('of any text has a kind', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.json(), fc.string({ unit: 'binary' })),
        fc.string(),
        (text, type) => {
          expect(['json', 'form', 'html', 'text', 'empty', 'truncated']).toContain(
            parseBody(text, type).kind,
          );
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('a path', () => {
  const body = { a: { b: [{ c: 1 }, { c: 2 }] }, list: [['x']], 'accounts-server': 's', n: null };
  it.each([
    ['a.b[0].c', [1]],
    ['a.b[].c', [1, 2]],
    ['a.b[9].c', []],
    ['list[0][0]', ['x']],
    ['list[][]', ['x']],
    ['accounts-server', ['s']],
    ['a.missing.c', []],
    ['toString', []],
    ['__proto__.a', []],
    ['a.b.length', []],
  ])('%s finds %j', (path, expected) => {
    expect(valuesAt(body, path)).toEqual(expected);
  });

  it('starts at a root that is a list', () => {
    expect(valuesAt([{ id: 'x' }], '[0].id')).toEqual(['x']);
  });

  it('takes the first alternative that is present', () => {
    expect(firstAt(body, 'n | missing | a.b[1].c | accounts-server')).toBe(2);
  });
});

describe('a moment', () => {
  it.each([
    ['Sun, 06 Nov 1994 08:49:37 GMT'],
    ['Sunday, 06-Nov-94 08:49:37 GMT'],
    ['Sun Nov  6 08:49:37 1994'],
  ])('is read from %s', (text) => {
    expect(parseHttpDate(text)).toBe(784_111_777_000);
  });

  it.each([
    ['Sun, 06 Foo 1994 08:49:37 GMT'],
    ['Sun, 40 Nov 1994 08:49:37 GMT'],
    ['Sun, 06 Nov 1994 28:49:37 GMT'],
    ['soon'],
    [''],
    ['x'.repeat(5000)],
  ])('is not read from %s', (text) => {
    expect(parseHttpDate(text)).toBeNull();
  });

  it('agrees with the platform about every day and second', () => {
    const dates = fc.date({
      min: new Date('1970-01-02T00:00:00Z'),
      max: new Date('9999-12-30T00:00:00Z'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(dates, (date) => {
        const seconds = Math.floor(date.getTime() / 1000) * 1000;
        expect(parseHttpDate(date.toUTCString())).toBe(seconds);
        expect(parseIsoInstant(date.toISOString())).toBe(date.getTime());
      }),
      { numRuns: 1000 },
    );
  });

  it('of any value is a finite number or none', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        const at = parseInstant(value);
        expect(at === null || Number.isFinite(at)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

describe('Retry-After', () => {
  it.each([
    ['0', 0],
    ['30', 30_000],
    [' 30 ', 30_000],
    ['1.5', 1500],
    ['3601', 3_600_000],
    ['99999999999999', 3_600_000],
    ['Sat, 21 Nov 2026 10:00:45 GMT', 45_000],
    ['Sat, 21 Nov 2026 09:00:00 GMT', 0],
    ['Sun, 22 Nov 2026 10:00:00 GMT', 3_600_000],
    ['-1', null],
    ['soon', null],
    ['', null],
    [undefined, null],
    ['1e9', null],
    ['30, 60', null],
  ])('%j waits %j', (value, expected) => {
    expect(parseRetryAfterMs(value, NOW_MS)).toBe(expected);
  });
});

describe('a code', () => {
  it.each([
    ['invalid_grant', 'invalid_grant'],
    ['AADSTS700082', 'AADSTS700082'],
    [4711, '4711'],
    ['Access Denied', 'Access_Denied'],
    ['invalid_client: Invalid client_id or client_secret', null],
    ['invalid_client: no client', 'invalid_client_no_client'],
    ['slack:error.code-1', 'slack:error.code-1'],
    ['', null],
    ['___', null],
    [{}, null],
    [null, null],
    [Number.NaN, null],
    [true, null],
  ])('%j is told as %j', (value, expected) => {
    expect(sanitizeCode(value)).toBe(expected);
  });
});
