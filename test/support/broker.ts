/** Starts the broker as users do (`npm run serve`), on a free port and a folder of its own; stops it by its process id. */

import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from '../../src/dev/broker.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

export interface TestBroker {
  readonly url: string;
  readonly adminKey: string;
  readonly folder: string;
  /** Everything that it has printed, stdout and stderr. */
  output(): string;
  /** SIGTERM and wait. The folder stays. */
  stop(): Promise<void>;
  /** kill -9 of the whole process group, and wait until it is gone. The folder stays. */
  kill(): Promise<void>;
  /** Starts again on the same folder and port. */
  restart(settings?: Record<string, string>): Promise<void>;
  /** Stops and removes the folder. */
  dispose(): Promise<void>;
}

export interface TestBrokerOptions {
  readonly settings?: Record<string, string>;
  /** What is run in the place of `npm run serve`: a script and its arguments, relative to the repository. */
  readonly program?: readonly string[];
  /** What is in the folder before the broker starts for the first time. */
  readonly prepare?: (folder: string) => Promise<void>;
}

export async function startBroker(options: TestBrokerOptions = {}): Promise<TestBroker> {
  const port = await freePort();
  const folder = await mkdtemp(path.join(tmpdir(), 'valetkey-'));
  const adminKey = `admin-${randomBytes(24).toString('hex')}`;
  const settings: Record<string, string> = {
    ADMIN_KEY: adminKey,
    MASTER_KEYS: `k1:${randomBytes(32).toString('base64')}`,
    BASE_URL: `http://127.0.0.1:${port}`,
    ALLOW_LOOPBACK: 'true',
    LOG_LEVEL: 'debug',
    ...options.settings,
  };
  const program = options.program ?? ['src/dev/serve.ts'];
  let printed = '';
  await options.prepare?.(folder);
  let child = await launch(program, port, folder, settings, (text) => (printed += text));
  const stop = async (): Promise<void> => end(child, 'SIGTERM', false);
  return {
    url: `http://127.0.0.1:${port}`,
    adminKey,
    folder,
    output: () => printed,
    stop,
    kill: () => end(child, 'SIGKILL', true),
    restart: async (changed = {}) => {
      Object.assign(settings, changed);
      child = await launch(program, port, folder, settings, (text) => (printed += text));
    },
    dispose: async () => {
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
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

function end(child: ChildProcess, signal: NodeJS.Signals, group: boolean): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    if (child.pid === undefined) return;
    if (group) process.kill(-child.pid, signal);
    else child.kill(signal);
  });
}
