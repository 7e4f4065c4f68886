import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { equalDigests, purposeDigest } from '../../../src/crypto/digest.ts';

describe('two digests', () => {
  it('are equal exactly where they are the same text', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (left, right) => {
        const [one, other] = [purposeDigest('test', left), purposeDigest('test', right)];
        expect(equalDigests(one, other)).toBe(left === right);
        expect(equalDigests(one, purposeDigest('test', left))).toBe(true);
      }),
    );
  });

  it('differ where any one character does, or the length', () => {
    const digest = purposeDigest('test', 'secret');
    for (let at = 0; at < digest.length; at += 1) {
      const changed = digest[at] === 'A' ? 'B' : 'A';
      expect(equalDigests(digest, digest.slice(0, at) + changed + digest.slice(at + 1))).toBe(false);
      expect(equalDigests(digest, digest.slice(0, at))).toBe(false);
      expect(equalDigests(digest.slice(0, at), digest)).toBe(false);
    }
  });
});
