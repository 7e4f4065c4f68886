/** What holds for every answer that anybody could send. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeApiAnswer } from '#providers/answers/api-answer.ts';
import { classify } from '#providers/answers/classify.ts';
import type { Answer, Classified } from '#providers/answers/classify.ts';
import { allDescriptors } from '#providers/catalogue/catalogue.ts';
import type { Descriptor } from '#providers/descriptor.ts';
import { NOW_MS, custom } from './descriptors.ts';

const descriptors: fc.Arbitrary<Descriptor> = fc.constantFrom(
  ...allDescriptors(),
  custom(),
  custom({ errors_with_http_200: true, refresh_token: 'rotating', expires_in_zero: 'never' }),
  custom({
    token_response_map: { access_token: 'a.b | access_token', expires_at: 'expires_at | x', scope: 's[]' },
    terminal_refresh_errors: [
      { status: 404, error: null, recovery: 'contact_tenant_admin' },
      { status: null, error: 'odd', field: 'errors[].code', recovery: 'reauthorize_user' },
    ],
  }),
);

const scalars = fc.oneof(
  fc.constantFrom(
    '',
    'at-2',
    'invalid_grant',
    'invalid_client',
    'invalid_refresh_token',
    'BAD_REFRESH_TOKEN',
    '0',
    '-1',
    '1e999',
    'NaN',
  ),
  fc.constantFrom(0, -1, 1, 1800, 1e308, 0.1, null, true, false),
  fc.string(),
);
const fieldNames = fc.constantFrom(
  'access_token',
  'refresh_token',
  'expires_in',
  'expires_at',
  'scope',
  'error',
  'error_description',
  'error_codes',
  'errors',
  'status',
  'message',
  'ok',
  'team',
  '__proto__',
  'constructor',
);
/** Close to what providers send, so that every outcome comes up. */
const plausible = fc
  .record(
    {
      access_token: fc.constantFrom('at-2', 'x.y.z'),
      error: fc.constantFrom(
        'invalid_grant',
        'invalid_client',
        'invalid_refresh_token',
        'invalid_scope',
        'odd',
      ),
      ok: fc.boolean(),
      expires_in: scalars,
      refresh_token: scalars,
      scope: scalars,
    },
    { requiredKeys: [] },
  )
  .map((value) => JSON.stringify(value));
const bodies = fc.oneof(
  { weight: 6, arbitrary: plausible },
  {
    weight: 4,
    arbitrary: fc
      .dictionary(
        fieldNames,
        fc.oneof(scalars, fc.array(scalars, { maxLength: 3 }), fc.jsonValue({ maxDepth: 2 })),
      )
      .map((value) => JSON.stringify(value)),
  },
  fc.json(),
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.dictionary(fieldNames, fc.string()).map((value) => new URLSearchParams(value).toString()),
);
const statuses = fc.oneof(
  fc.constantFrom(200, 400, 401),
  fc.constantFrom(200, 201, 204, 301, 400, 401, 403, 404, 408, 425, 429, 500, 503),
  fc.integer({ min: 100, max: 599 }),
);
const headers = fc.record(
  {
    'content-type': fc.constantFrom('application/json', 'text/html', 'application/x-www-form-urlencoded', ''),
    'Retry-After': fc.oneof(
      fc.string(),
      fc.constantFrom(
        '5',
        '-5',
        '99999999999999',
        'Sat, 21 Nov 2026 11:00:00 GMT',
        'Sat, 99 Nov 2026 11:00:00 GMT',
      ),
    ),
  },
  { requiredKeys: [] },
);
const answers: fc.Arbitrary<Extract<Answer, { kind: 'response' }>> = fc.record({
  kind: fc.constant('response' as const),
  status: statuses,
  headers: headers as fc.Arbitrary<Record<string, string>>,
  body: bodies,
  truncated: fc.boolean(),
});
const contexts = fc.record({ nowMs: fc.constant(NOW_MS), inDoubt: fc.boolean(), narrowed: fc.boolean() });

const isJson = (body: string): boolean => {
  try {
    return typeof JSON.parse(body.replace(/^\uFEFF/, '')) === 'object';
  } catch {
    return false;
  }
};

/** The provider's own words in a shape of its protocol: JSON, or a form that carries what an answer is made of. */
function isSpoken(body: string): boolean {
  const form = new URLSearchParams(body.replace(/^\uFEFF/, '').trim());
  return isJson(body) || form.has('access_token') || form.has('error');
}

/** Every number of a value, so that one that is none is found wherever it hides. */
function numbersIn(value: unknown): number[] {
  if (typeof value === 'number') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersIn) : [];
}

function check(answer: Extract<Answer, { kind: 'response' }>, classified: Classified): void {
  for (const number of numbersIn(classified)) expect(Number.isInteger(number) && number >= 0).toBe(true);
  if (classified.outcome === 'refreshed') {
    expect(answer.status >= 200 && answer.status < 300).toBe(true);
    expect(classified.tokens.accessToken).toMatch(/^[\x21-\x7e]{1,16384}$/);
    expect(classified.tokens.refreshToken === null || classified.tokens.refreshToken.trim() !== '').toBe(
      true,
    );
    const { lifetimeMs } = classified.tokens;
    expect(lifetimeMs === null || (lifetimeMs >= 1000 && lifetimeMs <= 315_360_000_000)).toBe(true);
  }
  if (classified.outcome === 'grant_dead') {
    expect(answer.status < 500 && answer.status !== 429 && answer.status !== 408).toBe(true);
    expect(isSpoken(answer.body)).toBe(true);
  }
  if ('providerError' in classified && classified.providerError !== null) {
    expect(classified.providerError).toMatch(/^[A-Za-z0-9_.:-]{1,100}$/);
  }
  if ('retryAfterMs' in classified && classified.retryAfterMs !== null) {
    expect(classified.retryAfterMs).toBeLessThanOrEqual(3_600_000);
  }
  if (classified.outcome === 'throttled' || classified.outcome === 'client_rejected')
    expect(classified.doubt).toBe(false);
  if (answer.status === 429) expect(classified.outcome).toBe('throttled');
  if (answer.status >= 500 || answer.status === 408)
    expect(classified).toMatchObject({ outcome: 'transient', doubt: true });
}

describe('any answer', () => {
  it('has an outcome, without an exception, a NaN, a dead grant by accident or a token that cannot be sent', () => {
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(descriptors, answers, contexts, (descriptor, answer, context) => {
        const classified = classify(descriptor, answer, context);
        seen.set(classified.outcome, (seen.get(classified.outcome) ?? 0) + 1);
        check(answer, classified);
      }),
      { numRuns: 3000 },
    );
    // The property says nothing about an outcome that never came up.
    expect(seen.size).toBe(6);
  });

  it('has an outcome at every provider of the catalogue, not only at those that chance picks', () => {
    for (const descriptor of allDescriptors()) {
      fc.assert(
        fc.property(answers, contexts, (answer, context) => {
          check(answer, classify(descriptor, answer, context));
        }),
        { numRuns: 20 },
      );
    }
  });

  it('in a form may be the end of a grant, where the provider says so by its status', () => {
    const shopify = allDescriptors().find(({ id }) => id === 'shopify');
    const answer = { kind: 'response', status: 404, headers: {}, body: 'access_token=' } as const;
    if (shopify === undefined) throw new Error('shopify is not in the catalogue');
    const classified = classify(shopify, answer, { nowMs: NOW_MS, inDoubt: false, narrowed: false });
    check(answer, classified);
    expect(classified.outcome).toBe('grant_dead');
  });

  it('of an API is judged without an exception, and a token is refused by a 401 or a listed signal alone', () => {
    fc.assert(
      fc.property(descriptors, answers, (descriptor, answer) => {
        const { verdict } = judgeApiAnswer(descriptor, answer, NOW_MS);
        if (verdict !== 'token_refused' || answer.status === 401) return;
        const listed = (descriptor.api_signals ?? []).some(({ status }) => status === answer.status);
        const in200 = answer.status === 200 && descriptor.api_dead_token_signals_with_200.length > 0;
        expect(listed || in200).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  it('is read the same whatever the case of its header names', () => {
    fc.assert(
      fc.property(answers, fc.constantFrom('retry-after', 'RETRY-AFTER', 'Retry-After'), (answer, name) => {
        const withName = { ...answer, status: 429, headers: { [name]: '9' } };
        const context = { nowMs: NOW_MS, inDoubt: false, narrowed: false };
        expect(classify(custom(), withName, context)).toMatchObject({ retryAfterMs: 9000 });
      }),
      { numRuns: 50 },
    );
  });

  it('may be nested as deeply as it likes', () => {
    for (const deep of [
      '['.repeat(60_000),
      `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`,
      `{"error":${'['.repeat(20_000)}${']'.repeat(20_000)}}`,
    ]) {
      const classified = classify(
        custom(),
        { kind: 'response', status: 400, headers: {}, body: deep },
        { nowMs: NOW_MS, inDoubt: true, narrowed: true },
      );
      expect(classified.outcome).toBe('transient');
    }
  });
});
