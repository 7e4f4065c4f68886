/** A tool and its parameters as one request, behind the API's base URL. Pure. */

import { err, ok, type Result } from '#lib/result.ts';
import type { Tool } from '../tool.ts';
import { formBody, graphqlBody, jsonBody, multipartBody, type EncodedBody } from './body.ts';
import { pairOf, textOf } from './encode.ts';
import { composedMail } from './mail.ts';
import { filledPath, type ParameterProblem } from './template.ts';
import type { Parameters } from './validate.ts';

export interface BuiltRequest {
  readonly method: string;
  /** `/` where the base URL is all of it. */
  readonly path: string;
  /** With its `?`; empty where there is none. */
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | null;
}

const WITH_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);

/**
 * @param parameters valid for the tool, defaults filled in
 * @param boundary of a multipart body: a text that no parameter holds
 */
export function builtRequest(
  tool: Tool,
  parameters: Parameters,
  boundary: string,
): Result<BuiltRequest, ParameterProblem> {
  const path = filledPath(tool.path, parameters, tool.where);
  if (!path.ok) return path;
  const query = queryOf(tool, parameters);
  if (!query.ok) return query;
  const body = bodyOf(tool, parameters, boundary);
  if (!body.ok) return body;
  const accept = tool.result_type === 'text' ? '*/*' : 'application/json';
  return ok({
    method: tool.method,
    path: path.value === '' ? '/' : path.value,
    query: query.value,
    headers: {
      accept,
      ...lowerCased(tool.headers ?? {}),
      ...(body.value === null ? {} : { 'content-type': body.value.type }),
    },
    body: body.value?.bytes ?? null,
  });
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

/** Parameters of one place, by their names on the wire. */
function at(tool: Tool, parameters: Parameters, place: string): [name: string, value: unknown][] {
  return Object.entries(parameters)
    .filter(([name, value]) => tool.where[name] === place && value !== undefined)
    .map(([name, value]) => [tool.wire_names?.[name] ?? name, value]);
}

function queryOf(tool: Tool, parameters: Parameters): Result<string, ParameterProblem> {
  const pairs: string[] = [];
  for (const [name, value] of Object.entries(parameters)) {
    if (tool.where[name] !== 'query' || value === undefined || value === null) continue;
    const wire = tool.wire_names?.[name] ?? name;
    const items = (Array.isArray(value) ? value : [value]).map(textOf);
    if (items.includes(null)) return err({ path: name, message: 'must be a plain value, or a list of them' });
    const texts = items.filter((item) => item !== null);
    const values = tool.repeated?.includes(name) === true ? texts : [texts.join(',')];
    try {
      pairs.push(...values.map((text) => pairOf(wire, text)));
    } catch {
      return err({ path: name, message: 'must be well-formed Unicode' });
    }
  }
  return ok(pairs.length === 0 ? '' : `?${pairs.join('&')}`);
}

function bodyOf(
  tool: Tool,
  parameters: Parameters,
  boundary: string,
): Result<EncodedBody | null, ParameterProblem> {
  if (!WITH_BODY.has(tool.method)) return ok(null);
  const [root] = at(tool, parameters, 'body_root');
  if (root !== undefined) return ok(jsonBody(root[1]));
  const fields = Object.fromEntries(at(tool, parameters, 'body'));
  if (tool.compose !== undefined) return composedBody(tool.compose, tool, parameters, fields);
  switch (tool.body_encoding) {
    case 'graphql':
      return ok(graphqlBody(tool, Object.fromEntries(at(tool, parameters, 'variables'))));
    case 'form':
      return ok(formBody(fields));
    case 'multipart': {
      const body = multipartBody(fields, boundary);
      return body === null ? err({ path: 'parameters', message: 'a file must come as base64' }) : ok(body);
    }
    case 'json':
      return ok(jsonBody(fields));
    case undefined:
      break;
  }
  return ok(null);
}

function composedBody(
  into: NonNullable<Tool['compose']>,
  tool: Tool,
  parameters: Parameters,
  fields: Readonly<Record<string, unknown>>,
): Result<EncodedBody, ParameterProblem> {
  const mail = composedMail(Object.fromEntries(at(tool, parameters, 'compose')));
  if (!mail.ok) return mail;
  const whole = { raw: mail.value, ...fields };
  return ok(jsonBody(into === 'raw' ? whole : { message: whole }));
}
