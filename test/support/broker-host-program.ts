/**
 * Runs brokers on request, many in one process: `POST /start` with port, folder, settings and the file that gets what
 * the broker prints, `POST /stop/{port}`. `POST /lend` with a text gives back what `POST /return` has left under it for
 * the next one, or nothing. Prints its own address as its first line; ends with SIGTERM, or with the process that
 * started it.
 */

import { appendFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { runBroker, type RunningBroker } from '../../src/dev/engine/broker.ts';

const running = new Map<string, Promise<RunningBroker>>();
/** Running brokers that no test file has now, by the settings that they were started with. */
const idle = new Map<string, unknown[]>();

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return JSON.parse(text);
}

async function start(request: IncomingMessage): Promise<string> {
  const { port, folder, settings, log, clientIpHeader } = (await bodyOf(request)) as {
    port: number;
    folder: string;
    settings: Record<string, string>;
    log: string;
    clientIpHeader: string | null;
  };
  // Written at once: a test looks for secrets in what was printed before its answer came.
  const onLine = (line: string): void => appendFileSync(log, `${line}\n`);
  const broker = runBroker({ port, persistTo: folder, settings, clientIpHeader, onLine });
  running.set(String(port), broker);
  return (await broker).url;
}

async function stop(port: string): Promise<string> {
  const broker = running.get(port);
  running.delete(port);
  await (await broker)?.stop();
  return '';
}

async function lend(request: IncomingMessage): Promise<string> {
  const { kind } = (await bodyOf(request)) as { kind: string };
  return JSON.stringify(idle.get(kind)?.pop() ?? null);
}

async function takeBack(request: IncomingMessage): Promise<string> {
  const { kind, broker } = (await bodyOf(request)) as { kind: string; broker: unknown };
  idle.set(kind, [...(idle.get(kind) ?? []), broker]);
  return '';
}

const server = createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
  const [, verb = '', port = ''] = (request.url ?? '').split('/');
  const answers: Record<string, () => Promise<string>> = {
    start: () => start(request),
    stop: () => stop(port),
    lend: () => lend(request),
    return: () => takeBack(request),
  };
  void Promise.resolve()
    .then(() => answers[verb]?.() ?? '')
    .then(
      (text) => response.end(text),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
});

let ending = false;
function end(): void {
  if (ending) return;
  ending = true;
  void Promise.allSettled([...running.keys()].map(stop)).then(() => process.exit(0));
}
for (const signal of ['SIGTERM', 'SIGINT', 'disconnect'] as const) process.on(signal, end);

server.listen(0, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
