/**
 * The Worker as one module, made by esbuild. A start takes it from `node_modules/.cache` where all that it was made of
 * still has the same content: else each process that runs a broker would bundle anew.
 */

import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { build, version, type BuildOptions } from 'esbuild';

const ROOT = path.resolve(import.meta.dirname, '../..');
const CACHE = path.join(ROOT, 'node_modules/.cache/valetkey');
/** They say what an import leads to. */
const RESOLUTION = ['package.json', 'package-lock.json', 'tsconfig.json'];

const OPTIONS = {
  absWorkingDir: ROOT,
  bundle: true,
  write: false,
  metafile: true,
  format: 'esm',
  platform: 'neutral',
  target: 'esnext',
  mainFields: ['module', 'main'],
  conditions: ['workerd', 'worker', 'browser', 'import'],
  external: ['cloudflare:*', 'node:*'],
  loader: { '.sql': 'text' },
  logLevel: 'error',
} as const satisfies BuildOptions;

/** What is kept. `inputs`: digests of the files it was made of, by their paths from the root of the repository. */
interface Kept {
  readonly inputs: Readonly<Record<string, string>>;
  readonly text: string;
}

const digestOf = (content: string | Uint8Array): string =>
  createHash('sha256').update(content).digest('base64');

async function digestOfFile(file: string): Promise<string> {
  try {
    return digestOf(await readFile(path.resolve(ROOT, file)));
  } catch {
    return 'no such file';
  }
}

async function digestsOf(files: readonly string[]): Promise<Record<string, string>> {
  return Object.fromEntries(
    await Promise.all(files.map(async (file) => [file, await digestOfFile(file)] as const)),
  );
}

async function areOlder(files: readonly string[], thanMs: number): Promise<boolean> {
  try {
    const stats = await Promise.all(files.map((file) => stat(path.resolve(ROOT, file))));
    return stats.every(({ mtimeMs }) => mtimeMs < thanMs);
  } catch {
    return false;
  }
}

async function read(file: string): Promise<Kept | null> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Kept;
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
    // The next start bundles as well.
  }
}

async function make(entry: string): Promise<string> {
  const name = digestOf(JSON.stringify([path.relative(ROOT, entry), OPTIONS, version]));
  const file = path.join(CACHE, `${name.replaceAll(/\W/g, '').slice(0, 24)}.json`);
  const kept = await read(file);
  if (kept !== null) {
    const now = await digestsOf(Object.keys(kept.inputs));
    if (Object.entries(kept.inputs).every(([input, digest]) => now[input] === digest)) return kept.text;
  }
  const beganAtMs = Date.now();
  const { outputFiles, metafile } = await build({ ...OPTIONS, entryPoints: [entry] });
  const text = outputFiles[0]?.text ?? '';
  const inputs = [...RESOLUTION, ...Object.keys(metafile.inputs)];
  const digests = await digestsOf(inputs);
  // What was saved while it was read may be in the digest and not in the module.
  if (await areOlder(inputs, beganAtMs)) await write(file, { inputs: digests, text });
  return text;
}

/** A process that starts many brokers asks once for each source. */
const made = new Map<string, Promise<string>>();

/** The module of a Worker whose source begins at `entry`, an absolute path. */
export function bundle(entry: string): Promise<string> {
  const known = made.get(entry);
  if (known !== undefined) return known;
  const text = make(entry);
  made.set(entry, text);
  return text;
}
