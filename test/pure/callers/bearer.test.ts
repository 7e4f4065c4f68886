import { describe, expect, it } from 'vitest';
import { namedKeyId, presentedCredential } from '#callers/bearer.ts';
import { createAgentKey } from '#crypto/api-keys.ts';

const { key, keyId } = createAgentKey('agent_1.a-b');
const adminKey = 'an,admin;key=of"characters~0123456789';
const url = (query = '') => `https://broker.test/v1/agents/a${query}`;
const present = (headers: Record<string, string> | Headers, query = '') =>
  presentedCredential(new Headers(headers), url(query), (text) => text === adminKey);

describe('the one place of a credential', () => {
  it('takes a bearer token, however the scheme is written', () => {
    for (const scheme of ['Bearer', 'bearer', 'BEARER ']) {
      expect(present({ authorization: `${scheme} ${key}` })).toEqual({ kind: 'bearer', token: key });
    }
  });

  it('takes an admin key with any printable characters', () => {
    expect(present({ authorization: `Bearer ${adminKey}` })).toEqual({ kind: 'bearer', token: adminKey });
  });

  it('sees no credential without the header, or with another scheme', () => {
    expect(present({}).kind).toBe('none');
    expect(present({ authorization: `Basic ${btoa(`a:${key.slice(0, 20)}`)}` }).kind).toBe('none');
    expect(present({ authorization: key }).kind).toBe('none');
    expect(present({ authorization: 'Bearer' }).kind).toBe('none');
    expect(present({ authorization: `Bearer ${'a'.repeat(513)}` }).kind).toBe('none');
  });

  it('refuses a credential that is given twice', () => {
    const headers = new Headers({ authorization: `Bearer ${key}` });
    headers.append('authorization', `Bearer ${key}`);
    expect(present(headers).kind).toBe('none');
  });

  it.each(['x-api-key', 'proxy-authorization', 'x-anything', 'referer'])(
    'refuses a key in %s, also beside a right one',
    (name) => {
      for (const secret of [key, `Bearer ${key}`, `https://a.test/?t=${key}`]) {
        expect(present({ authorization: `Bearer ${key}`, [name]: secret }).kind).toBe('misplaced');
      }
      for (const secret of [adminKey, `Bearer ${adminKey}`]) {
        expect(present({ authorization: `Bearer ${key}`, [name]: secret }).kind).toBe('misplaced');
      }
    },
  );

  it('refuses a key in the query, under any name, as a name and percent-encoded', () => {
    const encoded = [...key].map((char) => `%${char.charCodeAt(0).toString(16)}`).join('');
    for (const query of [
      `access_token=${key}`,
      `x=1&q=${key}`,
      key,
      `token=${encoded}`,
      `api_key=Bearer%20${key}`,
    ]) {
      expect(present({ authorization: `Bearer ${key}` }, `?${query}`).kind).toBe('misplaced');
    }
    expect(present({}, `?token=${encodeURIComponent(adminKey)}`).kind).toBe('misplaced');
  });

  it('refuses a key in a cookie', () => {
    expect(present({ authorization: `Bearer ${key}`, cookie: `a=b; session="${key}"` }).kind).toBe(
      'misplaced',
    );
    const plain = 'plain-admin-key-0123456789-abcdefgh';
    const asked = new Headers({ cookie: `a=1; k=${plain}` });
    expect(presentedCredential(asked, url(), (text) => text === plain).kind).toBe('misplaced');
  });

  it('leaves the provider its own query: other tokens are not ours', () => {
    const query = '?access_token=ya29.a0AfH6SMBx&api_key=AIzaSyD&identifier=vk_agent_x&scope=vk_agent_';
    expect(present({ authorization: `Bearer ${key}`, 'x-api-key': 'sk_live_1234' }, query).kind).toBe(
      'bearer',
    );
  });

  it('never repeats the credential in what it says', () => {
    for (const seen of [present({}, `?t=${key}`), present({ 'x-api-key': key }), present({ cookie: key })]) {
      expect(JSON.stringify(seen)).not.toContain(key.slice(-49));
    }
  });
});

describe('the key id that a text names', () => {
  it('is cut from the end, whatever the agent id holds', () => {
    expect(namedKeyId(key)).toBe(keyId);
    expect(namedKeyId(createAgentKey('vk_agent_x_').key)).toHaveLength(10);
  });

  it('is there for a wrong checksum and not for another form', () => {
    expect(namedKeyId(`${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}`)).toBe(keyId);
    expect(namedKeyId(key.slice(0, -1) + '-')).toBeNull();
    expect(namedKeyId(`${key}x`.replace('vk_agent', 'vk_agend'))).toBeNull();
    expect(namedKeyId('')).toBeNull();
  });
});
