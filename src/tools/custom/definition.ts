/**
 * A tool that an operator has written, checked against itself: every parameter has a place, the path takes just its own,
 * the schema compiles, and nothing names a host. Pure.
 */

import type { PutTool } from '#contract/tools/tools.ts';
import type { FieldProblem } from '#contract/problem.ts';
import { pathProblem } from '#contract/rules/paths.ts';
import { err, ok, type Result } from '#lib/result.ts';
import { isListable } from '#providers/requests/headers.ts';
import { placeholdersOf } from '../request/template.ts';
import { propertiesOf, schemaProblem } from '../request/validate.ts';
import type { Annotations, JsonSchema, Place, Tool } from '../tool.ts';

const MAX_DEFINITION_BYTES = 64 * 1024;
const WITH_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);
/** What the broker writes itself. */
const OWN_HEADERS = /^(?:content-type|content-length|authorization|cookie|host|idempotency-key|user-agent)$/;
const HEADER_VALUE = /^[\x20-\x7e]{1,1000}$/;
const NO_CONTENT = [202, 204];

/** @param provider of the catalogue, or of the connection @returns what is wrong, by field */
export function toolFrom(name: string, body: PutTool, provider: string): Result<Tool, FieldProblem[]> {
  const problems = problemsOf(name, body);
  if (problems.length > 0) return err(problems);
  const { name: _same, connection = null, provider: forAll, errors, ...rest } = withoutUndefined(body);
  const where = placesOf(body);
  const hasBody = Object.values(where).some((place) => place === 'body' || place === 'body_root');
  const tool: Tool = {
    ...(rest as Partial<Tool>),
    name,
    provider,
    description: body.description,
    method: body.method,
    path: body.path,
    connections: forAll == null ? [] : [forAll],
    connection: connection ?? null,
    title: body.title ?? name.replaceAll('_', ' '),
    parameters: body.parameters,
    where,
    scopes_any: body.scopes_any ?? [],
    annotations: annotationsOf(body),
    ...(body.body_encoding === undefined && hasBody ? { body_encoding: 'json' as const } : {}),
    result_type: body.result_type ?? (body.pagination === undefined ? 'json' : 'array'),
    empty_status: body.empty_status ?? (body.method === 'GET' ? [] : NO_CONTENT),
    errors: errorsOf(errors),
    sources: body.sources ?? [],
    verified_against: 'an operator',
    confidence: 'medium',
  };
  return ok(tool);
}

/** The same without the fields that are undefined. */
type Whole<T> = { [K in keyof T]: Exclude<T[K], undefined> };

function withoutUndefined<T extends object>(value: T): Whole<T> {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as Whole<T>;
}

/** An API of which nothing is said: where most put text and code of an error. */
const USUAL = {
  message: 'message | error.message | error_description | detail | title',
  code: 'code | error.code | error | type',
};

function errorsOf(errors: PutTool['errors']): NonNullable<Tool['errors']> {
  const { http: _http, ...told } = errors ?? {};
  return { ...USUAL, ...withoutUndefined(told) } as NonNullable<Tool['errors']>;
}

function annotationsOf({ method, annotations = {} }: PutTool): Annotations {
  return {
    readOnlyHint: annotations.readOnlyHint ?? method === 'GET',
    destructiveHint: annotations.destructiveHint ?? method === 'DELETE',
    idempotentHint: annotations.idempotentHint ?? ['GET', 'PUT', 'DELETE'].includes(method),
    openWorldHint: annotations.openWorldHint ?? true,
  };
}

/** Where each parameter goes: as said, else by the path and the method. */
function placesOf({
  parameters,
  path,
  method,
  where = {},
  body_encoding: encoding,
}: PutTool): Record<string, Place> {
  const inPath = new Set(placeholdersOf(path));
  const usual = encoding === 'graphql' ? 'variables' : WITH_BODY.has(method) ? 'body' : 'query';
  const names = Object.keys(propertiesOf(parameters));
  return Object.fromEntries(names.map((name) => [name, where[name] ?? (inPath.has(name) ? 'path' : usual)]));
}

function problemsOf(name: string, body: PutTool): FieldProblem[] {
  const found: FieldProblem[] = [];
  const tell = (path: string, message: string) => found.push({ path, message });
  if (body.name !== undefined && body.name !== name) tell('name', 'must be the name of the path');
  if ((body.connection == null) === (body.provider == null))
    tell('connection', 'either a connection or a provider has to be named');
  if (JSON.stringify(body).length > MAX_DEFINITION_BYTES) tell('', 'a tool may have 64 KiB');
  const parameters = shapeProblem(body.parameters);
  if (parameters !== null) {
    tell('parameters', parameters);
    return found;
  }
  found.push(...pathProblems(body), ...placeProblems(body), ...headerProblems(body), ...pageProblems(body));
  return found;
}

function shapeProblem(schema: JsonSchema): string | null {
  if (schema['type'] !== 'object') return 'must be a schema of the type object';
  const properties: unknown = schema['properties'] ?? {};
  if (typeof properties !== 'object' || properties === null || Array.isArray(properties))
    return 'must have `properties` as an object';
  for (const [name, one] of Object.entries(properties)) {
    if (name === '' || name.length > 128 || name === '__proto__')
      return 'has a name that no parameter may have';
    if (typeof one !== 'object' || one === null || Array.isArray(one))
      return 'must have a schema for each parameter';
  }
  return schemaProblem(schema);
}

function pathProblems({ path, parameters }: PutTool): FieldProblem[] {
  const names = placeholdersOf(path);
  const plain = path.replaceAll(/\{[^{}]+\}/g, 'x');
  if (path !== '' && !path.startsWith('/'))
    return [{ path: 'path', message: 'must begin with / and name no host' }];
  if (plain.includes('{') || plain.includes('}'))
    return [{ path: 'path', message: 'must have braces around names of parameters alone' }];
  const problem = path === '' ? null : pathProblem(plain);
  if (problem !== null) return [{ path: 'path', message: problem }];
  if (new Set(names).size < names.length) return [{ path: 'path', message: 'must name each parameter once' }];
  const properties = propertiesOf(parameters);
  const required: readonly unknown[] = Array.isArray(parameters['required']) ? parameters['required'] : [];
  return names.flatMap((name) => {
    if (!Object.hasOwn(properties, name))
      return [{ path: 'path', message: `names ${name}, which is no parameter` }];
    const isThere = required.includes(name) || properties[name]?.['default'] !== undefined;
    return isThere ? [] : [{ path: 'parameters.required', message: `must hold ${name}: the path needs it` }];
  });
}

function placeProblems(body: PutTool): FieldProblem[] {
  const { where = {}, parameters, path, method, body_encoding: encoding, body_template: template } = body;
  const properties = propertiesOf(parameters);
  const inPath = new Set(placeholdersOf(path));
  const found: FieldProblem[] = [];
  const tell = (at: string, message: string) => found.push({ path: at, message });
  const named = { where, wire_names: body.wire_names ?? {} };
  for (const [field, names] of Object.entries(named))
    for (const name of Object.keys(names))
      if (!Object.hasOwn(properties, name)) tell(`${field}.${name}`, 'is no parameter');
  for (const name of body.repeated ?? [])
    if (!Object.hasOwn(properties, name)) tell('repeated', `${name} is no parameter`);
  const places = placesOf(body);
  for (const [name, place] of Object.entries(places)) {
    if (place === 'compose') tell(`where.${name}`, 'is of built-in tools alone');
    if ((place === 'path' || place === 'path+') !== inPath.has(name))
      tell(`where.${name}`, 'must be path or path+ where the path names it, and nowhere else');
    const isOfBody = place === 'body' || place === 'body_root' || place === 'variables';
    if (isOfBody && !WITH_BODY.has(method)) tell(`where.${name}`, `a ${method} has no body`);
    if ((place === 'variables') !== (encoding === 'graphql') && isOfBody)
      tell(`where.${name}`, 'must be variables with the encoding graphql, and with no other');
  }
  const roots = Object.values(places).filter((place) => place === 'body_root').length;
  if (roots > 1 || (roots === 1 && Object.values(places).includes('body')))
    tell('where', 'one parameter alone may be the whole body');
  if ((encoding === 'graphql') !== (template !== undefined))
    tell('body_template', 'belongs to the encoding graphql, which needs it');
  if (encoding !== undefined && !WITH_BODY.has(method)) tell('body_encoding', `a ${method} has no body`);
  return found;
}

function headerProblems({ headers = {} }: PutTool): FieldProblem[] {
  return Object.entries(headers).flatMap(([name, value]) => {
    const lower = name.toLowerCase();
    const isFree = (lower === 'accept' || isListable(lower)) && !OWN_HEADERS.test(lower);
    if (!isFree) return [{ path: `headers.${name}`, message: 'is no header that a tool may set' }];
    return HEADER_VALUE.test(value) ? [] : [{ path: `headers.${name}`, message: 'must be plain text' }];
  });
}

const BY_PARAMETER: ReadonlySet<string> = new Set(['cursor', 'page', 'offset', 'last_id']);

function pageProblems({ pagination, parameters }: PutTool): FieldProblem[] {
  if (pagination === undefined) return [];
  const properties = propertiesOf(parameters);
  const { kind, param, size, from } = pagination;
  const found: FieldProblem[] = [];
  if (BY_PARAMETER.has(kind) && (param === undefined || !Object.hasOwn(properties, param)))
    found.push({ path: 'pagination.param', message: 'must be a parameter' });
  if (kind !== 'link_header' && from === undefined)
    found.push({ path: 'pagination.from', message: 'is required: where an answer holds the next page' });
  if (size !== undefined && !Object.hasOwn(properties, size))
    found.push({ path: 'pagination.size', message: 'must be a parameter' });
  return found;
}
