/**
 * `npm run serve -- --port N --persist-to DIR`: the broker alone. Settings come from the environment; what is missing
 * is said in one line. Prints `ready http://127.0.0.1:N` on stdout when it answers; SIGTERM stops it and all its
 * children; after a kill -9 a new start on the same folder goes on where it was.
 */

import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { failUsage, portFrom, readArguments, UsageError } from './command-line.ts';
import { takeFolder } from './engine/folder-lock.ts';
import { whenNpmEnds } from './parent.ts';
import { becomesFree } from './ports.ts';
import { settingsIn } from './settings.ts';

interface ServeOptions {
  readonly port: number;
  readonly persistTo: string;
  readonly clientIpHeader: string | null;
  readonly clientCertHeader: string | null;
}

/** @throws UsageError */
function headerFrom(option: string, text: string): string | null {
  if (!/^[A-Za-z0-9-]{0,64}$/.test(text))
    throw new UsageError(`--${option} must be the name of a header, not ${JSON.stringify(text)}`);
  return text === '' ? null : text.toLowerCase();
}

function options(): ServeOptions {
  try {
    const values = readArguments({
      port: { type: 'string', default: '8787' },
      'persist-to': { type: 'string', default: '.wrangler/serve' },
      'client-ip-header': { type: 'string', default: '' },
      'client-cert-header': { type: 'string', default: '' },
    });
    return {
      port: portFrom(values.port),
      persistTo: path.resolve(values['persist-to']),
      clientIpHeader: headerFrom('client-ip-header', values['client-ip-header']),
      clientCertHeader: headerFrom('client-cert-header', values['client-cert-header']),
    };
  } catch (error) {
    if (error instanceof UsageError) failUsage(error.message);
    throw error;
  }
}

const { port, persistTo, clientIpHeader, clientCertHeader } = options();
const settings = settingsIn(process.env);
for (const name of ['ADMIN_KEY', 'MASTER_KEYS'] as const) {
  if (settings[name] === undefined)
    console.error(`${name} is not set: the broker starts, and answers accordingly (see /readyz)`);
}
if (settings.ALLOW_LOOPBACK === 'true') {
  console.error('ALLOW_LOOPBACK is on: connections may be on loopback and plain http. Never in production.');
}
if (clientCertHeader !== null) {
  console.error(
    `client certificates are taken from the header ${clientCertHeader}: the proxy before the broker has to overwrite it`,
  );
}
if (!(await becomesFree(port))) failUsage(`port ${port} is taken: choose another with --port`);

await mkdir(persistTo, { recursive: true });
if (!(await takeFolder(persistTo))) {
  failUsage(
    `another broker runs on the data in ${persistTo}: stop it, or choose another folder with --persist-to`,
  );
}
// Loaded late: the engine's packages take a second, and a wrong argument is told without them.
const starting = import('./engine/broker.ts').then(({ runBroker }) =>
  runBroker({
    port,
    persistTo,
    clientIpHeader,
    settings: { ...settings, ...(clientCertHeader === null ? {} : { CLIENT_CERT_HEADER: clientCertHeader }) },
  }),
);

let stopping = false;
function stop(): void {
  if (stopping) return;
  stopping = true;
  // Also while it is still starting: an engine without its parent would go on for ever.
  void starting.then((broker) => broker.stop()).finally(() => process.exit(0));
}
function heedSignals(): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.removeAllListeners(signal);
    process.on(signal, stop);
  }
}
heedSignals();
// A parent that started us with a channel (`npm start`) wants us no longer than it lives, however it ends.
process.on('disconnect', stop);
whenNpmEnds('serve', stop);

const broker = await starting;
// The engine has put its own listeners beside ours: they end the process before it is disposed of in order.
heedSignals();
console.log(`ready ${broker.url}`);
