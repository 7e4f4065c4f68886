/**
 * vitest's global setup of the http tests: one program that runs their brokers (`broker-host-program.ts`), so that a
 * broker costs a start of workerd and no loading of the engine's packages, and so that a file may have the broker of one
 * that is done. While it runs no other file has it.
 */

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import path from 'node:path';

/** The variable of the environment that tells vitest's workers where the program listens. */
export const BROKER_HOST = 'VALETKEY_TEST_BROKER_HOST';

export default async function setup(): Promise<(() => Promise<void>) | undefined> {
  // Of two projects of one run the first has started it.
  if (process.env[BROKER_HOST] !== undefined) return undefined;
  const program = path.join(import.meta.dirname, 'broker-host-program.ts');
  // Its end of the channel closes when this process ends, however that happens.
  const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  process.env[BROKER_HOST] = await new Promise<string>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the host of the brokers ended with ${code}`)));
    if (child.stdout) createInterface(child.stdout).once('line', resolve);
  });
  return async () => {
    delete process.env[BROKER_HOST];
    child.kill('SIGTERM');
    await ended;
  };
}
