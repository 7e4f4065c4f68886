import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { freeField } from '#audit/record.ts';

const KEY = new Uint8Array(32).fill(7);
/** What a secret of 256 bits looks like, in the spellings that fit a header. */
const secret = fc.uint8Array({ minLength: 32, maxLength: 48 }).chain((bytes) => {
  const buffer = Buffer.from(bytes);
  return fc.constantFrom(
    buffer.toString('base64'),
    buffer.toString('base64url'),
    buffer.toString('hex'),
    encodeURIComponent(buffer.toString('base64')),
    `${buffer.toString('base64url').slice(0, 20)}.${buffer.toString('base64url')}`,
  );
});
/** What may stand around it without being part of the run. */
const around = fc.constantFrom('', ' ', '"', '(', ', ', 'Bearer ', 'token: ', '; ');

describe('a free field', () => {
  it('never keeps a secret, wherever in it it stands', () => {
    fc.assert(
      fc.property(around, secret, around, (before, text, after) => {
        const kept = freeField(before + text + after, KEY) ?? '';
        expect(kept).toContain('hmac:');
        expect(kept).not.toContain(text.slice(0, 20));
        expect(kept).not.toContain(text.slice(-20));
      }),
    );
  });

  it('is the same for the same secret under one key, and another under another', () => {
    const text = randomBytes(32).toString('base64');
    expect(freeField(text, KEY)).toBe(freeField(text, KEY));
    expect(freeField(text, KEY)).not.toBe(freeField(text, new Uint8Array(32).fill(8)));
  });

  it.each([
    'call_42',
    'python-requests/2.31.0',
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36',
    'node',
    'curl/8.5.0',
  ])('keeps what programs call themselves: %s', (text) => {
    expect(freeField(text, KEY)).toBe(text);
  });
});
