/**
 * No failing answer of a provider reads as a result: each tool against each answer of the vectors that fails, and against
 * bodies that are none.
 */

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { judgeAnswer, type ToolAnswer } from '#tools/answers/judge.ts';
import { builtInTools } from '#tools/registry/registry.ts';
import type { Tool } from '#tools/tool.ts';

interface Case {
  readonly name: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly expect: { readonly outcome?: string; readonly verdict?: string };
}

const FOLDER = path.resolve(import.meta.dirname, '../../vectors/provider-answers');
const CASES = readdirSync(FOLDER)
  .flatMap(
    (file) => (JSON.parse(readFileSync(path.join(FOLDER, file), 'utf8')) as { cases?: Case[] }).cases ?? [],
  )
  .filter(({ expect: told }) => told.outcome !== 'refreshed' && told.verdict !== 'accepted');

const bytes = (text: string) => new TextEncoder().encode(text);
const judged = (tool: Tool, answer: ToolAnswer) =>
  judgeAnswer(
    { ...tool, errors: tool.errors ?? {} },
    answer,
    0,
    tool.result_type === 'text' ? 'text/plain' : null,
  );

/** An answer that a model could take for "there is nothing". */
function isEmpty(data: unknown): boolean {
  if (data === null || data === undefined || data === '') return true;
  return typeof data === 'object' && Object.keys(data).length === 0;
}

const JSON_TYPE = { 'content-type': 'application/json' };
const html = '<!doctype html><html><body>Sign in</body></html>';
/** What no provider documents as a success of any tool with a result. */
const NEVER: readonly (readonly [string, ToolAnswer])[] = [
  ['a page of HTML', { status: 200, headers: { 'content-type': 'text/html' }, body: bytes(html) }],
  ['HTML that calls itself JSON', { status: 200, headers: JSON_TYPE, body: bytes(html) }],
  [
    'an empty list that calls itself HTML',
    { status: 200, headers: { 'content-type': 'text/html' }, body: bytes('[]') },
  ],
  ['an empty list without a type', { status: 200, headers: {}, body: bytes('[]') }],
  ['nothing at all', { status: 200, headers: JSON_TYPE, body: bytes('') }],
  ['JSON that breaks off', { status: 200, headers: JSON_TYPE, body: bytes('{"results":[') }],
  ['null', { status: 200, headers: JSON_TYPE, body: bytes('null') }],
  ['an empty object', { status: 200, headers: JSON_TYPE, body: bytes('{}') }],
  ['an error under 200', { status: 200, headers: JSON_TYPE, body: bytes('{"error":{"message":"no"}}') }],
  ['an error as a text', { status: 200, headers: JSON_TYPE, body: bytes('"Forbidden"') }],
  ['a part', { status: 206, headers: JSON_TYPE, body: bytes('{"results":[],"items":[],"data":[]}') }],
  ['a redirect', { status: 302, headers: JSON_TYPE, body: bytes('[]') }],
  ['404 with an empty list', { status: 404, headers: JSON_TYPE, body: bytes('[]') }],
  ['403 without a body', { status: 403, headers: {}, body: bytes('') }],
  ['503 without a body', { status: 503, headers: {}, body: bytes('') }],
  ['429 without a body', { status: 429, headers: {}, body: bytes('') }],
];

it('there are hundreds of answers that fail', () => {
  expect(CASES.length).toBeGreaterThan(300);
});

describe.each([...builtInTools()].map((tool) => [tool.name, tool] as const))('%s', (_, tool) => {
  it('takes no failing answer of any provider for nothing', () => {
    const taken = CASES.filter(({ status, headers, body }) => {
      const answer = { status, headers: lower(headers), body: bytes(body) };
      const found = judged(tool, answer);
      return found.isFine && (status >= 400 || isEmpty(found.data));
    });
    expect(taken.map(({ name }) => name)).toEqual([]);
  });

  it.each(NEVER)('refuses %s', (_name, answer) => {
    const found = judged(tool, answer);
    expect(found.isFine).toBe(false);
    if (found.isFine) return;
    const { code, upstream } = found.failure;
    expect(upstream.status).toBe(answer.status);
    expect(code).toBe(
      answer.status === 429
        ? 'rate_limited'
        : answer.status >= 500
          ? 'provider_unavailable'
          : 'provider_error',
    );
  });
});

function lower(headers: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
