/** The documents say what the code does: what is generated is current, what is named is there. */

import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { CODES } from '#contract/codes.ts';
import { AGENT_SCHEMA } from '#agents/schema.ts';
import { ACCOUNT_SCHEMA, LATER_STEPS } from '#accounts/schema.ts';
import { REVOCATION_SCHEMA } from '#revocations/schema.ts';
import { BOUNDS, RUNS_A_DAY, type Place } from './bounds.ts';
import { outdated, partOf } from './generate.ts';
import { filesUnder, house, isFileRoom, ROOT, textOf } from './rooms.ts';
import { sentencesByName, storedTables } from './tables.ts';

const ROOMS = house.rooms.map(({ room }) => room).filter((room) => !isFileRoom(room));

it('what is generated is as the room table and the code say', async () => {
  expect((await outdated()).map(({ file }) => file)).toEqual([]);
});

/** Rooms that are being built: their READMEs and comments are held to a length and to words once they stand. */
const GROWING = ['agents', 'callers', 'policy'];

const READMES = filesUnder('src', 'README.md').filter(
  (file) => file !== 'src/README.md' && !GROWING.includes(file.split('/')[1] ?? ''),
);

it.each(READMES)('%s is read in two minutes', (file) => {
  const written = textOf(file).replaceAll(/<!-- generated: (\w+) -->[^]*?<!-- end of \1 -->/g, '');
  expect(written.split('\n').filter((line) => line.trim() !== '').length).toBeLessThanOrEqual(20);
  expect(written.split(/\s+/).length).toBeLessThanOrEqual(450);
});

it('a sentence of a comment names its subject: a caller, an account, a row, and not "who" or "what is"', () => {
  const begin = String.raw`^\s*(?:/\*\*|\*|//)(?:.*[.:?])?`;
  const words = 'Who|Whoever|Whatever|What (?:is|was|goes)|One (?:who|that)|That which|Such a one';
  const vague = new RegExp(`${begin} (?:${words}) .*$`, 'gm');
  const files = filesUnder('src', '.ts').filter((file) => !GROWING.includes(file.split('/')[1] ?? ''));
  expect(files.length).toBeGreaterThan(300);
  const found = files.flatMap((file) =>
    [...textOf(file).matchAll(vague)].map(([line]) => `${file}: ${line}`),
  );
  expect(found).toEqual([]);
});

describe.each(ROOMS)('the README of %s', (room) => {
  const file = `src/${room}/README.md`;

  it('says what the room owns, refuses, offers, promises and stores, and on what that rests', () => {
    const text = existsSync(path.join(ROOT, file)) ? textOf(file).toLowerCase() : '';
    const parts = ['owns', 'does not', 'door', 'invariant', 'stored', 'sources'];
    expect(parts.filter((part) => !text.includes(part))).toEqual([]);
  });
});

it('every test file and folder that a document names is there', () => {
  const documents = [...filesUnder('src', '.md'), ...filesUnder('test', '.md')];
  const named = documents.flatMap((file) =>
    [...textOf(file).matchAll(/`(test\/[\w./-]+)`/g)].map(([, name = '']) => ({ file, name })),
  );
  expect(named.length).toBeGreaterThan(0);
  expect(named.filter(({ name }) => !existsSync(path.join(ROOT, name)))).toEqual([]);
  const tests = filesUnder('test', '.test.ts').map((file) => file.slice(file.lastIndexOf('/') + 1));
  const short = documents.flatMap((file) =>
    [...textOf(file).matchAll(/`([\w.-]+\.test\.ts)`/g)].map(([, name = '']) => ({ file, name })),
  );
  expect(short.filter(({ name }) => !tests.includes(name))).toEqual([]);
});

it('every source file that a document, a comment or a message of src names is there', () => {
  const files = filesUnder('src', '.ts');
  const known = new Set(files);
  const isThere = (from: string, name: string) => {
    const [folder, room] = [path.posix.dirname(from), from.split('/').slice(0, 2).join('/')];
    const isAt = [folder, room, 'src', '.'].some((base) => known.has(path.posix.join(base, name)));
    return isAt || files.some((file) => file.startsWith(`${folder}/`) && file.endsWith(`/${name}`));
  };
  const named = [...files, ...filesUnder('src', '.md')].flatMap((file) =>
    [...textOf(file).matchAll(/`((?:[a-z][\w-]*\/)*[a-z][\w-]*\.tsx?)`/g)].map(([, name = '']) => ({
      file,
      name,
    })),
  );
  expect(named.length).toBeGreaterThan(200);
  const gone = named.filter(({ file, name }) => !name.startsWith('test/') && !isThere(file, name));
  expect(gone).toEqual([]);
});

it.each([
  { what: 'code of the registry', file: 'src/contract/README.md', mark: 'codes', names: Object.keys(CODES) },
  { what: 'table of an account', file: 'src/accounts/README.md', mark: 'tables', names: storedTables() },
])('every $what has its sentence in $file', ({ file, mark, names }) => {
  const sentences = sentencesByName(partOf(textOf(file), file, mark).part);
  expect(names.length).toBeGreaterThan(0);
  expect(names.filter((name) => !sentences.get(name))).toEqual([]);
});

describe('what keeps tables from growing', () => {
  const made = (texts: readonly string[]): string[] =>
    texts.flatMap((text) =>
      [...text.matchAll(/CREATE TABLE (?:IF NOT EXISTS )?(\w+)/g)].map(([, name = '']) => name),
    );
  const TABLES: Readonly<Record<Place, readonly string[]>> = {
    D1: ['d1_migrations', ...made(filesUnder('src/directory/migrations', '.sql').map(textOf))],
    account: ['schema_version', ...made([...ACCOUNT_SCHEMA, ...LATER_STEPS.map(({ sql }) => sql)])],
    agent: ['schema_version', ...made(AGENT_SCHEMA)],
    revocation: ['schema_version', ...made(REVOCATION_SCHEMA)],
  };

  it.each(Object.keys(TABLES) as Place[])('is said of every table of %s, once, and of no other', (place) => {
    const said = BOUNDS.filter((one) => one.place === place).map(({ table }) => table);
    expect(TABLES[place].length).toBeGreaterThan(10);
    expect(said.toSorted()).toEqual(TABLES[place].toSorted());
  });

  it('deletes from that table in the file that is named', () => {
    const idle = BOUNDS.filter(
      ({ by, table }) => by !== null && !new RegExp(`DELETE FROM ${table}\\b`).test(textOf(`src/${by}`)),
    );
    expect(idle.map(({ place, table, by }) => `${place} ${table}: ${by}`)).toEqual([]);
    const unnamed = BOUNDS.filter(({ by, growth }) => by === null && growth.kind === 'aging');
    expect(unnamed).toEqual([]);
  });

  it('runs as often as it is reckoned with', () => {
    expect(textOf('wrangler.toml')).toContain(`crons = ["*/${(24 * 60) / RUNS_A_DAY} * * * *"]`);
  });
});

it('the lock file lists every optional package that another names, so that a clean install works anywhere', () => {
  const { packages } = JSON.parse(textOf('package-lock.json')) as {
    packages: Record<string, { optionalDependencies?: Record<string, string> }>;
  };
  const missing = Object.entries(packages).flatMap(([owner, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter((name) => {
      const nested = `${owner}/node_modules/${name}`;
      return !(nested in packages) && !(`node_modules/${name}` in packages);
    }),
  );
  expect(missing).toEqual([]);
});
