/**
 * Holds every answer that the tests get to the published contract: an operation of `/openapi.json` answers with a status
 * that it names, of a type that it names, and with JSON that its schema takes whole. A member that no schema has is an
 * error here: generated clients would not know of it. The document is read once in a process, a schema compiled when it
 * is first needed.
 */

import Ajv2020, { type ValidateFunction } from '@redocly/ajv/dist/2020.js';
import { request } from 'undici';
import { operationsOf, type Document, type Operation, type Schema } from './contract-document.ts';

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly text: string;
}

const brokers = new Set<string>();
let reading: Promise<Published | null> | null = null;

/** From now on answers of this broker are looked at. */
export function holdToContract(url: string): void {
  brokers.add(new URL(url).origin);
}

/** @throws Error where the answer is not what the published document says */
export async function checkPublished(method: string, url: string, answer: Answer): Promise<void> {
  const { origin, pathname } = new URL(url);
  if (!brokers.has(origin)) return;
  reading ??= read(origin);
  const published = await reading;
  // A broker that has no document yet: the next answer asks again.
  if (published === null) reading = null;
  else published.check(method, pathname, answer);
}

async function read(origin: string): Promise<Published | null> {
  try {
    const { statusCode, body } = await request(`${origin}/openapi.json`);
    const text = await body.text();
    return statusCode === 200 ? new Published(JSON.parse(text) as Document) : null;
  } catch {
    return null;
  }
}

type Node = Record<string, unknown>;
const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const COMPONENT = /^#\/components\/schemas\/(\w+)$/;

/** Schemas that take no member beyond those that they name. */
class Closing {
  readonly #components: Readonly<Record<string, Schema>>;

  constructor(components: Readonly<Record<string, Schema>>) {
    this.#components = components;
  }

  /** @param isPart whether another part of an `allOf` may name further members */
  closed(schema: unknown, isPart = false): unknown {
    if (!isNode(schema)) return schema;
    const { example: _example, examples: _examples, $ref, allOf, ...rest } = schema;
    if (typeof $ref === 'string') {
      const [, name = ''] = COMPONENT.exec($ref) ?? [];
      return isPart ? this.closed(this.#components[name], true) : { $ref: `urn:components#/$defs/${name}` };
    }
    const out: Node = {};
    for (const [key, value] of Object.entries(rest)) out[key] = this.#keyword(key, value);
    if (Array.isArray(allOf)) {
      out['allOf'] = allOf.map((part) => this.closed(part, true));
      if (!isPart) out['unevaluatedProperties'] = false;
    } else if (isNode(rest['properties']) && rest['additionalProperties'] === undefined && !isPart)
      out['additionalProperties'] = false;
    return out;
  }

  #keyword(key: string, value: unknown): unknown {
    if (key === 'properties' && isNode(value))
      return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, this.closed(one)]));
    if (key === 'items' || key === 'additionalProperties') return this.closed(value);
    if ((key === 'anyOf' || key === 'oneOf') && Array.isArray(value))
      return value.map((one) => this.closed(one));
    return value;
  }
}

class Published {
  readonly #operations: readonly { readonly pattern: RegExp; readonly operation: Operation }[];
  readonly #closing: Closing;
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true });
  readonly #compiled = new Map<string, ValidateFunction>();

  constructor(document: Document) {
    this.#ajv.addFormat('date-time', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/);
    this.#ajv.addFormat('uri', (text: string) => URL.canParse(text));
    const { schemas } = document.components;
    this.#closing = new Closing(schemas);
    const closed = Object.entries(schemas).map(([name, schema]) => [name, this.#closing.closed(schema)]);
    this.#ajv.addSchema({ $id: 'urn:components', $defs: Object.fromEntries(closed) as Node });
    // Of two paths that match, the one with fewer variables is meant.
    this.#operations = operationsOf(document)
      .toSorted((a, b) => a.path.split('{').length - b.path.split('{').length)
      .map((operation) => ({ pattern: patternOf(operation.path), operation }));
  }

  check(method: string, path: string, answer: Answer): void {
    const found = this.#operations.find(
      ({ pattern, operation }) => operation.method === method && pattern.test(path),
    );
    if (found === undefined) return;
    const { operation } = found;
    const name = `${method} ${operation.path} ${answer.status}`;
    const described = operation.responses[answer.status];
    const fail = (why: string): never => {
      throw new Error(`not as published: ${name}: ${why}\n${answer.text.slice(0, 1_000)}`);
    };
    if (described === undefined) return fail('the document does not name this status');
    const content = described.content ?? {};
    const type = answer.headers['content-type']?.split(';')[0]?.trim() ?? '';
    if (answer.text === '') return;
    const media = content[type];
    if (media === undefined) return fail(`it answers ${type}, and not ${Object.keys(content).join(', ')}`);
    if (!type.endsWith('json') || type.endsWith('ndjson') || media.schema === undefined) return;
    const validate = this.#validator(`${name} ${type}`, media.schema);
    if (validate(answer.body)) return;
    const errors = validate.errors ?? [];
    fail(
      errors
        .map(({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`)
        .join('; '),
    );
  }

  #validator(name: string, schema: Schema): ValidateFunction {
    const known = this.#compiled.get(name);
    if (known !== undefined) return known;
    const made = this.#ajv.compile(this.#closing.closed(schema) as Node);
    this.#compiled.set(name, made);
    return made;
  }
}

function patternOf(path: string): RegExp {
  const parts = path.split(/\{\w+\}/).map((text) => text.replaceAll(/[.*+?^$()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join('[^/]+')}$`);
}
