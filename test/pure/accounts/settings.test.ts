/** The settings of a connection as an account keeps them: a text, which is read once for all accounts that hold it. */

import { describe, expect, it } from 'vitest';
import { settingsFromText } from '#accounts/columns.ts';
import { findDescriptor } from '#providers/catalogue/catalogue.ts';

const text = (version: number, descriptor: object): string =>
  JSON.stringify({ id: 'gh', version, provider: 'github', descriptor });

describe('settings from their text', () => {
  const github = findDescriptor('github') ?? {};

  it('are read once for the same text', () => {
    expect(settingsFromText(text(1, github))).toBe(settingsFromText(text(1, github)));
  });

  it('are those of each text, however little it differs', () => {
    const [first, second] = [settingsFromText(text(1, github)), settingsFromText(text(2, github))];
    expect([first.version, second.version]).toEqual([1, 2]);
    expect(settingsFromText(text(1, github)).version).toBe(1);
  });

  it('have the defaults of what an earlier version left out', () => {
    const { token_query: _, ...without } = github as { token_query?: unknown };
    const { descriptor } = settingsFromText(text(3, without));
    expect(descriptor).toEqual(settingsFromText(text(4, github)).descriptor);
  });
});
