import path from 'node:path';
import { defineConfig } from 'vitest/config';
import { cloudflareTest } from '@cloudflare/vitest-pool-workers';
import { workerTestOptions } from './support/worker-options.ts';

const root = path.resolve(import.meta.dirname, '..');
const inFolder = (name: string) => [`test/${name}/**/*.test.ts`];

/** One project per layer; what each layer may touch stands in test/README.md. */
export default defineConfig({
  root,
  test: {
    projects: [
      { root, test: { name: 'pure', include: inFolder('pure') } },
      { root, test: { name: 'architecture', include: inFolder('architecture') } },
      {
        root,
        plugins: [cloudflareTest(workerTestOptions())],
        test: {
          name: 'worker',
          include: inFolder('worker'),
          setupFiles: ['test/support/worker-setup.ts'],
          globalSetup: ['test/support/worker-provider.ts', 'test/support/worker-receiver.ts'],
          testTimeout: 20_000,
        },
      },
      {
        root,
        test: {
          name: 'http',
          include: inFolder('http'),
          testTimeout: 30_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
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
          hookTimeout: 60_000,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
