/** Every vector of test/vectors/provider-answers: what providers document, and what stands between them and us. */

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { classify } from '#providers/classify.ts';
import type { Descriptor } from '#providers/descriptor.ts';
import { NOW_MS, custom, known } from './descriptors.ts';

interface Case {
  name: string;
  source: 'documented' | 'generic';
  status: number;
  headers: Record<string, string>;
  body: string;
  truncated?: boolean;
  context?: { inDoubt?: boolean; narrowed?: boolean; requestedScopes?: string[] };
  expect: { outcome: string; doubt: boolean; tokens?: Record<string, unknown> } & Record<string, unknown>;
}

const FOLDER = path.resolve(import.meta.dirname, '../../vectors/provider-answers');
const load = (name: string): Case[] =>
  (JSON.parse(readFileSync(path.join(FOLDER, `${name}.json`), 'utf8')) as { cases: Case[] }).cases;

const SUBJECTS: [string, Descriptor][] = [
  ['generic', custom()],
  ['hubspot', known('hubspot')],
  ['google', known('google')],
  ['slack', known('slack')],
];

describe.each(SUBJECTS)('an answer of %s', (name, descriptor) => {
  it.each(load(name).map((one) => [one.name, one] as const))('is told: %s', (_, one) => {
    const classified = classify(
      descriptor,
      {
        kind: 'response',
        status: one.status,
        headers: one.headers,
        body: one.body,
        ...(one.truncated ? { truncated: true } : {}),
      },
      { nowMs: NOW_MS, inDoubt: false, narrowed: false, ...one.context },
    );
    expect(classified).toMatchObject(one.expect);
  });

  it('is told for success, death, rejection, throttling, outage, page and cut body alike', () => {
    const cases = load(name);
    const outcomes = new Set(cases.map((one) => one.expect.outcome));
    expect([...outcomes].toSorted()).toEqual([
      'client_rejected',
      'grant_dead',
      'malformed',
      'refreshed',
      'throttled',
      'transient',
    ]);
    expect(cases.some((one) => one.body.startsWith('<'))).toBe(true);
    expect(cases.some((one) => one.body.startsWith('{') && !one.body.endsWith('}'))).toBe(true);
    expect(cases.some((one) => one.status >= 500)).toBe(true);
  });
});
