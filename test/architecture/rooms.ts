/**
 * The room table, read and asked. `rooms.json` is the one place that says where a line belongs; lint, the tests here and
 * the table in `src/README.md` follow from it.
 */

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export const ROOT = path.resolve(import.meta.dirname, '../..');

export interface Floor {
  readonly floor: string;
  readonly says: string;
  /** Its rooms decide and do nothing. */
  readonly pure?: boolean;
}

export interface Room {
  /** A folder of `src`, or a file that stands beside them. */
  readonly room: string;
  readonly floor: string;
  readonly owns: string;
  /** Rooms of lower floors. */
  readonly imports: readonly string[];
  /** Rooms of the same floor: each an exception. */
  readonly sideways?: readonly string[];
  readonly packages?: readonly string[] | 'any';
  /** Modules of the platform, for the whole room. */
  readonly modules?: readonly string[];
}

/** Something that only its holders may do: rooms, files, or files by `*`. Rooms of the floor outside are not asked. */
export interface Power {
  readonly power: string;
  readonly says: string;
  readonly globals?: readonly string[];
  /** Restricted in pure rooms alone. */
  readonly pureGlobals?: readonly string[];
  /** What hands the power out by import, restricted in pure rooms: types are free, and what only computes. */
  readonly pureImports?: { readonly from: string; readonly names: readonly string[] };
  /** `object.property`. */
  readonly properties?: readonly string[];
  readonly modules?: readonly string[];
  /** A regular expression over code without its comments, where no lint rule sees the thing. */
  readonly text?: string;
  readonly holders?: readonly string[];
}

export interface House {
  readonly floors: readonly Floor[];
  readonly rooms: readonly Room[];
  readonly powers: readonly Power[];
}

export const house: House = JSON.parse(readFileSync(path.join(import.meta.dirname, 'rooms.json'), 'utf8'));

/** Every file under `folder`, as paths from the root with `/`. TypeScript is `.ts` and, where it holds markup, `.tsx`. */
export function filesUnder(folder: string, extension: string): string[] {
  const isMeant = (name: string) =>
    name.endsWith(extension) || (extension === '.ts' && name.endsWith('.tsx'));
  return readdirSync(path.join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && isMeant(entry.name))
    .map((entry) => path.relative(ROOT, path.join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .toSorted();
}

export function textOf(file: string): string {
  return readFileSync(path.join(ROOT, file), 'utf8');
}

export function isFileRoom(room: string): boolean {
  return room.endsWith('.ts');
}

export function roomNamed(name: string): Room | undefined {
  return house.rooms.find(({ room }) => room === name);
}

/** The room of a path such as `src/policy/decide.ts`; undefined for what lies in none. */
export function roomOf(file: string): Room | undefined {
  const [top, name] = file.split('/');
  return top === 'src' && name !== undefined ? roomNamed(name) : undefined;
}

export function isPure({ floor }: Room): boolean {
  return house.floors.some((one) => one.floor === floor && one.pure === true);
}

/** Other programs, to which the powers of the Worker say nothing. */
export function isOutside({ floor }: Room): boolean {
  return floor === 'outside';
}

/** Every room whose files this room may import, itself not among them. */
export function reachable(room: Room): string[] {
  return [...room.imports, ...(room.sideways ?? [])];
}

/** Whether `file` (`src/…`) is among the holders of a power. */
export function holds(power: Power, file: string): boolean {
  return (power.holders ?? []).some((holder) => {
    const pattern = `src/${holder}`;
    if (!pattern.includes('*')) return file === pattern || file.startsWith(`${pattern}/`);
    const [before = '', after = ''] = pattern.split('*');
    return file.startsWith(before) && file.endsWith(after) && !file.slice(before.length).includes('/');
  });
}
