/** What the documents repeat of the code, made from the code: the map of rooms, the codes, the states of an account. */

import { ACCOUNT_SCHEMA, LATER_STEPS } from '#accounts/schema.ts';
import { MOVES } from '#accounts/status.ts';
import { CODES } from '#contract/codes.ts';
import { holds, house, isFileRoom, reachable, type Room } from './rooms.ts';

const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');
}

const code = (text: string) => `\`${text}\``;

function linked(room: Room): string {
  return isFileRoom(room.room) ? `[${room.room}](${room.room})` : `[${room.room}/](${room.room}/README.md)`;
}

/** The powers of a room; with the files in brackets where it is not the whole room. */
function powersOf(room: Room): string {
  const held = house.powers.flatMap((power) => {
    if (holds(power, `src/${room.room}`)) return [power.power];
    const files = (power.holders ?? [])
      .filter((holder) => holder.startsWith(`${room.room}/`))
      .map((holder) => code(holder.slice(room.room.length + 1).replace(/\.ts$/, '')));
    return files.length === 0 ? [] : [`${power.power} (${files.join(', ')})`];
  });
  return held.length === 0 ? '–' : held.join(' · ');
}

/** A floor by its name where all of it may be imported, else room by room. */
function arrowsOf(room: Room): string {
  const may = reachable(room);
  const names = house.floors.toReversed().flatMap(({ floor }) => {
    const there = house.rooms.filter((one) => one.floor === floor).map((one) => one.room);
    const open = there.filter((name) => may.includes(name));
    return open.length === there.length && open.length > 1 ? [`all of ${floor}`] : open;
  });
  return names.length === 0 ? '–' : names.join(', ');
}

/** Upper floors first: arrows then point down the page. */
export function roomTable(): string {
  const rows = house.floors
    .toReversed()
    .flatMap(({ floor }) =>
      house.rooms
        .filter((room) => room.floor === floor)
        .map((room) => [floor, linked(room), room.owns, arrowsOf(room), powersOf(room)]),
    );
  return table(['floor', 'room', 'owns', 'may import', 'powers'], rows);
}

export function floorList(): string {
  return house.floors
    .toReversed()
    .map(({ floor, says }) => `- **${floor}**: ${says}`)
    .join('\n');
}

/** The sentence in the last column beside each name in the first; empty where a name has none yet. */
export function sentencesByName(tableText: string): ReadonlyMap<string, string> {
  const rows = [...tableText.matchAll(/^\| *`([a-z_]+)` *\|(?:[^|\n]*\|)*?([^|\n]*)\|$/gm)];
  return new Map(rows.map(([, name = '', sentence = '']) => [name, sentence.trim()]));
}

/** Code, status and title from the registry; the last column is written by hand and kept. */
export function codeTable(present: string): string {
  const sentences = sentencesByName(present);
  const rows = Object.entries(CODES).map(([name, { status, title }]) => [
    code(name),
    String(status),
    title,
    sentences.get(name) ?? '',
  ]);
  return table(['code', 'status', 'title', 'means, and what helps'], rows);
}

/** Names of the tables that an object's schema makes, in its order. */
export function storedTables(): string[] {
  return [...ACCOUNT_SCHEMA, ...LATER_STEPS.map(({ sql }) => sql)].flatMap((step) =>
    [...step.matchAll(/CREATE TABLE ([a-z_]+)/g)].map(([, name = '']) => name),
  );
}

/** The tables of an account; what they hold is written by hand and kept. */
export function storedTable(present: string): string {
  const sentences = sentencesByName(present);
  return table(
    ['table', 'holds'],
    storedTables().map((name) => [code(name), sentences.get(name) ?? '']),
  );
}

/** The table of moves as a mermaid diagram, a label per pair of states. */
export function stateDiagram(): string {
  const labels = new Map<string, string[]>();
  for (const [from, moves] of Object.entries(MOVES)) {
    for (const [signal, to] of Object.entries(moves)) {
      const edge = `${from} --> ${to === 'before' ? 'as_before' : to}`;
      labels.set(edge, [...(labels.get(edge) ?? []), signal]);
    }
  }
  const edges = [...labels].map(([edge, signals]) => `  ${edge}: ${signals.join(', ')}`);
  return [
    '```mermaid',
    'stateDiagram-v2',
    '  state "what it was before, moved on by what was learnt meanwhile" as as_before',
    '  [*] --> pending',
    ...edges,
    '```',
  ].join('\n');
}
