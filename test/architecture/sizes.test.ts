/** How long files may be, and how they begin. */

import { expect, it } from 'vitest';
import { filesUnder, textOf } from './rooms.ts';

const ALL = [...filesUnder('src', '.ts'), ...filesUnder('test', '.ts')];
const linesOf = (file: string) => textOf(file).trimEnd().split('\n').length;

it('no file is longer than 400 lines', () => {
  const data = (file: string) => file.startsWith('src/providers/catalogue/');
  expect(ALL.filter((file) => !data(file) && linesOf(file) > 400)).toEqual([]);
});

it.each(['src/accounts/connected-account.ts', 'src/agents/agent.ts'])(
  '%s, which the platform calls, stays under 300 lines',
  (file) => {
    expect(linesOf(file)).toBeLessThanOrEqual(300);
  },
);

it('every file says at its head what it is; a file of tests says it in its sentences', () => {
  expect(ALL.filter((file) => !file.endsWith('.test.ts') && !textOf(file).startsWith('/**'))).toEqual([]);
});

it('no file but src/index.ts is called index, and none utils, helpers, common or types', () => {
  const vague = /\/(?:utils?|helpers?|common|misc|types|manager|service)\.ts$/;
  const isBarrel = (file: string) => file.endsWith('/index.ts') && file !== 'src/index.ts';
  expect(ALL.filter((file) => vague.test(file) || isBarrel(file))).toEqual([]);
});
