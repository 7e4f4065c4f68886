import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pathProblem } from '#contract/rules/paths.ts';
import { matchesPath, takesMethod, takesRequest } from '#policy/fields/requests.ts';

const segment = fc.constantFrom(
  'a',
  'b',
  'A',
  'contacts',
  'a%2Fb',
  'a%2fb',
  '%C3%A4',
  '%c3%a4',
  '*',
  '...',
  'a;v=1',
);
const slash = fc.constantFrom('', '/');
const path = fc
  .tuple(fc.array(segment, { minLength: 1, maxLength: 4 }), slash)
  .map(([segments, end]) => `/${segments.join('/')}${end}`);
const pattern = fc
  .tuple(fc.array(fc.oneof(fc.constant('*'), segment), { minLength: 1, maxLength: 4 }), slash)
  .map(([segments, end]) => `/${segments.join('/')}${end}`);

/** The pattern as a regular expression: another way to say what the contract says. */
function meaning(text: string): RegExp {
  const one = String.raw`(?:(?!%2[Ff])[^/])+`;
  const open = text.endsWith('/*');
  const body = (open ? text.slice(0, -2) : text)
    .split('/')
    .map((part) => (part === '*' ? one : part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)))
    .join('/');
  return new RegExp(`^${body}${open ? String.raw`/${one}(?:/(?:(?!%2[Ff]).)*)?` : ''}$`);
}

describe('the paths of a rule', () => {
  it('match what their regular expression matches, and nothing else', () => {
    let matched = 0;
    fc.assert(
      fc.property(pattern, path, (wanted, given) => {
        const is = matchesPath(wanted, given);
        expect(is).toBe(meaning(wanted).test(given));
        if (is) matched += 1;
      }),
      { numRuns: 5000 },
    );
    expect(matched).toBeGreaterThan(200);
  });

  it('with one more entry never take less, and with a method never more', () => {
    const entry = fc.record(
      {
        methods: fc.uniqueArray(fc.constantFrom('GET', 'POST'), { minLength: 1 }),
        paths: fc.array(pattern, { minLength: 1, maxLength: 2 }),
      },
      { requiredKeys: ['paths'] },
    );
    fc.assert(
      fc.property(fc.array(entry, { minLength: 1, maxLength: 3 }), entry, path, (entries, more, given) => {
        const takes = takesRequest(entries, 'GET', given);
        if (takes) expect(takesRequest([...entries, more], 'GET', given)).toBe(true);
        const { methods: _methods, ...bare } = more;
        if (takesRequest([more], 'GET', given)) expect(takesRequest([bare], 'GET', given)).toBe(true);
        if (takes) expect(takesMethod(entries, 'GET')).toBe(true);
      }),
    );
  });

  it.each([
    ['/a/*', '/a', false],
    ['/a/*', '/a/', false],
    ['/a/*', '/a/b', true],
    ['/a/*', '/a/b/', true],
    ['/a/*', '/a/b/c/d', true],
    ['/a/*/c', '/a/b/c', true],
    ['/a/*/c', '/a/c', false],
    ['/a/*/c', '/a/b/b/c', false],
    ['/a', '/a/', false],
    ['/a/', '/a', false],
    ['/*', '/', false],
    ['/', '/', true],
    ['/a/x%2Fy', '/a/x%2Fy', true],
    ['/a/x%2Fy', '/a/x%2fy', false],
  ])('%s and %s: %s', (wanted, given, is) => {
    expect(takesRequest([{ paths: [wanted] }], 'GET', given)).toBe(is);
  });

  it.each([
    '/a/../secret',
    '/a/%2e%2e/secret',
    '/a/%2E./secret',
    '/a/.%2e/secret',
    '/a/./b',
    '/a/..;/secret',
    '/a/%2e%2e;x=1/secret',
    '/a/..%3b/secret',
    '/a//b',
    '//a/b',
    '/a/..%2fsecret',
    '/a/b%2f..%2f..%2fsecret',
    '/a/%252e%252e/secret',
    '/a/%5c..%5csecret',
    String.raw`/a/..\secret`,
    '/a/b%00',
    '/a/b%0d%0aX: y',
    '/a/b?x=1',
    '/a/b#x',
    '/a/ä',
    '/a/ｂ',
    '/a/b c',
    '/a/%zz',
    '/a/%',
    'a/b',
    'https://evil.example/a/b',
    '',
  ])('never take %j behind a wildcard', (given) => {
    for (const wanted of ['/*', '/a/*', '/a/*/*', '/a/*/secret'])
      expect(takesRequest([{ paths: [wanted] }], 'GET', given), wanted).toBe(false);
    expect(takesRequest([{ methods: ['GET'] }], 'GET', given)).toBe(pathProblem(given) === null);
  });

  it('are compared byte for byte: no case is folded, no letter composed, no method either', () => {
    const entries = [{ methods: ['GET'], paths: ['/a/%C3%A4/B'] }];
    expect(takesRequest(entries, 'GET', '/a/%C3%A4/B')).toBe(true);
    for (const [method, given] of [
      ['get', '/a/%C3%A4/B'],
      ['HEAD', '/a/%C3%A4/B'],
      ['GET', '/a/%c3%a4/B'],
      ['GET', '/a/a%CC%88/B'],
      ['GET', '/a/%C3%A4/b'],
      ['GET', '/A/%C3%A4/B'],
    ] as const)
      expect(takesRequest(entries, method, given)).toBe(false);
    expect(takesRequest(entries, null, null)).toBe(false);
  });
});
