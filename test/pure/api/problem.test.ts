/** What a refusal says where nobody said more: its `detail` is of use to whoever reads only that. */

import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { fieldProblems, problemDocument } from '../../../src/api/http/problem.ts';
import { CODES, type Code } from '../../../src/contract/codes.ts';
import type { ProblemDetails } from '../../../src/contract/problem.ts';

const detailOf = async (code: Code, details: ProblemDetails = {}): Promise<unknown> =>
  ((await problemDocument('c-1', code, details).json()) as { detail: unknown }).detail;

/** The fields that `schema` refuses `value` at. */
function problems(schema: z.ZodType, value: unknown): { path: string; message: string }[] {
  return fieldProblems((schema.safeParse(value).error?.issues ?? []) as never);
}

describe('the detail of a refusal', () => {
  it('names the fields that are wrong, at most three of them', async () => {
    const errors = ['a', 'b', 'c', 'd', 'e'].map((path) => ({ path, message: 'is required' }));
    expect(await detailOf('invalid_request', { errors: errors.slice(0, 2) })).toBe(
      'a: is required; b: is required',
    );
    expect(await detailOf('invalid_request', { errors })).toBe(
      'a: is required; b: is required; c: is required; and 2 more',
    );
    expect(await detailOf('invalid_request', { errors: [{ path: '', message: 'not JSON' }] })).toBe(
      'not JSON',
    );
  });

  it('says what a reason of the policy asks for', async () => {
    const reason = { members: { reason: 'identifier_not_allowed' } };
    expect(await detailOf('policy_denied', reason)).toContain('?identifier=');
    expect(await detailOf('policy_denied', { members: { reason: 'cannot_downscope' } })).toBe(
      CODES.policy_denied.title,
    );
  });

  it('is what was said, where somebody said something', async () => {
    const errors = [{ path: 'a', message: 'is required' }];
    expect(await detailOf('invalid_request', { detail: 'no', errors })).toBe('no');
    expect(await detailOf('not_found', { detail: 'no' })).toBe('no');
  });

  it('is never empty, and the same whatever is stored', async () => {
    for (const code of Object.keys(CODES) as Code[]) {
      expect(await detailOf(code), code).toMatch(/^.{8,}$/);
    }
    expect(await detailOf('not_found')).toBe('nothing has this id, or this key may not see it');
  });
});

describe('a field of the wrong type', () => {
  const schema = z.strictObject({
    id: z.string(),
    scopes: z.array(z.string()),
    count: z.number().optional(),
  });

  it('is required where it is missing, and else told which type it must have', () => {
    expect(problems(schema, { scopes: 'a', count: null })).toEqual([
      { path: 'id', message: 'is required' },
      { path: 'scopes', message: 'must be of the type array, not string' },
      { path: 'count', message: 'must be of the type number, not null' },
    ]);
    expect(problems(schema, [])).toEqual([{ path: '', message: 'must be of the type object, not array' }]);
  });

  it('is unknown by its own path', () => {
    expect(problems(schema, { id: 'x', scopes: [], scope: 'a' })).toEqual([
      { path: 'scope', message: 'unknown field' },
    ]);
  });
});
