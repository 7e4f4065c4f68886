/** What the Worker under test is given inside the vitest pool: every setting explicit, so that no `.dev.vars` leaks in. */
export function workerTestOptions() {
  return {
    main: './test/worker/main.ts',
    wrangler: { configPath: './wrangler.toml' },
    miniflare: {
      durableObjects: { TALLIES: { className: 'Tally', useSQLite: true } },
      bindings: {
        ADMIN_KEY: 'worker-test-admin-key-0123456789abcdef',
        MASTER_KEYS: `k1:${btoa('0123456789abcdef0123456789abcdef')}`,
        BASE_URL: 'http://127.0.0.1:8787',
        ALLOW_LOOPBACK: 'true',
        // Far above what the provider takes: a busy machine is not a provider that hangs.
        EXCHANGE_BUDGET_MS: '6000',
      },
    },
  };
}
