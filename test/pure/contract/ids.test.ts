/** Names and identifiers: what nobody can reach or see is no name. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Identifier, identifierProblem, Name, NAME_PATTERN, Organization } from '#contract/ids.ts';

describe('a name', () => {
  it.each(['.', '..'])('is never %s: a URL loses it', (name) => {
    for (const schema of [Name, Organization]) expect(schema.safeParse(name).success).toBe(false);
  });

  it('that is one stays in the path of a URL as it is', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9._-]{1,64}$/), (name) => {
        const stays =
          new URL(`https://broker.example/v1/agents/${name}/keys`).pathname === `/v1/agents/${name}/keys`;
        expect(NAME_PATTERN.test(name)).toBe(stays);
      }),
      { examples: [['.'], ['..'], ['...'], ['.a'], ['a.'], ['-']] },
    );
  });
});

/** One of every kind that shows as nothing or turns what stands around it. */
const UNSEEN: Record<string, string> = {
  'a soft hyphen': '\u00ad',
  'a grapheme joiner': '\u034f',
  'an Arabic letter mark': '\u061c',
  'a Hangul filler': '\u3164',
  'a half-width Hangul filler': '\uffa0',
  'a vowel separator': '\u180e',
  'a zero-width space': '\u200b',
  'a zero-width non-joiner': '\u200c',
  'a zero-width joiner': '\u200d',
  'a left-to-right mark': '\u200e',
  'a right-to-left mark': '\u200f',
  'a line separator': '\u2028',
  'a paragraph separator': '\u2029',
  'an embedding': '\u202a',
  'a right-to-left override': '\u202e',
  'a word joiner': '\u2060',
  'an invisible times': '\u2062',
  'an isolate': '\u2066',
  'the end of an isolate': '\u2069',
  'a blank of braille': '\u2800',
  'a variation selector': '\ufe0f',
  'a byte order mark': '\ufeff',
  'an annotation anchor': '\ufff9',
  'a tag': '\u{e0041}',
  'a variation selector of the supplement': '\u{e0101}',
};

describe('an identifier', () => {
  it.each(Object.entries(UNSEEN))('holds no %s, at any place', (_, unseen) => {
    for (const text of [`${unseen}user`, `us${unseen}er`, `user${unseen}`])
      expect(Identifier.safeParse(text).success, JSON.stringify(text)).toBe(false);
  });

  it('that is taken has no character that is of a format, ignored or bidirectional by its nature', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }), (text) => {
        if (identifierProblem(text) !== null) return;
        expect(text).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}\p{Bidi_Control}]/u);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    'user_123',
    'ana@example.com',
    'Ζωή/work',
    '山田 太郎',
    'مستخدم',
    'נועה',
    '😀',
    'user_1/work',
    'é',
  ])('may be %s', (text) => expect(identifierProblem(text)).toBeNull());
});
