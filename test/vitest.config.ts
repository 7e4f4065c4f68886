/** vitest's projects: one per layer; what each layer may touch stands in test/README.md. */

import path from 'node:path';
import { defineConfig, type Plugin } from 'vitest/config';
import { cloudflareTest } from '@cloudflare/vitest-pool-workers';
import { workerTestOptions } from './support/worker-options.ts';

const root = path.resolve(import.meta.dirname, '..');
const inFolder = (name: string) => [`test/${name}/**/*.test.ts`];

/** As wrangler's rule does it, so that a test in Node can load the app with its migrations. */
const sqlAsText: Plugin = {
  name: 'sql-as-text',
  transform: (code, id) =>
    id.endsWith('.sql') ? { code: `export default ${JSON.stringify(code)}`, map: null } : null,
};

export default defineConfig({
  root,
  test: {
    // By default vitest leaves one core to itself, which of two is half.
    maxWorkers: 2,
    projects: [
      // The limits are for a machine that others use too: no test here waits for anything.
      {
        root,
        plugins: [sqlAsText],
        test: { name: 'pure', include: inFolder('pure'), testTimeout: 60_000 },
      },
      { root, test: { name: 'architecture', include: inFolder('architecture'), testTimeout: 60_000 } },
      {
        root,
        plugins: [cloudflareTest(workerTestOptions())],
        test: {
          name: 'worker',
          include: inFolder('worker'),
          setupFiles: ['test/support/worker-setup.ts'],
          globalSetup: ['test/support/worker-provider.ts', 'test/support/worker-receiver.ts'],
          testTimeout: 60_000,
        },
      },
      {
        root,
        test: {
          name: 'http',
          include: inFolder('http'),
          globalSetup: ['test/support/broker-host.ts'],
          testTimeout: 90_000,
          hookTimeout: 90_000,
          // Four at once on two cores: these tests wait for real time more than they work.
          maxWorkers: 4,
          // Projects with their own number of workers run one after the other.
          sequence: { groupOrder: 1 },
        },
      },
      {
        root,
        test: {
          name: 'crash',
          include: inFolder('crash'),
          testTimeout: 600_000,
          hookTimeout: 120_000,
          // Four at once: a file spends half of its time waiting for a restart or for a doubt to be decided.
          maxWorkers: 4,
          sequence: { groupOrder: 2 },
        },
      },
      {
        root,
        test: {
          name: 'browser',
          include: inFolder('browser'),
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // A browser, a broker and a provider per file; a page waits as often as it works.
          maxWorkers: 2,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
