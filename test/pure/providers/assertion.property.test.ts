import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assertionOf } from '#providers/machine/assertion.ts';
import { Assertion } from '#providers/machine/facts.ts';

const NAMES = ['client_id', 'subject', 'scope', 'token_url', 'client_email'];
const name = fc.constantFrom(...NAMES);
const template = fc.oneof(
  name.map((one) => `{${one}}`),
  fc.tuple(name, name).map(([one, other]) => `${one}:{${other}}`),
  fc.stringMatching(/^[a-z:/.]{1,20}$/),
);
const claims = fc.dictionary(fc.constantFrom('iss', 'sub', 'aud', 'scope', 'box_sub_type'), template);
const values = fc.dictionary(name, fc.string({ minLength: 1, maxLength: 40 }));
const facts = fc.record({
  claims,
  optional: fc.subarray(['iss', 'sub', 'aud', 'scope']),
  lifetime_s: fc.integer({ min: 10, max: 3600 }),
  backdated_s: fc.integer({ min: 0, max: 300 }),
  jti: fc.boolean(),
});

describe('the assertion of a machine', () => {
  it('holds each claim with its values, or not at all, and nothing besides but its times', () => {
    fc.assert(
      fc.property(facts, values, fc.integer({ min: 0, max: 4e12 }), (input, given, nowMs) => {
        const own = Assertion.parse(input);
        const made = assertionOf(own, given, { nowMs, jti: 'once' });
        const lacks = (text: string) =>
          [...text.matchAll(/\{(\w+)\}/g)].find(([, one = '']) => !Object.hasOwn(given, one))?.[1];
        const needed = Object.entries(own.claims).filter(([claim]) => !own.optional.includes(claim));
        const missing = needed.map(([, text]) => lacks(text)).filter((one) => one !== undefined);
        expect(made.ok).toBe(missing.length === 0);
        if (!made.ok) {
          expect(missing).toContain(made.name);
          return;
        }
        const { iat, exp, jti, ...said } = made.assertion.claims;
        const filled = Object.entries(own.claims).filter(([, text]) => lacks(text) === undefined);
        expect(said).toEqual(
          Object.fromEntries(
            filled.map(([claim, text]) => [
              claim,
              text.replace(/\{(\w+)\}/g, (_, one: string) => given[one] ?? ''),
            ]),
          ),
        );
        expect(jti).toBe(own.jti ? 'once' : undefined);
        expect(Number(iat)).toBe(Math.floor(nowMs / 1000) - own.backdated_s);
        expect(Number(exp) - Math.floor(nowMs / 1000)).toBe(own.lifetime_s);
      }),
    );
  });

  it('names an algorithm with a private key, and never none', () => {
    for (const alg of ['none', 'HS256', 'hs256', ''])
      expect(Assertion.safeParse({ claims: {}, alg }).success).toBe(false);
  });
});
