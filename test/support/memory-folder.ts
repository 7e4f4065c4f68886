/**
 * vitest's global setup of what runs brokers: temporary folders lie in memory, where the machine has such a file system
 * with room. A broker waits for its disk at each commit, and these tests ask nothing that a disk must answer; the crash
 * tests keep to the disk.
 */

import { accessSync, constants, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import path from 'node:path';

const MEMORY = '/dev/shm';
const ROOM_BYTES = 2 * 1024 ** 3;

function hasRoom(): boolean {
  try {
    accessSync(MEMORY, constants.W_OK);
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize >= ROOM_BYTES;
  } catch {
    return false;
  }
}

export default function setup(): (() => void) | undefined {
  const before = process.env['TMPDIR'];
  // Of two projects of one run the first has made it.
  if (before?.startsWith(MEMORY) === true || !hasRoom()) return undefined;
  const folder = mkdtempSync(path.join(MEMORY, 'valetkey-tests-'));
  process.env['TMPDIR'] = folder;
  return () => {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
    rmSync(folder, { recursive: true, force: true });
  };
}
