/**
 * `npm run bundle`: what a deploy would send, made without sending it (`wrangler deploy --dry-run`, no account and no
 * internet), and how large it is. Exit status 1 when it cannot be made or is larger than it may be.
 */

import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';

const ROOT = path.resolve(import.meta.dirname, '..');
/** The smallest plan takes 3 MiB; what grows past this has taken in something that nobody has looked at. */
const LIMIT_BYTES = 1280 * 1024;

const folder = await mkdtemp(path.join(tmpdir(), 'valetkey-bundle-'));
try {
  const out = path.join(folder, 'out');
  const env = {
    ...process.env,
    CI: '1',
    NO_COLOR: '1',
    WRANGLER_SEND_METRICS: 'false',
    WRANGLER_HIDE_BANNER: 'true',
    WRANGLER_LOG_PATH: path.join(folder, 'logs'),
    CLOUDFLARE_CF_FETCH_ENABLED: 'false',
  };
  const wrangler = path.join(ROOT, 'node_modules/wrangler/bin/wrangler.js');
  const args = [wrangler, 'deploy', '--dry-run', '--outdir', out];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT, env });
  console.log(stdout.trim());
  // Maps stay on this machine.
  const sent = (await readdir(out)).filter((name) => !/\.(?:map|md)$/.test(name));
  const sizes = await Promise.all(
    sent.map(async (name) => gzipSync(await readFile(path.join(out, name))).length),
  );
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const told = `${(total / 1024).toFixed(1)} KiB gzipped of ${LIMIT_BYTES / 1024}: ${sent.join(', ')}`;
  console.log(`bundle ${told}`);
  if (sent.length === 0 || total > LIMIT_BYTES) process.exitCode = 1;
} catch (error) {
  const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
  console.error(`the bundle cannot be made\n${stdout}${stderr || String(error)}`);
  process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
