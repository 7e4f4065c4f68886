/** A credential is found in an answer that streams by, however it is encoded and wherever the chunks end. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EchoScan } from '#egress/injector/echo-scan.ts';
import { echoOf } from '#egress/injector/echo.ts';

const SECRET = 'ya29.A0-secret_of/an+account==7';
const bytesOf = (text: string) => new TextEncoder().encode(text);
const scanOf = (...secrets: string[]) => new EchoScan(secrets, echoOf(secrets));

const hex = (char: string, width: number) => char.charCodeAt(0).toString(16).padStart(width, '0');
const ENCODINGS: Readonly<Record<string, (text: string) => string>> = {
  plain: (text) => text,
  json: (text) => JSON.stringify(text).slice(1, -1).replaceAll('/', '\\/'),
  'json, every character': (text) => [...text].map((char) => `\\u${hex(char, 4)}`).join(''),
  percent: encodeURIComponent,
  'percent, every character': (text) => [...text].map((char) => `%${hex(char, 2)}`).join(''),
  'percent within json': (text) => [...text].map((char) => `\\u0025${hex(char, 2)}`).join(''),
  'json within percent': (text) => [...text].map((char) => `%5Cu${hex(char, 4)}`).join(''),
  base64: (text) => btoa(text),
  'base64, moved by one': (text) => btoa(`:${text}`),
  'base64, moved by two': (text) => btoa(`u:${text}`),
  base64url: (text) => btoa(`u:${text}`).replaceAll('+', '-').replaceAll('/', '_'),
};

/** Cut at these places, each between none and all. */
function chunksOf(text: string, cuts: readonly number[]): Uint8Array[] {
  const bytes = bytesOf(text);
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].toSorted((a, b) => a - b);
  return [0, ...places].map((from, index) => bytes.subarray(from, places[index] ?? bytes.length));
}

/** What has gone on, and whether the scan has broken the answer off. */
function sent(scan: EchoScan, chunks: readonly Uint8Array[]): { text: string; isBlocked: boolean } {
  const decoder = new TextDecoder();
  let text = '';
  for (const chunk of chunks) {
    const gone = scan.push(chunk);
    if (gone === null) return { text, isBlocked: true };
    text += decoder.decode(gone, { stream: true });
  }
  return { text: text + decoder.decode(scan.end()), isBlocked: false };
}

const cuts = fc.array(fc.nat(400), { maxLength: 12 });
/** Texts that look like a front of it, and others. */
const around = fc.oneof(
  fc.string({ maxLength: 60 }),
  fc.nat(SECRET.length - 1).map((length) => SECRET.slice(0, length)),
  fc.constantFrom('%', '%7', '\\', '\\u00', '{"a":"', 'ya29.ya29.'),
);

describe.each(Object.keys(ENCODINGS))('a credential in %s', (name) => {
  const encoded = ENCODINGS[name]?.(SECRET) ?? '';

  it('is found wherever the chunks end, and nothing of it has gone on', () => {
    fc.assert(
      fc.property(around, around, cuts, (before, after, places) => {
        const { text, isBlocked } = sent(scanOf(SECRET), chunksOf(before + encoded + after, places));
        expect(isBlocked).toBe(true);
        // What has gone on stands before it; of base64 the first characters hold bits of what stands before it too.
        expect(text.length).toBeLessThanOrEqual(bytesOf(before).length + 4);
      }),
      { numRuns: 60 },
    );
  });
});

describe('an answer without a credential', () => {
  it('goes on whole, byte for byte', () => {
    fc.assert(
      fc.property(fc.array(around, { maxLength: 6 }), cuts, (parts, places) => {
        const text = parts.join('');
        if (echoOf([SECRET])(bytesOf(text))) return;
        expect(sent(scanOf(SECRET), chunksOf(text, places))).toEqual({ text, isBlocked: false });
      }),
    );
  });

  it('is not late: of an event nothing is held back', () => {
    const scan = scanOf(SECRET);
    for (const event of ['data: {"id":1}\n\n', 'data: {"path":"a%20b"}\n\n', ': ping\n\n'])
      expect(new TextDecoder().decode(scan.push(bytesOf(event)) ?? undefined)).toBe(event);
  });

  it('waits for what may be the front of one, and for that alone', () => {
    const scan = scanOf(SECRET);
    expect(new TextDecoder().decode(scan.push(bytesOf('value ya29.A0')) ?? undefined)).toBe('value ');
    expect(new TextDecoder().decode(scan.push(bytesOf('!')) ?? undefined)).toBe('ya29.A0!');
  });

  it('goes on untouched where there is nothing to look for', () => {
    const chunk = bytesOf('short');
    expect(scanOf('short').push(chunk)).toBe(chunk);
  });
});
