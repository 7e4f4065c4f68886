/**
 * Defaults in words. Generators of clients take a field that has a `default` for one that is always there, and ask
 * the sender of a body for all of them; so the value is told in the description, and the keyword goes.
 */

import type { Document } from './shapes.ts';

type Node = Readonly<Record<string, unknown>>;

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function told(schema: Node): Node {
  const { default: value, ...rest } = schema;
  if (value === undefined) return rest;
  const { description: given } = rest;
  const description = typeof given === 'string' ? given : '';
  const isText = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  if (!isText || /\bdefault\b/i.test(description)) return rest;
  return { ...rest, description: `${description} Default: \`${value}\`.`.trim() };
}

/** Fields of objects alone: of a parameter the keyword says what its absence means, and makes nothing required. */
function withFieldsTold(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withFieldsTold);
  if (!isNode(value)) return value;
  const entries = Object.entries(value).map(([key, one]) => {
    if (key === 'example' || key === 'examples') return [key, one] as const;
    if (key !== 'properties' || !isNode(one)) return [key, withFieldsTold(one)] as const;
    const fields = Object.entries(one).map(([name, field]) => [
      name,
      isNode(field) ? withFieldsTold(told(field)) : field,
    ]);
    return [key, Object.fromEntries(fields) as unknown] as const;
  });
  return Object.fromEntries(entries);
}

/** The document without the `default` of any field. */
export function withToldDefaults(document: Document): Document {
  return withFieldsTold(document) as Document;
}
