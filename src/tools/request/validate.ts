/** Parameters against their tool's schema, without `eval`. Pure; compiled schemas are kept. */

import { Validator, type Schema } from '@cfworker/json-schema';
import type { JsonSchema, Tool } from '../tool.ts';
import type { ParameterProblem } from './template.ts';

const compiled = new WeakMap<object, Validator>();

function validatorOf(schema: JsonSchema): Validator {
  let found = compiled.get(schema);
  if (found === undefined) {
    found = new Validator(schema as Schema, '2020-12', false);
    compiled.set(schema, found);
  }
  return found;
}

const MAX_PROBLEMS = 20;
const MAX_MESSAGE_CHARS = 200;
/** Errors that only say that one further down failed. */
const OUTER = new Set(['properties', 'items', 'additionalProperties', 'allOf', 'prefixItems', '$ref']);

/** With the defaults of parameters that are left out. */
export function withDefaults({ parameters }: Pick<Tool, 'parameters'>, given: Parameters): Parameters {
  const filled: Record<string, unknown> = { ...given };
  for (const [name, schema] of Object.entries(propertiesOf(parameters)))
    if (filled[name] === undefined && schema['default'] !== undefined) filled[name] = schema['default'];
  return filled;
}

export type Parameters = Readonly<Record<string, unknown>>;

export function propertiesOf(schema: JsonSchema): Readonly<Record<string, JsonSchema>> {
  return (schema['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>;
}

/** Each thing that is wrong with the parameters; empty: nothing. Values are not repeated. */
export function parameterProblems(
  { parameters }: Pick<Tool, 'parameters'>,
  given: Parameters,
): ParameterProblem[] {
  const { valid, errors } = validatorOf(parameters).validate(given);
  if (valid) return [];
  const inner = errors.filter(({ keyword }) => !OUTER.has(keyword));
  const told = (inner.length === 0 ? errors : inner).slice(0, MAX_PROBLEMS);
  return told.map(({ instanceLocation, error, keyword }) => ({
    path: placeOf(instanceLocation),
    message: keyword === 'false' ? 'is no parameter of this tool' : error.slice(0, MAX_MESSAGE_CHARS),
  }));
}

/** `#/a/0/b` as `parameters.a.0.b`. */
function placeOf(pointer: string): string {
  const steps = pointer.split('/').slice(1);
  return ['parameters', ...steps.map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))]
    .join('.')
    .slice(0, 200);
}

const MAX_SCHEMA_DEPTH = 16;

/** Why no parameters can be checked against this schema; null: they can. */
export function schemaProblem(schema: JsonSchema): string | null {
  const problem = partProblem(schema, 0);
  if (problem !== null) return problem;
  try {
    // References are looked up, and patterns compiled, as they are met.
    new Validator(schema as Schema, '2020-12', false).validate({});
    return null;
  } catch {
    return 'is a schema that does not compile';
  }
}

function partProblem(part: unknown, depth: number): string | null {
  if (typeof part !== 'object' || part === null) return null;
  if (depth > MAX_SCHEMA_DEPTH) return `must nest at most ${MAX_SCHEMA_DEPTH} deep`;
  for (const [name, value] of Object.entries(part)) {
    if ((name === '$ref' || name === '$dynamicRef') && (typeof value !== 'string' || !value.startsWith('#')))
      return 'must not refer to another document';
    if (name === 'pattern' && typeof value === 'string' && !isPattern(value))
      return 'has a pattern that does not compile';
    const problem = partProblem(value, depth + 1);
    if (problem !== null) return problem;
  }
  return null;
}

function isPattern(text: string): boolean {
  try {
    void new RegExp(text, 'u');
    return true;
  } catch {
    return false;
  }
}
