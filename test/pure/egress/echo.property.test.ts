/** The scan of an answer for the credential, against every way in which an API could have written it down. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { echoOf } from '#egress/injector/echo.ts';

const utf8 = new TextEncoder();
const hold = (secret: string, text: string) => echoOf([secret])(utf8.encode(text));
const joined = (...parts: readonly Uint8Array[]) => Buffer.concat(parts);

/** What a header or a password may hold; long enough to be a credential. */
const ascii = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
});
const secret = fc.oneof(
  fc.stringMatching(/^[A-Za-z0-9+/=._~-]{8,80}$/),
  fc.tuple(fc.stringMatching(/^[!-~]{8}$/), ascii).map(([head, tail]) => head + tail),
  fc.stringMatching(/^[!-~] [!-~]{6} [!-~]$/),
  fc.constantFrom(
    'zoë:p:ä ss',
    'ключ-от-счёта',
    '🔑🔑🔑🔑🔑',
    '"quoted\\back/slash"',
    '%41%42%43%44',
    'a+b c+d e',
  ),
);
const around = fc.string({ unit: 'grapheme', maxLength: 40 });
const bytes = fc.uint8Array({ maxLength: 40 });

const everyCharacter = (text: string) =>
  Array.from(
    { length: text.length },
    (_, at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`,
  ).join('');
const everyByte = (text: string, upper: boolean) =>
  [...utf8.encode(text)]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .map((hex) => `%${upper ? hex.toUpperCase() : hex}`)
    .join('');

const WAYS: Readonly<Record<string, (text: string) => string>> = {
  plain: (text) => text,
  'as JSON': (text) => JSON.stringify({ token: text }),
  'as JSON with escaped slashes': (text) => JSON.stringify(text).replaceAll('/', '\\/'),
  'as JSON with every character escaped': (text) => `"${everyCharacter(text)}"`,
  'as JSON with capital digits': (text) => `"${everyCharacter(text).toUpperCase().replaceAll('\\U', '\\u')}"`,
  'percent-encoded': (text) => encodeURIComponent(text),
  'percent-encoded in small letters': (text) =>
    encodeURIComponent(text).replaceAll(/%../g, (code) => code.toLowerCase()),
  'percent-encoded byte by byte': (text) => everyByte(text, true),
  'percent-encoded byte by byte in small letters': (text) => everyByte(text, false),
  'as a form': (text) => new URLSearchParams({ token: text }).toString(),
  'as a URL in JSON': (text) => JSON.stringify(`https://api.example/?t=${encodeURIComponent(text)}`),
  'as a URL in JSON with every character escaped': (text) => `"${everyCharacter(encodeURIComponent(text))}"`,
  'as JSON in a URL': (text) => `https://api.example/?q=${encodeURIComponent(JSON.stringify({ t: text }))}`,
};

describe.each(Object.entries(WAYS))('a credential %s', (_, encode) => {
  it('is found, whatever stands around it', () => {
    fc.assert(
      fc.property(
        secret,
        fc.stringMatching(/^[ -$&-[\]-~]*$/),
        fc.stringMatching(/^[ -$&-[\]-~]*$/),
        (text, before, after) => {
          expect(hold(text, before + encode(text) + after)).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('a credential in base64', () => {
  const ALPHABETS = { standard: 'base64', 'of URLs': 'base64url' } as const;

  it.each(Object.entries(ALPHABETS))(
    'is found in the alphabet %s, at any place in what was encoded',
    (_, alphabet) => {
      fc.assert(
        fc.property(secret, bytes, bytes, fc.boolean(), (text, before, after, isForm) => {
          const encoded = joined(before, utf8.encode(text), after).toString(alphabet);
          expect(
            hold(text, isForm ? encodeURIComponent(encoded) : `{"t":"${encoded.replaceAll('/', '\\/')}"}`),
          ).toBe(true);
        }),
        { numRuns: 1000 },
      );
    },
  );

  it('is found in the header of a user and a password', () => {
    fc.assert(
      fc.property(secret, around, (password, user) => {
        const basic = Buffer.from(`${user}:${password}`).toString('base64');
        expect(hold(password, `Authorization: Basic ${basic}`)).toBe(true);
      }),
    );
  });
});

describe('a text without the credential', () => {
  it('is let through, whatever it holds', () => {
    const key = 'sk_live_0123456789abcdef';
    const other = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.json(),
      fc.uint8Array().map((all) => Buffer.from(all).toString('base64')),
      fc.string().map(encodeURIComponent),
      // The beginning and the end of it, and all but one character.
      fc.integer({ min: 0, max: key.length - 1 }).map((at) => key.slice(0, at) + key.slice(at + 1)),
    );
    fc.assert(
      fc.property(other, other, (one, two) => {
        expect(hold(key, `${one}\n${two}`)).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });

  it('may be any bytes at all, and is read once however hostile', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (all) => {
        expect(typeof echoOf(['sk_live_0123456789abcdef'])(all)).toBe('boolean');
      }),
    );
    for (const unit of ['%', '%4', '%41', '\\', '\\u', '\\u004', '%5Cu0041', '\\u0025' + '41'])
      expect(hold('sk_live_0123456789abcdef', unit.repeat(20_000))).toBe(false);
  });
});

it('a text too short to be a credential is not looked for, and nothing is found where there is none', () => {
  expect(hold('admin', 'the admin is admin')).toBe(false);
  expect(hold('12345678', 'call 12345678')).toBe(true);
  expect(echoOf([])(utf8.encode('anything'))).toBe(false);
  expect(echoOf(['', 'x'])(utf8.encode('x'))).toBe(false);
  expect(echoOf(['first-secret', 'second-secret'])(utf8.encode('my second-secret'))).toBe(true);
});
