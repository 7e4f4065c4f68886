/**
 * `npm run check`: everything about the tree that needs no running broker. Format, types (one program per kind of
 * runtime), lint with the architecture in it, and whether what is generated is current. All steps run, two at a time,
 * whatever the others say; the exit status is 1 as soon as one of them failed.
 */

import { spawn } from 'node:child_process';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '..');
const BIN = path.join(ROOT, 'node_modules/.bin');
/** More at once than this and each waits for the other's processor. */
const AT_ONCE = 2;

interface Step {
  readonly name: string;
  /** A program of `node_modules/.bin` and its arguments. */
  readonly command: readonly [program: string, ...args: string[]];
}

const types = (name: string, project: string): Step => ({
  name: `types: ${name}`,
  command: ['tsc', '--noEmit', '--pretty', 'false', '-p', project],
});

/** The slowest first, so that the short ones fill the gaps. */
const STEPS: readonly Step[] = [
  types('the Worker and pure tests', 'tsconfig.json'),
  { name: 'lint and arrows', command: ['oxlint', '--type-aware', '--deny-warnings'] },
  types('tests in workerd', 'test/worker'),
  { name: 'format', command: ['prettier', '--check', '--log-level', 'warn', 'src', 'test'] },
  types('tests over HTTP', 'test'),
  types('development programs', 'src/dev'),
  types('the client', 'src/sdk'),
  { name: 'generated files', command: ['node', 'test/architecture/generate.ts'] },
];

interface Result {
  readonly step: Step;
  readonly passed: boolean;
  readonly output: string;
}

async function run(step: Step): Promise<Result> {
  const [program, ...args] = step.command;
  const startedMs = performance.now();
  let output = '';
  const passed = await new Promise<boolean>((resolve) => {
    // The local `node` comes first: a program's first line asks the path for it.
    const env = { ...process.env, PATH: `${BIN}${path.delimiter}${process.env['PATH'] ?? ''}` };
    const child = spawn(path.join(BIN, program), args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => (output += String(chunk)));
    child.once('error', (error) => {
      output += `${program} could not be started: ${error.message}\n`;
      resolve(false);
    });
    child.once('close', (code) => resolve(code === 0));
  });
  const took = `${((performance.now() - startedMs) / 1000).toFixed(1)} s`;
  console.log(`${passed ? 'ok    ' : 'FAILED'}  ${step.name.padEnd(34)} ${took.padStart(7)}`);
  return { step, passed, output };
}

const waiting = [...STEPS];
const results: Result[] = [];
const worker = async (): Promise<void> => {
  for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) results.push(await run(step));
};
const startedMs = performance.now();
await Promise.all(Array.from({ length: AT_ONCE }, worker));

const failed = results.filter(({ passed }) => !passed);
for (const { step, output } of failed) {
  console.log(`\n--- ${step.name}: ${step.command.join(' ')}\n${output.trimEnd() || 'it said nothing'}`);
}
const took = ((performance.now() - startedMs) / 1000).toFixed(1);
console.log(`\n${results.length - failed.length} of ${STEPS.length} steps passed in ${took} s`);
process.exitCode = failed.length === 0 && results.length === STEPS.length ? 0 : 1;
