import { describe, expect, it } from 'vitest';
import { checkRing, openKeyring } from '#crypto/keyring.ts';

const key = (fill: string): string => Buffer.alloc(32, fill).toString('base64');
const detailOf = async (text: string | null): Promise<string> => {
  const result = await openKeyring(text);
  return result.ok ? 'opened' : `${result.error.code}: ${result.error.detail}`;
};

describe('the ring of master keys', () => {
  it('takes the first key as current and holds the others', async () => {
    const result = await openKeyring(`new:${key('ab')}, old:${key('cd')}`);
    if (!result.ok) throw new Error(result.error.detail);
    expect(result.value.current.kid).toBe('new');
    expect([...result.value.byKid.keys()]).toEqual(['new', 'old']);
  });

  it.each([
    ['nothing', null],
    ['an empty text', ''],
    ['no key id', key('ab')],
    ['a key that is too short', `k1:${Buffer.alloc(31, 'ab').toString('base64')}`],
    ['a key that is too long', `k1:${Buffer.alloc(33, 'ab').toString('base64')}`],
    ['a key of zeros', `k1:${Buffer.alloc(32, 0).toString('base64')}`],
    ['a key of one repeated byte', `k1:${Buffer.alloc(32, 'x').toString('base64')}`],
    ['a text that is not base64', `k1:${'*'.repeat(43)}`],
    ['an id twice', `k1:${key('ab')},k1:${key('cd')}`],
    ['an empty item', `k1:${key('ab')},`],
  ])('stays locked with %s, and says how to make a key', async (_, text) => {
    expect(await detailOf(text)).toMatch(/^vault_locked: .*(MASTER_KEYS|master key)/);
  });

  it('never repeats a key in what it says', async () => {
    expect(await detailOf(`k1:${'c3VwZXItc2VjcmV0'}`)).not.toContain('c3VwZXItc2VjcmV0');
  });
});

describe('the ring against what the directory knows', () => {
  const open = async (text: string) => {
    const result = await openKeyring(text);
    if (!result.ok) throw new Error(result.error.detail);
    return result.value;
  };
  const known = async (text: string) =>
    [...(await open(text)).byKid.values()].map(({ kid, check }) => ({ kid, check }));

  it('is right for an empty directory, for the same key and for a ring that grew', async () => {
    const old = await known(`a:${key('ab')}`);
    expect(checkRing(await open(`a:${key('ab')}`), [])).toBeNull();
    expect(checkRing(await open(`a:${key('ab')}`), old)).toBeNull();
    expect(checkRing(await open(`b:${key('cd')},a:${key('ab')}`), old)).toBeNull();
  });

  it('is wrong when the key under an id is another one, and when no id is shared', async () => {
    const old = await known(`a:${key('ab')}`);
    expect(checkRing(await open(`a:${key('cd')}`), old)?.code).toBe('vault_locked');
    expect(checkRing(await open(`b:${key('ab')}`), old)?.code).toBe('vault_locked');
    expect(checkRing(await open(`a:${key('cd')},b:${key('ab')}`), old)?.code).toBe('vault_locked');
  });
});
