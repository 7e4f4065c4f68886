/** The engine's processes as Linux shows them; elsewhere there are none, and their figures are missing. */

import { readdir, readFile } from 'node:fs/promises';

/** The kernel counts time in hundredths of a second. */
const TICK_MS = 10;

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

/** Time of all cores that they have taken since they began; NaN where there are none. */
export async function cpuMs(pids: readonly number[]): Promise<number> {
  if (pids.length === 0) return Number.NaN;
  const texts = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')));
  // Behind the name in brackets, the 12th and 13th: in user mode and in the kernel.
  const ticks = (text: string) =>
    text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13)
      .map(Number);
  return texts.flatMap(ticks).reduce((sum, one) => sum + one * TICK_MS, 0);
}

function field(status: string, name: string): string | undefined {
  return new RegExp(`^${name}:\\s+(\\S+)`, 'm').exec(status)?.[1];
}
