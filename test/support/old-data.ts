/**
 * Data that an earlier version of the broker wrote: a whole persisted folder in one compressed file, with what a test
 * has to know to open it. The secrets in it were made for it and open nothing else.
 */

import { spawn } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { gunzipSync, gzipSync } from 'node:zlib';

/** The provider's address stands in the stored connection, so it is the same whenever the data is opened. */
export const PROVIDER_PORT = 27_973;
export const OLD_ADMIN_KEY = 'old-data-admin-key-0123456789abcdef0123';
export const OLD_MASTER_KEYS = `old:${Buffer.from('key of the data of an old broker').toString('base64')}`;

/** What was made, by the part it plays. */
export interface OldFacts {
  readonly connection: string;
  readonly accounts: Readonly<
    Record<'active' | 'acme' | 'pending' | 'disabled' | 'dead' | 'static' | 'deleted', string>
  >;
  readonly agent: { readonly id: string; readonly key: string };
  readonly acmeAgent: { readonly id: string; readonly key: string };
  readonly suspended: { readonly id: string; readonly key: string };
  readonly endpoint: string;
}

/** The first line of a packed folder; the bytes of the files follow in this order. */
interface Head<Facts> {
  readonly facts: Facts;
  readonly files: readonly (readonly [name: string, length: number])[];
}

/** Moves what stands in the journals into the databases, so that there is one file of each. */
function settle(file: string): void {
  const database = new DatabaseSync(file);
  database.exec('PRAGMA wal_checkpoint(TRUNCATE); VACUUM; PRAGMA wal_checkpoint(TRUNCATE)');
  database.close();
}

async function databasesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.sqlite'))
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .toSorted();
}

/** The folder of a broker that has stopped as one compressed file. */
export async function pack<Facts>(folder: string, facts: Facts): Promise<Buffer> {
  const names = await databasesIn(folder);
  for (const name of names) settle(path.join(folder, name));
  const contents = await Promise.all(names.map((name) => readFile(path.join(folder, name))));
  const head: Head<Facts> = {
    facts,
    files: names.map((name, index) => [name, contents[index]?.length ?? 0]),
  };
  return gzipSync(Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), ...contents]), { level: 9 });
}

/** Writes the files of `packed` under `folder`. */
export async function unpack<Facts = OldFacts>(packed: Buffer, folder: string): Promise<Facts> {
  const bytes = gunzipSync(packed);
  let at = bytes.indexOf(10) + 1;
  const { facts, files } = JSON.parse(bytes.subarray(0, at).toString('utf8')) as Head<Facts>;
  for (const [name, length] of files) {
    const file = path.join(folder, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, bytes.subarray(at, at + length));
    at += length;
  }
  return facts;
}

/** Starts the broker of another checkout. @returns what stops it */
export async function startOldBroker(
  checkout: string,
  port: number,
  folder: string,
): Promise<() => Promise<void>> {
  const settings = {
    ADMIN_KEY: OLD_ADMIN_KEY,
    MASTER_KEYS: OLD_MASTER_KEYS,
    BASE_URL: `http://127.0.0.1:${port}`,
    ALLOW_LOOPBACK: 'true',
  };
  const args = ['src/dev/serve.ts', '--port', String(port), '--persist-to', folder];
  const child = spawn(process.execPath, args, {
    cwd: checkout,
    env: { ...process.env, ...settings },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (text) => String(text).includes('ready http') && resolve());
    child.once('exit', (code) => reject(new Error(`the broker ended with ${code}`)));
  });
  return () =>
    new Promise((resolve) => {
      child.once('exit', () => resolve());
      child.kill('SIGTERM');
    });
}

export interface OldProvider {
  /** Refresh tokens that were presented, in their order. */
  readonly presented: readonly string[];
  close(): Promise<void>;
}

/** A token endpoint whose refresh tokens count up from `<name>.1`; whatever begins with `dead` is refused. */
export async function startOldProvider(): Promise<OldProvider> {
  const presented: string[] = [];
  const server: Server = createServer({ keepAliveTimeout: 600_000 }, (incoming, outgoing) => {
    let body = '';
    incoming.on('data', (chunk) => (body += String(chunk)));
    incoming.on('end', () => {
      const token = new URLSearchParams(body).get('refresh_token') ?? '';
      presented.push(token);
      const [name = '', count = '0'] = token.split('.');
      const isDead = name === 'dead';
      const next = Number(count) + 1;
      const answer = isDead
        ? { error: 'invalid_grant' }
        : {
            access_token: `access-of-${name}.${next}`,
            refresh_token: `${name}.${next}`,
            token_type: 'Bearer',
            expires_in: 3600,
          };
      outgoing.writeHead(isDead ? 400 : 200, { 'content-type': 'application/json' });
      outgoing.end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(PROVIDER_PORT, '127.0.0.1', resolve);
  });
  return {
    presented,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
