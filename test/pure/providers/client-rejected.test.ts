/** Every error of the catalogue that is the client's or the request's: whose trouble it is said to be. */

import { describe, expect, it } from 'vitest';
import { allDescriptors } from '#providers/catalogue/catalogue.ts';
import { classify } from '#providers/answers/classify.ts';
import { Descriptor } from '#providers/descriptor.ts';
import type { ErrorRow } from '#providers/answers/error-row.ts';
import { NOW_MS } from './descriptors.ts';

const OURS = ['fix_client_credentials', 'fix_request'] as const;
const context = { nowMs: NOW_MS, inDoubt: false, narrowed: false };

/** The body that the row describes, as far as it says so. */
function bodyOf(row: ErrorRow): Record<string, unknown> {
  const { error, description_contains: text, error_codes: codes, error_subtype: subtype } = row;
  return {
    ...(error === null ? {} : { error }),
    ...(text === null ? {} : { error_description: text }),
    ...(codes === undefined ? {} : { error_codes: codes }),
    ...(subtype === undefined ? {} : { error_subtype: subtype }),
  };
}

/** Rows that say all that is compared in the plain places; others are the vectors' matter. */
const isPlain = (row: ErrorRow): boolean =>
  row.field === undefined &&
  row.also === undefined &&
  row.exchange_only !== true &&
  row.error !== null &&
  row.status !== '5xx';

const rows = allDescriptors().flatMap((descriptor) =>
  descriptor.terminal_refresh_errors
    .filter((row) => isPlain(row) && (OURS as readonly string[]).includes(row.recovery))
    .map((row) => ({ id: descriptor.id, code: row.error, recovery: row.recovery, row, descriptor })),
);
const generic = allDescriptors()
  .filter(({ auth_type: type }) => type === 'oauth2')
  .flatMap((descriptor) =>
    ['invalid_client', 'unauthorized_client']
      // What a provider's own facts say of a code wins.
      .filter((code) => !descriptor.terminal_refresh_errors.some((row) => row.error === code))
      .map((code) => ({ id: descriptor.id, code, descriptor })),
  );

describe('an error that is the client’s', () => {
  it('stands in the facts of many providers', () => {
    expect(rows.length).toBeGreaterThan(20);
  });
  it.each(rows)('$id $code ($recovery) ends no grant', ({ descriptor, row, recovery }) => {
    const answer = {
      kind: 'response' as const,
      status: typeof row.status === 'number' ? row.status : 400,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(bodyOf(row)),
    };
    const classified = classify(descriptor, answer, context);
    expect(classified).toMatchObject({
      outcome: 'client_rejected',
      kind: recovery === 'fix_request' ? 'request' : 'credentials',
      doubt: false,
    });
  });
  it.each(generic)('$id $code is the client’s, though no facts say so', ({ descriptor, code }) => {
    const body = JSON.stringify({ error: code });
    const answer = { kind: 'response' as const, status: 401, headers: {}, body };
    expect(classify(descriptor, answer, context).outcome).toBe('client_rejected');
  });
  it('is the same of a provider that nobody has listed', () => {
    const descriptor = Descriptor.parse({
      ...allDescriptors()[0],
      terminal_refresh_errors: [],
      transient_refresh_errors: [],
    });
    for (const code of ['invalid_client', 'unauthorized_client'])
      for (const status of [400, 401]) {
        const answer = {
          kind: 'response' as const,
          status,
          headers: {},
          body: JSON.stringify({ error: code }),
        };
        expect(classify(descriptor, answer, context)).toMatchObject({
          outcome: 'client_rejected',
          kind: 'credentials',
        });
      }
  });
});
