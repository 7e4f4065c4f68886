/**
 * Starts `serve` as a child in a process group of its own, so that a kill -9 takes the engine with it, and ends it by
 * its process id. The child is the program that `npm run serve` runs; nothing of the broker is in this process.
 */

import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { environmentWith, type Settings } from './settings.ts';

/** Of the checkout. */
export const ROOT = path.resolve(import.meta.dirname, '../..');

export interface ServeOptions {
  /** 0: a free one. */
  readonly port: number;
  readonly persistTo: string;
  readonly settings: Settings;
  /** Every line that it prints on either stream. */
  readonly onLine?: (line: string) => void;
}

export interface ServeProcess {
  readonly url: string;
  readonly port: number;
  /** Resolves when it has ended, for any reason. */
  readonly ended: Promise<void>;
  /** SIGTERM; after five seconds kill -9. Resolves when the process is gone. */
  stop(): Promise<void>;
  /** kill -9 of the whole group. Resolves when the process is gone. */
  kill(): Promise<void>;
}

const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 5_000;
const KEPT_LINES = 20;
const READY = /^ready http:\/\/127\.0\.0\.1:(\d+)$/;

/** It ended, or said nothing, before it was ready; `message` holds the last lines that it printed. */
class ServeFailure extends Error {
  override readonly name = 'ServeFailure';
}

/** Resolves when it answers. @throws ServeFailure */
export async function spawnServe(options: ServeOptions): Promise<ServeProcess> {
  const child = spawn(
    process.execPath,
    [path.join(ROOT, 'src/dev/serve.ts'), '--port', String(options.port), '--persist-to', options.persistTo],
    {
      cwd: ROOT,
      env: environmentWith(options.settings),
      // The channel carries nothing: that it closes tells the child that this process is gone.
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: true,
    },
  );
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const end = async (): Promise<void> => {
    signalGroup(child, 'SIGKILL');
    await ended;
  };
  try {
    const port = await readiness(child, ended, options.onLine ?? (() => undefined));
    return {
      url: `http://127.0.0.1:${port}`,
      port,
      ended,
      kill: end,
      stop: async () => {
        if (hasEnded(child)) return;
        child.kill('SIGTERM');
        const late = setTimeout(() => signalGroup(child, 'SIGKILL'), STOP_LIMIT_MS);
        await ended;
        clearTimeout(late);
      },
    };
  } catch (error) {
    await end();
    throw error;
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (hasEnded(child) || child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It ended in this instant.
  }
}

/** Reads the child's lines for as long as it lives; resolves with the port of its `ready` line. */
function readiness(
  child: ChildProcess,
  ended: Promise<void>,
  onLine: (line: string) => void,
): Promise<number> {
  const kept: string[] = [];
  return new Promise((resolve, reject) => {
    const fail = (what: string): void => reject(new ServeFailure([what, ...kept].join('\n  ')));
    const timer = setTimeout(() => fail('the broker was not ready within a minute'), START_LIMIT_MS);
    void ended.then(() => {
      clearTimeout(timer);
      fail('the broker ended before it was ready');
    });
    const read = (line: string): void => {
      onLine(line);
      kept.push(line);
      if (kept.length > KEPT_LINES) kept.shift();
      const port = READY.exec(line)?.[1];
      if (port === undefined) return;
      clearTimeout(timer);
      resolve(Number(port));
    };
    for (const stream of [child.stdout, child.stderr]) {
      let rest = '';
      stream?.setEncoding('utf8').on('data', (text: string) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) read(line);
      });
    }
  });
}
