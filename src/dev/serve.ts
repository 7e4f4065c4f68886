/**
 * `npm run serve -- --port N --persist-to DIR`: the broker alone. Settings come from the environment; what is missing
 * is said in one line. Prints `ready http://127.0.0.1:N` on stdout when it answers; SIGTERM stops it and all its
 * children; after a kill -9 a new start on the same folder goes on where it was.
 */

import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { runBroker } from './broker.ts';

/** What the Worker is given of this process's environment. */
const SETTINGS = [
  'ADMIN_KEY',
  'MASTER_KEYS',
  'BASE_URL',
  'ALLOW_LOOPBACK',
  'ALLOW_UNVERIFIED_LINKS',
  'EXCHANGE_BUDGET_MS',
  'LOG_LEVEL',
];

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '8787' },
    'persist-to': { type: 'string', default: '.wrangler/serve' },
  },
});

const port = Number(values.port);
if (!Number.isInteger(port) || port < 0 || port > 65_535) {
  console.error(`--port must be 0 to 65535, not ${values.port}`);
  process.exit(2);
}
for (const name of ['ADMIN_KEY', 'MASTER_KEYS']) {
  if (!process.env[name]) console.error(`${name} is not set: the broker starts, and answers accordingly (see /readyz)`);
}
if (process.env['ALLOW_LOOPBACK'] === 'true') {
  console.error('ALLOW_LOOPBACK is on: connections may be on loopback and plain http. Never in production.');
}

const persistTo = path.resolve(values['persist-to']);
await mkdir(persistTo, { recursive: true });
const settings = Object.fromEntries(
  SETTINGS.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
);
const broker = await runBroker({ port, persistTo, settings: { ...settings } });

let stopping = false;
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    if (stopping) return;
    stopping = true;
    void broker.stop().then(() => process.exit(0));
  });
}
console.log(`ready ${broker.url}`);
