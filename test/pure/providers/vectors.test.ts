/**
 * Every vector of test/vectors/provider-answers, through `classify` or `judgeApiAnswer`: what providers document, what
 * RFCs say for all, and what stands between them and us. The name of each test says how many are of which kind.
 */

import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { judgeApiAnswer } from '#providers/answers/api-answer.ts';
import { allDescriptors, providerIds } from '#providers/catalogue/catalogue.ts';
import { classify } from '#providers/answers/classify.ts';
import type { Descriptor } from '#providers/descriptor.ts';
import { NOW_MS, custom, known, response } from './descriptors.ts';
import { VECTORS, answerOf, categoryOf, vectorsOf, type Vector } from './vectors.ts';

const CONTEXT = { nowMs: NOW_MS, inDoubt: false, narrowed: false };
const SUBJECTS: [id: string, Descriptor][] = [
  ['generic', custom()],
  ...allDescriptors().map((entry): [string, Descriptor] => [entry.id, entry]),
];

function judged(descriptor: Descriptor, vector: Vector): unknown {
  const answer = answerOf(vector);
  return vector.api === true
    ? judgeApiAnswer(descriptor, answer, NOW_MS)
    : classify(descriptor, { kind: 'response', ...answer }, { ...CONTEXT, ...vector.context });
}

const counted = SUBJECTS.map(([id, descriptor]) => {
  const vectors = vectorsOf(id);
  const documented = vectors.filter(({ source }) => source === 'documented').length;
  return [id, documented, vectors.length - documented, descriptor, vectors] as const;
});

describe('the answers', () => {
  it.each(counted)(
    'of %s are told as expected: %i documented, %i generic',
    (_, _d, _g, descriptor, vectors) => {
      expect(vectors.length).toBeGreaterThan(0);
      for (const vector of vectors)
        expect.soft(judged(descriptor, vector), vector.name).toMatchObject(vector.expect);
    },
  );

  it('have a file for each provider, and no file is of nobody', () => {
    const files = readdirSync(VECTORS).map((name) => name.replace(/\.json$/, ''));
    expect(files.toSorted()).toEqual(['generic', ...providerIds()].toSorted());
  });

  it('are told for success, death, rejection of the client and throttling of every provider', () => {
    for (const [id, , , descriptor, vectors] of counted) {
      const found = new Set(vectors.map(categoryOf));
      // An API key has no client that could be rejected beside it.
      const usual = ['success', 'death', 'throttle'];
      const wanted = descriptor.token_url === null ? usual : [...usual, 'client'];
      expect(
        wanted.filter((category) => !found.has(category)),
        id,
      ).toEqual([]);
      expect(
        vectors.every(({ source }) => source === 'documented' || source === 'generic'),
        id,
      ).toBe(true);
    }
  });

  it('that are documented say where they are documented', () => {
    for (const entry of allDescriptors()) {
      expect(entry.source.length, entry.id).toBeGreaterThan(0);
      const documented = vectorsOf(entry.id).filter(({ source }) => source === 'documented');
      if (documented.length > 0) expect(entry.source.some((one) => one !== 'general knowledge')).toBe(true);
    }
  });

  it.each(['generic', 'hubspot', 'google', 'slack'])(
    'of %s cover every outcome, pages and cut bodies',
    (id) => {
      const vectors = vectorsOf(id).filter(({ api }) => api !== true);
      const outcomes = new Set(vectors.map((one) => one.expect['outcome']));
      expect([...outcomes].toSorted()).toEqual([
        'client_rejected',
        'grant_dead',
        'malformed',
        'refreshed',
        'throttled',
        'transient',
      ]);
      const bodies = vectors.map((one) => answerOf(one).body);
      expect(bodies.some((body) => body.startsWith('<'))).toBe(true);
      expect(bodies.some((body) => body.startsWith('{') && !body.endsWith('}'))).toBe(true);
      expect(vectors.some((one) => one.status >= 500)).toBe(true);
    },
  );
});

/** What no provider documents and every gateway does; the same for all of them. */
const WEATHER: [
  name: string,
  status: number,
  body: unknown,
  headers: Record<string, string>,
  expected: object,
][] = [
  ['an error body under 500', 500, { error: 'invalid_grant' }, {}, { outcome: 'transient', doubt: true }],
  ['a page under 502', 502, '<html>bad gateway</html>', {}, { outcome: 'transient', doubt: true }],
  ['nothing under 504', 504, '', {}, { outcome: 'transient', doubt: true }],
  ['an error body under 408', 408, { error: 'invalid_grant' }, {}, { outcome: 'transient', doubt: true }],
  ['a firewall page under 403', 403, '<html>blocked</html>', {}, { outcome: 'transient', doubt: false }],
  ['a page under 404', 404, '<html>not found</html>', {}, { outcome: 'transient', doubt: true }],
  ['a page under 200', 200, '<html>sign in</html>', {}, { outcome: 'malformed', doubt: true }],
  ['a body that was cut under 400', 400, '{"error":"invalid_gra', {}, { outcome: 'transient', doubt: true }],
  ['a body that was cut under 200', 200, '{"access_token":"at', {}, { outcome: 'malformed', doubt: true }],
  ['a redirect', 302, '', { location: 'https://evil.example' }, { outcome: 'transient', doubt: true }],
  [
    'a 429 with a date',
    429,
    '',
    { 'retry-after': 'Sat, 21 Nov 2026 10:01:00 GMT' },
    { outcome: 'throttled', doubt: false, retryAfterMs: 60_000 },
  ],
];

describe.each(WEATHER)('%s', (_, status, body, headers, expected) => {
  it('means the same for every provider', () => {
    const otherwise = allDescriptors().filter((entry) => {
      const told = classify(entry, response(status, body, headers), CONTEXT);
      return !Object.entries(expected).every(([key, value]) => told[key as keyof typeof told] === value);
    });
    expect(otherwise.map(({ id }) => id)).toEqual([]);
  });
});

describe('a provider’s habit', () => {
  const told = (id: string, status: number, body: unknown) =>
    classify(known(id), response(status, body), CONTEXT);

  it('to answer errors with 200 is believed where the facts know it', () => {
    expect(told('slack', 200, { ok: false, error: 'invalid_refresh_token' }).outcome).toBe('grant_dead');
    expect(
      told('github-app-user', 200, {
        error: 'bad_refresh_token',
        error_description: 'The refresh token passed is incorrect or expired.',
      }).outcome,
    ).toBe('grant_dead');
    expect(told('zoho', 200, { error: 'invalid_code' }).outcome).toBe('grant_dead');
    expect(told('withings', 200, { status: 401, error: 'invalid token' }).outcome).toBe('grant_dead');
    expect(told('hubspot', 200, { error: 'invalid_grant' }).outcome).toBe('malformed');
  });

  it('to end a grant with 403 or invalid_request is believed of whom it is known, and of nobody else', () => {
    const dead = { error: 'invalid_grant', error_description: 'Unknown or invalid refresh token.' };
    expect(told('atlassian', 403, dead).outcome).toBe('grant_dead');
    expect(told('linear', 403, dead).outcome).toBe('transient');
    const x = { error: 'invalid_request', error_description: 'Value passed for the token was invalid.' };
    expect(told('x', 400, x).outcome).toBe('grant_dead');
    expect(told('x', 400, { error: 'invalid_request' }).outcome).toBe('transient');
    expect(told('atlassian', 401, { error: 'access_denied' })).toMatchObject({ outcome: 'client_rejected' });
  });

  it('to say no lifetime, to nest tokens and to name the tenant’s host is read', () => {
    const salesforce = told('salesforce', 200, {
      access_token: 'at-2',
      instance_url: 'https://acme.my.salesforce.com',
      issued_at: '1795255200000',
    });
    expect(salesforce).toMatchObject({
      outcome: 'refreshed',
      tokens: { lifetimeMs: 3_600_000, captured: { instance_url: 'https://acme.my.salesforce.com' } },
    });
    const slack = told('slack-user', 200, {
      ok: true,
      authed_user: { id: 'U1', access_token: 'xoxe.xoxp-2', refresh_token: 'xoxe-2', expires_in: 43_200 },
      team: { id: 'T1' },
    });
    expect(slack).toMatchObject({
      tokens: {
        accessToken: 'xoxe.xoxp-2',
        refreshToken: 'xoxe-2',
        lifetimeMs: 43_200_000,
        captured: { 'team.id': 'T1' },
      },
    });
    expect(
      told('withings', 200, {
        status: 0,
        body: { access_token: 'at-2', refresh_token: 'rt-2', expires_in: 10_800, userid: 7 },
      }),
    ).toMatchObject({
      tokens: { accessToken: 'at-2', refreshToken: 'rt-2', captured: { 'body.userid': '7' } },
    });
    expect(told('mailchimp', 200, { access_token: 'at-2', expires_in: 0, scope: null })).toMatchObject({
      tokens: { lifetimeMs: null },
    });
    expect(told('square', 200, { access_token: 'at-2', expires_at: '2026-12-21T10:00:00Z' })).toMatchObject({
      tokens: { lifetimeMs: 30 * 86_400_000 },
    });
  });
});
