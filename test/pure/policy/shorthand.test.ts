import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Policy, PolicyInput, splitCredential } from '#contract/agents/policy.ts';
import { expandPolicy } from '#policy/shorthand.ts';
import { cases } from './cases.ts';

/** The sentence of the contract, read connection by connection. */
function expandNaively(items: string[]): { connection: string; scopes?: string[] }[] {
  const connectionOf = (item: string): string => item.replace(/:.*/, '');
  const connections = items.map(connectionOf).filter((name, index, all) => all.indexOf(name) === index);
  return connections.map((connection) => {
    if (items.includes(connection)) return { connection };
    const own = items.filter((item) => connectionOf(item) === connection);
    const scopes = own.map((item) => item.slice(connection.length + 1));
    return { connection, scopes: scopes.filter((scope, index) => scopes.indexOf(scope) === index) };
  });
}

const item = fc.constantFrom(
  'slack',
  'slack:a',
  'slack:b:c',
  'slack:b',
  'hub',
  'hub:a',
  'hub*',
  'hub*:a',
  'x:y::z',
);
const items = fc.array(item, { maxLength: 12 });

describe('the short form', () => {
  it.each(cases.shorthand)('$input means $rules', ({ input, rules }) => {
    expect(expandPolicy(input)).toEqual({ rules });
  });

  it('denies all where there is none', () => {
    expect(expandPolicy(undefined)).toEqual({ rules: [] });
    expect(expandPolicy(null)).toEqual({ rules: [] });
  });

  it('means what the contract says, connection by connection', () => {
    fc.assert(
      fc.property(items, (allowed_credentials) => {
        expect(expandPolicy({ allowed_credentials })).toEqual({ rules: expandNaively(allowed_credentials) });
      }),
      { numRuns: 1000 },
    );
  });

  it('leaves identifiers to the decision', () => {
    fc.assert(
      fc.property(items, (allowed_credentials) => {
        const { rules } = expandPolicy({ allowed_credentials });
        expect(rules.filter((rule) => 'identifiers' in rule)).toEqual([]);
      }),
    );
  });

  it('is cut at the first colon', () => {
    expect(splitCredential('slack:channels:read')).toEqual({ connection: 'slack', scope: 'channels:read' });
    expect(splitCredential('slack')).toEqual({ connection: 'slack', scope: null });
  });

  it('has a full form that is itself a body and means the same', () => {
    const connection = fc.string({
      unit: fc.constantFrom('a', 'z', '0', '.', '-', '_', '*'),
      minLength: 1,
      maxLength: 64,
    });
    const scope = fc.string({ unit: fc.constantFrom('a', ':', '/', '~', '!'), minLength: 1, maxLength: 256 });
    const credential = fc
      .tuple(connection, fc.option(scope))
      .map(([id, name]) => (name === null ? id : `${id}:${name}`));
    fc.assert(
      fc.property(fc.array(credential, { maxLength: 100 }), (allowed_credentials) => {
        const parsed = PolicyInput.safeParse({ allowed_credentials });
        if (!parsed.success) return;
        const full = expandPolicy(parsed.data);
        expect(Policy.parse(full)).toEqual(full);
        expect(expandPolicy(PolicyInput.parse(full))).toEqual(full);
      }),
    );
  });
});
