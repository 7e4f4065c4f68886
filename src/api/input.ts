/** Reading a request's parts through their schemas; a failure is `invalid_request` with dotted paths. */

import type { Context } from 'hono';
import type { z } from '@hono/zod-openapi';
import { ProblemError } from '#contract/problem.ts';
import type { AppEnv } from './context.ts';
import { readJson } from './limits.ts';
import { fieldProblems } from './problem.ts';

/** The value through `schema`. @throws ProblemError 400 with the paths of what is wrong */
export function checked<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new ProblemError('invalid_request', { errors: fieldProblems(result.error.issues as never) });
}

/** The body through `schema` (strict schemas refuse unknown fields). */
export async function bodyOf<S extends z.ZodType>(
  c: Context<AppEnv>,
  schema: S,
  optional = false,
): Promise<z.output<S>> {
  return checked(schema, await readJson(c, optional));
}

/** Query parameters through `schema`; a parameter that is given twice is refused. */
export function queryOf<S extends z.ZodType>(c: Context<AppEnv>, schema: S): z.output<S> {
  const values: Record<string, string> = {};
  for (const [name, items] of Object.entries(c.req.queries())) {
    if (items.length > 1)
      throw new ProblemError('invalid_request', {
        errors: [{ path: name, message: 'given more than once' }],
      });
    values[name] = items[0] ?? '';
  }
  return checked(schema, values);
}
