/**
 * The room table as oxlint's configuration. An override replaces a rule's options, so each room gets whole ones, and so
 * does each file that may do more than its room. Patterns are Rust regular expressions without look-around: what is
 * forbidden is listed, and what is allowed is left out of the list.
 */

import path from 'node:path';
import {
  filesUnder,
  house,
  holds,
  isFileRoom,
  isOutside,
  isPure,
  reachable,
  textOf,
  type Room,
} from './rooms.ts';

interface Pattern {
  readonly regex: string;
  /** Of all that the module has, only these. */
  readonly importNames?: readonly string[];
  readonly message: string;
}

interface Override {
  readonly files: readonly string[];
  readonly rules: Readonly<Record<string, unknown>>;
}

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
const anyOf = (names: readonly string[]) => `(?:${names.map(escaped).join('|')})`;

const FOLDERS = house.rooms.map(({ room }) => room).filter((room) => !isFileRoom(room));
const FILES = house.rooms.map(({ room }) => room).filter(isFileRoom);

function packageNames(): string[] {
  const { dependencies, devDependencies } = JSON.parse(textOf('package.json')) as Record<string, object>;
  return Object.keys({ ...dependencies, ...devDependencies }).toSorted();
}

/** Forbids `#room/…` and `#file.ts` for all but `allowed`. */
function roomPatterns(prefix: string, allowed: readonly string[], message: string): Pattern[] {
  const folders = FOLDERS.filter((room) => !allowed.includes(room));
  const files = FILES.filter((room) => !allowed.includes(room));
  return [
    ...(folders.length === 0 ? [] : [{ regex: `^${prefix}${anyOf(folders)}\\/`, message }]),
    ...(files.length === 0 ? [] : [{ regex: `^${prefix}${anyOf(files)}$`, message }]),
  ];
}

/** A folder inside a room may be called as another room is: `arrows.test.ts` looks where such an import leads. */
function foldersIn(room: string): string[] {
  return filesUnder(`src/${room}`, '.ts').flatMap((file) => path.posix.dirname(file).split('/').slice(2));
}

function importPatterns(room: Room, file: string): Pattern[] {
  const arrows = `${room.room} may import ${reachable(room).join(', ') || 'no room'} (test/architecture/rooms.json)`;
  const style = 'inside a room ./file.ts, across rooms #room/file.ts';
  const patterns = isFileRoom(room.room)
    ? [...roomPatterns('(?:#|\\.\\/)', reachable(room), arrows)]
    : [
        ...roomPatterns('#', reachable(room), arrows),
        ...roomPatterns('(?:\\.\\.\\/)+', foldersIn(room.room), style),
      ];
  if (isOutside(room)) return patterns;
  for (const { pureImports, says } of isPure(room) ? house.powers : []) {
    if (pureImports === undefined) continue;
    const { from, names } = pureImports;
    patterns.push({ regex: `^${escaped(from)}$`, importNames: names, message: says });
  }
  const held = house.powers.flatMap((power) => (holds(power, file) ? (power.modules ?? []) : []));
  const modules = [...(room.modules ?? []), ...held];
  const schemes = ['node:', 'cloudflare:'].filter(
    (scheme) => !modules.some((name) => name.startsWith(scheme)),
  );
  if (schemes.length > 0) {
    const message = 'modules of the platform have one room each (test/architecture/rooms.json)';
    patterns.push({ regex: `^${anyOf(schemes)}`, message });
  }
  const banned = packageNames().filter((name) => room.packages !== 'any' && !room.packages?.includes(name));
  const message = `${room.room} may import ${(room.packages ?? []).toString() || 'no package'}`;
  return [...patterns, { regex: `^${anyOf(banned)}(?:\\/|$)`, message }];
}

function powerRules(room: Room, file: string): Record<string, unknown> {
  const missing = isOutside(room) ? [] : house.powers.filter((power) => !holds(power, file));
  const globals = missing.flatMap((power) =>
    [...(power.globals ?? []), ...(isPure(room) ? (power.pureGlobals ?? []) : [])].map((name) => ({
      name,
      message: power.says,
    })),
  );
  const properties = missing.flatMap((power) =>
    (power.properties ?? []).map((name) => {
      const [object, property] = name.split('.');
      return { object, property, message: power.says };
    }),
  );
  return {
    'no-restricted-globals': globals.length === 0 ? 'off' : ['error', { globals, checkGlobalObject: true }],
    'no-restricted-properties': properties.length === 0 ? 'off' : ['error', ...properties],
    'no-console': globals.some(({ name }) => name === 'console') ? 'error' : 'off',
  };
}

function rulesFor(room: Room, file: string): Record<string, unknown> {
  return {
    'no-restricted-imports': ['error', { patterns: importPatterns(room, file) }],
    ...powerRules(room, file),
  };
}

/** First the rooms, then the files that hold more than their room: the later override wins. */
function roomOverrides(): Override[] {
  const ofRooms = house.rooms.map((room) => ({
    files: [isFileRoom(room.room) ? `src/${room.room}` : `src/${room.room}/**/*.{ts,tsx}`],
    rules: rulesFor(room, `src/${room.room}`),
  }));
  const visible = house.powers.filter(({ globals, properties, modules }) => globals ?? properties ?? modules);
  const holders = new Set(
    visible.flatMap((power) => power.holders ?? []).filter((name) => name.includes('/')),
  );
  const ofFiles = [...holders].toSorted().map((name) => {
    const room = house.rooms.find((one) => name.startsWith(`${one.room}/`));
    if (room === undefined) throw new Error(`rooms.json: ${name} lies in no room`);
    return { files: [`src/${name}`], rules: rulesFor(room, `src/${name}`) };
  });
  return [...ofRooms, ...ofFiles];
}

/** Layers that see the broker from outside. */
export const BLACK_BOX = ['http', 'journeys', 'crash', 'browser', 'support', 'bench'];
/** What they may know of `src`. */
export const KNOWN_OUTSIDE = ['contract', 'dev', 'sdk'];
/** These show pages that no journey reaches, and know `connect` for it. */
export const GALLERY = ['test/browser/gallery.ts', 'test/browser/pages.test.ts'];

const PLUGINS = ['eslint', 'typescript', 'unicorn', 'oxc', 'import', 'vitest'];

/** Other programs pass parts of clients around, and print what they get. */
const OUTSIDE_RULES = {
  'typescript/unbound-method': 'off',
  'typescript/no-base-to-string': 'off',
  'unicorn/no-invalid-fetch-options': 'off',
};

/** Properties state their expectation in a function that `fc.assert` calls, so an `expect` under a condition is right. */
const TEST_RULES = {
  'vitest/no-focused-tests': 'error',
  'vitest/no-disabled-tests': 'error',
  'vitest/expect-expect': ['error', { assertFunctionNames: ['expect*', 'fc.assert', 'always', 'refused*'] }],
  'vitest/no-conditional-expect': 'off',
  'vitest/no-standalone-expect': 'off',
  'vitest/require-to-throw-message': 'off',
  'vitest/valid-expect': 'off',
  'vitest/require-mock-type-parameters': 'off',
  'typescript/no-misused-spread': 'off',
  'typescript/unbound-method': 'off',
  'typescript/no-base-to-string': 'off',
  'typescript/restrict-template-expressions': 'off',
  'typescript/require-array-sort-compare': 'off',
  'unicorn/no-new-array': 'off',
  'no-console': 'off',
};

function testOverrides(): Override[] {
  const message = `these layers know ${KNOWN_OUTSIDE.join(' and ')} alone; the rest they see over HTTP`;
  const patterns = roomPatterns('(?:#|(?:\\.\\.\\/)+src\\/)', KNOWN_OUTSIDE, message);
  return [
    { files: ['test/**/*.ts'], rules: TEST_RULES },
    {
      files: BLACK_BOX.map((layer) => `test/${layer}/**/*.ts`),
      rules: { 'no-restricted-imports': ['error', { patterns }] },
    },
    { files: ['test/support/worker-*.ts', ...GALLERY], rules: { 'no-restricted-imports': 'off' } },
  ];
}

/** What `.oxlintrc.json` extends: the rules of each room, and of each layer of tests. */
export function lintConfig(): object {
  return {
    plugins: PLUGINS,
    overrides: [
      ...roomOverrides(),
      {
        files: ['src/providers/catalogue/*.ts', 'src/tools/registry/**/*.ts'],
        rules: { 'max-lines': 'off' },
      },
      { files: house.rooms.filter(isOutside).map(({ room }) => `src/${room}/**/*.ts`), rules: OUTSIDE_RULES },
      ...testOverrides(),
    ],
  };
}
