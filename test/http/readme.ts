/** The README as tests read it. */

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from './programs.ts';

export const README = readFileSync(path.join(ROOT, 'README.md'), 'utf8');

/** Texts of the fenced blocks, in their order. */
export const blocks = [...README.matchAll(/^```\w*\n([^]*?)^```$/gm)].map(([, text = '']) => text);

/** The lines of the terminal session. */
export const session = (blocks.find((text) => text.includes('\n1 connect')) ?? '').trim().split('\n');

/** The steps in what `npm start` prints. Numbers, names and times differ from run to run; what is told does not. */
export function steps(lines: readonly string[]): string[] {
  const first = lines.findIndex((line) => line.startsWith('1 '));
  const last = lines.findLastIndex((line) => /^(?:\d| ) /.test(line));
  return lines.slice(first, last + 1).map((line) =>
    line
      .replaceAll(/story-[0-9a-f]{8}/g, 'story')
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
      .replaceAll(/ \(\d+ (?:try|tries)\)/g, ' (TRIES)')
      .replaceAll(/\d+ s in [\d,]+ ms/g, 'LIFE in TIME')
      .replaceAll(/[\d,]+ ms|\d+\.\d s|[\d,]+ records/g, 'NUMBER'),
  );
}
