/** What the catalogue names may be called: else its connections would fail with the first refresh. */

import { expect, it } from 'vitest';
import { targetProblem } from '#egress/guard.ts';
import { allDescriptors } from '#providers/catalogue/catalogue.ts';
import { placeholdersIn, URL_FIELDS } from '#providers/descriptor.ts';

it.each(allDescriptors().map((entry) => [entry.id, entry] as const))(
  'every fixed URL of %s passes the guard',
  (_, entry) => {
    const urls = [...URL_FIELDS.map((field) => entry[field]), ...entry.api_base_urls];
    const fixed = urls.filter((url) => url !== null && placeholdersIn(url).length === 0);
    const refused = fixed.filter(
      (url) => url !== null && targetProblem(url, { allowLoopback: false, ownHost: null }) !== null,
    );
    expect(fixed.length).toBeGreaterThan(0);
    expect(refused).toEqual([]);
  },
);
