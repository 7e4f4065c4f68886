/** The text that OAuth 1.0 signs: the example of RFC 5849, and what makes two requests one. */

import { describe, expect, it } from 'vitest';
import { baseString, encoded, oauth1Header, oauth1Params, signingKey } from '#providers/signing/oauth1.ts';

describe('the base string', () => {
  it('is that of RFC 5849, section 3.4.1.1, with query, form and header in one order', () => {
    const text = baseString(
      {
        method: 'post',
        url: 'http://EXAMPLE.COM:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b',
        form: 'c2&a3=2+q',
      },
      [
        ['oauth_consumer_key', '9djdj82h48djs9d2'],
        ['oauth_token', 'kkk9d7dh3k39sjv7'],
        ['oauth_signature_method', 'HMAC-SHA1'],
        ['oauth_timestamp', '137131201'],
        ['oauth_nonce', '7d8f3e4a'],
      ],
    );
    expect(text).toBe(
      'POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7',
    );
  });

  it('keeps a port that is not the usual one, and an empty query', () => {
    const of = (url: string) => baseString({ method: 'GET', url, form: null }, []);
    expect(of('https://api.example.com:8443/x')).toBe('GET&https%3A%2F%2Fapi.example.com%3A8443%2Fx&');
    expect(of('https://api.example.com/x?')).toBe(of('https://api.example.com:443/x'));
  });
});

describe('the words around it', () => {
  it('are encoded more than a URL needs', () => {
    expect(encoded("Ladies + Gentlemen!*'()~-._")).toBe('Ladies%20%2B%20Gentlemen%21%2A%27%28%29~-._');
    expect(encoded('☃')).toBe('%E2%98%83');
  });

  it('have a key of two secrets, of which the second may not be there yet', () => {
    const keys = { consumerKey: 'k', consumerSecret: 'a b', token: null, tokenSecret: null };
    expect(signingKey(keys)).toBe('a%20b&');
    expect(signingKey({ ...keys, token: 't', tokenSecret: 'c&d' })).toBe('a%20b&c%26d');
    const names = oauth1Params(keys, { nonce: 'n', timestampS: 1 }, { oauth_callback: 'http://x/' }).map(
      ([name]) => name,
    );
    expect(names).not.toContain('oauth_token');
    expect(names.at(-1)).toBe('oauth_callback');
  });

  it('stand in one header, each in quotes', () => {
    expect(oauth1Header([['oauth_nonce', 'a"b']], 's+/=')).toBe(
      'OAuth oauth_nonce="a%22b", oauth_signature="s%2B%2F%3D"',
    );
  });
});
