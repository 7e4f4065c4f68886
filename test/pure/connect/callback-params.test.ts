/** What a provider's redirect may bring, and what is no answer to us. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codeIn, readCallback } from '../../../src/connect/callback-params.ts';

/** As the callback takes it: the code under the provider's name for it, or an error. */
function read(query: string, codeName = 'code') {
  const params = readCallback(new URLSearchParams(query));
  if (params === null) return null;
  const code = params.error === null ? codeIn(params, codeName) : null;
  return params.error === null && code === null ? null : { ...params, code };
}

describe('a callback', () => {
  it('is read where everything stands in it once', () => {
    expect(read('code=abc&state=s&iss=https://as.example')).toMatchObject({
      code: 'abc',
      error: null,
      state: 's',
      issuer: 'https://as.example',
    });
    expect(read('error=access_denied&state=s')).toMatchObject({ code: null, error: 'access_denied' });
  });

  it('carries the code under the name that the provider gives it', () => {
    expect(read('spapi_oauth_code=abc&state=s', 'spapi_oauth_code')).toMatchObject({ code: 'abc' });
    expect(read('code=abc&state=s', 'spapi_oauth_code')).toBeNull();
  });

  it('with both a code and an error brings no code', () => {
    expect(read('code=abc&error=server_error&state=s')).toMatchObject({ code: null, error: 'server_error' });
  });

  it('with a code and an error that is empty brings the code', () => {
    for (const query of ['code=abc&error=&state=s', 'code=abc&error=&error_description=&state=s'])
      expect(read(query)).toMatchObject({ code: 'abc', error: null });
    expect(read('error=&state=s')).toBeNull();
  });

  it('tells a denial by whatever name, and no text of the provider’s', () => {
    expect(read('error=user_cancelled_login&state=s')?.error).toBe('access_denied');
    expect(read('error=%3Cscript%3E&state=s')?.error).toBe('other');
  });

  it('with anything twice, without state, without code, signed or oversized is none', () => {
    for (const query of [
      'code=a&code=b&state=s',
      'code=a&state=s&state=s',
      'code=a&state=s&x=1&x=2',
      'code=a',
      'state=s',
      'code=&state=s',
      'code=a%0ab&state=s',
      `code=${'a'.repeat(4097)}&state=s`,
      `code=a&state=s&x=${'a'.repeat(4097)}`,
      'code=a&state=s&response=jwt',
      `code=a&state=s&${Array.from({ length: 39 }, (_, n) => `p${n}=1`).join('&')}`,
    ])
      expect(read(query), query.slice(0, 80)).toBeNull();
  });

  it('throws nothing, whatever stands in it', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string(), fc.string())), (pairs) => {
        const params = read(new URLSearchParams(pairs).toString());
        if (params !== null) expect(params.code === null).not.toBe(params.error === null);
      }),
    );
  });
});
