import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { freeField, recordText, systemContext, type RequestContext } from '#audit/record.ts';

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

describe('a UUID', () => {
  const text = '5f0c6a34-9a51-4d0c-8a86-2f6a1e3c9b77';

  it('stays where it stands by itself', () => {
    for (const around of [text, `${text}, ${text}`, `request ${text.toUpperCase()}`])
      expect(freeField(around, KEY)).toBe(around);
  });

  it('hides nothing that it is a part of', () => {
    fc.assert(
      fc.property(fc.constantFrom('', '-', '.', '_', '='), secret, (between, run) => {
        for (const glued of [text + between + run, run + between + text, text + between + text]) {
          const kept = freeField(glued, KEY) ?? '';
          expect(kept).toContain('hmac:');
          expect(kept).not.toContain(run.slice(0, 20));
        }
      }),
    );
  });
});

describe('the text of a record', () => {
  const context = (correlationId: string): RequestContext => ({
    actor: { type: 'agent', id: 'a', method: 'agent_key', key_id: 'k' },
    correlationId,
    toolCallId: null,
    client: { ip: null, country: null, colo: null, user_agent: null },
  });
  const textOf = (by: RequestContext) =>
    recordText(1, '2026-01-01T00:00:00Z', { action: 'token.issue', outcome: 'ok' }, by, KEY);

  it('holds no correlation id that might be a secret, whoever sent it and whatever came of it', () => {
    fc.assert(
      fc.property(secret, (run) => {
        const id = run.replaceAll(/[^A-Za-z0-9._-]/g, '').slice(0, 128);
        expect(textOf(context(id))).not.toContain(id.slice(0, 20));
      }),
    );
  });

  it('holds the ids that the broker gives to its own work', () => {
    expect(textOf(systemContext('rfa_0123456789abcdefghijkl'))).toContain('rfa_0123456789abcdefghijkl');
  });
});
