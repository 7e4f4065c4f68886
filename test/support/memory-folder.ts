/**
 * vitest's global setup of what runs brokers: temporary folders lie in memory, where the machine has such a file system
 * with room. A broker waits for its disk at each commit, and these tests ask nothing that a disk must answer; the crash
 * tests keep to the disk.
 */

import { accessSync, constants, mkdirSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import path from 'node:path';

const MEMORY = '/dev/shm';
const ROOM_BYTES = 2 * 1024 ** 3;
/** And the id of the process whose folder it is. */
const PREFIX = 'valetkey-tests-';

function hasRoom(): boolean {
  try {
    accessSync(MEMORY, constants.W_OK);
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize >= ROOM_BYTES;
  } catch {
    return false;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code === 'EPERM';
  }
}

const remove = (folder: string): void => rmSync(folder, { recursive: true, force: true });

/** A run that was killed has left its folder, and memory is scarcer than a disk. */
function removeAbandoned(): void {
  for (const name of readdirSync(MEMORY)) {
    const pid = Number(name.startsWith(PREFIX) ? name.slice(PREFIX.length) : Number.NaN);
    if (Number.isInteger(pid) && !isAlive(pid)) remove(path.join(MEMORY, name));
  }
}

export default function setup(): (() => void) | undefined {
  const before = process.env['TMPDIR'];
  // Of two projects of one run the first has made it.
  if (before?.startsWith(MEMORY) === true || !hasRoom()) return undefined;
  removeAbandoned();
  const folder = path.join(MEMORY, `${PREFIX}${process.pid}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  process.env['TMPDIR'] = folder;
  return () => {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
    remove(folder);
  };
}
