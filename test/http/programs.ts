/** Runs the programs of `src/dev` as users do, and looks at what they leave behind. */

import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

export const ROOT = path.resolve(import.meta.dirname, '../..');

export interface Program {
  readonly child: ChildProcess;
  stdout(): string;
  stderr(): string;
  /** Resolves when stdout matches, rejects when the program ends before. */
  says(pattern: RegExp): Promise<RegExpExecArray>;
  /** The exit code; null: it was ended by a signal. */
  readonly exited: Promise<number | null>;
}

/** In a process group of its own, so that a test that fails can end all of it. */
export function run(command: string, args: string[], env: Record<string, string | undefined> = {}): Program {
  const child = spawn(command, args, {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let stdout = '';
  let stderr = '';
  const waiting = new Set<() => void>();
  const exited = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    for (const look of waiting) look();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    exited,
    says: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = pattern.exec(stdout);
          if (found === null) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        void exited.then((code) =>
          reject(new Error(`ended with ${code} before ${pattern}:\n${stdout}\n${stderr}`)),
        );
        look();
      }),
  };
}

/** `npm start -- …` and `npm run serve -- …`; `npm` is the one that runs the tests, or that of the PATH. */
export const runNpm = (args: string[], env: Record<string, string | undefined> = {}): Program =>
  run('npm', ['--silent', ...args], env);

export const runNode = (
  script: string,
  args: string[],
  env: Record<string, string | undefined> = {},
): Program => run(process.execPath, [path.join('src/dev', script), ...args], env);

/** Ends a program and everything in its group that is still there. */
export function endGroup({ child }: Program): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // Nothing of it is left.
  }
}

/** Command lines of all living processes that name `text` (a folder of the test's own), by process id. */
export async function processesNaming(text: string): Promise<Map<number, string>> {
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'pid=,args='], { maxBuffer: 16 * 1024 * 1024 });
  const rows = stdout.split('\n').filter((row) => row.includes(text) && !row.includes('ps -eo'));
  return new Map(rows.map((row) => [Number.parseInt(row, 10), row.trim()]));
}

/** Ends what a test has left behind: everything that names its folder, with the groups of which it is the leader. */
export async function endAllNaming(text: string): Promise<void> {
  for (const pid of (await processesNaming(text)).keys()) {
    for (const target of [-pid, pid]) {
      try {
        process.kill(target, 'SIGKILL');
      } catch {
        // No group of this number, or ended meanwhile.
      }
    }
  }
}

/** Children, their children and so on of a process. */
export async function descendants(pid: number): Promise<number[]> {
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'pid=,ppid=']);
  const pairs = stdout
    .trim()
    .split('\n')
    .map((row) => row.trim().split(/\s+/).map(Number));
  const below = (parent: number): number[] =>
    pairs.flatMap(([child = 0, of = 0]) => (of === parent ? [child, ...below(child)] : []));
  return below(pid);
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

export async function temporaryFolder(): Promise<{ path: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'valetkey-'));
  return { path: folder, remove: () => rm(folder, { recursive: true, force: true }) };
}
