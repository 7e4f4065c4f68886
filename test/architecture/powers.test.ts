/** What lint cannot see: powers that are no globals, names in quotes, names of bindings. */

import { describe, expect, it } from 'vitest';
import { allDescriptors } from '#providers/catalogue/catalogue.ts';
import { filesUnder, holds, house, isOutside, roomOf, textOf } from './rooms.ts';
import { identifiersOf, membersOf, placesOf, standsUnder, stringsOf } from './source.ts';

/** The Worker's own files; other programs have no powers to keep apart. */
const FILES = filesUnder('src', '.ts').filter((file) => {
  const room = roomOf(file);
  return room !== undefined && !isOutside(room);
});

const read = house.powers.filter((power) => power.text !== undefined);

describe.each(read)('$power', (power) => {
  it(`${power.says}`, () => {
    const elsewhere = FILES.filter((file) => !holds(power, file));
    expect(elsewhere.flatMap((file) => placesOf(file, power.text ?? ''))).toEqual([]);
  });

  it('is used by each file that may', () => {
    const files = (power.holders ?? []).filter((holder) => holder.endsWith('.ts') && !holder.includes('*'));
    expect(files.filter((file) => placesOf(`src/${file}`, power.text ?? '').length === 0)).toEqual([]);
  });
});

describe('time', () => {
  it('is told by lib/clock.ts alone', () => {
    // The second holds a script for the reader's browser, as text.
    const clocks = ['src/lib/clock.ts', 'src/connect/pages/clock-time.ts'];
    const elsewhere = FILES.filter((file) => !clocks.includes(file));
    expect(elsewhere.flatMap((file) => placesOf(file, '\\bnew\\s+Date\\b|\\bDate\\s*[.(]'))).toEqual([]);
  });
});

describe('a provider of the catalogue', () => {
  /** Names that are words too, or the platform's own: found only where a text is nothing else. */
  const words = [
    'apple',
    'box',
    'close',
    'cloudflare',
    'copper',
    'front',
    'lever',
    'linear',
    'notion',
    'segment',
    'wise',
    'x',
  ];
  const ids = allDescriptors().map(({ id }) => id);
  const names = new RegExp(`\\b(?:${ids.filter((id) => !words.includes(id)).join('|')})\\b`, 'i');
  /** One letter, and what a socket does at its end, are compared with for other reasons. */
  const alone = words.filter((word) => word !== 'x' && word !== 'close');
  const isNamed = (text: string) => names.test(text) || alone.includes(text.toLowerCase());

  /** Platforms that workloads run on: some of them are providers too. */
  const platforms = 'src/contract/callers/workload-presets.ts';
  /** The forms of tools are called after those who make models. */
  const forms = ['src/contract/tools/formats.ts', 'src/tools/formats.ts'];
  const isData = (file: string) =>
    file.startsWith('src/providers/catalogue/') ||
    file.startsWith('src/tools/registry/') ||
    [platforms, ...forms].includes(file);

  it('has its name in quotes in the catalogue, in the registry of tools, among the platforms and forms, and in examples of the contract', () => {
    const quoted = FILES.filter((file) => !isData(file)).flatMap((file) =>
      stringsOf(file)
        .filter(({ text }) => isNamed(text))
        .filter(({ node }) => !(file.startsWith('src/contract/') && standsUnder(node, 'example')))
        .map(({ text }) => `${file}: ${text}`),
    );
    expect(quoted).toEqual([]);
  });
});

describe('a binding', () => {
  const bindings = membersOf('src/env.ts', 'UncheckedEnv');

  it('is named by env.ts and by nobody else', () => {
    const elsewhere = FILES.filter((file) => file !== 'src/env.ts' && file !== 'src/index.ts');
    const named = elsewhere.flatMap((file) => {
      const words = [...identifiersOf(file), ...stringsOf(file).map(({ text }) => text)];
      return bindings.filter((name) => words.includes(name)).map((name) => `${file}: ${name}`);
    });
    expect(named).toEqual([]);
  });

  it('of wrangler.toml is one that env.ts knows', () => {
    const configured = [...textOf('wrangler.toml').matchAll(/^(?:binding|name) = "([A-Z_]+)"$/gm)].map(
      ([, name]) => name,
    );
    expect(configured.length).toBeGreaterThan(0);
    expect(configured.filter((name) => !bindings.includes(name ?? ''))).toEqual([]);
  });
});
