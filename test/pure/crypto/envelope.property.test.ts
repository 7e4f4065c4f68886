import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  createDataKey,
  decryptText,
  encryptText,
  openDataKey,
  type DataKey,
  type Owner,
  type Place,
} from '#crypto/envelope.ts';
import { openKeyring, type Keyring } from '#crypto/keyring.ts';
import { accountOwner, grantPlace, type GrantField } from '#crypto/places.ts';

const RING = `k1:${Buffer.alloc(32, 'a1b2').toString('base64')}`;
const OTHER = `k1:${Buffer.alloc(32, 'z9y8').toString('base64')}`;
const owner: Owner = accountOwner('ca_gaaaaaaaaaaaaaaaaaaaaaaaaaa', 'acme', 1);

let ring: Keyring;
let key: DataKey;
let wrapped: string;

beforeAll(async () => {
  const opened = await openKeyring(RING);
  if (!opened.ok) throw new Error('the ring of this test must open');
  ring = opened.value;
  ({ wrapped, key } = await createDataKey(ring, owner));
});

const place = (change: Partial<Place> = {}): Place => ({
  ...grantPlace(owner, 1, 'refresh_token', 7),
  ...change,
});
const codeOf = async (stored: string, at = place(), using = key): Promise<string> => {
  const result = await decryptText(using, at, stored);
  return result.ok ? 'opened' : result.error.code;
};

describe('an encrypted value', () => {
  it('opens to exactly what was encrypted', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', maxLength: 300 }), async (text) => {
        const result = await decryptText(key, place(), await encryptText(key, place(), text));
        expect(result).toEqual({ ok: true, value: text.isWellFormed() ? text : expect.any(String) });
      }),
      { numRuns: 100 },
    );
  });

  it('is refused after every single byte flip', async () => {
    const stored = await encryptText(key, place(), 'rt_secret-value-1234567890');
    for (let index = 0; index < stored.length; index += 1) {
      const flipped = stored.slice(0, index) + (stored[index] === 'A' ? 'B' : 'A') + stored.slice(index + 1);
      expect(await codeOf(flipped), `flip at ${index}`).toBe('record_corrupt');
    }
  });

  it('is refused after every truncation and every addition', async () => {
    const stored = await encryptText(key, place(), 'rt_secret');
    for (let length = 0; length < stored.length; length += 1) {
      expect(await codeOf(stored.slice(0, length)), `cut at ${length}`).toBe('record_corrupt');
    }
    expect(await codeOf(`${stored}A`)).toBe('record_corrupt');
    expect(await codeOf(`${stored}.x`)).toBe('record_corrupt');
    expect(await codeOf(`${stored}=`)).toBe('record_corrupt');
  });

  it('does not open in another account, organization, life, field, grant, kind or generation', async () => {
    const stored = await encryptText(key, place(), 'rt_secret');
    expect(await codeOf(stored)).toBe('opened');
    const elsewhere: Partial<Place>[] = [
      { owner: 'ca_gbbbbbbbbbbbbbbbbbbbbbbbbbb' },
      { organization: '' },
      { incarnation: 2 },
      { field: grantPlace(owner, 1, 'access_token', 7).field },
      { field: grantPlace(owner, 2, 'refresh_token', 7).field },
      { kind: 'agent' },
      { generation: 6 },
      { generation: 8 },
    ];
    for (const change of elsewhere)
      expect(await codeOf(stored, place(change)), JSON.stringify(change)).toBe('record_corrupt');
  });

  it('does not open under the data key of another account', async () => {
    const other = await createDataKey(ring, accountOwner('ca_gcccccccccccccccccccccccccc', 'acme', 1));
    expect(await codeOf(await encryptText(key, place(), 'x'), place(), other.key)).toBe('record_corrupt');
  });

  it('never repeats a ciphertext and never holds the plain text', async () => {
    const seen = new Set<string>();
    for (let count = 0; count < 200; count += 1)
      seen.add(await encryptText(key, place(), 'plain-canary-text'));
    expect(seen.size).toBe(200);
    for (const stored of seen) {
      expect(stored).not.toContain('plain-canary');
      expect(Buffer.from(stored.split('.')[2] ?? '', 'base64url').toString('latin1')).not.toContain(
        'plain-canary',
      );
    }
  });

  it('keeps places apart whatever the names hold', async () => {
    const fields = fc.constantFrom<GrantField>('access_token', 'refresh_token', 'static_fields', 'captured');
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(fc.string(), fc.string(), fc.nat(9), fields, fc.nat(9)),
        fc.tuple(fc.string(), fc.string(), fc.nat(9), fields, fc.nat(9)),
        async (one, other) => {
          const at = ([id, organization, grant, field, generation]: typeof one): Place =>
            grantPlace(accountOwner(id, organization, 1), grant, field, generation);
          const stored = await encryptText(key, at(one), 'x');
          const same = JSON.stringify(at(one)) === JSON.stringify(at(other));
          expect((await codeOf(stored, at(other))) === 'opened').toBe(same);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('a wrapped data key', () => {
  const open = async (text: string, using = ring, as = owner): Promise<string> => {
    const result = await openDataKey(using, as, text);
    return result.ok ? 'opened' : result.error.code;
  };

  it('opens to the same key', async () => {
    const opened = await openDataKey(ring, owner, wrapped);
    if (!opened.ok) throw new Error(opened.error.code);
    expect(Buffer.from(opened.value.mac).equals(Buffer.from(key.mac))).toBe(true);
    expect(await codeOf(await encryptText(key, place(), 'x'), place(), opened.value)).toBe('opened');
  });

  it('says that the vault is locked when the ring holds another key under the same id, or none of that id', async () => {
    const wrong = await openKeyring(OTHER);
    const foreign = await openKeyring(RING.replace('k1:', 'k2:'));
    if (!wrong.ok || !foreign.ok) throw new Error('both rings must open');
    expect(await open(wrapped, wrong.value)).toBe('vault_locked');
    expect(await open(wrapped, foreign.value)).toBe('vault_locked');
  });

  it('is refused after every flip, and for another owner', async () => {
    for (let index = 0; index < wrapped.length; index += 1) {
      const flipped =
        wrapped.slice(0, index) + (wrapped[index] === 'A' ? 'B' : 'A') + wrapped.slice(index + 1);
      expect(await open(flipped), `flip at ${index}`).not.toBe('opened');
    }
    expect(await open(wrapped, ring, accountOwner('ca_gbbbbbbbbbbbbbbbbbbbbbbbbbb', 'acme', 1))).toBe(
      'record_corrupt',
    );
    expect(await open(wrapped, ring, accountOwner(owner.owner, '', 1))).toBe('record_corrupt');
    expect(await open(wrapped, ring, accountOwner(owner.owner, 'acme', 2))).toBe('record_corrupt');
  });

  it('has keys that cannot be exported', async () => {
    await expect(crypto.subtle.exportKey('raw', key.aes)).rejects.toThrow();
    await expect(crypto.subtle.exportKey('raw', ring.current.key)).rejects.toThrow();
  });
});
