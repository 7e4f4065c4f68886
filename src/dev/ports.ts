/** Which ports of loopback are free. Binds for an instant, and connects to nobody. */

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

/** One that nobody listens on now. */
export async function freePort(): Promise<number> {
  const port = await tryPort(0, '127.0.0.1');
  if (port === null) throw new Error('no port of 127.0.0.1 is free');
  return port;
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
