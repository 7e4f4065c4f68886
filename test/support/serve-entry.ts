/** `serve` for another Worker source than the broker's: `--entry FILE`. For negative controls, which must die by the same kill. */

import { parseArgs } from 'node:util';
import { runBroker } from '../../src/dev/engine/broker.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    'persist-to': { type: 'string', default: '' },
    entry: { type: 'string', default: '' },
  },
});
const broker = await runBroker({
  port: Number(values.port),
  persistTo: values['persist-to'],
  settings: {},
  entry: values.entry,
});
process.on('SIGTERM', () => void broker.stop().then(() => process.exit(0)));
console.log(`ready ${broker.url}`);
