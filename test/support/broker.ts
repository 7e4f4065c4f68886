/**
 * Starts the broker on a free port and a folder of its own. A process of its own, as users start it (`npm run serve`),
 * where a test wants one or there is no host; else in the process that `broker-host.ts` shares between test files.
 */

import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from '../../src/dev/ports.ts';
import { BROKER_HOST } from './broker-host.ts';
import { holdToContract } from './published.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

export interface TestBroker {
  readonly url: string;
  readonly adminKey: string;
  readonly folder: string;
  /** Everything that it has printed, stdout and stderr. */
  output(): string;
  /** SIGTERM and wait. The folder stays. */
  stop(): Promise<void>;
  /**
   * kill -9, and wait until it is gone: of the whole process group with `ownProcess`, else of the engine, whose program
   * others share. The folder stays.
   */
  kill(): Promise<void>;
  /** Starts again on the same folder and port. */
  restart(settings?: Record<string, string>): Promise<void>;
  /** Stops and removes the folder. */
  dispose(): Promise<void>;
}

export interface TestBrokerOptions {
  readonly settings?: Record<string, string>;
  /** True: it prints what `serve` itself has to say, and is killed with its engine. Costs three seconds of a core. */
  readonly ownProcess?: boolean;
  /** What is run in the place of `npm run serve`: a script and its arguments, relative to the repository. */
  readonly program?: readonly string[];
  /** The header that names the client's address (`--client-ip-header`): a file may be several clients. */
  readonly clientIpHeader?: string;
  /** The header of client certificates (`--client-cert-header`); takes a process of its own. */
  readonly clientCertHeader?: string;
  /** What is in the folder before the broker starts for the first time. */
  readonly prepare?: (folder: string) => Promise<void>;
}

/** Another program may take the port between its choice and its use: then another one is chosen. */
export async function startBroker(options: TestBrokerOptions = {}): Promise<TestBroker> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await startOnFreePort(options);
    } catch (error) {
      if (tries === 4 || !/address already in use|port \d+ is taken/i.test(String(error))) throw error;
    }
  }
}

async function startOnFreePort(options: TestBrokerOptions): Promise<TestBroker> {
  const port = await freePort();
  const folder = await mkdtemp(path.join(tmpdir(), 'valetkey-'));
  const adminKey = `admin-${randomBytes(24).toString('hex')}`;
  const settings: Record<string, string> = {
    ADMIN_KEY: adminKey,
    MASTER_KEYS: `k1:${randomBytes(32).toString('base64')}`,
    BASE_URL: `http://127.0.0.1:${port}`,
    ALLOW_LOOPBACK: 'true',
    LOG_LEVEL: 'debug',
    // All browsers of a file come from one address, faster than people do.
    BROWSER_RATE_LIMIT_PER_MINUTE: '60000',
    ...options.settings,
  };
  await options.prepare?.(folder);
  const host = process.env[BROKER_HOST];
  const own = options.ownProcess === true || options.program !== undefined || host === undefined;
  const engine = own
    ? inProcess(options.program ?? serveProgram(options), port, folder)
    : hosted(host, port, folder, options.clientIpHeader ?? null);
  await engine.start(settings);
  if (options.program === undefined) holdToContract(`http://127.0.0.1:${port}`);
  return {
    url: `http://127.0.0.1:${port}`,
    adminKey,
    folder,
    output: engine.output,
    stop: engine.stop,
    kill: engine.kill,
    restart: async (changed = {}) => {
      Object.assign(settings, changed);
      await engine.start(settings);
    },
    dispose: async () => {
      await engine.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function serveProgram({ clientIpHeader, clientCertHeader }: TestBrokerOptions): string[] {
  return [
    'src/dev/serve.ts',
    ...(clientIpHeader ? ['--client-ip-header', clientIpHeader] : []),
    ...(clientCertHeader ? ['--client-cert-header', clientCertHeader] : []),
  ];
}

/** What runs one broker; it is started again on the same folder and port. */
interface Engine {
  start(settings: Record<string, string>): Promise<void>;
  stop(): Promise<void>;
  kill(): Promise<void>;
  output(): string;
}

function inProcess(program: readonly string[], port: number, folder: string): Engine {
  let printed = '';
  let child: ChildProcess | null = null;
  return {
    start: async (settings) => {
      child = await launch(program, port, folder, settings, (text) => (printed += text));
    },
    stop: async () => end(child, 'SIGTERM', false),
    kill: async () => end(child, 'SIGKILL', true),
    output: () => printed,
  };
}

function hosted(host: string, port: number, folder: string, clientIpHeader: string | null): Engine {
  const log = `${folder}.log`;
  const ask = async (action: string, body: unknown = {}): Promise<void> => {
    const answer = await fetch(`${host}/${action}`, { method: 'POST', body: JSON.stringify(body) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`the broker was not started or stopped: ${text}`);
  };
  return {
    start: (settings) => ask('start', { port, folder, settings, log, clientIpHeader }),
    stop: () => ask(`stop/${port}`),
    // Miniflare ends its engine with SIGKILL, and writes nothing before.
    kill: () => ask(`stop/${port}`),
    output: () => (existsSync(log) ? readFileSync(log, 'utf8') : ''),
  };
}

function launch(
  program: readonly string[],
  port: number,
  folder: string,
  settings: Record<string, string>,
  onText: (text: string) => void,
): Promise<ChildProcess> {
  const child = spawn(process.execPath, [...program, '--port', String(port), '--persist-to', folder], {
    cwd: ROOT,
    env: { ...process.env, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  return new Promise((resolve, reject) => {
    let seen = '';
    const read = (chunk: Buffer): void => {
      const text = chunk.toString('utf8');
      onText(text);
      seen += text;
      if (seen.includes('ready http')) resolve(child);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('exit', (code) =>
      reject(new Error(`the broker ended with ${code} before it was ready:\n${seen}`)),
    );
  });
}

function end(child: ChildProcess | null, signal: NodeJS.Signals, group: boolean): Promise<void> {
  if (child === null) return Promise.resolve();
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    if (child.pid === undefined) return;
    if (group) process.kill(-child.pid, signal);
    else child.kill(signal);
  });
}
