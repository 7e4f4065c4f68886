/** Nothing is kept that nobody needs: what a file exports, another file takes, and the code itself uses it. */

import { describe, expect, it } from 'vitest';
import { declarationsOf, exportsOf, mentionsOf, takenUnder, type Exported } from './exports.ts';
import { filesUnder } from './rooms.ts';

/** Workers: the platform takes their classes by name, and the benchmark bundles some into the broker's. */
const ENTRIES = new Set([
  'src/sdk/entry.ts',
  'src/index.ts',
  'test/bench/ceiling/worker.ts',
  'test/bench/floor.ts',
  'test/bench/forwarder.ts',
  'test/bench/hops/far.ts',
  'test/bench/hops/no-pump.ts',
  'test/crash/late-writer.worker.ts',
  'test/support/fetch-entry.ts',
  'test/worker/main.ts',
]);

/** What tests alone take, each with its reason; another export of that kind is dead. */
const KEPT: Readonly<Record<string, string>> = {
  'src/connect/pages/stylesheet.ts CONTRASTS': 'what the palette beside it has to keep',
  'src/contract/roles.ts OTHER_CALLERS': 'a route stands in this table or in the one beside it',
  'src/crypto/api-keys.ts createAgentKey': 'makes keys as earlier versions did, which go on working',
  'src/directory/organization-audit.ts verifyOrganizationAudit': 'reads back a chain that is written here',
  'src/directory/schema-major.ts forgetDirectoryVersions': 'lets a test begin anew in its isolate',
  'src/egress/injector/injector.ts injectorOf': 'what a call through the broker is made with',
  'src/providers/catalogue/catalogue.ts allDescriptors':
    'the whole catalogue, which costs too much at run time',
  'src/providers/answers/api-answer.ts judgeApiAnswer':
    'what a call of an API says of its token, for whoever makes one',
  'src/providers/answers/api-answer.ts lossOfPermissionOf':
    'its second half: what a fresh token that is refused means',
};

const shown = ({ file, name }: Exported) => `${file} ${name}`;
const isOf =
  (taken: ReadonlySet<string>) =>
  ({ file, name }: Exported) =>
    taken.has(`${file}#${name}`);
const isUsedAtHome = ({ file, name }: Exported) => mentionsOf(file, name) > declarationsOf(file, name);

const takenBySrc = takenUnder('src');
const takenByAnyone = takenUnder('src', 'test');
const inSrc = filesUnder('src', '.ts')
  .filter((file) => !ENTRIES.has(file))
  .flatMap(exportsOf);

describe('what src exports', () => {
  it('is used by src: code that tests alone call is code that nobody needs', () => {
    expect(inSrc.length).toBeGreaterThan(500);
    const dead = inSrc
      // The development programs are what tests play against.
      .filter(({ file }) => !file.startsWith('src/dev/'))
      .filter((one) => !isOf(takenBySrc)(one) && !isUsedAtHome(one));
    expect(dead.map(shown).filter((one) => !(one in KEPT))).toEqual([]);
  });

  it('is there where it is kept for tests', () => {
    const present = new Set(inSrc.map(shown));
    expect(Object.keys(KEPT).filter((one) => !present.has(one))).toEqual([]);
  });

  it('is taken by another file, or is a type that a signature names', () => {
    const kept = inSrc.filter((one) => !one.isType && !isOf(takenByAnyone)(one));
    expect(kept.map(shown)).toEqual([]);
  });
});

it('what the helpers of the tests export is taken by another file', () => {
  const helpers = filesUnder('test', '.ts')
    .filter((file) => !ENTRIES.has(file))
    .flatMap(exportsOf);
  expect(helpers.length).toBeGreaterThan(100);
  const idle = helpers.filter((one) =>
    one.isType ? !isOf(takenByAnyone)(one) && !isUsedAtHome(one) : !isOf(takenByAnyone)(one),
  );
  expect(idle.map(shown)).toEqual([]);
});
