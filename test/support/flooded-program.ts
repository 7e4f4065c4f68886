/** Runs a Worker that logs without end on the local engine, its cron ten times a second: `--port`, `--persist-to`. */

import path from 'node:path';
import { parseArgs } from 'node:util';
import { runBroker } from '../../src/dev/engine/broker.ts';

const { values } = parseArgs({ options: { port: { type: 'string' }, 'persist-to': { type: 'string' } } });
const broker = await runBroker({
  port: Number(values.port),
  persistTo: values['persist-to'] ?? '',
  settings: { ALLOW_LOOPBACK: 'true' },
  entry: path.join(import.meta.dirname, 'flooded-entry.ts'),
  cronMs: 100,
  onLine: () => undefined,
});
console.log(`ready ${broker.url}`);
process.on('SIGTERM', () => void broker.stop().then(() => process.exit(0)));
