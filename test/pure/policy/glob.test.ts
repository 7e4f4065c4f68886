import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchesGlob } from '#policy/glob.ts';
import { matchesIdentifiers } from '#policy/identifiers.ts';
import { cases } from './cases.ts';

/** The definition, written out without any regard to cost. */
function matchesNaively(pattern: string, value: string): boolean {
  if (pattern === '') return value === '';
  if (pattern[0] === '*') {
    return (
      matchesNaively(pattern.slice(1), value) || (value !== '' && matchesNaively(pattern, value.slice(1)))
    );
  }
  return value[0] === pattern[0] && matchesNaively(pattern.slice(1), value.slice(1));
}

function elapsedMs(work: () => void): number {
  const startedMs = performance.now();
  work();
  return performance.now() - startedMs;
}

describe('a glob', () => {
  it.each(cases.globs)('"$pattern" on "$value": $matches', ({ pattern, value, matches }) => {
    expect(matchesGlob(pattern, value)).toBe(matches);
  });

  it('means what its definition says', () => {
    // Few letters and many stars, so that pieces overlap and about a third of the pairs match.
    const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 9 });
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*', '*'), maxLength: 7 });
    fc.assert(
      fc.property(pattern, text, (glob, value) => matchesGlob(glob, value) === matchesNaively(glob, value)),
      { numRuns: 3000 },
    );
  });

  it('without a star matches its own text and no other', () => {
    const text = fc.string({ unit: 'grapheme' }).filter((value) => !value.includes('*'));
    fc.assert(fc.property(text, text, (one, other) => matchesGlob(one, other) === (one === other)));
    fc.assert(fc.property(text, (value) => matchesGlob(value, value)));
  });

  // A matcher that tries every place for every star needs more than 10^100 steps for the first of these.
  it.each([
    ['64 stars that almost match', `${'a*'.repeat(64)}b`],
    ['64 stars before a letter that is not there', `${'*a'.repeat(64)}*b*`],
    ['64 pieces that end otherwise', `${'*aaaaaaab'.repeat(64)}*`],
    ['one long piece that ends otherwise', `*${'a'.repeat(200)}b*`],
  ])('with %s refuses 100,000 letters in milliseconds', (_, pattern) => {
    const value = 'a'.repeat(100_000);
    let matched = true;
    expect(elapsedMs(() => (matched = matchesGlob(pattern, value)))).toBeLessThan(500);
    expect(matched).toBe(false);
  });

  it('with 64 stars finds its way through 100,000 letters', () => {
    expect(matchesGlob('*a'.repeat(64), 'ab'.repeat(50_000) + 'a')).toBe(true);
  });
});

describe('the identifiers of a rule', () => {
  it("reach the agent's own id and default where they are left out", () => {
    expect(matchesIdentifiers(undefined, 'agent-1', 'agent-1')).toBe(true);
    expect(matchesIdentifiers(undefined, 'default', 'agent-1')).toBe(true);
    expect(matchesIdentifiers(undefined, 'agent-2', 'agent-1')).toBe(false);
    expect(matchesIdentifiers(undefined, 'Default', 'agent-1')).toBe(false);
  });

  it("do not read the agent's id as a pattern", () => {
    expect(matchesIdentifiers(undefined, 'anyone', '*')).toBe(false);
  });

  it('reach nobody where the list is empty', () => {
    expect(matchesIdentifiers([], 'agent-1', 'agent-1')).toBe(false);
    expect(matchesIdentifiers([], 'default', 'agent-1')).toBe(false);
  });

  it('reach the agent itself only where a pattern does', () => {
    expect(matchesIdentifiers(['user_*'], 'agent-1', 'agent-1')).toBe(false);
    expect(matchesIdentifiers(['user_*', 'agent-1'], 'agent-1', 'agent-1')).toBe(true);
  });

  it('tell composed from decomposed characters', () => {
    expect(matchesIdentifiers(['\u00e9'], 'e\u0301', 'agent-1')).toBe(false);
    expect(matchesIdentifiers(['\u00e9'], '\u00e9', 'agent-1')).toBe(true);
  });
});
