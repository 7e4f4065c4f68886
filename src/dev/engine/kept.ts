/**
 * What a start makes of files, kept in `node_modules/.cache` until one of them has another content: else each process
 * that runs a broker would make it anew, for a second of a core.
 */

import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const CACHE = path.join(ROOT, 'node_modules/.cache/valetkey');

/** A text that was made, and the files that it was made of, by their paths from the root of the repository. */
export interface Made {
  readonly text: string;
  readonly inputs: readonly string[];
}

interface Kept {
  readonly text: string;
  /** Digests of the inputs. */
  readonly inputs: Readonly<Record<string, string>>;
}

const digestOf = (content: string | Uint8Array): string =>
  createHash('sha256').update(content).digest('base64url');

async function digestOfFile(file: string): Promise<string> {
  try {
    return digestOf(await readFile(path.resolve(ROOT, file)));
  } catch {
    return 'no such file';
  }
}

async function digestsOf(files: readonly string[]): Promise<Record<string, string>> {
  const digests = files.map(async (file) => [file, await digestOfFile(file)] as const);
  return Object.fromEntries(await Promise.all(digests));
}

async function areOlder(files: readonly string[], thanMs: number): Promise<boolean> {
  try {
    const stats = await Promise.all(files.map((file) => stat(path.resolve(ROOT, file))));
    return stats.every(({ mtimeMs }) => mtimeMs < thanMs);
  } catch {
    return false;
  }
}

async function read(file: string): Promise<string | null> {
  try {
    const { text, inputs } = JSON.parse(await readFile(file, 'utf8')) as Kept;
    const now = await digestsOf(Object.keys(inputs));
    return Object.entries(inputs).every(([input, digest]) => now[input] === digest) ? text : null;
  } catch {
    return null;
  }
}

/** Whole or not at all, also where two processes write at once; a folder that cannot be written costs time alone. */
async function write(file: string, kept: Kept): Promise<void> {
  const partial = `${file}.${process.pid}`;
  try {
    await mkdir(CACHE, { recursive: true });
    await writeFile(partial, JSON.stringify(kept));
    await rename(partial, file);
  } catch {
    // The next start makes it as well.
  }
}

/** `name`: everything beside the files that says what is made. */
export async function kept(name: string, make: () => Promise<Made>): Promise<string> {
  const file = path.join(CACHE, `${digestOf(name).slice(0, 24)}.json`);
  const known = await read(file);
  if (known !== null) return known;
  const beganAtMs = Date.now();
  const { text, inputs } = await make();
  const digests = await digestsOf(inputs);
  // A file that was saved while it was read may be in the digest and not in the text.
  if (await areOlder(inputs, beganAtMs)) await write(file, { text, inputs: digests });
  return text;
}
