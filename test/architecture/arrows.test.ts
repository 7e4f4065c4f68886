/** A second opinion on the arrows, from a walk of its own: lint could be switched off in a file, this cannot. */

import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { BLACK_BOX, GALLERY, KNOWN_OUTSIDE } from './lint-config.ts';
import {
  filesUnder,
  house,
  isFileRoom,
  isOutside,
  holds,
  reachable,
  ROOT,
  roomNamed,
  roomOf,
} from './rooms.ts';
import { importsOf } from './source.ts';

const FLOORS = house.floors.map(({ floor }) => floor);

interface Import {
  readonly from: string;
  readonly as: string;
  /** Path from the root for a file of ours; null for packages and modules of the platform. */
  readonly to: string | null;
}

function resolved(from: string, as: string): string | null {
  if (as.startsWith('#')) return `src/${as.slice(1)}`;
  if (as.startsWith('.')) return path.posix.join(path.posix.dirname(from), as);
  return null;
}

function importsUnder(folder: string, extension = '.ts'): Import[] {
  return filesUnder(folder, extension).flatMap((from) =>
    importsOf(from).map((as) => ({ from, as, to: resolved(from, as) })),
  );
}

const shown = ({ from, as }: Import) => `${from} imports ${as}`;

describe('the room table', () => {
  it('names everything that lies in src, and nothing else', () => {
    const present = new Set(filesUnder('src', '.ts').map((file) => file.split('/')[1]));
    expect(house.rooms.map(({ room }) => room).toSorted()).toEqual([...present].toSorted());
  });

  it('lets arrows point down, or sideways where it says so and never round', () => {
    const wrong = house.rooms.flatMap((room) => [
      ...room.imports.filter(
        (name) => FLOORS.indexOf(roomNamed(name)?.floor ?? '') >= FLOORS.indexOf(room.floor),
      ),
      ...(room.sideways ?? []).filter((name) => roomNamed(name)?.floor !== room.floor),
    ]);
    expect(wrong).toEqual([]);
    const leadsBack = (name: string, seen: readonly string[]): boolean =>
      seen.includes(name) ||
      (roomNamed(name)?.sideways ?? []).some((next) => leadsBack(next, [...seen, name]));
    expect(house.rooms.filter(({ room }) => leadsBack(room, []))).toEqual([]);
  });

  it('names holders of powers that are there', () => {
    const files = filesUnder('src', '.ts');
    const idle = house.powers.flatMap((power) =>
      (power.holders ?? []).filter(
        (holder) => !files.some((file) => holds({ ...power, holders: [holder] }, file)),
      ),
    );
    expect(idle).toEqual([]);
  });
});

describe('imports in src', () => {
  const all = importsUnder('src');

  it('never lead back to where they came from, types alone included', () => {
    const next = new Map<string, string[]>();
    for (const { from, to } of [...all, ...importsUnder('src', '.tsx')])
      if (to !== null) next.set(from, [...(next.get(from) ?? []), to]);
    expect(next.size).toBeGreaterThan(300);
    const circles: string[] = [];
    const done = new Set<string>();
    const walk = (file: string, way: readonly string[]): void => {
      if (way.includes(file)) circles.push([...way.slice(way.indexOf(file)), file].join(' → '));
      if (done.has(file) || way.includes(file)) return;
      for (const to of next.get(file) ?? []) walk(to, [...way, file]);
      done.add(file);
    };
    for (const file of next.keys()) walk(file, []);
    expect(circles).toEqual([]);
  });

  it('lead to files that are there', () => {
    const lost = all.filter(({ to }) => to !== null && !existsSync(path.join(ROOT, to)));
    expect(lost.map(shown)).toEqual([]);
  });

  it('follow the arrows of the room table', () => {
    const astray = all.filter(({ from, to }) => {
      if (to === null) return false;
      const [mine, its] = [roomOf(from), roomOf(to)];
      return mine === undefined || its === undefined || (mine !== its && !reachable(mine).includes(its.room));
    });
    expect(astray.map(shown)).toEqual([]);
  });

  it('are written #room/file.ts across rooms and by path inside one', () => {
    const odd = all.filter(({ from, as, to }) => {
      if (to === null || from === 'src/index.ts') return false;
      return as.startsWith('#') === (roomOf(from) === roomOf(to));
    });
    expect(odd.map(shown)).toEqual([]);
  });

  it('name packages and modules of the platform where the room table allows', () => {
    const foreign = all.filter(({ from, as, to }) => {
      const room = roomOf(from);
      if (to !== null || room === undefined || isOutside(room)) return false;
      const held = house.powers.flatMap((power) => (holds(power, from) ? (power.modules ?? []) : []));
      return ![...(room.packages ?? []), ...(room.modules ?? []), ...held].includes(as);
    });
    expect(foreign.map(shown)).toEqual([]);
  });
});

describe('imports in test', () => {
  it.each(BLACK_BOX.filter((layer) => existsSync(path.join(ROOT, 'test', layer))))(
    '%s knows the contract, dev and the client, and nothing else of src',
    (layer) => {
      const inside = importsUnder(`test/${layer}`).filter(({ from, to }) => {
        if (to === null || !to.startsWith('src/') || from.startsWith('test/support/worker-')) return false;
        const known = GALLERY.includes(from) ? [...KNOWN_OUTSIDE, 'connect'] : KNOWN_OUTSIDE;
        return !known.includes(roomOf(to)?.room ?? '');
      });
      expect(inside.map(shown)).toEqual([]);
    },
  );

  it('pure reaches no further than the room that it is about', () => {
    const beyond = importsUnder('test/pure').filter(({ from, to }) => {
      const its = to === null ? undefined : roomOf(to);
      if (its === undefined) return false;
      const about = roomNamed(from.split('/')[2] ?? '');
      return about === undefined || (about !== its && !reachable(about).includes(its.room));
    });
    expect(beyond.map(shown)).toEqual([]);
  });

  it('pure and worker stand in folders named after the room that they are about', () => {
    const folders = ['pure', 'worker'].flatMap((layer) =>
      filesUnder(`test/${layer}`, '.test.ts').map((file) => file.split('/').slice(1, 3)),
    );
    const known = house.rooms.map(({ room }) => room).filter((room) => !isFileRoom(room));
    expect(folders.filter(([, room = '']) => !known.includes(room))).toEqual([]);
  });
});
