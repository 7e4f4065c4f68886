/**
 * Example values of a schema: the contract's story by the names of fields, else what the schema itself says, else what
 * its type allows. Optional fields of a body that is sent are left out where they would say nothing.
 */

import { STORY } from '#contract/examples.ts';
import { resolved, type Schema } from './shapes.ts';

type Schemas = Readonly<Record<string, Schema>>;

const BODIES: Readonly<Record<string, unknown>> = STORY.example.bodies;
const FIELDS: Readonly<Record<string, unknown>> = STORY.example.fields;
const { at: AT } = STORY.example;

function typesOf(schema: Schema): readonly string[] {
  if (schema.type === undefined) return [];
  return typeof schema.type === 'string' ? [schema.type] : schema.type;
}

const isNull = (schema: Schema) => schema.const === null || schema.type === 'null';

/** Whether a named value can stand where this schema is: names are shared, types need not be. */
function fits(value: unknown, schema: Schema, schemas: Schemas): boolean {
  const { enum: choices, const: only, anyOf, oneOf, $ref } = schema;
  if ($ref !== undefined) return fits(value, resolved(schema, schemas), schemas);
  const variants = anyOf ?? oneOf;
  if (variants !== undefined) return variants.some((variant) => fits(value, variant, schemas));
  if (only !== undefined) return value === only;
  if (choices !== undefined) return choices.includes(value);
  const types = typesOf(schema);
  if (types.length === 0) return schema.properties === undefined;
  if (value === null) return types.includes('null');
  if (Array.isArray(value)) return types.includes('array');
  if (typeof value === 'number') return types.includes('number') || types.includes('integer');
  return types.includes(typeof value);
}

function objectSample(schema: Schema, schemas: Schemas, sent: boolean): unknown {
  const required = new Set(schema.required ?? []);
  const entries = Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const value = sampleOf(property, schemas, { name, sent });
    // Of what may be sent and need not be, only what says something.
    const isIdle = sent && !required.has(name) && (value === null || value === '');
    return isIdle || value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(entries);
}

function plainSample(schema: Schema): unknown {
  const [type = 'null'] = typesOf(schema).filter((one) => one !== 'null');
  switch (type) {
    case 'string':
      return schema.format === 'date-time' ? AT : '';
    case 'integer':
    case 'number':
      return schema.minimum ?? 0;
    case 'boolean':
      return true;
    default:
      return null;
  }
}

/** A value that the schema allows. @param as its name, and whether it is part of a body that is sent */
export function sampleOf(
  schema: Schema,
  schemas: Schemas,
  as: { readonly name?: string; readonly sent: boolean },
): unknown {
  const component = schema.$ref?.split('/').at(-1);
  if (as.sent && component !== undefined && component in BODIES) return BODIES[component];
  const named = as.name === undefined ? undefined : FIELDS[as.name];
  if (named !== undefined && fits(named, schema, schemas)) return named;
  if (component !== undefined) return sampleOf(resolved(schema, schemas), schemas, { sent: as.sent });
  if (schema.example !== undefined) return schema.example;
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum[0];
  if (schema.default !== undefined) return schema.default;
  const variant = (schema.oneOf ?? schema.anyOf)?.find((one) => !isNull(one));
  if (variant !== undefined) return sampleOf(variant, schemas, as);
  if (schema.allOf !== undefined) {
    const parts = schema.allOf.map((part) => sampleOf(part, schemas, as));
    return Object.assign({}, ...parts.filter((part) => part !== null && typeof part === 'object')) as unknown;
  }
  if (typesOf(schema).includes('array')) {
    const item = schema.items === undefined ? undefined : sampleOf(schema.items, schemas, { sent: as.sent });
    return item === undefined || item === '' || item === null ? [] : [item];
  }
  if (schema.properties !== undefined) return objectSample(schema, schemas, as.sent);
  if (typesOf(schema).includes('object')) return {};
  return plainSample(schema);
}
