/** One version, named in two places. */

import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { VERSION } from '#contract/about/version.ts';

it('the version that the broker names is that of its package', () => {
  expect(VERSION).toBe(JSON.parse(readFileSync('package.json', 'utf8')).version);
});
