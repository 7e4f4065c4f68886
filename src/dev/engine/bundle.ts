/** What the local engine is given, made by esbuild and wrangler: the Worker as one module, and its bindings. */

import path from 'node:path';
import type { BuildOptions } from 'esbuild';
import { kept } from './kept.ts';

const ROOT = path.resolve(import.meta.dirname, '../../..');
/** They say what an import leads to, and which versions make what. */
const RESOLUTION = ['package.json', 'package-lock.json', 'tsconfig.json'];
const CONFIG = 'wrangler.toml';
/** In a folder that has no files with secrets. */
const NO_FILE = path.join(ROOT, 'src/dev/wrangler.toml');

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

/** Names what has no file. */
const ENTRY = 'engine-entry.ts';

const makeModule = (contents: string): Promise<string> =>
  kept(JSON.stringify([contents, OPTIONS]), async () => {
    const { build } = await import('esbuild');
    const stdin = { contents, resolveDir: import.meta.dirname, sourcefile: ENTRY, loader: 'ts' } as const;
    const { outputFiles, metafile } = await build({ ...OPTIONS, stdin });
    const files = Object.keys(metafile.inputs).filter((file) => path.basename(file) !== ENTRY);
    return { text: outputFiles[0]?.text ?? '', inputs: [...RESOLUTION, ...files] };
  });

/** A process that starts many brokers asks once for each source. */
const modules = new Map<string, Promise<string>>();

/** One module of this source and all that it imports; relative to this folder. */
export function bundle(contents: string): Promise<string> {
  const known = modules.get(contents);
  if (known !== undefined) return known;
  const made = makeModule(contents);
  modules.set(contents, made);
  return made;
}

/** Miniflare's options for the Worker of wrangler.toml: data alone. */
export async function workerOptions(): Promise<Record<string, unknown>> {
  const text = await kept('worker options', async () => {
    const { unstable_getMiniflareWorkerOptions, unstable_readConfig } = await import('wrangler');
    // wrangler would add the .dev.vars and .env that lie beside the file: a setting is what the caller gives, or is missing.
    const config = { ...unstable_readConfig({ config: path.join(ROOT, CONFIG) }), userConfigPath: NO_FILE };
    const {
      rootPath: _root,
      modulesRules: _rules,
      ...options
    } = unstable_getMiniflareWorkerOptions(config).workerOptions as Record<string, unknown>;
    return { text: JSON.stringify(options), inputs: [...RESOLUTION, CONFIG] };
  });
  return JSON.parse(text) as Record<string, unknown>;
}
