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
 * document, every entry of the catalogue at the simulator, and matrices, waits and restarts whose rules quicker tests
 * hold too. `npm run test:all` runs them.
 */
const LONG = [
  'http/start',
  'http/serve',
  'http/wrangler-dev',
  'http/readme',
  'http/generated-clients',
  'http/proxy-sdks',
  'http/proxy-long',
  'http/tools-matrix',
  // Each credential, spelling and place: proxy and pure/egress/echo-scan.property.
  'http/proxy-canary',
  'http/catalogue-matrix',
  // Each entry whose credential nobody renews: static-credentials.
  'http/static-matrix',
  // Each machine grant at each answer: machine-exchange, machine-narrowing and machine-real-server.
  'http/machine-matrix',
  // Bad answers one by one: refresh-answers, connect-attacks and worker/accounts/candidate.
  'http/simulator-matrix',
  'http/connect-matrix',
  'http/refresh-matrix',
  // Real waits of 15 to 80 s: worker/outbox; pure/refresh/doubt and schedule, and worker/accounts/alarms.
  'http/webhooks-hostile',
  'http/refresh-hold',
  'http/refresh-schedule',
  'http/refresh-min-ttl',
  // A broker of its own for each case: worker/accounts/vault, tampered and told-variables, pure/egress/resolver and
  // guarded-fetch, worker/callers/bound-token.
  'http/vault',
  'http/damaged-objects',
  'http/account-variables',
  'http/resolver',
  'http/bound-tokens',
  'http/made-up',
  // The provider that the tests themselves use.
  'http/oauth-server',
  'http/oauth-server-faults',
  'http/oauth-server-memory',
  // Minutes of a simulated outage, and each byte of a chain: connection-health, ring and worker/accounts/chain.
  'pure/refresh/connection-outage.simulation',
  'pure/audit/tampered.property',
].map((name) => `test/${name}.test.ts`);
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

const ENDED_WHILE_ASKED = /^\[vitest-worker\]: Closing rpc while "\w+" was pending$/;

export default defineConfig({
  root,
  test: {
    // Three times the cores of the smallest machine and more: a test over HTTP waits for real time more than it works, and the
    // others fill its pauses. Limits are for a machine that others keep busy: a test ends when what it waits for is there.
    maxWorkers: 7,
    sequence: { sequencer: LongFirst },
    // An alarm of the worker layer that rings while its workerd is being ended asks for a module that nobody gives any
    // more. That is no failure of a test, which is over by then; every other error that nobody handled is one.
    onUnhandledError: ({ message }) => !ENDED_WHILE_ASKED.test(message),
    projects: [
      {
        root,
        plugins: [sqlAsText],
        test: { name: 'pure', ...SHARED, include: inFolder('pure'), exclude: LONG, testTimeout: 240_000 },
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
          // Each of them loads the Worker, which takes ten seconds of a processor; and then they never wait.
          maxWorkers: 4,
          sequence: { groupOrder: 1 },
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
      { root, plugins: [sqlAsText], test: { name: 'long', ...STARTED, include: LONG } },
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
