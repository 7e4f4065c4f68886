/** vitest's projects: one per layer; what each layer may touch stands in test/README.md. */

import path from 'node:path';
import { build } from 'esbuild';
import { defineConfig, type Plugin } from 'vitest/config';
import { cloudflareTest } from '@cloudflare/vitest-pool-workers';
import { LongFirst } from './support/long-first.ts';
import { PATIENCE_MS } from './support/patience.ts';
import { workerTestOptions } from './support/worker-options.ts';

const root = path.resolve(import.meta.dirname, '..');
const inFolder = (name: string) => [`test/${name}/**/*.test.ts`];

/**
 * Long, and red only where their subject is changed: programs as people run them, what is made of the published
 * document, every entry of the catalogue at the simulator, and matrices and waits whose rules quicker tests hold too.
 * `npm run test:all` runs them.
 */
const LONG = [
  'start',
  'serve',
  'wrangler-dev',
  'generated-clients',
  'proxy-sdks',
  'proxy-long',
  'tools-matrix',
  // Each credential, spelling and place: proxy and pure/egress/echo-scan.property.
  'proxy-canary',
  'catalogue-matrix',
  // Bad answers one by one: refresh-matrix and refresh-answers, connect-attacks and worker/accounts/candidate.
  'simulator-matrix',
  'connect-matrix',
  // Real waits of 15 to 80 s: worker/outbox; pure/refresh/doubt and worker/accounts/alarms.
  'webhooks-hostile',
  'refresh-hold',
].map((name) => `test/http/${name}.test.ts`);
/** Limits of tests that start a broker: for a machine that others keep busy. */
const STARTED = {
  globalSetup: ['test/support/memory-folder.ts', 'test/support/broker-host.ts'],
  testTimeout: 240_000,
  hookTimeout: 240_000,
  expect: { poll: { timeout: PATIENCE_MS } },
};

/** As wrangler's rule does it, so that a test in Node can load the app with its migrations. */
const sqlAsText: Plugin = {
  name: 'sql-as-text',
  transform: (code, id) =>
    id.endsWith('.sql') ? { code: `export default ${JSON.stringify(code)}`, map: null } : null,
};

/**
 * The catalogue as one module in place of two hundred: each file of the worker layer loads the Worker anew, module by
 * module, and these hold data alone.
 */
const catalogueInOne: Plugin = {
  name: 'catalogue-in-one',
  enforce: 'pre',
  load: async (id) => {
    if (!id.endsWith('/src/providers/catalogue/entries.ts')) return null;
    const { outputFiles } = await build({
      entryPoints: [id],
      bundle: true,
      write: false,
      format: 'esm',
      target: 'esnext',
    });
    return outputFiles[0]?.text ?? null;
  },
};

/**
 * Files that follow each other share a process and the modules that it has loaded: loading costs more than most files
 * do. What a file replaces (mocks, timers) it puts back.
 */
const SHARED = { isolate: false } as const;

export default defineConfig({
  root,
  test: {
    // Three times the cores of the smallest machine and more: a test over HTTP waits for real time more than it works, and the
    // others fill its pauses. Limits are for a machine that others keep busy: a test ends when what it waits for is there.
    maxWorkers: 7,
    sequence: { sequencer: LongFirst },
    projects: [
      {
        root,
        plugins: [sqlAsText],
        test: { name: 'pure', ...SHARED, include: inFolder('pure'), testTimeout: 240_000 },
      },
      {
        root,
        test: { name: 'architecture', ...SHARED, include: inFolder('architecture'), testTimeout: 240_000 },
      },
      {
        root,
        plugins: [catalogueInOne, cloudflareTest(workerTestOptions())],
        test: {
          name: 'worker',
          ...SHARED,
          include: inFolder('worker'),
          setupFiles: ['test/support/worker-setup.ts'],
          globalSetup: [
            'test/support/memory-folder.ts',
            'test/support/worker-provider.ts',
            'test/support/worker-receiver.ts',
          ],
          testTimeout: 240_000,
          hookTimeout: 240_000,
          expect: { poll: { timeout: PATIENCE_MS } },
          deps: {
            optimizer: {
              ssr: { enabled: true, include: ['zod', 'hono', '@hono/zod-openapi', 'jose', 'oauth4webapi'] },
            },
          },
        },
      },
      {
        root,
        test: { name: 'http', ...SHARED, ...STARTED, include: inFolder('http'), exclude: LONG },
      },
      { root, test: { name: 'long', ...STARTED, include: LONG } },
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
          // Projects with their own number of workers run one after the other.
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
