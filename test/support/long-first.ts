/** The order of test files: those that take longest come first, so that none of them is what everybody waits for. */

import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** They wait for real time or ask much. vitest knows no durations in a clean checkout. */
const LONG = [
  // Of project long.
  'http/refresh-schedule.test.ts',
  'http/vault.test.ts',
  'http/refresh-min-ttl.test.ts',
  'http/machine-matrix.test.ts',
  // Of every run.
  'worker/accounts/lifecycle.property.test.ts',
  'worker/accounts/tampered.test.ts',
  'worker/accounts/directory-down.test.ts',
  'worker/revocations/matrix.test.ts',
  'http/roles.test.ts',
  'http/revocation.test.ts',
  'http/refresh-lost-answer.test.ts',
  'http/refresh-outage.test.ts',
];

function rank({ moduleId }: TestSpecification): number {
  const index = LONG.findIndex((name) => moduleId.endsWith(`/test/${name}`));
  return index === -1 ? LONG.length : index;
}

export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    // Files of one project that follow each other share what they have loaded.
    const projects = [...new Set(sorted.map(({ project }) => project.name))];
    return projects.flatMap((name) =>
      sorted.filter(({ project }) => project.name === name).toSorted((a, b) => rank(a) - rank(b)),
    );
  }
}
