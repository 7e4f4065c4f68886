/** The engine's processes as Linux shows them; elsewhere there are none, and their figures are missing. */

import { readdir, readFile } from 'node:fs/promises';

/** Processes of the engine that this process has started. */
export async function enginePids(): Promise<number[]> {
  const names = await readdir('/proc').catch(() => []);
  const pids = names.filter((name) => /^\d+$/.test(name)).map(Number);
  const isOurs = await Promise.all(pids.map(isEngine));
  return pids.filter((_, n) => isOurs[n] === true);
}

async function isEngine(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return field(status, 'Name') === 'workerd' && field(status, 'PPid') === String(process.pid);
}

/** Resident memory in bytes; NaN where there are none. */
export async function residentBytes(pids: readonly number[]): Promise<number> {
  if (pids.length === 0) return Number.NaN;
  const texts = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')));
  return texts.reduce((sum, text) => sum + Number(field(text, 'VmRSS') ?? 0) * 1024, 0);
}

/** Time of all cores that they have taken, of the threads that they have now; NaN where there are none. */
export async function cpuMs(pids: readonly number[]): Promise<number> {
  if (pids.length === 0) return Number.NaN;
  const times = await Promise.all(pids.map(cpuMsOf));
  return times.reduce((sum, one) => sum + one, 0);
}

async function cpuMsOf(pid: number): Promise<number> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const texts = threads.map((thread) =>
    readFile(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').catch(() => '0'),
  );
  // The first number is the time on a core, in nanoseconds: `stat` counts in hundredths of a second.
  return (await Promise.all(texts)).reduce((sum, text) => sum + Number.parseInt(text, 10) / 1e6, 0);
}

function field(status: string, name: string): string | undefined {
  return new RegExp(`^${name}:\\s+(\\S+)`, 'm').exec(status)?.[1];
}
