import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AuthorizationDetail } from '#contract/callers/authorization-details.ts';
import { claimsOf } from '#callers/tokens/claims.ts';
import {
  chainIn,
  detailsIn,
  handedOn,
  keepsBinding,
  narrowedTo,
  rulesIn,
  type LineageClaims,
} from '#callers/tokens/lineage.ts';
import { readToken } from '#callers/workload/token.ts';
import { anyRule } from '../policy/rule-trees.ts';

const details = fc.array(
  anyRule.map((rule): AuthorizationDetail => ({ type: 'valetkey_rule', ...rule })),
  { minLength: 1, maxLength: 3 },
);
const label = fc
  .string({ minLength: 1, maxLength: 20, unit: 'grapheme-ascii' })
  .filter((text) => text.trim() !== '');
const step = fc.record({ label, details: fc.option(details, { freq: 3 }) });

function must<T>(result: { ok: true; value: T } | { ok: false; error: string }): T {
  if (!result.ok) throw new Error(result.error);
  return result.value;
}

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** As the token would be read again. */
function read(lineage: LineageClaims | Record<string, unknown>) {
  const claims = {
    iss: 'https://broker.example/oauth',
    aud: 'https://broker.example',
    sub: 'agent',
    client_id: 'agent',
    jti: 'at_x',
    iat: 1,
    exp: 2,
    agent_incarnation: 1,
    ...lineage,
  };
  const token = readToken(`${encoded({ alg: 'ES256' })}.${encoded(claims)}.x`);
  return token === null ? null : claimsOf(token);
}

describe('a token that is handed on', () => {
  it('carries every list of rules, every label and every token before it, and is read as it was made', () => {
    fc.assert(
      fc.property(fc.option(details), fc.array(step, { maxLength: 4 }), (first, steps) => {
        let lineage = must(narrowedTo({}, first));
        for (const [index, one] of steps.entries()) {
          const before = lineage;
          const handed = must(handedOn({ ...before, jti: `at_${index}` }, one.label));
          lineage = must(narrowedTo(handed, one.details));
          expect(rulesIn(lineage).slice(one.details === null ? 0 : 1)).toEqual(rulesIn(before));
          expect(chainIn(lineage)).toEqual([one.label, ...chainIn(before)]);
          expect(lineage.ancestors).toEqual([`at_${index}`, ...(before.ancestors ?? [])]);
        }
        const lists = [first, ...steps.map((one) => one.details)].filter((one) => one !== null);
        expect(rulesIn(lineage).length).toBe(lists.length);
        const again = read(lineage);
        expect(again).not.toBeNull();
        expect(rulesIn(again ?? {})).toEqual(JSON.parse(JSON.stringify(rulesIn(lineage))));
        if (steps.length < 4) return;
        expect(handedOn({ ...lineage, jti: 'at_5' }, 'fifth').ok).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  it('with claims of another form proves nobody', () => {
    const rule = { type: 'valetkey_rule', connection: 'hubspot' };
    const bent: Record<string, unknown>[] = [
      { authorization_details: [] },
      { authorization_details: rule },
      { authorization_details: [null] },
      { authorization_details: [{ connection: 'hubspot' }] },
      { authorization_details: [{ type: 'valetkey_rule' }] },
      { inherited_details: [[rule]] },
      { authorization_details: [rule], inherited_details: [[]] },
      { authorization_details: [rule], inherited_details: rule },
      { act: { sub: 'a' } },
      { ancestors: ['at_1'] },
      { act: 'a', ancestors: ['at_1'] },
      { act: { sub: 'a', act: null }, ancestors: ['at_1', 'at_2'] },
      { act: { sub: 'a', may: 1 }, ancestors: ['at_1'] },
      { act: { sub: 'a' }, ancestors: [1] },
    ];
    for (const claims of bent) expect(read(claims), JSON.stringify(claims)).toBeNull();
    expect(read({ act: { sub: 'a' }, ancestors: ['at_1'], authorization_details: [rule] })).not.toBeNull();
  });

  it('keeps what the one before it is bound to, or is not made', () => {
    const [key, other, certificate] = [{ jkt: 'a' }, { jkt: 'b' }, { 'x5t#S256': 'c' }];
    const both = { ...key, ...certificate };
    for (const asked of [null, key, both]) expect(keepsBinding(undefined, asked)).toBe(true);
    for (const asked of [key, both]) expect(keepsBinding(key, asked)).toBe(true);
    for (const asked of [null, other, certificate]) expect(keepsBinding(key, asked)).toBe(false);
    for (const asked of [null, key, certificate]) expect(keepsBinding(both, asked)).toBe(false);
    expect(keepsBinding(both, both)).toBe(true);
  });
});

it('details are read as rules, or refused in words', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.json(),
        fc.string(),
        details.map((one) => JSON.stringify(one)),
      ),
      (text) => {
        const found = detailsIn(text);
        if (found.ok) expect(found.value.every(({ type }) => type === 'valetkey_rule')).toBe(true);
        else expect(found.error).toMatch(/^authorization_details/);
      },
    ),
  );
});
