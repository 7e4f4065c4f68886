/**
 * `.dev.vars`, the file in which `wrangler dev` looks for secrets: made with random keys at the first start, completed
 * where a key is missing. A key that is there is never replaced: what was encrypted with it would be lost.
 */

import { randomBytes } from 'node:crypto';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { parseEnv } from 'node:util';
import { settingsIn, type SettingName, type Settings } from './settings.ts';

export interface DevVars {
  /** Everything in the file that the Worker knows. */
  readonly settings: Settings;
  /** The settings that this call wrote. Empty: the file had both keys. */
  readonly written: readonly SettingName[];
}

/** For the owner alone. */
const MODE = 0o600;

/** Where `wrangler dev` answers; `npm start` puts its own port in its place. */
const BASE_URL = 'http://localhost:8787';

const HEAD = `# Settings of development, read by \`npm start\` and \`npx wrangler dev\`. Not for git.
# What was encrypted with MASTER_KEYS opens with no other: keep it as long as .wrangler/state.
`;

const makeKey: Readonly<Record<'ADMIN_KEY' | 'MASTER_KEYS', () => string>> = {
  ADMIN_KEY: () => randomBytes(32).toString('hex'),
  MASTER_KEYS: () => `k1:${randomBytes(32).toString('base64')}`,
};

async function textOf(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

const lines = (entries: Settings): string =>
  Object.entries(entries)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');

/** The settings of `file`, which has both keys afterwards. */
export async function ensureDevVars(file: string): Promise<DevVars> {
  const text = await textOf(file);
  const present = settingsIn(parseEnv(text ?? ''));
  const missing: Partial<Record<SettingName, string>> = {};
  for (const name of ['ADMIN_KEY', 'MASTER_KEYS'] as const) {
    if (present[name] === undefined) missing[name] = makeKey[name]();
  }
  if (text === null) {
    missing.ALLOW_LOOPBACK = 'true';
    missing.BASE_URL = BASE_URL;
    // `wx`: of two first starts at once one loses, and the keys of the other stay.
    await writeFile(file, HEAD + lines(missing), { mode: MODE, flag: 'wx' });
  } else if (Object.keys(missing).length > 0) {
    await appendFile(file, (text === '' || text.endsWith('\n') ? '' : '\n') + lines(missing));
  }
  return { settings: { ...present, ...missing }, written: Object.keys(missing) as SettingName[] };
}
