/**
 * Starts the broker on a free port and a folder of its own. A process of its own, as users start it (`npm run serve`),
 * where a test wants one or there is no host; else in the process that `broker-host.ts` shares between test files. A
 * start costs two seconds of a core: a broker of the usual settings goes on to the next file that asks for one, with the
 * accounts and agents of the one before, unless a test says `alone`.
 */

import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
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
  /** Everything that it has printed since this file has it, stdout and stderr. */
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
  /** Leaves it to the next file; stops it and removes the folder where it is alone or was stopped meanwhile. */
  dispose(): Promise<void>;
}

export interface TestBrokerOptions {
  readonly settings?: Record<string, string>;
  /** True: it prints what `serve` itself has to say, and is killed with its engine. Costs three seconds of a core. */
  readonly ownProcess?: boolean;
  /** True: no file has used it before, and none will: for a test of all that there is, or of its folder. */
  readonly alone?: boolean;
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
      return await lentOrStarted(options);
    } catch (error) {
      if (tries === 4 || !/address already in use|port \d+ is taken/i.test(String(error))) throw error;
    }
  }
}

/** What a broker is found again by. */
interface Place {
  readonly port: number;
  readonly folder: string;
  readonly settings: Record<string, string>;
}

async function newPlace(options: TestBrokerOptions): Promise<Place> {
  const port = await freePort();
  return {
    port,
    folder: await mkdtemp(path.join(tmpdir(), 'valetkey-')),
    settings: {
      ADMIN_KEY: `admin-${randomBytes(24).toString('hex')}`,
      MASTER_KEYS: `k1:${randomBytes(32).toString('base64')}`,
      BASE_URL: `http://127.0.0.1:${port}`,
      ALLOW_LOOPBACK: 'true',
      LOG_LEVEL: 'debug',
      // All browsers of a file come from one address, faster than people do.
      BROWSER_RATE_LIMIT_PER_MINUTE: '60000',
      ...options.settings,
    },
  };
}

/** The one setting of which several files want another value. */
const SHARED_SETTINGS = new Set(['EXCHANGE_BUDGET_MS']);

/** What a broker is asked for by that files leave to each other; null for one that nobody else may have. */
function kindOf(options: TestBrokerOptions): string | null {
  const { settings = {}, alone, ownProcess, program, clientIpHeader, prepare } = options;
  if (alone === true || ownProcess === true || [program, clientIpHeader, prepare].some(Boolean)) return null;
  return Object.keys(settings).every((key) => SHARED_SETTINGS.has(key)) ? JSON.stringify(settings) : null;
}

const ANSWERS_WITHIN_MS = 30_000;

/** A broker that another file has left and that still answers; null: there is none. */
async function lentBy(host: string, kind: string): Promise<Place | null> {
  for (;;) {
    const place = (await askHost(host, 'lend', { kind })) as Place | null;
    if (place === null) return null;
    const signal = AbortSignal.timeout(ANSWERS_WITHIN_MS);
    const answer = await fetch(`http://127.0.0.1:${place.port}/healthz`, { signal }).catch(String);
    if (typeof answer !== 'string' && answer.ok) return place;
    // It would hold up each file that gets it, one after the other.
    console.error(`the broker on ${place.folder} was left by another file and answers no more: ${answer}`);
    askHost(host, `stop/${place.port}`, {}).catch(console.error);
  }
}

async function lentOrStarted(options: TestBrokerOptions): Promise<TestBroker> {
  const host = process.env[BROKER_HOST];
  const kind = host === undefined ? null : kindOf(options);
  const lent = host === undefined || kind === null ? null : await lentBy(host, kind);
  const place = lent ?? (await newPlace(options));
  const { port, folder, settings } = place;
  if (lent === null) await options.prepare?.(folder);
  const own = options.ownProcess === true || options.program !== undefined || host === undefined;
  const engine = own
    ? inProcess(options.program ?? serveProgram(options), port, folder)
    : hosted(host, port, folder, options.clientIpHeader ?? null);
  if (lent === null) await engine.start(settings);
  if (options.program === undefined) holdToContract(`http://127.0.0.1:${port}`);
  // What was killed and is started again as it was is as good as before.
  let isAsItWas = true;
  let hasOtherSettings = false;
  return {
    url: `http://127.0.0.1:${port}`,
    adminKey: settings['ADMIN_KEY'] ?? '',
    folder,
    output: engine.output,
    stop: () => {
      isAsItWas = false;
      return engine.stop();
    },
    kill: () => {
      isAsItWas = false;
      return engine.kill();
    },
    restart: async (changed = {}) => {
      Object.assign(settings, changed);
      await engine.start(settings);
      hasOtherSettings ||= Object.keys(changed).length > 0;
      isAsItWas = !hasOtherSettings;
    },
    dispose: async () => {
      if (host !== undefined && kind !== null && isAsItWas)
        return void (await askHost(host, 'return', { kind, broker: place }));
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

/** Less than the limit of a hook, which says nothing of what it waited for. */
const HOST_ANSWERS_WITHIN_MS = 180_000;

/** @returns what it answers, of JSON */
async function askHost(host: string, action: string, body: unknown): Promise<unknown> {
  const signal = AbortSignal.timeout(HOST_ANSWERS_WITHIN_MS);
  const answer = await fetch(`${host}/${action}`, { method: 'POST', body: JSON.stringify(body), signal });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`the host of the brokers answered to ${action}: ${text}`);
  return text.startsWith('{') ? JSON.parse(text) : null;
}

function hosted(host: string, port: number, folder: string, clientIpHeader: string | null): Engine {
  const log = `${folder}.log`;
  // Another file may have had it before.
  const before = existsSync(log) ? statSync(log).size : 0;
  return {
    start: async (settings) =>
      void (await askHost(host, 'start', { port, folder, settings, log, clientIpHeader })),
    stop: async () => void (await askHost(host, `stop/${port}`, {})),
    // Miniflare ends its engine with SIGKILL, and writes nothing before.
    kill: async () => void (await askHost(host, `stop/${port}`, {})),
    output: () => (existsSync(log) ? readFileSync(log).subarray(before).toString('utf8') : ''),
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
