/** Which ports of loopback are free. Binds for an instant, and connects to no server. */

import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A process that was killed a moment ago may still hold its port. */
const PATIENCE_MS = 3_000;
const STEP_MS = 100;

/** Resolves with the port that was bound and given back (0 asks for any), or null where it is taken. */
async function tryPort(port: number, host: string): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(null);
      else reject(error);
    });
    probe.listen(port, host, () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : null));
    });
  });
}

/**
 * Below the ports that a system takes for outgoing connections (32768 and up on Linux, 49152 and up elsewhere): one of
 * those may be the near end of a connection a moment later, and then no program can listen on it.
 */
const LISTENERS = { from: 16_384, below: 32_768 } as const;
const TRIES = 100;

/** A port that no program listens on now. It is chosen at random, so that two programs that ask at once get two. */
export async function freePort(): Promise<number> {
  for (let tried = 0; tried < TRIES; tried += 1) {
    const port = await tryPort(randomInt(LISTENERS.from, LISTENERS.below), '127.0.0.1');
    if (port !== null) return port;
  }
  throw new Error('no port of 127.0.0.1 is free');
}

async function isFreeNow(port: number): Promise<boolean> {
  if ((await tryPort(port, '127.0.0.1')) === null) return false;
  // `localhost` may also mean this one; a machine without IPv6 has nobody there.
  return (await tryPort(port, '::1').catch(() => port)) !== null;
}

/** Whether the port can be had within three seconds. */
export async function becomesFree(port: number, patienceMs: number = PATIENCE_MS): Promise<boolean> {
  const untilMs = Date.now() + patienceMs;
  while (!(await isFreeNow(port))) {
    if (Date.now() >= untilMs) return false;
    await sleep(STEP_MS);
  }
  return true;
}
