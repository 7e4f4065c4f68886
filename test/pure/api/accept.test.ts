/** Which `Accept` headers ask for a page. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { prefersPage } from '../../../src/api/http/accept.ts';

describe('a page is the answer to', () => {
  it.each([
    'text/html',
    'TEXT/HTML',
    'Text/Html;Q=0.5',
    ' text/html ; charset=utf-8 ; q=0.1 ',
    'text/*',
    'text/html, */*',
    'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
    'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7',
    'text/html;q=0.9, application/json;q=0.8',
    'text/html;q=0.1, application/json;q=0, */*',
  ])('%s', (accept) => expect(prefersPage(accept)).toBe(true));
});

describe('JSON is the answer to', () => {
  it.each([
    undefined,
    '',
    '*/*',
    'application/json',
    'application/json, text/plain, */*',
    'text/html;q=0',
    'text/html;q=0.0, */*',
    'TEXT/HTML;Q=0',
    'text/*, text/html;q=0',
    'text/html-foo',
    'text/htmlx, */*',
    'application/text/html',
    'x-text/html',
    'application/problem+json;profile="text/html"',
    'application/problem+json;profile="a, text/html, b"',
    'application/json, text/html',
    'application/json;q=0.9, text/html;q=0.8',
    'text/html;q=0.5, */*',
    'image/*',
    ', ,;q=1',
  ])('%s', (accept) => expect(prefersPage(accept)).toBe(false));
});

it('the order of ranges, spaces and case change nothing, and no text breaks it', () => {
  const type = fc.constantFrom(
    'text/html',
    'text/*',
    '*/*',
    'application/json',
    'application/*',
    'image/png',
  );
  const ranges = fc.uniqueArray(fc.record({ type, q: fc.integer({ min: 0, max: 10 }) }), {
    selector: (range) => range.type,
    maxLength: 5,
  });
  fc.assert(
    fc.property(ranges, (list) => {
      const text = list.map((range) => `${range.type};q=${range.q / 10}`);
      const asked = prefersPage(text.join(','));
      expect(prefersPage(text.toReversed().join(' , ').toUpperCase())).toBe(asked);
      const own = list.find((range) => range.type === 'text/html');
      if (own?.q === 0) expect(asked).toBe(false);
    }),
  );
  fc.assert(fc.property(fc.string(), (text) => typeof prefersPage(text) === 'boolean'));
});
