/** What the catalogue names may be called: else its connections would fail with the first refresh. */

import { expect, it } from 'vitest';
import { targetProblem } from '#egress/guard/guard.ts';
import { allDescriptors } from '#providers/catalogue/catalogue.ts';
import { URL_FIELDS } from '#providers/descriptor.ts';
import { applyVariables } from '#providers/variables/variables.ts';
import { samplesOf } from '../providers/variable-samples.ts';

it.each(allDescriptors().map((entry) => [entry.id, entry] as const))(
  'every URL of %s passes the guard, its variables filled in',
  (_, entry) => {
    const applied = applyVariables(entry, samplesOf(entry), 'client-12345');
    if (!applied.ok) throw new Error(JSON.stringify(applied.errors));
    const { descriptor } = applied;
    const urls = [...URL_FIELDS.map((field) => descriptor[field]), ...descriptor.api_base_urls];
    const given = urls.filter((url) => url !== null);
    const refused = given.filter(
      (url) => targetProblem(url, { allowLoopback: false, ownHost: null }) !== null,
    );
    expect(given.length).toBeGreaterThan(0);
    expect(refused).toEqual([]);
  },
);
