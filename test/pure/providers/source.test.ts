/** A credential that lies in a secret of the deployment: what becomes of the text that stands there. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SOURCE_FIELD, sourceOf, withSecret } from '#providers/injection/source.ts';

const AT = { [SOURCE_FIELD]: 'env:CREDENTIAL_A' };

describe('the text of a secret', () => {
  it('takes the place of the value, by the kind of the credential', () => {
    expect(withSecret('api_key', AT, 'k')).toEqual({ api_key: 'k' });
    expect(withSecret('basic', { ...AT, username: 'u', password: '' }, 'p')).toEqual({
      username: 'u',
      password: 'p',
    });
    expect(withSecret('custom', AT, '{"a":"1","b":"2"}')).toEqual({ a: '1', b: '2' });
  });

  it.each(['', 'two\nlines', 'bell\u0007', 'x'.repeat(16_385)])('is no key: %j', (text) => {
    expect(withSecret('api_key', AT, text)).toBeNull();
    expect(withSecret('basic', AT, text)).toBeNull();
  });

  it.each([
    'text',
    '[]',
    '{}',
    'null',
    '{"a":1}',
    '{"a":""}',
    '{"a b":"1"}',
    '{"a":{"b":"c"}}',
    '{"@source":"x"}',
  ])('is no set of fields: %s', (text) => expect(withSecret('custom', AT, text)).toBeNull());

  it('never leaves the name of its place among the fields', () => {
    fc.assert(
      fc.property(fc.constantFrom('api_key', 'basic', 'custom'), fc.string(), (type, text) => {
        expect(sourceOf(withSecret(type, AT, text) ?? {})).toBeNull();
      }),
    );
  });
});

it('a stored credential names its place, or is itself', () => {
  expect(sourceOf(AT)).toBe('env:CREDENTIAL_A');
  expect(sourceOf({ api_key: 'k' })).toBeNull();
  expect(sourceOf(Object.create(AT) as Record<string, string>)).toBeNull();
});
