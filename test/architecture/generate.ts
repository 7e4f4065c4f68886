/**
 * Everything that is generated from the room table and from the code: `oxlint.json` beside this file and the marked parts of READMEs.
 * `node test/architecture/generate.ts` compares and names what differs; with `--write` it writes.
 */

import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { format, resolveConfig } from 'prettier';
import { boundsTable } from './bounds.ts';
import { cohortChart } from './cohort.ts';
import { costTable, monthTable } from './costs.ts';
import { lintConfig } from './lint-config.ts';
import { ROOT, textOf } from './rooms.ts';
import { codeTable, floorList, roomTable, stateDiagram, storedTable } from './tables.ts';

export interface Generated {
  /** From the root. */
  readonly file: string;
  readonly text: string;
}

const PARTS: readonly { file: string; mark: string; make: (present: string) => string }[] = [
  { file: 'src/README.md', mark: 'floors', make: floorList },
  { file: 'src/README.md', mark: 'rooms', make: roomTable },
  { file: 'src/README.md', mark: 'costs', make: costTable },
  { file: 'src/README.md', mark: 'month', make: monthTable },
  { file: 'src/README.md', mark: 'bounds', make: boundsTable },
  { file: 'src/contract/README.md', mark: 'codes', make: codeTable },
  { file: 'src/accounts/README.md', mark: 'moves', make: stateDiagram },
  { file: 'src/accounts/README.md', mark: 'tables', make: storedTable },
  { file: 'src/refresh/README.md', mark: 'cohort', make: cohortChart },
];

/** The text between `<!-- generated: mark -->` and its end. @throws where the marks are missing */
export function partOf(
  text: string,
  file: string,
  mark: string,
): { before: string; part: string; after: string } {
  const begin = `<!-- generated: ${mark} -->\n`;
  const end = `<!-- end of ${mark} -->`;
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from)
    throw new Error(`${file} has no part "${mark}": put ${begin.trim()} and ${end} into it`);
  return {
    before: text.slice(0, from + begin.length),
    part: text.slice(from + begin.length, to),
    after: text.slice(to),
  };
}

async function formatted(file: string, text: string): Promise<string> {
  const filepath = path.join(ROOT, file);
  return format(text, { ...(await resolveConfig(filepath)), filepath });
}

/** Every generated file as it should be. */
async function generated(): Promise<Generated[]> {
  const readmes = new Map<string, string>();
  for (const { file, mark, make } of PARTS) {
    const { before, part, after } = partOf(readmes.get(file) ?? textOf(file), file, mark);
    readmes.set(file, `${before}\n${make(part)}\n\n${after}`);
  }
  const lint = { file: 'test/architecture/oxlint.json', text: JSON.stringify(lintConfig()) };
  const files = [lint, ...[...readmes].map(([file, text]) => ({ file, text }))];
  return Promise.all(files.map(async ({ file, text }) => ({ file, text: await formatted(file, text) })));
}

/** What differs from what stands there. */
export async function outdated(): Promise<Generated[]> {
  return (await generated()).filter(
    ({ file, text }) => !existsSync(path.join(ROOT, file)) || textOf(file) !== text,
  );
}

if (import.meta.main) {
  const differing = await outdated();
  const write = process.argv.includes('--write');
  for (const { file, text } of differing) {
    if (write) writeFileSync(path.join(ROOT, file), text);
    console.log(
      `${file} ${write ? 'is written' : 'differs: run node test/architecture/generate.ts --write'}`,
    );
  }
  process.exitCode = differing.length > 0 && !write ? 1 : 0;
}
