/** How `npm start` looks: aligned lines, colour only where a person reads. Knows nothing of what it prints. */

import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

export interface Terminal {
  /** As it is. */
  line(text?: string): void;
  /** A step of the story: its number and word, and what came of it beside them. */
  step(number: number, word: string, text: string): void;
  /** A further line under a step. */
  more(text: string): void;
  strong(text: string): string;
  faint(text: string): string;
  good(text: string): string;
  bad(text: string): string;
}

/** Width of the column with number and word. */
const INDENT = 11;

/** Colour for a terminal, and not where `NO_COLOR` (no-color.org) is set to anything. */
export function createTerminal(
  out: { readonly isTTY?: boolean; write(text: string): unknown } = process.stdout,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Terminal {
  const isColoured = out.isTTY === true && !env['NO_COLOR'];
  const paint = (style: Style) => (text: string) =>
    isColoured ? styleText(style, text, { validateStream: false }) : text;
  const strong = paint('bold');
  const line = (text = ''): void => void out.write(`${text}\n`);
  return {
    line,
    step: (number, word, text) =>
      line(`${paint('cyan')(String(number))} ${strong(word.padEnd(INDENT - 2))}${text}`),
    more: (text) => line(`${' '.repeat(INDENT)}${text}`),
    strong,
    faint: paint('dim'),
    good: paint('green'),
    bad: paint('red'),
  };
}
