/**
 * Test files follow each other in one process, with the modules that it has loaded, and leave their broker to the next
 * one: a name that is written out would be taken by then, and a hook that a module registers is of the first file alone.
 */

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { filesUnder, textOf } from './rooms.ts';

const FOLDER = path.resolve(import.meta.dirname, '../http');
/** Its broker is its own. */
const ALONE = /startBroker\(\{ alone: true/;
const MADE = /\.post\(\s*'\/v1\/(?:agents|connections)',\s*(?:\w+\()?\{[^}]*?\bid: '([^']+)'/g;
/** Made on a broker that no other file gets: with settings of its own, a folder that was prepared, or another program. */
const OWN: Readonly<Record<string, readonly string[]>> = {
  'catalogue-matrix.test.ts': ['worker'],
  'connections.test.ts': ['one', 'two'],
  'machine-matrix.test.ts': ['machine-worker'],
  'rate-limits.test.ts': ['other'],
  'serve.test.ts': ['x'],
  'stored-data.test.ts': ['new'],
  'wrangler-dev.test.ts': ['me'],
};

const sources = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.ts'))
  .map((file) => ({ file, text: readFileSync(path.join(FOLDER, file), 'utf8') }))
  .filter(({ text }) => !ALONE.test(text));

it('a file whose broker others have used gives its agents and connections names of their own', () => {
  expect(sources.length).toBeGreaterThan(50);
  const fixed = sources.flatMap(({ file, text }) =>
    [...text.matchAll(MADE)]
      .map(([, id = '']) => id)
      .filter((id) => /^[a-z0-9]/.test(id) && !(OWN[file] ?? []).includes(id))
      .map((id) => `${file}: ${id}`),
  );
  expect(fixed).toEqual([]);
});

it('a module that test files share registers no hook by being loaded', () => {
  const shared = filesUnder('test', '.ts').filter((file) => !file.endsWith('.test.ts'));
  expect(shared.length).toBeGreaterThan(50);
  const hooked = shared.filter((file) => /^(?:before|after)(?:Each|All)\(/m.test(textOf(file)));
  expect(hooked).toEqual([]);
});
