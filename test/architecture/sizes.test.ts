/** How long files may be, how they begin, and how many lie in one folder. */

import { readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesUnder, ROOT, textOf } from './rooms.ts';

const ALL = [...filesUnder('src', '.ts'), ...filesUnder('test', '.ts')];
const linesOf = (file: string) => textOf(file).trimEnd().split('\n').length;

it('no file is longer than 400 lines', () => {
  const data = (file: string) =>
    file.startsWith('src/providers/catalogue/') || file.startsWith('src/tools/registry/');
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

describe('a folder of src', () => {
  const MOST = 12;
  /** One file for each provider. */
  const DATA = 'src/providers/catalogue';

  const counts = new Map<string, number>();
  for (const file of filesUnder('src', '.ts')) {
    const folder = path.posix.dirname(file);
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }

  it(`holds at most ${MOST} files; one with more is divided by an idea`, () => {
    expect(counts.size).toBeGreaterThan(20);
    const crowded = [...counts].filter(([folder, count]) => count > MOST && folder !== DATA);
    expect(crowded).toEqual([]);
  });
});

it('at the root of accounts lies what every folder below it needs, and nothing else', () => {
  const entries = readdirSync(path.join(ROOT, 'src/accounts'), { withFileTypes: true });
  const names = (isMeant: (entry: (typeof entries)[number]) => boolean) =>
    entries
      .filter(isMeant)
      .map(({ name }) => name)
      .toSorted();
  expect(names((entry) => entry.isFile())).toEqual([
    'README.md',
    'account.ts',
    'columns.ts',
    'connected-account.ts',
    'rows.ts',
    'schema.ts',
    'status.ts',
    'store.ts',
    'stub.ts',
    'vault.ts',
    'wiring.ts',
  ]);
  expect(names((entry) => entry.isDirectory())).toEqual([
    'approvals',
    'calls',
    'clock',
    'door',
    'ending',
    'flows',
    'insight',
    'life',
    'refreshing',
  ]);
});
