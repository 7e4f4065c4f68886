/**
 * `npm run test:crash`: the crash layer. `-- --soak` runs the soak alone, at its full length, and `-- --many` the kill
 * switch alone, over all of its accounts; whatever else is given goes to vitest.
 */

import { spawn } from 'node:child_process';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '../..');
const given = process.argv.slice(2);
const soak = given.includes('--soak');
const many = given.includes('--many');
const args = ['run', '--config', 'test/vitest.config.ts', '--project', 'crash'];
if (soak) args.push('test/crash/soak.test.ts');
if (many) args.push('test/crash/revocation.test.ts');
args.push(...given.filter((arg) => arg !== '--soak' && arg !== '--many'));
const child = spawn(path.join(ROOT, 'node_modules/.bin/vitest'), args, {
  cwd: ROOT,
  env: { ...process.env, ...(soak ? { SOAK: '1' } : {}), ...(many ? { MANY: '1' } : {}) },
  stdio: 'inherit',
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
child.once('error', (error) => {
  console.error(error.message);
  process.exitCode = 1;
});
child.once('exit', (code) => {
  process.exitCode = code ?? 1;
});
