/**
 * One engine per folder of data: two at once would answer from two memories and refuse each other the database. The
 * lock is a socket that listens, so a process that was killed holds nothing and leaves at most a dead file. It knows
 * of the engines that `serve` starts, not of `wrangler dev`.
 */

import { createHash } from 'node:crypto';
import { realpathSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A process that was told to stop a moment ago may still hold the lock. */
const PATIENCE_MS = 3_000;
const STEP_MS = 100;

/** Not in the folder itself: the path of a socket is short (104 bytes), that of a checkout may not be. */
function socketOf(folder: string): string {
  const name = createHash('sha256')
    .update(`${userInfo().uid} ${realpathSync(folder)}`)
    .digest('hex');
  const file = `valetkey-${name.slice(0, 16)}.sock`;
  return process.platform === 'win32' ? `\\\\.\\pipe\\${file}` : path.join(tmpdir(), file);
}

function isHeld(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(socket);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });
}

/** Listens for as long as this process lives, and does not keep it alive. False: another process does. */
function hold(socket: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer((peer) => peer.destroy());
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(error);
    });
    server.listen(socket, () => {
      server.unref();
      resolve(true);
    });
  });
}

/** Whether an engine runs on `folder`, which exists, and goes on to do so for three seconds. */
export async function isFolderInUse(folder: string, patienceMs: number = PATIENCE_MS): Promise<boolean> {
  const untilMs = Date.now() + patienceMs;
  while (await isHeld(socketOf(folder))) {
    if (Date.now() >= untilMs) return true;
    await sleep(STEP_MS);
  }
  return false;
}

/** Takes `folder`, which exists, until this process ends. False: another engine is still on it. */
export async function takeFolder(folder: string, patienceMs: number = PATIENCE_MS): Promise<boolean> {
  const socket = socketOf(folder);
  if (await hold(socket)) return true;
  if (await isFolderInUse(folder, patienceMs)) return false;
  // The file of one that was killed.
  rmSync(socket, { force: true });
  return hold(socket);
}
