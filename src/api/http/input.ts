/** Reading a request's parts through their schemas; a failure is `invalid_request` with dotted paths. */

import type { Context } from 'hono';
import type { z } from '@hono/zod-openapi';
import { invalid, ProblemError } from '#contract/problem.ts';
import { fieldBeyond } from '#contract/roles.ts';
import type { AppEnv } from '../context.ts';
import { readJson } from './limits.ts';
import { fieldProblems } from './problem.ts';

/** The value through `schema`. @throws ProblemError 400 with the paths of what is wrong */
export function checked<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new ProblemError('invalid_request', { errors: fieldProblems(result.error.issues as never) });
}

/** The values of a body or a query by name; null: it is no object. */
function membersOf(value: unknown): Readonly<Record<string, unknown>> | null {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
}

/** A bound operator's requests are for its organization. @throws ProblemError 400 where one names another */
export function requireOwnOrganization(c: Context<AppEnv>, value: unknown): void {
  const organization = c.get('operator')?.organization ?? null;
  const named = membersOf(value)?.['organization'];
  if (organization === null || typeof named !== 'string' || named === organization) return;
  throw invalid('organization', 'is not the organization of this key');
}

/** @throws ProblemError 403 where the body sets what takes another role than the route itself */
function requireRoleOfFields(c: Context<AppEnv>, body: unknown): void {
  const operator = c.get('operator');
  const beyond = operator === undefined ? null : fieldBeyond(operator.role, c.get('route'), body);
  if (beyond === null) return;
  throw new ProblemError('forbidden', { detail: `\`${beyond}\` takes the role admin` });
}

/** The body through `schema` (strict schemas refuse unknown fields). @throws ProblemError 400, 403, 413, 415 */
export async function bodyOf<S extends z.ZodType>(
  c: Context<AppEnv>,
  schema: S,
  optional = false,
): Promise<z.output<S>> {
  const body = await readJson(c, optional);
  requireRoleOfFields(c, body);
  requireOwnOrganization(c, body);
  return checked(schema, body);
}

/** A query is described by an object of its parameters. */
type QuerySchema = z.ZodObject;

/** Query parameters through `schema`. @throws ProblemError 400 at a parameter that is unknown or given twice */
export function queryOf<S extends QuerySchema>(c: Context<AppEnv>, schema: S): z.output<S> {
  const values = singleValues(c.req.url, schema.shape);
  requireOwnOrganization(c, values);
  return checked(schema, values);
}

/** The query of a URL for whom no organization binds. @throws ProblemError 400 */
export function queryIn<S extends QuerySchema>(url: string, schema: S): z.output<S> {
  if (url.includes('?')) return checked(schema, singleValues(url, schema.shape));
  if (!withoutQuery.has(schema)) withoutQuery.set(schema, checked(schema, {}));
  return withoutQuery.get(schema) as z.output<S>;
}

/** What a schema makes of no query at all, which most token requests have. */
const withoutQuery = new WeakMap<z.ZodType, unknown>();

/**
 * Each parameter of the query once, by its name. A name that the route does not have is refused like an unknown field of
 * a body: a request with a misspelled `identifier` is not applied to another account.
 *
 * @throws ProblemError 400 at the parameter
 */
export function singleValues(url: string, known: Readonly<Record<string, unknown>>): Record<string, string> {
  const values: Record<string, string> = {};
  const start = url.indexOf('?');
  if (start < 0) return values;
  for (const [name, value] of new URL(url).searchParams) {
    if (!Object.hasOwn(known, name)) throw unknownParameter(name);
    if (Object.hasOwn(values, name)) throw invalid(name, 'given more than once');
    values[name] = value;
  }
  return values;
}

/** What people call parameters. A name that is longer or holds other characters may be a secret in the wrong place. */
const PARAMETER_NAME = /^[A-Za-z_$][\w.$[\]-]{0,30}$/;

function unknownParameter(name: string): ProblemError {
  if (PARAMETER_NAME.test(name)) return invalid(name, 'unknown query parameter');
  return invalid('', 'unknown query parameter, whose name is not repeated: it is no name of a parameter');
}

interface Shape {
  safeParse(text: string): { success: boolean; data?: string };
}

/** A header's text through its schema. @throws ProblemError 400 with the header's name */
export function headerOf(headers: Headers, name: string, shape: Shape): string | null {
  const given = headers.get(name);
  if (given === null) return null;
  // A header carries bytes: what is not ASCII comes as UTF-8 or percent-encoded.
  const text = decoded(given);
  const parsed = text === null ? null : shape.safeParse(text);
  if (parsed?.success !== true || parsed.data === undefined) throw invalid(name, 'is not a valid value');
  return parsed.data;
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
