/**
 * Runs the broker locally: bundles the Worker, gives it to Miniflare with the bindings of wrangler.toml, applies the
 * migrations and listens on one plain socket. No internet, no wrangler process. Used by `serve`, `start`, the tests
 * and the benchmark, which all measure the same engine.
 */

import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { convertV4MiniflareOptions, CoreHeaders, Miniflare } from 'miniflare';
import { assetsFolder } from './assets.ts';
import { bundle, workerOptions } from './bundle.ts';
import { egressGuard, GUARD_NAME } from './egress-guard.ts';
import { keeper, type Keeper } from './keeper.ts';
import { freePort } from '../ports.ts';
import { behindSocket, besideSocket } from './socket-front.ts';

export { freePort } from '../ports.ts';

/** The broker's Worker in the engine. */
const WORKER = 'valetkey';
const ROOT = path.resolve(import.meta.dirname, '../../..');
/** Cron does not fire by itself in the local engine. */
const CRON_MS = 60_000;

export interface BrokerOptions {
  /** 0: a free one. */
  readonly port: number;
  /** Folder of D1 and the objects. */
  readonly persistTo: string;
  /** Settings of the Worker; see `src/env.ts`. Without ALLOW_LOOPBACK the engine connects to public addresses alone. */
  readonly settings: Readonly<Record<string, string>>;
  /** Another Worker source, for the benchmark's floor. */
  readonly entry?: string;
  /** The header by which a proxy on this machine names the client's address; null or left out: the socket's own counts. */
  readonly clientIpHeader?: string | null;
  /** Left out: a minute, as in `wrangler.toml`. */
  readonly cronMs?: number;
  /** Gets each line that the Worker logs; without it they go to this process's stdout and stderr. */
  readonly onLine?: (line: string) => void;
}

export interface RunningBroker {
  readonly url: string;
  readonly port: number;
  stop(): Promise<void>;
}

/**
 * The engine would take a request's `cf` from this header of anybody's: country and colo of audit records. Where it
 * knows no such header, `cf` says the socket's address instead.
 */
Object.assign(CoreHeaders, { CF_BLOB: undefined });
/** The entrypoint that the socket leads to (`socket-front.ts`). */
const SOCKET_ENTRYPOINT = 'socket';

/** The Worker of `entry`, behind what tells it the address of a socket's other end. */
function workerBehindSocket(entry: string, clientIpHeader: string | null): Promise<string> {
  const from = JSON.stringify(`./${path.relative(import.meta.dirname, entry)}`);
  return bundle(`
    import worker from ${from};
    import { ${behindSocket.name}, ${besideSocket.name} } from './socket-front.ts';
    export * from ${from};
    export const ${SOCKET_ENTRYPOINT} = ${behindSocket.name}(worker, ${JSON.stringify(clientIpHeader)});
    export default ${besideSocket.name}(worker);`);
}

/** A statement per line, as `exec` takes them: comments go, and no literal of ours holds a line break. */
function statements(sql: string): string[] {
  return sql
    .replaceAll(/--.*$/gm, '')
    .split(';')
    .map((text) => text.trim().replaceAll(/\s+/g, ' '))
    .filter((text) => text !== '');
}

/**
 * Applies what is missing and notes it where `wrangler d1 migrations apply` looks: all of it in one transaction, and in
 * one call, since each call to the engine's database from here costs ten milliseconds.
 */
async function migrate(keeping: Keeper, engine: Miniflare): Promise<void> {
  const folder = path.join(ROOT, 'src/directory/migrations');
  await keeping.exec(
    engine,
    'CREATE TABLE IF NOT EXISTS d1_migrations (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, ' +
      'applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)',
  );
  const done = new Set(await keeping.migrations(engine));
  const lines: string[] = [];
  for (const name of (await readdir(folder)).toSorted()) {
    if (!/^\d{4}_[a-z0-9_]+\.sql$/.test(name) || done.has(name)) continue;
    const sql = await readFile(path.join(folder, name), 'utf8');
    lines.push(...statements(sql), `INSERT INTO d1_migrations (name) VALUES ('${name}')`);
  }
  if (lines.length > 0) await keeping.exec(engine, lines.join('\n'));
}

export async function runBroker(options: BrokerOptions): Promise<RunningBroker> {
  const { onLine } = options;
  const port = options.port === 0 ? await freePort() : options.port;
  const url = `http://127.0.0.1:${port}`;
  // The asset server would stand before the Worker, one more hop for each request: here the Worker is given the folder.
  const { assets: _assets, ...worker } = await workerOptions();
  const assetService = { disk: { path: await assetsFolder(), writable: false } };
  const keeping = keeper(WORKER, worker);
  const isGuarded = options.settings['ALLOW_LOOPBACK'] !== 'true';
  const mf = new Miniflare(
    convertV4MiniflareOptions({
      host: '127.0.0.1',
      port: 0,
      cf: false,
      logRequests: false,
      telemetry: { enabled: false },
      unsafeLocalExplorer: false,
      unsafeObservability: false,
      ...(onLine === undefined
        ? {}
        : { handleStructuredLogs: ({ message }: { message: string }) => onLine(message) }),
      resourcePersistencePath: options.persistTo,
      workers: [
        {
          ...worker,
          name: WORKER,
          modulesRoot: ROOT,
          modules: [
            {
              type: 'ESModule',
              path: path.join(ROOT, 'index.mjs'),
              contents: await workerBehindSocket(
                options.entry ?? path.join(ROOT, 'src/index.ts'),
                options.clientIpHeader ?? null,
              ),
            },
          ],
          // Events carry links: made by objects that have no request to ask for the host.
          serviceBindings: { ...(worker['serviceBindings'] as object), ASSETS: assetService },
          bindings: { ...(worker['bindings'] as object), BASE_URL: url, ...options.settings },
          ...(isGuarded ? { outboundService: GUARD_NAME } : {}),
          unsafeDirectSockets: [{ host: '127.0.0.1', port, entrypoint: SOCKET_ENTRYPOINT }],
        },
        keeping.worker,
        ...(isGuarded ? [egressGuard(String(worker['compatibilityDate']))] : []),
      ],
    } as never) as never,
  );
  await mf.ready;
  await migrate(keeping, mf);
  const cron = setInterval(() => void fireCron(keeping, mf), options.cronMs ?? CRON_MS);
  return {
    url,
    port,
    stop: async () => {
      clearInterval(cron);
      await mf.dispose();
    },
  };
}

async function fireCron(keeping: Keeper, engine: Miniflare): Promise<void> {
  try {
    await keeping.cron(engine, '* * * * *');
  } catch {
    // A Worker without a scheduled handler, or one that is stopping.
  }
}
